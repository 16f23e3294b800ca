"""The one HTTP client. Agencies' systems are slow, strange and sometimes hostile; this is where that ends.

It knows transport, not meaning: every answer is given to the protocol's ``classify``, and only what that calls
retryable (or out of quota) is asked for again, together with what broke on the way.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import TracebackType

import requests
import structlog
from pydantic import ValidationError

from connectors.http.addresses import Dialer, Resolver, system_resolve
from connectors.http.body import BodyError
from connectors.http.deadline import Deadline
from connectors.http.exchange import Exchange, Received, Request
from connectors.http.failures import Failure, from_exception, from_verdict, retry_after_s
from connectors.http.limits import Limits
from connectors.http.pacing import gate_for
from connectors.http.quiet import silence_libraries
from connectors.http.redact import Redactor
from connectors.http.urls import origin, same_origin, under
from connectors.http.verdict import Verdict
from ledger.errors import ConfigError, FailedAnswer, SourceError
from ledger.settings import Connection

__all__ = ["Answer", "Classify", "Heard", "HttpClient", "Request"]

log = structlog.get_logger()

Classify = Callable[[int, Mapping[str, str], bytes], Verdict]


@dataclass(frozen=True, slots=True)
class Answer:
    """A usable answer. ``request`` is redacted; ``url`` (where it came from in the end) is not: do not log it."""

    verdict: Verdict
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    url: str = field(repr=False)
    request: str
    ms: int


@dataclass(frozen=True, slots=True)
class Heard:
    """That a server answered, usable or not. ``confidential``: it was asked for a credential."""

    verdict: Verdict
    status: int
    headers: Mapping[str, str] = field(repr=False)
    ms: int
    confidential: bool


def _heard_by_nobody(_heard: Heard) -> None:
    """For a pull: what it needs is in the answers that are usable."""


class HttpClient:
    """Speaks to the system of one connection, within limits. Close it, or use it in ``with``.

    Several threads may fetch at once. Each request then has connections and cookies of its own. Constructing opens no
    connection. ``heard`` is told of every answer, also of those that are no use. The connection's extra may hold:

    - ``private``: private and loopback addresses are allowed.
    - ``ca_bundle``: a file of certificate authorities.
    - ``origins``: URLs of further hosts that may be asked, or redirected to without credentials. A domain
      (``https://*.example.com``) stands for the hosts below it, for redirects alone.
    - ``servers``: one system on many hosts, each with its ``url``.
    - ``limits``: bounds for this system, by the names in ``Limits``.

    Raises ConfigError when the connection's limits make no sense.
    """

    def __init__(
        self,
        connection: Connection,
        limits: Limits | None = None,
        *,
        resolve: Resolver = system_resolve,
        dialer: Dialer | None = None,
        sleep: Callable[[float], None] = time.sleep,
        heard: Callable[[Heard], None] = _heard_by_nobody,
    ) -> None:
        silence_libraries()
        self.connection = connection
        self.limits = limits or limits_of(connection)
        self.redactor = Redactor(connection)
        self.dialer = dialer or Dialer(allow_private=connection.extra.get("private") is True, resolve=resolve)
        self._sleep = sleep
        self._heard = heard
        self._received = 0
        self._lock = threading.Lock()
        self._idle: list[Exchange] = []

    def __enter__(self) -> "HttpClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close kept connections and forget cookies."""
        while self._idle:
            self._idle.pop().close()

    def url(self, path: str) -> str:
        """The absolute URL of a path below the connection's URL."""
        return under(self.connection.url, path)

    def next_url(self, link: str, current: str) -> str:
        """The absolute URL of a next link found in an answer. Raises SourceError when it leaves the origin."""
        return same_origin(link, current)

    def fetch(self, request: Request, classify: Classify) -> Answer:
        """Ask until the answer is usable, the verdict is final, or the patience is spent.

        Raises SourceError with the verdict's kind; its text holds no secret.
        """
        url = request.full_url
        shown = self.redactor.request(request.method, url, request.form, request.json)
        started = time.monotonic()
        attempt = 0
        while True:
            attempt += 1
            outcome = self._attempt(request, url, classify, shown)
            if isinstance(outcome, Answer):
                return outcome
            wait = self._wait_before_next(attempt, outcome)
            log.warning(
                "source_failed", request=shown, kind=outcome.kind, detail=outcome.what, attempt=attempt, wait_s=wait
            )
            if wait is None or time.monotonic() - started + wait > self.limits.retry_total_s:
                raise outcome.error(shown, attempt)
            self._sleep(wait)

    def _attempt(self, request: Request, url: str, classify: Classify, shown: str) -> Answer | Failure:
        gate = gate_for(origin(url)[1])
        with gate.admit(interval_s=self.limits.interval_s, concurrency=self.limits.concurrency):
            begun = time.monotonic()
            received = self._receive(request, url)
            ms = round((time.monotonic() - begun) * 1000)
        if isinstance(received, Failure):
            return received
        verdict = classify(received.status, received.headers, received.body)
        size = len(received.body)
        log.info("source_answered", request=shown, status=received.status, bytes=size, ms=ms, verdict=verdict.kind)
        self._heard(Heard(verdict, received.status, received.headers, ms, request.confidential))
        if not verdict.usable:
            failure = from_verdict(verdict, retry_after_s(received.headers), self.redactor)
            answer = FailedAnswer(shown, received.status, received.body, ms)
            return failure if request.confidential else replace(failure, answer=answer)
        return Answer(verdict, received.status, received.headers, received.body, received.url, shown, ms)

    def _receive(self, request: Request, url: str) -> Received | Failure:
        with self._exchange() as exchange, Deadline(self.limits.total_s) as deadline:
            try:
                received = exchange.converse(request, url, deadline)
                if isinstance(received, Received):
                    self._count(len(received.body))
                return received
            except (requests.RequestException, SourceError, BodyError, ValueError, OSError) as error:
                return from_exception(error, deadline, self.redactor)

    @contextmanager
    def _exchange(self) -> Iterator[Exchange]:
        """One that no other thread uses meanwhile; one thread alone gets the same one every time."""
        with self._lock:
            exchange = self._idle.pop() if self._idle else Exchange(self.connection, self.dialer, self.limits)
        try:
            yield exchange
        finally:
            with self._lock:
                self._idle.append(exchange)

    def _count(self, size: int) -> None:
        with self._lock:
            self._received += size
        if self._received > self.limits.max_pull:
            bound = f"the source sent more than {self.limits.max_pull} bytes in one pull"
            raise BodyError(bound, transient=False, damaged=True)

    def _wait_before_next(self, attempt: int, failure: Failure) -> float | None:
        """Seconds until the next attempt, None when there is to be none."""
        if not failure.again or attempt >= self.limits.attempts:
            return None
        backoff = min(self.limits.backoff_max_s, self.limits.backoff_s * 2 ** (attempt - 1))
        jittered: float = backoff * random.uniform(0.5, 1.0)  # noqa: S311 (it spreads load, it hides nothing)
        return jittered if failure.retry_after is None else failure.retry_after + jittered


def limits_of(connection: Connection) -> Limits:
    """The bounds that a connection declares for its system. Raises ConfigError when they make no sense."""
    try:
        return Limits.model_validate(connection.extra.get("limits") or {})
    except ValidationError as error:
        name = ".".join(str(part) for part in error.errors()[0]["loc"]) or "limits"
        raise ConfigError(
            f"limit {name!r} makes no sense: {error.errors()[0]['msg']}",
            where="connection extra.limits",
            do=f"Known are: {', '.join(Limits.model_fields)}",
        ) from None
