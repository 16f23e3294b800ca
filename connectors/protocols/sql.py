"""An agency's own database, read through one SELECT: PostgreSQL, MariaDB or MySQL, as the connection's URL says.

The statement runs in a read-only transaction on one snapshot, under a statement timeout, row by row from the server, so
that memory stays flat however many rows there are. A page is an array in JSON, one row a line, whose numbers keep all
their digits.
"""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import ClassVar
from urllib.parse import urlsplit

import structlog
from pydantic import Field, field_validator

from connectors.http.client import HttpClient
from connectors.protocols.base import Page, ProtocolArgs, ProtocolBase
from connectors.protocols.records import NOTHING
from connectors.protocols.spans import Span, line_spans
from connectors.protocols.sql_database import Database, Statement
from ledger.errors import ConfigError, SourceError
from ledger.settings import Connection

log = structlog.get_logger()

_PLACEHOLDER = re.compile(r"%\(([a-z_][a-z0-9_]*)\)s")
_START = re.compile(r"\s*(?:select|with)\b", re.IGNORECASE)


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
    """One SELECT on a database: ``postgresql://host:port/database``, ``mariadb://...`` or ``mysql://...``.

    TLS is verified unless ``extra.private`` is set and ``extra.sslmode`` says otherwise; ``extra.ca_bundle`` names the
    authority's certificate.
    """

    name: ClassVar[str] = "sql"
    Args: ClassVar[type[ProtocolArgs]] = SqlArgs

    def pages(self) -> Iterator[Page]:
        """Pages of every context's rows. Raises SourceError and ConfigError."""
        seq = 0
        with open_database(self.connection, self.http, self.args.statement_timeout_s) as database:
            for context in self.contexts:
                for page in self._rows(database, context, seq):
                    yield page
                    seq = page.seq + 1

    def spans(self, body: bytes, request: str) -> Sequence[Span]:
        """One line a row, between what makes an array of them; pages kept by earlier versions were bare lines."""
        if body == NOTHING:
            return []
        first = 1 if body.startswith(b"[") else 0
        lines = line_spans(body)
        return [Span(span.start + first * (at == 0), span.end - first, span.location) for at, span in enumerate(lines)]

    def _rows(self, database: Database, context: Mapping[str, str], seq: int) -> Iterator[Page]:
        values = self._bound(context)
        request = self._request(database.address, values)
        statement = Statement(self.args.query, values, self.args.page_rows, request)
        received, first = 0, seq
        started = time.monotonic()
        for lines in database.lines(statement):
            received += sum(map(len, lines))
            self._check_size(received, request)
            yield _page(seq, lines, context, request, started)
            seq, started = seq + 1, time.monotonic()
        if seq == first:
            yield Page(seq, NOTHING, NOTHING, "$", context, request, 0, 0)
        log.info("source_answered", request=request, pages=seq - first, bytes=received)

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

    def _check_size(self, received: int, request: str) -> None:
        if received > self.http.limits.max_pull:
            raise SourceError("damaged", f"the query gives more than {self.http.limits.max_pull} bytes", where=request)

    def _request(self, address: str, values: Mapping[str, str]) -> str:
        bound = ", ".join(f"{name}={value}" for name, value in sorted(values.items()))
        line = " ".join(self.args.query.split())
        return self.http.redactor.request("SQL", address) + self.http.redactor.text(
            f" {line}" + (f" with {bound}" if bound else "")
        )


def _page(seq: int, lines: Sequence[str], context: Mapping[str, str], request: str, started: float) -> Page:
    # A line end in a row stands between the parts of a JSON column's value, where a blank does as well; in texts it is
    # escaped.
    text = ",\n".join([line.replace("\n", " ") for line in lines])
    body = f"[{text}]".encode("utf-8", "replace")
    return Page(seq, body, body, "$", context, request, 0, round((time.monotonic() - started) * 1000))


def open_database(connection: Connection, http: HttpClient, timeout_s: int) -> AbstractContextManager[Database]:
    """The database behind a connection's URL; ``timeout_s`` bounds each statement. Raises ConfigError."""
    if urlsplit(connection.url).scheme in {"mysql", "mariadb"}:
        from connectors.protocols.sql_mariadb import MariaDatabase

        return MariaDatabase(connection, http, timeout_s)
    from connectors.protocols.sql_postgres import PostgresDatabase

    return PostgresDatabase(connection, http, timeout_s)
