"""Dapodik's web service: school data of the Ministry of Education, one server a school, bound to a semester.

Errors are plain text with whatever status; ``rows`` is a list for some methods and an object for others. Where each
school has its own address, the connection's ``extra.servers`` names them: ``{npsn: {url, token}}``.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from connectors.http.client import Request
from connectors.http.urls import fill, under
from connectors.http.verdict import (
    DamagedJsonError,
    Verdict,
    VerdictKind,
    html_verdict,
    kind_of_status,
    parse_json,
    words_of,
)
from connectors.protocols.base import Page, ProtocolArgs
from connectors.protocols.http_base import JSON_HEADERS, HttpArgs, HttpProtocol
from connectors.protocols.listing import Listing
from connectors.protocols.records import as_count, count_rows
from connectors.protocols.spans import Span, json_spans
from ledger.errors import ConfigError, SourceError

_TEXTS: tuple[tuple[re.Pattern[str], VerdictKind], ...] = (
    (
        re.compile(
            r"access denied|not authorized|unauthorized|tidak (?:memiliki|mempunyai|punya) (?:hak )?akses", re.I
        ),
        "auth",
    ),
    (re.compile(r"token .*(?:salah|invalid|tidak)|ip .*tidak terdaftar", re.I), "auth"),
    (re.compile(r"harap diisi|tidak ditemukan|tidak valid|parameter", re.I), "permanent"),
    (re.compile(r"sedang (?:sinkronisasi|sibuk)|timeout|too many connections|deadlock", re.I), "retryable"),
)


class DapodikArgs(HttpArgs):
    """Arguments of ``dapodik``. ``npsn`` names the school; usually ``{npsn}`` from ``for_each``."""

    method: Literal[
        "getSekolah",
        "getPesertaDidik",
        "getGtk",
        "getRombonganBelajar",
        "getPengguna",
        "getMataPelajaran",
        "getMatevNilai",
        "getPrasarana",
        "getPembelajaran",
    ]
    npsn: str = "{npsn}"
    semester_id: str = Field(default="{semester_id}", pattern=r"^(\d{5}|\{\w+\})$")
    limit: int = Field(default=200, ge=1, le=10_000)
    path: str = "/WebService"


def classify(status: int, headers: Mapping[str, str], body: bytes) -> Verdict:
    """What a Dapodik answer means. Text tells more than the status, so it is read first."""
    try:
        data = parse_json(body, headers)
    except DamagedJsonError as error:
        return _in_words(status, headers, body, str(error))
    if not 200 <= status < 300:
        return Verdict(kind_of_status(status), f"HTTP {status}: {words_of(body)}")
    if isinstance(data, dict) and "rows" in data:
        rows = data["rows"]
        if isinstance(rows, dict | list) or rows in (None, ""):
            return Verdict("ok" if rows else "empty", data=data)
    return _in_words(status, headers, body, "the answer has no rows")


def _in_words(status: int, headers: Mapping[str, str], body: bytes, otherwise: str) -> Verdict:
    page = html_verdict(headers, body)
    words = words_of(body)
    for pattern, kind in _TEXTS:
        if page is None and pattern.search(words):
            return Verdict(kind, words)
    if 200 <= status < 300:
        return page or Verdict("damaged", otherwise)
    return Verdict(kind_of_status(status), f"HTTP {status}: {words}")


class Dapodik(HttpProtocol[DapodikArgs]):
    """Dapodik's web service, with the token that the school's operator made for this client."""

    name: ClassVar[str] = "dapodik"
    Args: ClassVar[type[ProtocolArgs]] = DapodikArgs

    def pages(self) -> Iterator[Page]:
        """Every page of every context. Raises SourceError and ConfigError."""
        for context in self.contexts:
            yield from self._listing(context)

    def spans(self, body: bytes, request: str) -> Sequence[Span]:
        """The rows."""
        return json_spans(body, "$.rows")

    def _listing(self, context: Mapping[str, str]) -> Iterator[Page]:
        books = Listing(self.args.max_pages)
        while True:
            answer = self.http.fetch(self._request(books.received, context), classify)
            data: dict[str, Any] = answer.verdict.data
            rows = count_rows(data["rows"], "$.rows", answer.request)
            _check_start(data, books.received, rows, answer.request)
            books.page(answer.body, rows, answer.request, data["rows"])
            books.announce(as_count(data.get("results"), "results", answer.request), answer.request)
            yield self.page(answer, context, "$.rows", rows, announced=books.announced)
            if rows == 0 or books.complete or isinstance(data["rows"], dict):
                break
        books.finish(answer.request)
        if isinstance(data["rows"], list) and books.doubtful(rows, self.args.limit):
            more = self._request(books.received, context)
            yield from self.confirm(books, more, classify, lambda data: data["rows"], context)

    def _request(self, start: int, context: Mapping[str, str]) -> Request:
        npsn = fill(self.args.npsn, context)
        base, credentials = self._server(npsn)
        params = {
            "npsn": npsn,
            "semester_id": fill(self.args.semester_id, context),
            "start": str(start),
            "limit": str(self.args.limit),
        }
        url = under(base, f"{self.args.path}/{self.args.method}")
        return Request(url, params=params, headers=JSON_HEADERS, credentials=credentials)

    def _server(self, npsn: str) -> tuple[str, dict[str, str]]:
        servers = self.connection.extra.get("servers")
        if servers is None:
            return self.connection.url, self.bearer()
        server = servers.get(npsn) if isinstance(servers, Mapping) else None
        if not isinstance(server, Mapping) or not server.get("url") or not server.get("token"):
            raise ConfigError(
                f"the connection names no server for school {npsn[:20]}",
                where="connection extra.servers",
                do='Add it as {"<npsn>": {"url": "http://...:5774", "token": "..."}}',
            )
        return str(server["url"]), {"Authorization": f"Bearer {server['token']}"}


def _check_start(data: Mapping[str, Any], asked: int, rows: int, request: str) -> None:
    given = as_count(data.get("start"), "start", request)
    if rows and given is not None and given != asked:
        raise SourceError("damaged", f"rows from {asked} were asked for, rows from {given} came", where=request)
