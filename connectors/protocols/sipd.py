"""SIPD-RI, the regional finance system of the Ministry of Home Affairs.

Lists are bare arrays, or an object whose ``data`` holds them; paging is ``page`` and ``limit`` with X-Pagination-*
headers, of which a public client shows Current-Page only, so the others are used where they come and not missed where
they do not. Login asks for a captcha: the token is put into the connection's password by a person.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field, JsonValue

from connectors.http.client import Answer, Request
from connectors.http.urls import fill_path
from connectors.http.verdict import Verdict, json_verdict, words_of
from connectors.protocols.base import Page, ProtocolArgs
from connectors.protocols.http_base import JSON_HEADERS, HttpArgs, HttpProtocol, fill_params
from connectors.protocols.listing import Listing
from connectors.protocols.records import as_count, count_rows
from connectors.protocols.spans import Span, json_spans
from ledger.errors import SourceError

_CURRENT = "X-Pagination-Current-Page"
_PAGES = "X-Pagination-Page-Count"
_TOTAL = "X-Pagination-Total-Count"


class SipdArgs(HttpArgs):
    """Arguments of ``sipd``. A parameter may be an object: ``searchparams`` travels as JSON text."""

    path: str
    params: dict[str, JsonValue] = Field(default_factory=dict)
    paged: bool = True
    limit: int = Field(default=50, ge=1, le=1000)


def classify(status: int, headers: Mapping[str, str], body: bytes) -> Verdict:
    """What a SIPD answer means: a bare array or ``{"data": [...]}``; any other object is a refusal in words."""
    verdict = json_verdict(status, headers, body)
    if verdict.kind != "ok":
        return verdict
    rows = rows_of(verdict.data)
    if rows is not None:
        return Verdict("ok" if rows else "empty", data=verdict.data)
    if isinstance(verdict.data, dict) and isinstance(verdict.data.get("data"), str):
        return Verdict("damaged", f"data is text, not rows: {words_of(body)}")  # some reports put HTML there
    words = words_of(body)
    if any(word in words.lower() for word in ("token", "unauthorized", "jwt", "expired", "tidak memiliki akses")):
        return Verdict("auth", words)
    return Verdict("permanent", words)


def rows_of(data: Any) -> list[Any] | None:
    """The rows of either shape, None for neither. ``null`` stands for no rows."""
    if isinstance(data, dict) and "data" in data:
        data = data["data"] if data["data"] is not None else []
    return data if isinstance(data, list) else None


class Sipd(HttpProtocol[SipdArgs]):
    """SIPD-RI lists and reports, with a bearer token."""

    name: ClassVar[str] = "sipd"
    Args: ClassVar[type[ProtocolArgs]] = SipdArgs

    def pages(self) -> Iterator[Page]:
        """Every page of every context. Raises SourceError and ConfigError."""
        for context in self.contexts:
            yield from self._listing(context)

    def spans(self, body: bytes, request: str) -> Sequence[Span]:
        """The rows of either shape."""
        return json_spans(body, "$" if isinstance(json.loads(body), list) else "$.data")

    def _listing(self, context: Mapping[str, str]) -> Iterator[Page]:
        books, number, previous = Listing(self.args.max_pages), 1, b""
        while True:
            answer = self.http.fetch(self._request(number, context), classify)
            if _stayed_behind(answer, number, previous):
                break
            path = "$" if isinstance(answer.verdict.data, list) else "$.data"
            records = rows_of(answer.verdict.data)
            rows = count_rows(records, path, answer.request)
            books.page(answer.body, rows, answer.request, records)
            books.announce(_count(answer, _TOTAL), answer.request)
            yield self.page(answer, context, path, rows, announced=books.announced)
            pages = _count(answer, _PAGES)
            if not self.args.paged or rows == 0 or books.complete or (pages is not None and number >= pages):
                break
            number, previous = number + 1, answer.body
        books.finish(answer.request)
        if self.args.paged and books.doubtful(rows, self.args.limit):
            yield from self.confirm(books, self._request(number + 1, context), classify, rows_of, context)

    def _request(self, number: int, context: Mapping[str, str]) -> Request:
        params = fill_params(self.args.params, context)
        if self.args.paged:
            params |= {"page": str(number), "limit": str(self.args.limit)}
        url = self.http.url(fill_path(self.args.path, context))
        return Request(url, params=params, headers=JSON_HEADERS, credentials=self.bearer())


def _count(answer: Answer, header: str) -> int | None:
    return as_count(answer.headers.get(header), header, answer.request)


def _stayed_behind(answer: Answer, asked: int, previous: bytes) -> bool:
    """True when the server answered a page beyond its last with the last one again, and says so in its header.

    Raises SourceError (damaged) when it answers any other page than the one asked for.
    """
    current = _count(answer, _CURRENT)
    if current is None or current == asked or (current == 0 and asked == 1):
        return False
    if current == asked - 1 and answer.body == previous:
        return True
    raise SourceError("damaged", f"page {asked} was asked for, page {current} came", where=answer.request)
