"""From queues to the ledger: messages are CloudEvents, validated and stored as those of the door, then acknowledged.

A message is acknowledged when the ledger has committed, never before. Whatever dies in between, the broker gives the
message out again, and the ledger knows it by its sender and id (promise P4). What can never be stored becomes a dead
letter: a row that says why, without content. While the ledger is away nothing is acknowledged.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from importlib import import_module
from typing import Literal, Protocol

import structlog

from events.cloudevent import MAX_BODY_BYTES, mode_of, read_events, told
from events.dispatch import backoff_seconds
from events.queues.base import Inbox, Listen, Message, QueueError
from ledger.errors import LedgerError, RefusedError
from ledger.records import EventIn, StoredEvent

log = structlog.get_logger()

# Every reason that is ever written down: nothing that a sender sent is among them.
DeadReason = Literal["too large", "content type", "malformed", "unknown source", "not allowed here"]

KINDS: Mapping[str, str] = {
    "redis": "redis_streams",
    "rediss": "redis_streams",
    "amqp": "rabbitmq",
    "amqps": "rabbitmq",
    "nats": "nats",
    "tls": "nats",
    "kafka": "kafka",
    "kafkas": "kafka",
}


class DeadLetterError(Exception):
    """A message that can never be stored as a whole, and why; ``events`` are those of a batch that can be."""

    def __init__(self, reason: DeadReason, events: Sequence[EventIn] = ()) -> None:
        self.reason = reason
        self.events = events
        super().__init__(reason)


class EventLog(Protocol):
    """The part of the ledger that the relay needs."""

    def record_events(self, events: Sequence[EventIn]) -> Sequence[StoredEvent]:
        """Store events once, all or none."""

    def record_dead_letter(self, queue: str, reason: str, sha256: str, size: int) -> None:
        """Note a message that can never be stored."""


OpdOf = Callable[[str], str | None]


def listener(scheme: str) -> Listen:
    """What listens to a kind of broker. Its client is imported only where it is asked for.

    Raises QueueError for a scheme of none.
    """
    if scheme not in KINDS:
        raise QueueError(f"there is no queue of the kind {scheme!r}", do=f"Use one of {', '.join(sorted(KINDS))}")
    found: Listen = import_module(f"events.queues.{KINDS[scheme]}").listen
    return found


async def relay(inboxes: Sequence[Inbox], ledger: EventLog, opd_of: OpdOf) -> None:
    """Listen to every inbox until cancelled; ``opd_of`` names the agency of a source, None when there is no such."""
    listeners = [(inbox, listener(inbox.scheme)) for inbox in inboxes]
    async with asyncio.TaskGroup() as tasks:
        for inbox, listen in listeners:
            tasks.create_task(_follow(inbox, listen, ledger, opd_of))


async def _follow(inbox: Inbox, listen: Listen, ledger: EventLog, opd_of: OpdOf) -> None:
    """Listen to one inbox. A broker that is away is asked again, after longer and longer waits."""
    failures = 0
    while True:
        why = "the broker ended the connection"
        try:
            log.info("listening", queue=inbox.name)
            async with aclosing(listen(inbox)) as messages:
                async for message in messages:
                    failures = 0
                    await _settle(message, inbox, ledger, opd_of)
                    await message.done()
        except Exception as error:
            # Whatever a client raises: what was not acknowledged comes again. Its words may hold an address.
            why = type(error).__name__
        failures += 1
        wait = backoff_seconds(failures)
        log.warning("queue lost, and tried again", queue=inbox.name, why=why, seconds=round(wait, 1))
        await asyncio.sleep(wait)


async def _settle(message: Message, inbox: Inbox, ledger: EventLog, opd_of: OpdOf) -> None:
    """Have a message in the ledger, as its events or as a dead letter. Waits for a ledger that is away."""
    failures = 0
    while True:
        try:
            await asyncio.to_thread(_record, message, inbox, ledger, opd_of)
        except LedgerError as error:
            failures += 1
            wait = backoff_seconds(failures)
            log.error("message not stored yet", queue=inbox.name, error=str(error), seconds=round(wait, 1))
            await asyncio.sleep(wait)
        else:
            return


def _record(message: Message, inbox: Inbox, ledger: EventLog, opd_of: OpdOf) -> None:
    try:
        events = read_message(message, inbox, opd_of)
    except DeadLetterError as error:
        if error.events:
            _store(error.events, inbox, ledger)
        digest = hashlib.sha256(message.body).hexdigest()
        ledger.record_dead_letter(inbox.name, error.reason, digest, len(message.body))
        log.warning("dead letter", queue=inbox.name, reason=error.reason, sha256=digest)
    else:
        _store(events, inbox, ledger)


def _store(events: Sequence[EventIn], inbox: Inbox, ledger: EventLog) -> None:
    for one in ledger.record_events(events):
        log.info("event stored", queue=inbox.name, source=one.source_id, event_id=one.event_id, new=one.new)


def read_message(message: Message, inbox: Inbox, opd_of: OpdOf) -> Sequence[EventIn]:
    """The events of a message, as the ledger is told of them. Raises DeadLetterError."""
    if len(message.body) > MAX_BODY_BYTES:
        raise DeadLetterError("too large")
    try:
        mode = mode_of(message.headers, bare=True)
    except RefusedError:
        raise DeadLetterError("content type") from None
    try:
        events = read_events(message.body, message.headers, mode)
    except RefusedError:
        raise DeadLetterError("malformed") from None
    found: list[EventIn] = []
    refused: DeadReason | None = None
    for event in events:
        opd = opd_of(event.subject)
        if opd is None:
            refused = "unknown source"
        elif not inbox.allowed & {opd, event.subject}:
            refused = "not allowed here"
        else:
            found.append(told(event, opd, inbox.secret))
    if refused is not None:
        raise DeadLetterError(refused, found)
    return found
