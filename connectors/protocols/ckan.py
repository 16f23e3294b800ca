"""CKAN's datastore, behind most Satu Data portals: ``datastore_search`` by limit and offset.

``_links.next`` is there even after the last page, so paging counts rows against ``total``. A portal may give fewer rows
than asked for (32,000 is CKAN's own cap) without saying so: rows that were announced and did not come are damage.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field, JsonValue

from connectors.http.client import Request
from connectors.http.redact import quote
from connectors.http.urls import fill
from connectors.http.verdict import Verdict, VerdictKind, json_verdict, kind_of_status, maybe_json, words_of
from connectors.protocols.base import Page, ProtocolArgs
from connectors.protocols.http_base import JSON_HEADERS, HttpArgs, HttpProtocol, fill_params
from connectors.protocols.listing import Listing
from connectors.protocols.records import as_count, count_rows
from connectors.protocols.spans import Span, json_spans

_ERRORS: Mapping[str, VerdictKind] = {
    "Authorization Error": "auth",
    "Not Authorized": "auth",
    "Not Found Error": "permanent",
    "Validation Error": "permanent",
    "Search Query Error": "permanent",
    "Search Error": "retryable",
    "Internal Server Error": "retryable",
}


class CkanArgs(HttpArgs):
    """Arguments of ``ckan``. The connection's password, where there is one, is sent as the API token."""

    resource_id: str
    filters: dict[str, JsonValue] = Field(default_factory=dict)
    fields: list[str] = Field(default_factory=list)
    sort: str = "_id"
    limit: int = Field(default=1000, ge=1, le=32_000)
    path: str = "/api/3/action/datastore_search"


def classify(status: int, headers: Mapping[str, str], body: bytes) -> Verdict:
    """What a CKAN answer means: ``success`` and the error's type say more than the status."""
    verdict = json_verdict(status, headers, body)
    refused = _refused(status, verdict.data if verdict.kind == "ok" else maybe_json(body, headers))
    if refused is not None or verdict.kind not in {"ok", "empty"}:
        return refused or verdict
    result = verdict.data.get("result") if isinstance(verdict.data, dict) else None
    if not isinstance(result, dict) or not isinstance(result.get("records"), list):
        return Verdict("damaged", f"the answer has no result.records: {words_of(body)}")
    return Verdict("ok" if result["records"] else "empty", data=verdict.data)


def _refused(status: int, data: Any) -> Verdict | None:
    if not isinstance(data, dict) or data.get("success") is not False:
        return None
    error = data.get("error")
    kind = str(error.get("__type", "")) if isinstance(error, dict) else ""
    otherwise = kind_of_status(status)
    words = quote(str(error))
    return Verdict(_ERRORS.get(kind, "permanent" if otherwise == "ok" else otherwise), words)


class Ckan(HttpProtocol[CkanArgs]):
    """One datastore resource of a CKAN portal."""

    name: ClassVar[str] = "ckan"
    Args: ClassVar[type[ProtocolArgs]] = CkanArgs

    def pages(self) -> Iterator[Page]:
        """Every page of every context. Raises SourceError and ConfigError."""
        for context in self.contexts:
            yield from self._listing(context)

    def spans(self, body: bytes, request: str) -> Sequence[Span]:
        """The records."""
        return json_spans(body, "$.result.records")

    def _listing(self, context: Mapping[str, str]) -> Iterator[Page]:
        books = Listing(self.args.max_pages)
        while True:
            answer = self.http.fetch(self._request(books.received, context), classify)
            result: dict[str, Any] = answer.verdict.data["result"]
            rows = count_rows(result["records"], "$.result.records", answer.request)
            books.page(answer.body, rows, answer.request, result["records"])
            if not result.get("total_was_estimated"):
                books.announce(as_count(result.get("total"), "total", answer.request), answer.request)
            yield self.page(answer, context, "$.result.records", rows, announced=books.announced)
            if rows == 0 or books.complete:
                break
        books.finish(answer.request)
        if books.doubtful(rows, self.args.limit):
            more = self._request(books.received, context)
            yield from self.confirm(books, more, classify, lambda data: data["result"]["records"], context)

    def _request(self, offset: int, context: Mapping[str, str]) -> Request:
        params: dict[str, str | list[str]] = {
            "resource_id": fill(self.args.resource_id, context),
            "limit": str(self.args.limit),
            "offset": str(offset),
            "sort": self.args.sort,  # without an order, rows may move between pages
        }
        if self.args.filters:
            params |= fill_params({"filters": self.args.filters}, context)
        if self.args.fields:
            params["fields"] = ",".join(self.args.fields)
        token = {"Authorization": self.connection.password} if self.connection.password else {}
        return Request(self.http.url(self.args.path), params=params, headers=JSON_HEADERS, credentials=token)
