"""The relay: what of a message is read, what becomes of it, and what happens while the ledger is away."""

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
import structlog

from events import dispatch
from events import relay as module
from events.cloudevent import MAX_BODY_BYTES
from events.queues.base import Inbox, Message, QueueError, read_inbox
from events.relay import KINDS, DeadLetterError, _record, listener, read_message, relay
from ledger.errors import ConfigError, LedgerError
from ledger.records import EventIn, StoredEvent
from ledger.settings import Connection
from ledger.store import Ledger
from tests.events.conftest import OPD, message

INBOX = Inbox("bus", "redis://127.0.0.1:1", "events", frozenset({"health"}), password="a password")
NIK = "9964020101230001"


async def nothing() -> None:
    """Acknowledge."""


def sent(body: bytes, **headers: str) -> Message:
    return Message(body, {name.replace("_", "-"): value for name, value in headers.items()}, nothing)


def read(body: bytes, **headers: str) -> Sequence[EventIn]:
    return read_message(sent(body, **headers), INBOX, OPD.get)


def test_a_message_is_the_event_that_it_would_be_at_the_door() -> None:
    [event] = read(message("health_births", "1"))
    assert event == EventIn("health:urn:agency", "1", "changed", "health_births")
    assert read(message("health_births", "1"), x_trace="abc") == [event]
    assert read(message("health_births", "1"), content_type="application/cloudevents+json") == [event]
    binary = {f"ce_{name}": value for name, value in json.loads(message("health_births", "1")).items()}
    assert read(b"", **binary) == [event]
    batch = b"[" + message("health_births", "1") + b"," + message("health_children", "2") + b"]"
    assert [one.source_id for one in read(batch, content_type="application/cloudevents-batch+json")] == [
        "health_births",
        "health_children",
    ]


@pytest.mark.parametrize(
    ("body", "headers", "reason"),
    [
        (b"", {}, "malformed"),
        (b"not json", {}, "malformed"),
        (b"\xff", {}, "malformed"),
        (b"[" * 10_000, {}, "malformed"),
        (message(specversion="0.3"), {}, "malformed"),
        (message(), {"content_type": "text/plain"}, "content type"),
        (message("no_such_source"), {}, "unknown source"),
        (message("dpmptsp_proyek"), {}, "not allowed here"),
        (
            b"[" + message() + b"," + message("dpmptsp_proyek") + b"]",
            {"content_type": "application/cloudevents-batch+json"},
            "not allowed here",
        ),
        (message(data="x" * MAX_BODY_BYTES), {}, "too large"),
    ],
)
def test_p10_what_can_never_be_stored_is_a_dead_letter_with_a_reason(
    body: bytes, headers: dict[str, str], reason: str
) -> None:
    with pytest.raises(DeadLetterError) as dead:
        read(body, **headers)
    assert dead.value.reason == reason


def test_p4_of_a_batch_what_can_be_stored_is_stored_beside_the_dead_letter(ledger: Ledger) -> None:
    batch = b"[" + message() + b"," + message("no_such_source") + b"," + message("health_children") + b"]"
    _record(sent(batch, content_type="application/cloudevents-batch+json"), INBOX, ledger, OPD.get)
    assert [len(ledger.events_of(source)) for source in ("health_births", "health_children")] == [1, 1]
    [letter] = ledger.dead_letters()
    assert (letter.queue, letter.reason) == (INBOX.name, "unknown source")
    assert ledger.dead_letters_within(timedelta(days=1)) == {INBOX.name: (1, letter.first_at)}
    assert ledger.dead_letters_within(timedelta()) == {}


def test_a_queue_may_be_about_one_source_of_an_agency() -> None:
    one = Inbox("bus", "redis://x", "events", frozenset({"health_births"}))
    assert len(read_message(sent(message("health_births")), one, OPD.get)) == 1
    with pytest.raises(DeadLetterError):
        read_message(sent(message("health_children")), one, OPD.get)


def test_p6_no_number_of_a_person_comes_from_a_queue_into_the_ledger() -> None:
    [event] = read(message(identity=f"lahir-{NIK}", source=f"urn:{NIK}", type=NIK))
    assert NIK not in repr(event)
    assert INBOX.password not in repr(INBOX)
    assert NIK not in repr(sent(NIK.encode(), x=NIK))


class AwayLedger(Ledger):
    """Away for the first tries; then the ledger of the test."""

    tries = 0

    def record_events(self, events: Sequence[EventIn]) -> Sequence[StoredEvent]:
        self.tries += 1
        if self.tries <= 2:
            raise LedgerError("the ledger cannot be reached")
        return super().record_events(events)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits are short."""
    monkeypatch.setattr(dispatch, "FIRST_BACKOFF_SECONDS", 0.01)


def listen_to(monkeypatch: pytest.MonkeyPatch, bodies: Sequence[bytes]) -> Callable[[], list[bytes]]:
    """A queue that gives these messages again and again until they are acknowledged; what was, in order."""
    done: list[bytes] = []

    async def listen(_inbox: Inbox) -> AsyncGenerator[Message, None]:
        async def acknowledge(body: bytes) -> None:
            done.append(body)

        for body in [one for one in bodies if one not in done]:
            yield Message(body, {}, lambda body=body: acknowledge(body))  # type: ignore[misc]
        if len(done) < len(bodies):
            raise ConnectionError("secret words of the broker")
        await asyncio.Event().wait()

    monkeypatch.setattr(module, "listener", lambda _scheme: listen)
    return lambda: done


def relayed(ledger: Any, until: Callable[[], bool]) -> None:
    async def run() -> None:
        task = asyncio.create_task(relay([INBOX], ledger, OPD.get))
        async with asyncio.timeout(20):
            while not until():
                await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(run())


@pytest.mark.usefixtures("quick")
def test_p4_nothing_is_acknowledged_while_the_ledger_is_away(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    away = AwayLedger(ledger_url)
    bodies = [message(identity="1"), message(identity="2")]
    done = listen_to(monkeypatch, bodies)
    acknowledged_before = []
    record = away.record_events

    def noting(events: Sequence[EventIn]) -> Sequence[StoredEvent]:
        acknowledged_before.append((events[0].sender_event_id, list(done())))
        return record(events)

    monkeypatch.setattr(away, "record_events", noting)
    relayed(away, lambda: len(done()) == 2)
    assert acknowledged_before == [("1", []), ("1", []), ("1", []), ("2", bodies[:1])]
    assert len(away.events_of("health_births")) == 2


@pytest.mark.usefixtures("quick")
def test_poison_is_noted_once_and_lets_what_is_behind_it_pass(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    poison = b'{"nama": "Made Up"}'

    def once() -> None:
        done = listen_to(monkeypatch, [poison, message(identity="1")])
        with structlog.testing.capture_logs() as logs:
            relayed(ledger, lambda: len(done()) == 2)
        assert "Made Up" not in repr(logs)

    once()
    once()
    [letter] = ledger.dead_letters()
    assert (letter.queue, letter.reason, letter.bytes, letter.count) == ("bus", "malformed", len(poison), 2)
    assert letter.sha256 == hashlib.sha256(poison).hexdigest()
    assert letter.first_at < letter.last_at
    assert len(ledger.events_of("health_births")) == 1


@pytest.mark.usefixtures("quick")
def test_a_broker_that_is_lost_is_asked_again_without_its_words(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = [message(identity=str(number)) for number in range(2)]
    done = listen_to(monkeypatch, bodies)
    fails = [True]
    record = ledger.record_events

    def failing(events: Sequence[EventIn]) -> Sequence[StoredEvent]:
        if fails and events[0].sender_event_id == "1":
            fails.pop()
            raise RuntimeError("not foreseen")
        return record(events)

    monkeypatch.setattr(ledger, "record_events", failing)
    with structlog.testing.capture_logs() as logs:
        relayed(ledger, lambda: len(done()) == 2)
    assert done() == bodies
    assert [line["why"] for line in logs if line["event"].startswith("queue lost")] == ["RuntimeError"]


def test_a_connection_says_which_queue_and_what_it_may_be_about() -> None:
    whole = {"queue": "events", "allowed": ["health"]}
    inbox = read_inbox("bus", Connection(url="amqp://x", login="u", password="p", extra={**whole, "again": 5}))
    assert (inbox.queue, inbox.allowed, inbox.again, inbox.scheme) == ("events", {"health"}, 5, "amqp")
    for extra in (
        {},
        {"queue": "x"},
        {**whole, "allowed": []},
        {**whole, "allowed": "health"},
        {**whole, "queue": 1},
        {**whole, "again": 0},
        {**whole, "again": True},
    ):
        with pytest.raises(ConfigError) as refused:
            read_inbox("bus", Connection(url="redis://x", extra=extra))
        assert refused.value.where == "PILAR_CONN_BUS"


def test_every_kind_has_a_listener_and_another_is_refused() -> None:
    for kind in KINDS:
        assert callable(listener(kind))
    with pytest.raises(QueueError, match="no queue of the kind 'https'"):
        listener("https")
