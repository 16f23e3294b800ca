"""SiCantik, the licensing system of many regencies' one-stop service offices: bare arrays by limit and offset.

An answer does not say how many rows there are. ``jumlahPerizinan`` counts the applications issued and in process, so
it is asked before and after a list, and the list must come to that number. No login; a public client holds itself to
ten requests a minute (``extra.limits: {interval_s: 6}``). ``n_pemohon`` is a person's name.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Literal

from pydantic import Field, JsonValue

from connectors.http.client import Answer, Request
from connectors.http.verdict import Verdict, json_verdict, words_of
from connectors.protocols.base import Page, ProtocolArgs
from connectors.protocols.http_base import JSON_HEADERS, HttpArgs, HttpProtocol, fill_params
from connectors.protocols.listing import Listing
from connectors.protocols.records import as_count, count_rows
from connectors.protocols.spans import Span, json_spans
from ledger.errors import SourceError

_TOTALS: Mapping[str, str] = {"listpermohonanterbit": "terbit", "listpermohonanproses": "proses"}
_COUNTS = "jumlahPerizinan"


class SicantikArgs(HttpArgs):
    """Arguments of ``sicantik``. ``counted`` holds the lists of applications against ``jumlahPerizinan``."""

    method: Literal[
        "listpermohonanterbit",
        "listpermohonanproses",
        "jenisperizinanlist",
        "jumlahPerizinan",
        "syaratPerizinan",
        "nilaiRetribusi",
    ]
    params: dict[str, JsonValue] = Field(default_factory=dict)
    limit: int = Field(default=100, ge=1, le=1000)
    counted: bool = True


def classify(status: int, headers: Mapping[str, str], body: bytes, *, single: bool = False) -> Verdict:
    """What a SiCantik answer means: an array, or with ``single`` an object; any other object is a refusal in words."""
    verdict = json_verdict(status, headers, body)
    if verdict.kind == "empty" and single:
        return Verdict("damaged", "the answer has no content")
    if verdict.kind != "ok":
        return verdict
    data, words = verdict.data, words_of(body)
    if isinstance(data, list) and not single:
        return Verdict("ok" if data else "empty", data=data)
    if not isinstance(data, dict):
        return Verdict("damaged", f"an {'object' if single else 'array'} was due: {words}")
    if single and "error" not in data:
        return Verdict("ok" if data else "damaged", "" if data else "an empty object came", data)
    refused = any(sign in words.lower() for sign in ("api key", "unauthorized", "not authorized", "credentials"))
    return Verdict("auth" if refused else "permanent", words)


class Sicantik(HttpProtocol[SicantikArgs]):
    """Lists of SiCantik's back office."""

    name: ClassVar[str] = "sicantik"
    Args: ClassVar[type[ProtocolArgs]] = SicantikArgs

    def pages(self) -> Iterator[Page]:
        """Every page of every context; the counts come first, as a page without records.

        Raises SourceError and ConfigError.
        """
        for context in self.contexts:
            yield from self._listing(context)

    def spans(self, body: bytes, request: str) -> Sequence[Span]:
        """Elements of the array; the counts kept beside a list are no record of it."""
        counts = self.args.method != _COUNTS and isinstance(json.loads(body), dict)
        return [] if counts else json_spans(body, "$")

    def _listing(self, context: Mapping[str, str]) -> Iterator[Page]:
        books, paged = Listing(self.args.max_pages), self.args.method in _TOTALS
        counted = paged and self.args.counted
        self.http.redactor.trust(_COUNTS)
        if counted:
            yield self.page(self._count(books), context, "$", 0)
        single = self.args.method == _COUNTS
        while True:
            request = self._request(books.received if paged else None, context)
            answer = self.http.fetch(request, partial(classify, single=single))
            rows = count_rows(answer.verdict.data, "$", answer.request)
            books.page(answer.body, rows, answer.request, answer.verdict.data)
            yield self.page(answer, context, "$", rows, announced=books.announced)
            if not paged or rows == 0 or books.complete:
                break
        if counted:
            self._count(books)
        books.finish(answer.request)

    def _count(self, books: Listing) -> Answer:
        """Enter how many rows there are now. Raises SourceError, retryable when they changed since the last count."""
        request = Request(self.http.url(_COUNTS), headers=JSON_HEADERS)
        answer = self.http.fetch(request, partial(classify, single=True))
        member = _TOTALS[self.args.method]
        total = as_count(answer.verdict.data.get(member), f"{_COUNTS}.{member}", answer.request)
        if total is None:
            raise SourceError(
                "damaged",
                f"{_COUNTS} has no count {member!r}",
                where=answer.request,
                do="If this office's system counts otherwise, say `counted: false` in the source's arguments",
            )
        books.announce(total, answer.request)
        return answer

    def _request(self, offset: int | None, context: Mapping[str, str]) -> Request:
        params: dict[str, Any] = fill_params(self.args.params, context)
        if offset is not None:
            params |= {"limit": str(self.args.limit), "offset": str(offset)}
        return Request(self.http.url(self.args.method), params=params, headers=JSON_HEADERS)
