"""MariaDB and MySQL for ``sql``: rows are read one by one as the server sends them, and are never all held here.

The driver hands values over as the text the server wrote, so that no digit passes through a float and a date such as
0000-00-00 arrives as it stands; landing then holds the row back instead of a driver guessing.
"""

import re
import ssl
import struct
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import pymysql
from pymysql.constants import FIELD_TYPE
from pymysql.converters import encoders
from pymysql.cursors import SSCursor

from connectors.http.client import HttpClient
from connectors.http.deadline import Deadline
from connectors.http.failures import DO
from connectors.http.redact import quote
from connectors.protocols.patience import patiently
from connectors.protocols.sql_database import VERIFYING, Statement, twice, unproved
from connectors.protocols.sql_errors import kind_of_mariadb, names_only_objects
from connectors.protocols.sql_values import Column, column
from ledger.errors import ConfigError, SourceError
from ledger.settings import Connection

T = TypeVar("T")

_UNVERIFIED = ("require", "disable")
_WRITES = re.compile(r"\binto\s+(?:outfile|dumpfile|@)|\bfor\s+update\b|\block\s+in\s+share\s+mode\b", re.IGNORECASE)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_GROUP_CONCAT_BYTES = 1024**3  # beyond its own bound the server cuts such a list and says so in a warning only
# How values go out; without a word about what comes in, that stays the text the server wrote.
_AS_WRITTEN: dict[Any, Any] = dict(encoders)
# What a server that breaks its own protocol makes the driver raise.
_NONSENSE = (struct.error, LookupError, ValueError, RuntimeError, AssertionError)


class MariaDatabase:
    """One session, read only, on one snapshot.

    TLS is verified unless the connection is ``private`` and its ``sslmode`` says ``require`` or ``disable``. The
    statement's time runs until its last row is read, on the server (max_statement_time, max_execution_time) and here.
    """

    def __init__(self, connection: Connection, http: HttpClient, timeout_s: int) -> None:
        self._connection, self._http, self._timeout_s = connection, http, timeout_s
        parts = urlsplit(connection.url)
        try:
            self._host, self._port = parts.hostname or "", parts.port or 3306
        except ValueError:
            raise ConfigError("the connection's URL has no readable port", where="protocol sql") from None
        self._name = unquote(parts.path.removeprefix("/"))
        if not self._host or not self._name or parts.query:
            raise ConfigError(
                "the connection's URL does not name one host and one database",
                where="protocol sql",
                do="It looks like mariadb://host:3306/database; everything else stands in login, password and extra",
            )
        self._user = connection.login or unquote(parts.username or "")
        self._password = connection.password or unquote(parts.password or "")
        http.redactor.learn(self._password)
        self.address = f"{parts.scheme}://{self._host}:{self._port}/{self._name}"
        self._tls = self._context()

    def __enter__(self) -> "MariaDatabase":
        self._session = patiently(self._http.limits, lambda: self._guarded(self._open, self.address))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session.open:
            self._session.close()

    def lines(self, statement: Statement) -> Iterator[Sequence[str]]:
        """The rows as JSON, page by page. Raises SourceError and ConfigError."""
        if _WRITES.search(statement.query):
            raise ConfigError("the query writes or locks", where="protocol sql", do="Leave INTO and FOR UPDATE out")
        cursor = self._session.cursor(SSCursor)
        whole = False
        try:
            self._guarded(lambda: cursor.execute(statement.query, statement.values), statement.request)
            columns = _columns(cursor.description or ())
            while rows := self._guarded(lambda: cursor.fetchmany(statement.page_rows), statement.request):
                yield [_line(columns, row) for row in rows]
            whole = True
        finally:
            if not whole:
                self._abandon()

    def _abandon(self) -> None:
        """Hang up in the middle of an answer: the driver would read the rest of it first, however long."""
        result: Any = getattr(self._session, "_result", None)  # the driver offers no other way
        if result is not None:
            result.unbuffered_active = False
        if self._session.open:
            self._session.close()

    def _open(self) -> "pymysql.Connection[Any]":
        limits = self._http.limits
        session: pymysql.Connection[Any] = pymysql.Connection(
            user=self._user,
            password=self._password.encode(),  # as text it would have to be Latin-1
            host=self._host,
            port=self._port,
            database=self._name,
            charset="utf8mb4",
            conv=_AS_WRITTEN,
            ssl=self._tls,
            ssl_disabled=self._tls is None,
            read_timeout=self._patience_s,
            write_timeout=limits.read_s,
            program_name="pilar",
            defer_connect=True,
        )
        session.connect(self._http.dialer.dial(self._host, self._port, limits.connect_s))
        with session.cursor() as cursor:
            cursor.execute("SELECT VERSION()")
            [version] = cursor.fetchone() or ("",)
            for statement in _preparations(str(version), self._timeout_s):
                cursor.execute(statement)
        return session

    @property
    def _patience_s(self) -> float:
        return self._timeout_s + self._http.limits.read_s

    def _context(self) -> ssl.SSLContext | None:
        mode = str(self._connection.extra.get("sslmode") or "verify-full")
        if mode not in VERIFYING and not (self._connection.extra.get("private") is True and mode in _UNVERIFIED):
            raise unproved(mode)
        if mode == "disable":
            return None
        bundle = self._connection.extra.get("ca_bundle")
        try:
            context = ssl.create_default_context(cafile=str(bundle) if bundle else None)
        except OSError as error:
            raise ConfigError(
                f"the certificates cannot be read ({error.strerror or 'no PEM'})", where="connection extra.ca_bundle"
            ) from None
        context.check_hostname = mode == "verify-full"
        context.verify_mode = ssl.CERT_REQUIRED if mode in VERIFYING else ssl.CERT_NONE
        return context

    def _guarded(self, step: Callable[[], T], where: str) -> T:
        with Deadline(self._patience_s) as deadline:
            session = getattr(self, "_session", None)
            if session is not None and session.open:
                deadline.add(session._sock)  # as above
            try:
                return step()
            except pymysql.MySQLError as error:
                raise self._failure(error, where) from None
            except OSError as error:
                what = f"no connection ({error.strerror or error})"
                raise SourceError("retryable", what, where=where[:400], do=DO["retryable"]) from None
            except _NONSENSE as error:
                what = f"the server does not speak the protocol ({type(error).__name__})"
                raise SourceError("damaged", what, where=where[:400], do=DO["damaged"]) from None

    def _failure(self, error: pymysql.MySQLError, where: str) -> SourceError:
        number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        cause = getattr(error, "original_exception", None)
        if isinstance(cause, ssl.SSLCertVerificationError):
            return SourceError(
                "permanent",
                f"the server's identity could not be proved ({quote(cause.verify_message, 100)})",
                where=where,
                do="Ask the agency for its certificate authority and name the file as ca_bundle in the extra",
            )
        words = str(error.args[1]) if len(error.args) > 1 else type(error).__name__
        if not names_only_objects(number):  # other messages quote the data, which may be a person's
            words = _QUOTED.sub("'…'", words)
        kind = kind_of_mariadb(number)
        said = self._http.redactor.text(quote(words))
        return SourceError(kind, f"the database refused: {said} ({number})", where=where[:400], do=DO[kind])


def _preparations(version: str, timeout_s: int) -> Sequence[str]:
    limit = f"max_statement_time = {timeout_s}" if "MariaDB" in version else f"max_execution_time = {timeout_s * 1000}"
    return (
        f"SET SESSION {limit}, time_zone = '+00:00', net_write_timeout = {timeout_s}, "
        f"group_concat_max_len = {_GROUP_CONCAT_BYTES}",
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    )


def _columns(described: Sequence[Sequence[Any]]) -> list[Column]:
    names = [str(found[0]) for found in described]
    for name in sorted({name for name in names if names.count(name) > 1}):
        raise twice(name)
    for name, found in zip(names, described, strict=True):
        if found[1] == FIELD_TYPE.FLOAT:
            raise ConfigError(
                f"column {name!r} is a FLOAT, of which the server tells six digits",
                where="protocol sql",
                do=f"Say what is meant: CAST({name} AS DECIMAL(12,4)), or AS DOUBLE for every bit",
            )
    return [column(name, int(found[1])) for name, found in zip(names, described, strict=True)]


def _line(columns: Sequence[Column], row: Sequence[Any]) -> str:
    return "{" + ",".join([made(value) for made, value in zip(columns, row, strict=True)]) + "}"
