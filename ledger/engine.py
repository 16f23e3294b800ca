"""The connection to PostgreSQL that the ledger's parts share."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.pool import NullPool

from ledger.errors import ConfigError, LedgerError

_LOCK = sa.text("select pg_advisory_xact_lock(hashtextextended(:name, 0))")
# Who holds a lock or a moment does its work elsewhere meanwhile: a server that ends idle sessions must not end these.
_PATIENT = sa.text("set local idle_in_transaction_session_timeout = 0")
_TRY = sa.text("select pg_try_advisory_xact_lock(hashtextextended(:name, 0))")
_START = "Is PostgreSQL running, and does PILAR_LEDGER_URL name it?"


def unreachable(error: OperationalError) -> LedgerError:
    """What is said of a ledger that does not answer."""
    return LedgerError(f"the ledger cannot be reached: {error.orig}", where="ledger", do=_START)


def new_id(moment: datetime | None = None) -> str:
    """An id that can be read: UTC to the millisecond (by this machine's clock unless given), then 24 random bits.

    Where order rests on ids, ``Store._next_id`` gives them.
    """
    now = moment or datetime.now(UTC)
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%S}{now.microsecond // 1000:03d}-{secrets.token_hex(3)}"


def dated(some_id: str) -> datetime:
    """The moment that an id tells."""
    return datetime.strptime(some_id.partition("-")[0] + "+0000", "%Y%m%dT%H%M%S%f%z")


def make_engine(url: str) -> sa.Engine:
    """An engine on psycopg 3, without a pool: tasks are short and forked, and pooled sockets do not survive a fork.

    Raises ConfigError for an address that is not PostgreSQL's.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigError(
            "the ledger's URL cannot be read",
            where="PILAR_LEDGER_URL",
            do="It looks like postgresql://user:password@host:5432/pilar",
        ) from None
    if parsed.get_backend_name() != "postgresql":
        raise ConfigError("the ledger must be PostgreSQL", where="PILAR_LEDGER_URL", do="Name a PostgreSQL database")
    return sa.create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        poolclass=NullPool,
        connect_args={"connect_timeout": 10, "application_name": "pilar"},
    )


class Store:
    """Base of the ledger's parts: an engine and the one way to open a transaction on it."""

    def __init__(self, url: str) -> None:
        self._engine = make_engine(url)
        self._kept: ContextVar[sa.Connection | None] = ContextVar("kept", default=None)
        self._joined: ContextVar[sa.Connection | None] = ContextVar("joined", default=None)

    @contextmanager
    def one_connection(self) -> Iterator[None]:
        """Keep one connection for all that this thread asks inside, instead of one a question: for many small reads."""
        try:
            with self._engine.connect() as connection:
                token = self._kept.set(connection)
                try:
                    yield
                finally:
                    self._kept.reset(token)
        except OperationalError as error:
            raise unreachable(error) from error

    @contextmanager
    def together(self) -> Iterator[None]:
        """What this thread writes inside counts at once, when the block ends, or not at all when it fails or dies."""
        with self._begin() as connection:
            token = self._joined.set(connection)
            try:
                yield
            finally:
                self._joined.reset(token)

    @contextmanager
    def _begin(self, *, apart: bool = False) -> Iterator[sa.Connection]:
        joined = self._joined.get()
        if joined is not None:
            yield joined
            return
        kept = None if apart else self._kept.get()
        usable = kept is not None and not kept.closed and not kept.in_transaction()
        try:
            if kept is not None and usable:
                with kept.begin():
                    yield kept
                return
            with self._engine.begin() as connection:
                yield connection
        except OperationalError as error:
            raise unreachable(error) from error

    def _next_id(self, connection: sa.Connection, ids: sa.Column[str]) -> str:
        """An id that sorts behind all others of its column: by the ledger's clock, or just after the last one.

        What is in force rests on this order. The clock of the machine that asks has no part in it, for it may be wrong;
        nor has a ledger's clock that was put back. Others who ask wait until the transaction ends.
        """
        connection.execute(_LOCK, {"name": f"ids {ids}"})
        now, last = connection.execute(sa.select(sa.func.clock_timestamp(), sa.func.max(ids))).one()
        return new_id(now if last is None else max(now, dated(last) + timedelta(milliseconds=1)))

    @contextmanager
    def _snapshot(self) -> Iterator[sa.Connection]:
        """A transaction that sees one moment of the ledger, whatever is written meanwhile. For reading only."""
        joined = self._joined.get()
        if joined is not None:
            yield joined
            return
        try:
            with self._engine.connect() as connection:
                still = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                with still.begin():
                    still.execute(_PATIENT)
                    yield still
        except OperationalError as error:
            raise unreachable(error) from error

    def is_locked(self, name: str) -> bool:
        """Whether somebody holds a lock now: its holder lives, for the lock of a dead one is gone."""
        with self._begin(apart=True) as connection:
            return not self._may_lock(connection, name)

    def _may_lock(self, connection: sa.Connection, name: str) -> bool:
        """Take a lock for the rest of a transaction, if nobody holds it. Returns whether it was taken."""
        return bool(connection.execute(_TRY, {"name": name}).scalar_one())

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold a lock that only one process in the installation can hold; waits for it.

        It is an advisory lock of PostgreSQL, so it is gone when its holder dies. It has a connection of its own, unless
        what is written inside is to count at once.
        """
        with self._begin(apart=True) as connection:
            connection.execute(_PATIENT)
            connection.execute(_LOCK, {"name": name})
            yield
