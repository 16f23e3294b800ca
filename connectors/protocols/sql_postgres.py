"""PostgreSQL for ``sql``. Rows come as JSON that the server itself writes, through a server-side cursor."""

import re
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psycopg
from psycopg import conninfo
from psycopg import sql as pgsql

from connectors.http.client import HttpClient
from connectors.http.failures import DO
from connectors.http.redact import quote
from connectors.protocols.patience import patiently
from connectors.protocols.sql_database import VERIFYING, Statement, twice, unproved
from connectors.protocols.sql_errors import kind_of_sqlstate
from ledger.errors import ConfigError, SourceError
from ledger.settings import Connection

if TYPE_CHECKING:
    from psycopg.rows import TupleRow

_UNVERIFIED = ("require", "prefer", "allow", "disable")


class PostgresDatabase:
    """One session, read only, on one snapshot.

    TLS is verified unless the connection is ``private`` and its ``sslmode`` (or its absence) says otherwise.
    """

    def __init__(self, connection: Connection, http: HttpClient, timeout_s: int) -> None:
        self._connection, self._http, self._timeout_s = connection, http, timeout_s
        self.address = _place(connection.url)

    def __enter__(self) -> "PostgresDatabase":
        parameters = self.parameters()
        self._session = patiently(self._http.limits, lambda: self._connect(parameters))
        self._session.read_only = True
        self._session.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def lines(self, statement: Statement) -> Iterator[Sequence[str]]:
        """The rows as JSON, page by page. Raises SourceError and ConfigError."""
        source = pgsql.SQL(statement.query)  # from the source file, checked by SqlArgs
        select = pgsql.SQL("SELECT row_to_json(pilar_row)::text FROM (\n{}\n) AS pilar_row").format(source)
        try:
            self._check_columns(source, statement.values)
            with self._session.cursor(name="pilar") as cursor:
                cursor.execute(select, statement.values)
                while rows := cursor.fetchmany(statement.page_rows):
                    yield [row[0] for row in rows]
        except psycopg.Error as error:
            raise self._failure(error, statement.request) from None

    def parameters(self) -> dict[str, Any]:
        """What libpq is told. Raises ConfigError and SourceError for a host that may not be talked to."""
        try:
            given = conninfo.conninfo_to_dict(self._connection.url)
        except psycopg.Error:
            raise ConfigError("the connection's URL is not a PostgreSQL one", where="protocol sql") from None
        self._http.redactor.learn(str(given.get("password") or ""))
        host = str(given.get("host") or "")
        private = self._connection.extra.get("private") is True
        if (host.startswith("/") or not host or "," in host or given.get("hostaddr")) and not private:
            raise ConfigError(
                "the connection names no host that could be checked",
                where="protocol sql",
                do="Name one host in its URL",
            )
        if host and not host.startswith("/"):
            given["hostaddr"] = self._http.dialer.addresses(host, _port(given.get("port")))[0]
            given.update(self._tls(private))
        if self._connection.login:
            given["user"] = self._connection.login
        if self._connection.password:
            given["password"] = self._connection.password
        timeout_ms = self._timeout_s * 1000
        return {
            **given,
            "connect_timeout": max(2, round(self._http.limits.connect_s)),
            "application_name": "pilar",
            "client_encoding": "utf8",
            "passfile": "/nonexistent",  # credentials come from the connection alone
            "keepalives_idle": 30,
            "tcp_user_timeout": round(self._http.limits.read_s * 1000),
            "options": f"-c statement_timeout={timeout_ms} -c idle_in_transaction_session_timeout=600000"
            " -c default_transaction_read_only=on -c TimeZone=UTC -c DateStyle=ISO -c search_path=public",
        }

    def _connect(self, parameters: Mapping[str, Any]) -> "psycopg.Connection[TupleRow]":
        try:
            return psycopg.connect(**parameters)
        except psycopg.Error as error:
            raise self._failure(error, self.address) from None

    def _tls(self, private: bool) -> dict[str, str]:
        mode = str(self._connection.extra.get("sslmode") or ("prefer" if private else "verify-full"))
        if mode not in VERIFYING and not (private and mode in _UNVERIFIED):
            raise unproved(mode)
        bundle = str(self._connection.extra.get("ca_bundle") or "system")
        if mode not in VERIFYING:
            return {"sslmode": mode}
        # libpq takes the system's authorities with the strictest mode only.
        return {"sslmode": mode if bundle != "system" else "verify-full", "sslrootcert": bundle}

    def _check_columns(self, source: pgsql.SQL, values: Mapping[str, str]) -> None:
        statement = pgsql.SQL("SELECT * FROM (\n{}\n) AS pilar_row LIMIT 0").format(source)
        described = self._session.execute(statement, values).description or []
        names = [column.name for column in described]
        for name in sorted({name for name in names if names.count(name) > 1}):
            raise twice(name)

    def _failure(self, error: psycopg.Error, where: str) -> SourceError:
        words = self._http.redactor.text(quote(error.diag.message_primary or str(error)))
        if (error.sqlstate or "").startswith("22"):  # data exceptions quote the data, which may be a person's
            words = re.sub(r'"[^"]*"', '"…"', words)
        kind = kind_of_sqlstate(error.sqlstate, words)
        return SourceError(kind, f"the database refused: {words}", where=where[:400], do=DO[kind])


def _place(url: str) -> str:
    parts = urlsplit(url)
    try:
        port = parts.port or 5432
    except ValueError:
        raise _no_port() from None
    return f"postgresql://{parts.hostname or '(socket)'}:{port}{parts.path}"


def _port(given: object) -> int:
    text = str(given or 5432)
    if not (text.isascii() and text.isdigit()):
        raise _no_port()
    return int(text)


def _no_port() -> ConfigError:
    return ConfigError("the connection's URL has no readable port", where="protocol sql")
