"""An agency's own PostgreSQL database, read through one SELECT.

The statement runs in a read-only transaction on one snapshot, under a statement timeout, through a server-side cursor;
rows come as JSON that PostgreSQL itself writes, so that numbers keep all their digits. Pages are NDJSON.
"""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

import psycopg
import structlog
from psycopg import conninfo
from psycopg import sql as pgsql
from pydantic import Field, field_validator

from connectors.http.failures import DO
from connectors.http.redact import quote
from connectors.protocols.base import NDJSON, Page, ProtocolArgs, ProtocolBase
from connectors.protocols.records import NOTHING
from connectors.protocols.spans import Span, line_spans
from connectors.protocols.sql_errors import kind_of_sqlstate
from ledger.errors import ConfigError, SourceError

if TYPE_CHECKING:
    from psycopg.rows import TupleRow

log = structlog.get_logger()

_PLACEHOLDER = re.compile(r"%\(([a-z_][a-z0-9_]*)\)s")
_START = re.compile(r"\s*(?:select|with)\b", re.IGNORECASE)
_VERIFYING = ("verify-full", "verify-ca")
_UNVERIFIED = ("require", "prefer", "allow", "disable")


class SqlArgs(ProtocolArgs):
    """Arguments of ``sql``. ``query`` is one SELECT; ``%(kode_daerah)s`` is bound from ``for_each``, never pasted."""

    query: str
    page_rows: int = Field(default=5000, ge=1, le=100_000)
    statement_timeout_s: int = Field(default=120, ge=1, le=3600)

    @field_validator("query")
    @classmethod
    def _one_select(cls, query: str) -> str:
        query = query.strip().removesuffix(";").strip()
        if not _START.match(query):
            raise ValueError("query must be one SELECT (or WITH ... SELECT)")
        if ";" in query:
            raise ValueError("query must be one statement: remove the semicolon")
        if re.search(r"(?<!%)%(?!%|\([a-z_][a-z0-9_]*\)s)", query):
            raise ValueError("a percent sign is written %% beside placeholders like %(tahun)s")
        return query


class Sql(ProtocolBase[SqlArgs]):
    """One SELECT on a PostgreSQL database.

    The connection's URL is ``postgresql://host:port/database``; TLS is verified unless ``extra.private`` is set and
    ``extra.sslmode`` says otherwise; ``extra.ca_bundle`` names the authority's certificate.
    """

    name: ClassVar[str] = "sql"
    Args: ClassVar[type[ProtocolArgs]] = SqlArgs

    def pages(self) -> Iterator[Page]:
        """Pages of every context's rows. Raises SourceError and ConfigError."""
        seq = 0
        with self._connect() as connection:
            for context in self.contexts:
                for page in self._rows(connection, context, seq):
                    yield page
                    seq = page.seq + 1

    def spans(self, body: bytes, request: str) -> Sequence[Span]:  # noqa: ARG002
        """One line a row."""
        return line_spans(body) if body != NOTHING else []

    def _rows(self, connection: "psycopg.Connection[TupleRow]", context: Mapping[str, str], seq: int) -> Iterator[Page]:
        values = self._bound(context)
        request = self._request(values)
        source = pgsql.SQL(self.args.query)  # from the source file, checked by SqlArgs
        statement = pgsql.SQL("SELECT row_to_json(pilar_row)::text FROM (\n{}\n) AS pilar_row").format(source)
        received, first = 0, seq
        try:
            self._check_columns(connection, source, values)
            with connection.cursor(name="pilar") as cursor:
                started = time.monotonic()
                cursor.execute(statement, values)
                while rows := cursor.fetchmany(self.args.page_rows):
                    received += sum(len(row[0]) for row in rows)
                    self._check_size(received, request)
                    yield _page(seq, rows, context, request, started)
                    seq, started = seq + 1, time.monotonic()
        except psycopg.Error as error:
            raise self._failure(error, request) from None
        if seq == first:
            yield Page(seq, NOTHING, NOTHING, "$", context, request, 0, 0)
        log.info("source_answered", request=request, pages=seq - first, bytes=received)

    def _connect(self) -> "psycopg.Connection[TupleRow]":
        parameters = self._parameters()
        patience = time.monotonic() + self.http.limits.retry_total_s
        for attempt in range(1, self.http.limits.attempts + 1):
            try:
                connection = psycopg.connect(**parameters)
                break
            except psycopg.Error as error:
                failure = self._failure(error, self._place())
                wait = self.http.limits.backoff_s * 2 ** (attempt - 1)
                last = attempt == self.http.limits.attempts or time.monotonic() + wait > patience
                if failure.kind != "retryable" or last:
                    raise failure from None
                time.sleep(wait)
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        return connection

    def _parameters(self) -> dict[str, Any]:
        try:
            given = conninfo.conninfo_to_dict(self.connection.url)
        except psycopg.Error:
            raise ConfigError("the connection's URL is not a PostgreSQL one", where="protocol sql") from None
        self.http.redactor.learn(str(given.get("password") or ""))
        host = str(given.get("host") or "")
        private = self.connection.extra.get("private") is True
        if (host.startswith("/") or not host or "," in host or given.get("hostaddr")) and not private:
            raise ConfigError(
                "the connection names no host that could be checked",
                where="protocol sql",
                do="Name one host in its URL",
            )
        if host and not host.startswith("/"):
            given["hostaddr"] = self.http.dialer.addresses(host, _port(given.get("port")))[0]
            given.update(self._tls(private))
        if self.connection.login:
            given["user"] = self.connection.login
        if self.connection.password:
            given["password"] = self.connection.password
        timeout_ms = self.args.statement_timeout_s * 1000
        return {
            **given,
            "connect_timeout": max(2, round(self.http.limits.connect_s)),
            "application_name": "pilar",
            "client_encoding": "utf8",
            "passfile": "/nonexistent",  # credentials come from the connection alone
            "keepalives_idle": 30,
            "tcp_user_timeout": round(self.http.limits.read_s * 1000),
            "options": f"-c statement_timeout={timeout_ms} -c idle_in_transaction_session_timeout=600000"
            " -c default_transaction_read_only=on -c TimeZone=UTC -c DateStyle=ISO -c search_path=public",
        }

    def _tls(self, private: bool) -> dict[str, str]:
        mode = str(self.connection.extra.get("sslmode") or ("prefer" if private else "verify-full"))
        if mode not in _VERIFYING and not (private and mode in _UNVERIFIED):
            raise ConfigError(
                f"sslmode {mode!r} does not prove whom we talk to",
                where="connection extra.sslmode",
                do="Use verify-full and name the authority's certificate as ca_bundle",
            )
        bundle = str(self.connection.extra.get("ca_bundle") or "system")
        if mode not in _VERIFYING:
            return {"sslmode": mode}
        # libpq takes the system's authorities with the strictest mode only.
        return {"sslmode": mode if bundle != "system" else "verify-full", "sslrootcert": bundle}

    def _bound(self, context: Mapping[str, str]) -> dict[str, str]:
        wanted = set(_PLACEHOLDER.findall(self.args.query))
        missing = sorted(wanted - set(context))
        if missing:
            raise ConfigError(
                f"the query's %({missing[0]})s is not in the context",
                where="protocol sql",
                do=f"for_each gives: {', '.join(sorted(context)) or 'none'}",
            )
        return {name: context[name] for name in wanted}

    def _check_columns(
        self, connection: "psycopg.Connection[TupleRow]", source: pgsql.SQL, values: Mapping[str, str]
    ) -> None:
        statement = pgsql.SQL("SELECT * FROM (\n{}\n) AS pilar_row LIMIT 0").format(source)
        described = connection.execute(statement, values).description or []
        names = [column.name for column in described]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ConfigError(
                f"the query gives column {twice[0]!r} twice, and JSON would keep one",
                where="protocol sql",
                do="Alias it",
            )

    def _check_size(self, received: int, request: str) -> None:
        if received > self.http.limits.max_pull:
            raise SourceError("damaged", f"the query gives more than {self.http.limits.max_pull} bytes", where=request)

    def _place(self) -> str:
        parts = urlsplit(self.connection.url)
        host = parts.hostname or "(socket)"
        return f"postgresql://{host}:{parts.port or 5432}{parts.path}"

    def _request(self, values: Mapping[str, str]) -> str:
        bound = ", ".join(f"{name}={value}" for name, value in sorted(values.items()))
        line = " ".join(self.args.query.split())
        return self.http.redactor.request("SQL", self._place()) + self.http.redactor.text(
            f" {line}" + (f" with {bound}" if bound else "")
        )

    def _failure(self, error: psycopg.Error, request: str) -> SourceError:
        words = self.http.redactor.text(quote(error.diag.message_primary or str(error)))
        if (error.sqlstate or "").startswith("22"):  # data exceptions quote the data, which may be a person's
            words = re.sub(r'"[^"]*"', '"…"', words)
        kind = kind_of_sqlstate(error.sqlstate, words)
        return SourceError(kind, f"the database refused: {words}", where=request[:400], do=DO[kind])


def _page(seq: int, rows: "Sequence[TupleRow]", context: Mapping[str, str], request: str, started: float) -> Page:
    # A line end in a row stands between the parts of a JSON column's value, where a blank does as well; in texts it is
    # escaped.
    body = "\n".join(row[0].replace("\n", " ") for row in rows).encode("utf-8")
    return Page(seq, body, body, NDJSON, context, request, 0, round((time.monotonic() - started) * 1000))


def _port(given: object) -> int:
    text = str(given or 5432)
    if not (text.isascii() and text.isdigit()):
        raise ConfigError("the connection's URL has no readable port", where="protocol sql")
    return int(text)
