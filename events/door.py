"""The door: where agencies' systems say that something changed, and where readers fetch what is published.

An event is verified, stored in the ledger, and only then acknowledged with 202; a run is asked for in the background.
Whoever is refused gets one line that says what is wrong and what to do, leaves no half-stored event, and is counted in
the ledger in words of our own.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, Protocol

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from events.cloudevent import MAX_BODY_BYTES, Mode, mode_of, read_events, told
from events.connections import LARGEST_HEAD, MOST_HEADERS
from events.dispatch import Dispatcher
from events.published import redirect_home, serve
from events.pushes import FORMATS, read_push
from events.signatures import verify
from ledger.errors import LedgerError, PilarError, RefusedError
from ledger.records import EventIn, StoredEvent
from ledger.settings import Settings

log = structlog.get_logger()

# Every reason that is ever written down: nothing that a sender sent is among them.
Reason = Literal[
    "malformed", "unknown source", "signature", "timestamp", "user key", "too large", "content type", "headers"
]

# Of calls in a format of their own: which header did not prove what it should.
_UNPROVEN: Mapping[str, Reason] = {"user_key": "user key", "x-signature": "user key", "x-timestamp": "timestamp"}


class EventLog(Protocol):
    """The part of the ledger that the door needs."""

    def record_events(self, events: Sequence[EventIn]) -> Sequence[StoredEvent]:
        """Store events once, all or none; the receipt of each."""

    def record_refusal(self, reason: str, source_id: str | None) -> None:
        """Count a refused event; ``source_id`` only where it names a source that exists."""


@dataclass(frozen=True)
class Senders:
    """Who may speak, and with which secrets. All are asked at each event, so a rotation needs no restart.

    ``opd_of`` names the agency of a source (None: no such source). ``secrets_for`` lists the webhook secrets in force
    for a source. ``pushed`` lists the sources that calls of a format (``events.pushes``) announce, and the secrets that
    such a call may prove for each.
    """

    opd_of: Callable[[str], str | None]
    secrets_for: Callable[[str], Sequence[str]]
    pushed: Callable[[str], Mapping[str, Sequence[str]]] = lambda _format: {}


class _RefusalError(Exception):
    """An event that is turned away, and the HTTP status that says so. No ``reason``: the fault is ours."""

    def __init__(self, status: int, error: PilarError, reason: Reason | None, source: str = "") -> None:
        self.status = status
        self.error = error
        self.reason = reason
        self.source = source
        super().__init__(str(error))


def create_app(settings: Settings, ledger: EventLog, dispatcher: Dispatcher, senders: Senders) -> FastAPI:
    """The door as an ASGI application. It starts the dispatcher with itself and stops it at its end."""
    desk = _Desk(ledger, dispatcher, senders)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        dispatcher.start()
        yield
        await run_in_threadpool(dispatcher.stop)

    app = FastAPI(title="Pilar door", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.add_api_route("/events", desk.take_event, methods=["POST"])
    for name, form in FORMATS.items():
        app.add_api_route(form.path, partial(desk.take_push, name), methods=["POST"], name=name)
    app.add_api_route("/health", desk.health)

    @app.exception_handler(ClientDisconnect)
    async def gone(_request: Request, _error: Exception) -> Response:
        """Who left in the middle of a request gets no answer, and is no fault of ours to be told in the log."""
        return Response(status_code=408)

    @app.api_route("/", methods=["GET", "HEAD"])
    async def home() -> Response:
        return redirect_home()

    @app.api_route("/published/{path:path}", methods=["GET", "HEAD"])
    def published(path: str, request: Request) -> Response:
        return serve(settings.published_dir, path, request)

    return app


class _Desk:
    """Takes events, and counts what it has seen since the door opened."""

    def __init__(self, ledger: EventLog, dispatcher: Dispatcher, senders: Senders) -> None:
        self._ledger = ledger
        self._dispatcher = dispatcher
        self._senders = senders
        self._stored: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()

    async def take_event(self, request: Request) -> Response:
        """A signed CloudEvent, or a batch of them: all are stored, or none. Repeated, it is answered as before."""
        try:
            _be_bounded(request)
            mode = _mode(request)
            events = _verified(await _body(request), request.headers, mode, self._senders)
            receipts = [{"event": one.event_id, "source": one.source_id} for one in await self._store(events)]
            return JSONResponse({"events": receipts} if mode == "batched" else receipts[0], status_code=202)
        except _RefusalError as refusal:
            count = self._note(refusal)
            retry = {"retry-after": "60"} if refusal.status == 503 else None
            return JSONResponse(_words(refusal.error), status_code=refusal.status, headers=retry, background=count)

    async def take_push(self, name: str, request: Request) -> Response:
        """A call in a format of its own, answered in its own words."""
        answer = FORMATS[name].answer
        try:
            _be_bounded(request)
            await self._store(_pushed(name, await _body(request), request.headers, self._senders))
        except _RefusalError as refusal:
            count = self._note(refusal)
            said = answer(refusal.status, refusal.error.what)
            return JSONResponse(said, status_code=refusal.status, background=count)
        return JSONResponse(answer(200, ""))

    async def health(self) -> Mapping[str, Any]:
        """That the door is open, and what has come through it."""
        failures = self._dispatcher.failures
        return {
            "status": "ok",
            "events": {"new": self._stored["new"], "repeated": self._stored["repeated"], "refused": self._refused},
            "dispatch": "ok" if failures == 0 else f"failing, {failures} tries in a row",
        }

    async def _store(self, events: Sequence[EventIn]) -> Sequence[StoredEvent]:
        try:
            receipts = await run_in_threadpool(self._ledger.record_events, events)
        except LedgerError as error:
            # Not acknowledged, so the sender tries again; what exactly is wrong with the ledger is not for outside.
            log.error("event not stored", source=events[0].source_id, events=len(events), error=str(error))
            unavailable = RefusedError("events cannot be stored right now", do="Send it again in a minute")
            raise _RefusalError(503, unavailable, None, events[0].source_id) from None
        for one in receipts:
            self._stored["new" if one.new else "repeated"] += 1
            log.info("event stored", source=one.source_id, event_id=one.event_id, new=one.new)
        if any(one.new for one in receipts):
            self._dispatcher.wake()
        return receipts

    def _note(self, refusal: _RefusalError) -> BackgroundTask | None:
        """Log a refusal. Returns what counts it in the ledger (in a thread), to be run once the answer is sent."""
        self._refused[str(refusal.status)] += 1
        log.warning("event refused", status=refusal.status, source=refusal.source, error=str(refusal.error))
        if refusal.reason is None:
            return None
        return BackgroundTask(self._count, refusal.reason, refusal.source or None)

    def _count(self, reason: Reason, source_id: str | None) -> None:
        try:
            self._ledger.record_refusal(reason, source_id)
        except Exception as error:
            # Whatever is wrong with the ledger, the sender has its answer already; the log has the refusal.
            log.error("refusal not counted", reason=reason, source=source_id, error=str(error))


async def _body(request: Request) -> bytes:
    """The body, read no further than the limit, whatever its length header says."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            large = RefusedError(
                f"the body is larger than {MAX_BODY_BYTES} bytes", do="An event carries no data: send less"
            )
            raise _RefusalError(413, large, "too large")
    return bytes(body)


def _be_bounded(request: Request) -> None:
    head = request.headers.raw
    if len(head) > MOST_HEADERS or sum(len(name) + len(value) for name, value in head) > LARGEST_HEAD:
        large = RefusedError(
            f"the headers are more than {MOST_HEADERS}, or larger than {LARGEST_HEAD} bytes", do="Send fewer headers"
        )
        raise _RefusalError(431, large, "headers")


def _mode(request: Request) -> Mode:
    try:
        return mode_of(request.headers)
    except RefusedError as error:
        raise _RefusalError(415, error, "content type") from None


def _verified(body: bytes, headers: Mapping[str, str], mode: Mode, senders: Senders) -> Sequence[EventIn]:
    """The events of a message whose signature fits every source that they name."""
    try:
        events = read_events(body, headers, mode)
    except RefusedError as error:
        raise _RefusalError(400, error, "malformed") from None
    keys = {source: _keys_of(source, body, headers, senders) for source in {one.subject for one in events}}
    if mode == "binary" and headers.get("webhook-id") != events[0].id:
        # The signature covers the body and this id. No other attribute is safe where anybody stands between.
        other = RefusedError("the event's id is not the one that is signed", where="webhook-id", do="Let it be ce-id")
        raise _RefusalError(400, other, "malformed", events[0].subject)
    return [told(one, *keys[one.subject]) for one in events]


def _keys_of(source: str, body: bytes, headers: Mapping[str, str], senders: Senders) -> tuple[str, str]:
    """The agency of a source and its first key, once the signature was checked."""
    opd = senders.opd_of(source)
    if opd is None:
        unknown = RefusedError("no source of this name", where="subject", do="Use the id of a source of this regency")
        raise _RefusalError(404, unknown, "unknown source")
    keys = senders.secrets_for(source)
    try:
        verify(body, headers, keys)
    except RefusedError as error:
        reason: Reason = "timestamp" if error.where == "webhook-timestamp" else "signature"
        raise _RefusalError(401, error, reason, source) from None
    return opd, keys[0]


def _pushed(name: str, body: bytes, headers: Mapping[str, str], senders: Senders) -> Sequence[EventIn]:
    """The events of a call: one for each source that it announces and whose secret it proves."""
    announced = senders.pushed(name)
    if not announced:
        missing = RefusedError("this regency has no source that such a call announces")
        raise _RefusalError(404, missing, "unknown source")
    events: list[EventIn] = []
    refused: list[tuple[str, RefusedError]] = []
    for source_id, secrets in announced.items():
        try:
            events.append(read_push(name, body, headers, secrets, source_id))
        except RefusedError as error:
            refused.append((source_id, error))
    if not events:
        source_id, why = refused[0]
        reason = _UNPROVEN.get(why.where, "malformed")
        raise _RefusalError(400 if reason == "malformed" else 401, why, reason, source_id)
    return events


def _words(error: PilarError) -> Mapping[str, str]:
    where = f" [{error.where}]" if error.where else ""
    return {"error": f"{error.what}{where}", "do": error.do}
