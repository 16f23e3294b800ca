"""REST services that answer JSON: portals and dashboards of agencies, each with its own names for the same ideas."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, ClassVar, Literal

from pydantic import Field, JsonValue, model_validator

from connectors.http.client import Answer, Request
from connectors.http.redact import quote
from connectors.http.urls import fill_path
from connectors.http.verdict import Verdict, json_verdict, parse_json, words_of
from connectors.protocols.ahead import Ahead
from connectors.protocols.base import Page, ProtocolArgs
from connectors.protocols.http_base import JSON_HEADERS, HttpArgs, HttpProtocol, fill_json, fill_params
from connectors.protocols.json_path import MISSING, JsonPath, leads_to_nothing, select
from connectors.protocols.listing import Listing
from connectors.protocols.outline import Parse, outliner
from connectors.protocols.records import count_rows
from connectors.protocols.rest_paging import Ask, NoPaging, PageAnswer, Paging
from connectors.protocols.spans import Span, json_spans


class Auth(ProtocolArgs):
    """How the connection's login and password are shown: nothing of them stands in a source file.

    ``header`` and ``query`` send the password under ``name``; ``path`` puts it where the path says ``{secret}``.
    """

    type: Literal["none", "basic", "bearer", "header", "query", "path"] = "none"
    name: str = ""

    @model_validator(mode="after")
    def _named(self) -> "Auth":
        if (self.type in {"header", "query"}) != bool(self.name):
            raise ValueError("auth takes a name for header and query, and only there")
        return self


class Envelope(ProtocolArgs):
    """Where an answer says, inside HTTP 200, whether it is one. Values are compared as text, without regard to case."""

    status: JsonPath
    ok: list[str] = Field(min_length=1)
    empty: list[str] = Field(default_factory=list)
    message: JsonPath | None = None


class RestArgs(HttpArgs):
    """Arguments of ``rest``."""

    path: str
    method: Literal["GET", "POST"] = "GET"
    params: dict[str, JsonValue] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    body: dict[str, JsonValue] | None = None
    auth: Auth = Auth()
    records: JsonPath = "$"
    envelope: Envelope | None = None
    paging: Paging = NoPaging()

    @model_validator(mode="after")
    def _body_is_posted(self) -> "RestArgs":
        if (self.method == "POST") != (self.body is not None):
            raise ValueError("a body belongs to method POST, and POST needs one")
        return self


def classify(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    records: str = "$",
    envelope: Envelope | None = None,
    parse: Parse = parse_json,
) -> Verdict:
    """What a REST answer means: HTTP status, HTML and JSON, the envelope, then whether rows are there."""
    verdict = json_verdict(status, headers, body, parse)
    if verdict.kind != "ok":
        return verdict
    told = _told(verdict.data, envelope) if envelope is not None else None
    if told is not None:
        return told
    if leads_to_nothing(verdict.data, records):
        return Verdict("empty", data=verdict.data)
    if select(verdict.data, records) is MISSING:
        return Verdict("damaged", f"nothing stands at {records}: {words_of(body)}")
    return Verdict("ok", data=verdict.data)


def _told(data: Any, envelope: Envelope) -> Verdict | None:
    value = select(data, envelope.status)
    message = select(data, envelope.message) if envelope.message else MISSING
    words = quote(str(message)) if message not in (MISSING, None) else ""
    if value is MISSING:
        return Verdict("damaged", f"nothing stands at {envelope.status}")
    said = _word(value)
    if said in {_word(word) for word in envelope.empty}:
        return Verdict("empty", words, data)
    if said in {_word(word) for word in envelope.ok}:
        return None
    return Verdict("permanent", f"{envelope.status} is {quote(said, 40)}: {words}")


def _word(value: Any) -> str:
    return str(value).strip().lower()


class Rest(HttpProtocol[RestArgs]):
    """A JSON service over HTTP."""

    name: ClassVar[str] = "rest"
    Args: ClassVar[type[ProtocolArgs]] = RestArgs

    def pages(self) -> Iterator[Page]:
        """Every page of every context. Raises SourceError and ConfigError."""
        for context in self.contexts:
            yield from self._listing(context)

    def spans(self, body: bytes, request: str) -> Sequence[Span]:
        """The records where the source file says they are."""
        return json_spans(body, self.args.records)

    def _listing(self, context: Mapping[str, str]) -> Iterator[Page]:
        paging, books = self.args.paging, Listing(self.args.max_pages)
        understand = partial(classify, records=self.args.records, envelope=self.args.envelope, parse=self._outliner())
        ask: Ask | None = paging.first()
        current = self.http.url(self._path(context))
        last = current

        def fetch(ask: Ask) -> Answer:
            return self.http.fetch(self._request(ask, current, context), understand)

        with Ahead(fetch, self.http.limits.ahead) as ahead:
            while ask is not None:
                answer = ahead.take(ask)
                books.step(ask.mark, answer.request)
                seen = self._enter(answer, books)
                ahead.expect(islice(paging.foresee(ask, seen), self.args.max_pages))
                yield self.page(answer, context, self.args.records, seen.rows, announced=books.announced)
                last = answer.request
                following, beyond = paging.next(ask, seen), paging.beyond(ask, seen)
                if following is not None and following.url:
                    current = self.http.next_url(following.url, answer.url)
                if following is None and beyond is not None and books.doubtful(seen.rows, paging.page_size):
                    found = partial(select, path=self.args.records)
                    yield from self.confirm(books, self._request(beyond, current, context), understand, found, context)
                ask = following
        books.finish(last)

    def _outliner(self) -> Parse:
        parts = [self.args.paging, *([self.args.envelope] if self.args.envelope else [])]
        looked_at = [value for part in parts for value in part.model_dump().values() if isinstance(value, str)]
        return outliner(self.args.records, looked_at)

    def _enter(self, answer: Answer, books: Listing) -> PageAnswer:
        data, rows, records = answer.verdict.data, 0, None
        if answer.verdict.kind == "ok":
            records = select(data, self.args.records)
            rows = count_rows(records, self.args.records, answer.request)
        books.page(answer.body, rows, answer.request, records)
        seen = PageAnswer(data, answer.headers, rows, books.received, answer.request)
        books.announce(self.args.paging.total(seen), answer.request)
        return seen

    def _path(self, context: Mapping[str, str]) -> str:
        if self.args.auth.type == "path":
            return fill_path(self.args.path, {**context, "secret": self.secret()})
        return fill_path(self.args.path, context)

    def _request(self, ask: Ask, url: str, context: Mapping[str, str]) -> Request:
        params = {} if ask.url else fill_params(self.args.params, context)
        body = None if self.args.body is None else fill_json(self.args.body, context)
        if body is None:
            params.update(ask.params)
        else:
            body.update(ask.params)
        if self.args.auth.type == "query":
            params[self.args.auth.name] = self.secret()
        headers = {**JSON_HEADERS, **{name: fill_json(value, context) for name, value in self.args.headers.items()}}
        return Request(url, self.args.method, params, headers, self._credentials(), json=body)

    def _credentials(self) -> dict[str, str]:
        auth = self.args.auth
        if auth.type == "bearer":
            return self.bearer()
        if auth.type == "header":
            return {auth.name: self.secret()}
        if auth.type == "basic":
            pair = base64.b64encode(f"{self.connection.login}:{self.secret()}".encode()).decode()
            return {"Authorization": f"Basic {pair}"}
        return {}
