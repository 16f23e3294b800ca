"""Protocols without sockets: a client whose answers the test decides, request by request."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from connectors.http.client import Answer, Classify, Request
from connectors.http.exchange import Params
from connectors.http.failures import from_verdict
from connectors.http.limits import Limits
from connectors.http.redact import Redactor
from connectors.http.urls import same_origin, under
from connectors.protocols import registry
from connectors.protocols.base import Page
from connectors.protocols.spans import Span
from ledger.settings import Connection

Reply = tuple[int, Mapping[str, str], bytes]
Handler = Callable[[Request], Reply]


class FakeHttp:
    """The client's surface over a handler; verdicts are real, failures are raised at once."""

    def __init__(self, connection: Connection, handler: Handler) -> None:
        self.connection = connection
        self.limits = Limits()
        self.redactor = Redactor(connection)
        self.asked: list[Request] = []
        self._handler = handler

    def url(self, path: str) -> str:
        return under(self.connection.url, path)

    def next_url(self, link: str, current: str) -> str:
        return same_origin(link, current)

    def fetch(self, request: Request, classify: Classify) -> Answer:
        if callable(request.credentials):
            request = replace(request, credentials=request.credentials())
        self.asked.append(request)
        status, headers, body = self._handler(request)
        shown = self.redactor.request(request.method, request.full_url, request.form, request.json)
        verdict = classify(status, headers, body)
        if not verdict.usable:
            raise from_verdict(verdict, None, self.redactor).error(shown, 1)
        return Answer(verdict, status, headers, body, request.full_url, shown, 1)


class Pull:
    """One protocol run over scripted answers."""

    def __init__(
        self, name: str, args: Mapping[str, Any], handler: Handler, contexts: Sequence[Mapping[str, str]]
    ) -> None:
        extra = {"synthetic": True, "basic_password": "sandi-basic", "user_key": "kunci-pengguna"}
        connection = Connection(url="https://opd.example/base", login="dinas", password="kunci-rahasia", extra=extra)
        self.http = FakeHttp(connection, handler)
        protocol = registry.get(name)
        checked = protocol.Args.model_validate(args)
        self._pages = protocol(checked, connection, contexts, self.http)  # type: ignore[arg-type]

    def pages(self) -> list[Page]:
        return list(self.each())

    def each(self) -> Iterator[Page]:
        return self._pages.pages()

    def spans(self, page: Page) -> Sequence[Span]:
        return self._pages.spans(page.body, page.request) or []

    @property
    def asked(self) -> list[Request]:
        return self.http.asked


@pytest.fixture
def pull() -> Callable[..., Pull]:
    """``pull(name, args, handler or list of replies, contexts)``."""

    def make(
        name: str, args: Mapping[str, Any], answers: Handler | list[Reply], contexts: Sequence[Mapping[str, str]] = ()
    ) -> Pull:
        if callable(answers):
            return Pull(name, args, answers, contexts)
        queue = list(answers)
        return Pull(name, args, lambda request: queue.pop(0), contexts)

    return make


@pytest.fixture
def reply() -> Callable[..., Reply]:
    """A JSON reply: ``reply(data, status=200, **headers)``; bytes and text travel as they are."""
    return as_reply


def as_reply(data: Any, status: int = 200, **headers: str) -> Reply:
    kind = "application/json" if not isinstance(data, bytes | str) else "text/plain"
    body = data if isinstance(data, bytes) else data.encode() if isinstance(data, str) else json.dumps(data).encode()
    named = {"Content-Type": kind} | {name.replace("_", "-"): value for name, value in headers.items()}
    return status, named, body


@pytest.fixture
def rows_of() -> Callable[[Sequence[Page]], list[Any]]:
    """All records of pages whose path is plain, as Python values."""

    def rows(pages: Sequence[Page]) -> list[Any]:
        found: list[Any] = []
        for page in pages:
            data = json.loads(page.records)
            for step in page.records_path.removeprefix("$").split(".")[1:]:
                data = [e[step] for e in data] if isinstance(data, list) else data[step.removesuffix("[*]")]
            found += data if isinstance(data, list) else [data]
        return found

    return rows


def param(request: Request, name: str) -> str:
    """One parameter of a request."""
    params: Params = request.params
    value = params[name]
    assert isinstance(value, str)
    return value
