"""What the protocols over HTTP share."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, TypeVar

import structlog
from pydantic import Field, JsonValue

from connectors.http.client import Answer, Classify, Request
from connectors.http.urls import fill
from connectors.protocols.base import Noticed, Page, ProtocolArgs, ProtocolBase
from connectors.protocols.listing import MAX_PAGES, Listing
from connectors.protocols.records import NOTHING, count_rows
from ledger.errors import ConfigError, SourceError

log = structlog.get_logger()

JSON_HEADERS: Mapping[str, str] = {"Accept": "application/json"}


class HttpArgs(ProtocolArgs):
    """Arguments every protocol over HTTP takes."""

    max_pages: int = Field(default=MAX_PAGES, ge=1, le=1_000_000)


HttpArgsT = TypeVar("HttpArgsT", bound=HttpArgs)


class HttpProtocol(ProtocolBase[HttpArgsT]):
    """Numbers the pages of a pull and makes them from answers."""

    _next_seq = 0

    def page(
        self,
        answer: Answer,
        context: Mapping[str, str],
        path: str,
        rows: int,
        records: bytes | None = None,
        *,
        announced: int | None = None,
        noticed: tuple[Noticed, ...] = (),
    ) -> Page:
        """The page of one answer. Without ``records`` the body itself is JSON and holds ``rows`` rows at ``path``."""
        seq = self._next_seq
        self._next_seq += 1
        if rows == 0:
            path, records = "$", NOTHING
        text = answer.body if records is None else records
        came = answer.request, answer.status, answer.ms
        return Page(seq, answer.body, text, path, context, *came, announced, noticed)

    def confirm(
        self,
        books: Listing,
        request: Request,
        understand: Classify,
        found: Callable[[Any], Any],
        context: Mapping[str, str],
    ) -> Iterator[Page]:
        """Ask once beyond a doubtful total. ``found`` gives the records of an answer's data.

        A server may refuse to be asked beyond its end, which is as good as nothing. Raises SourceError (damaged) when
        rows come that were not there before.
        """
        try:
            answer = self.http.fetch(request, understand)
        except SourceError as error:
            log.info("total_not_confirmed", announced=books.announced, kind=error.kind)
            return
        records = found(answer.verdict.data) if answer.verdict.kind == "ok" else None
        rows = count_rows(records, "$", answer.request)
        books.beyond(answer.body, rows, answer.request, records)
        if not rows:
            yield self.page(answer, context, "$", 0, announced=books.announced)

    def secret(self) -> str:
        """The connection's password, key or token. Raises ConfigError when it has none."""
        if not self.connection.password:
            raise ConfigError(
                "the connection has no password, key or token",
                where=f"protocol {self.name}",
                do="Put it into the connection's password",
            )
        return self.connection.password

    def bearer(self) -> dict[str, str]:
        """The Authorization header with the connection's token."""
        return {"Authorization": f"Bearer {self.secret()}"}


def fill_params(params: Mapping[str, JsonValue], context: Mapping[str, str]) -> dict[str, str | list[str]]:
    """Query or form parameters with placeholders filled. A list repeats its parameter, an object becomes JSON text.

    Raises ConfigError for unknown placeholders.
    """
    filled: dict[str, str | list[str]] = {}
    for name, value in params.items():
        whole = fill_json(value, context)
        filled[name] = [_text(element) for element in whole] if isinstance(whole, list) else _text(whole)
    return filled


def fill_json(value: JsonValue, context: Mapping[str, str]) -> Any:
    """A JSON value with the placeholders in all its strings filled. Raises ConfigError for unknown placeholders."""
    if isinstance(value, str):
        return fill(value, context)
    if isinstance(value, list):
        return [fill_json(element, context) for element in value]
    if isinstance(value, dict):
        return {name: fill_json(element, context) for name, element in value.items()}
    return value


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


Method = Literal["GET", "POST"]
