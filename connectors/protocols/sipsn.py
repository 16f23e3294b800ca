"""SIPSN, the Ministry of Environment's waste information system: pages made for browsers, read without a contract.

Forms are posted with the session's cookie; answers are ``{"markers": [[...]]}`` with values by position, or
``{"table": "<html>"}``. Positions and headers are therefore checked against the source file on every answer.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Literal

from pydantic import Field, JsonValue, model_validator

from connectors.http.client import Request
from connectors.http.redact import quote
from connectors.http.urls import fill_path
from connectors.http.verdict import Verdict, html_verdict, json_verdict, words_of
from connectors.protocols.base import Page, ProtocolArgs
from connectors.protocols.html_table import TableError, read_table
from connectors.protocols.http_base import HttpArgs, HttpProtocol, fill_params
from connectors.protocols.listing import Listing
from connectors.protocols.records import dump_records, parse_exact
from connectors.protocols.spans import Span, json_spans, member_spans
from ledger.errors import SourceError

_HEADERS = {"Accept": "application/json", "X-Requested-With": "XMLHttpRequest"}


class SipsnArgs(HttpArgs):
    """Arguments of ``sipsn``.

    ``columns`` names the positions of a marker or the table's header from left to right, all of them. ``session`` is
    the page whose cookie the form needs, empty for none.
    """

    kind: Literal["markers", "table"] = "markers"
    columns: list[str] = Field(min_length=1)
    form: dict[str, JsonValue] = Field(default_factory=dict)
    path: str = ""
    session: str = "/home"

    @model_validator(mode="after")
    def _distinct(self) -> "SipsnArgs":
        if len(set(self.columns)) != len(self.columns):
            raise ValueError("columns has equal names")
        return self


_PATHS = {"markers": "/home/getMarker", "table": "/home/showdatatable"}


def classify(status: int, headers: Mapping[str, str], body: bytes, *, kind: str = "markers") -> Verdict:
    """What a SIPSN answer means: the member asked for, or damage; an empty string or list means nothing is there."""
    verdict = json_verdict(status, headers, body)
    if verdict.kind != "ok":
        return verdict
    if not isinstance(verdict.data, dict) or kind not in verdict.data:
        return Verdict("damaged", f"the answer has no {kind}: {words_of(body)}")
    found = verdict.data[kind]
    if found in (None, "", [], {}, False):
        return Verdict("empty", data=verdict.data)
    if not isinstance(found, list if kind == "markers" else str):
        return Verdict("damaged", f"{kind} is a {type(found).__name__}")
    return Verdict("ok", data=verdict.data)


def classify_session(status: int, headers: Mapping[str, str], body: bytes) -> Verdict:
    """What the page that starts a session means: any HTML page will do, a login page will not."""
    page = html_verdict(headers, body)
    if 200 <= status < 300 and (page is None or page.kind == "damaged"):
        return Verdict("ok")
    return json_verdict(status, headers, body) if page is None or status >= 300 else page


class Sipsn(HttpProtocol[SipsnArgs]):
    """Forms of SIPSN's public pages."""

    name: ClassVar[str] = "sipsn"
    Args: ClassVar[type[ProtocolArgs]] = SipsnArgs

    def pages(self) -> Iterator[Page]:
        """One page per context. Raises SourceError and ConfigError."""
        if self.args.session:
            self.http.fetch(
                Request(self.http.url(self.args.session), headers={"Accept": "text/html"}), classify_session
            )
        books = Listing(self.args.max_pages)
        for context in self.contexts:
            answer = self.http.fetch(self._request(context), partial(classify, kind=self.args.kind))
            found = [] if answer.verdict.kind == "empty" else self._records(answer.body, answer.request)
            books.page(answer.body, len(found), answer.request)
            yield self.page(answer, context, "$", len(found), dump_records(found))

    def spans(self, body: bytes, request: str) -> Sequence[Span]:
        """The markers; of a table, which is one text, the text and the row in it."""
        if self.args.kind == "markers":
            return json_spans(body, "$.markers")
        whole = member_spans(body)["table"]
        rows = read_table(parse_exact(body)["table"])[1]
        return [Span(whole.start, whole.end, f"row {number} of the table") for number, _ in enumerate(rows, start=1)]

    def _request(self, context: Mapping[str, str]) -> Request:
        path = fill_path(self.args.path or _PATHS[self.args.kind], context)
        return Request(self.http.url(path), "POST", headers=_HEADERS, form=fill_params(self.args.form, context))

    def derive(self, body: bytes, context: Mapping[str, str], request: str) -> bytes:
        """The rows of a kept answer as records."""
        return dump_records(self._records(body, request))

    def _records(self, body: bytes, request: str) -> list[dict[str, Any]]:
        data = parse_exact(body, request)[self.args.kind]
        rows = _marker_rows(data, len(self.args.columns)) if self.args.kind == "markers" else self._table_rows(data)
        if isinstance(rows, str):
            raise SourceError(
                "damaged", rows, where=request, do="Compare `columns` with what the page shows in a browser now"
            )
        return [dict(zip(self.args.columns, row, strict=True)) for row in rows]

    def _table_rows(self, html: str) -> list[list[Any]] | str:
        try:
            header, rows = read_table(html)
        except TableError as error:
            return f"the table cannot be read: {error}"
        if [_same(name) for name in header] != [_same(name) for name in self.args.columns]:
            return f"the table's header is {self.http.redactor.known(quote(', '.join(header)))}"
        return [list(row) for row in rows]


def _marker_rows(markers: list[Any], width: int) -> list[list[Any]] | str:
    for number, row in enumerate(markers, start=1):
        if not isinstance(row, list) or len(row) != width:
            size = len(row) if isinstance(row, list) else type(row).__name__
            return f"marker {number} has {size} values, {width} are named"
        if any(isinstance(value, dict | list) for value in row):
            return f"marker {number} holds more than plain values"
    return markers


def _same(name: str) -> str:
    return " ".join(name.lower().split())
