"""What a connection to a server of ours may take: the door's and the interface's share this policy.

uvicorn waits for a request as long as it takes. Two hundred connections that send nothing, or one byte a minute, would
close a server for everybody. So a request must be whole in time. Where too many are owed, the one that is owed
longest gives way: whoever speaks gets through, also from an address that holds as many connections as it may.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Any, ClassVar

import structlog

log = structlog.get_logger()

TOO_LATE = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_TOLD_EVERY_SECONDS = 60.0


@dataclass(frozen=True)
class Patience:
    """``request_seconds``: how long a request may take to come whole, headers and body (an event has 20 kB at most).

    ``read_seconds``: how long a reader may take nothing of an answer. ``per_address`` and ``at_once``: how many
    connections may owe a request, of one address and of all.
    """

    request_seconds: float = 20.0
    read_seconds: float = 60.0
    per_address: int = 50
    at_once: int = 150


class Owing:
    """The connections that owe a request, the one that is owed longest first."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._since: dict[Patient, str] = {}
        self._closed = 0
        self._told_at = -_TOLD_EVERY_SECONDS

    def add(self, connection: "Patient", address: str) -> None:
        """Note that a request is owed; others give way where there are too many."""
        if connection in self._since:
            return
        same = [other for other, its in self._since.items() if its == address]
        if len(same) >= self._patience.per_address:
            same[0].give_way()
        elif len(self._since) >= self._patience.at_once:
            next(iter(self._since)).give_way()
        self._since[connection] = address

    def settle(self, connection: "Patient") -> None:
        """The request came whole, or the connection is gone."""
        self._since.pop(connection, None)

    def note_closed(self, why: str) -> None:
        """Tell that connections were closed: one line a minute, however many there are."""
        self._closed += 1
        now = time.monotonic()
        if now - self._told_at >= _TOLD_EVERY_SECONDS:
            log.warning("connections closed", last=why, count=self._closed)
            self._closed, self._told_at = 0, now


class Patient(asyncio.Protocol):
    """What a protocol of uvicorn's gets before its own class: an end to its patience.

    A subclass says when a request is whole, by ``_settle``, and whether its answer has begun, by ``_answered``.
    """

    patience: ClassVar[Patience]
    owing: ClassVar[Owing]
    transport: Any
    loop: Any
    client: Any

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._request_due: asyncio.TimerHandle | None = None
        self._read_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """A connection owes a request from its beginning."""
        super().connection_made(transport)
        self._owe()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is owed any more, by either side."""
        self._settle()
        self._taken()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The reader takes nothing now."""
        super().pause_writing()
        if self._read_due is None:
            self._read_due = self.loop.call_later(self.patience.read_seconds, self._close, "the answer was not read")

    def resume_writing(self) -> None:
        """The reader goes on."""
        super().resume_writing()
        self._taken()

    def give_way(self) -> None:
        """Make room for another connection."""
        self._settle()
        self._close("too many owed a request")

    def _answered(self) -> bool:
        """Whether a part of an answer was sent: then nothing else may be said."""
        raise NotImplementedError

    def _owe(self) -> None:
        self.owing.add(self, self.client[0] if self.client else "")
        self._request_due = self.loop.call_later(self.patience.request_seconds, self._late)

    def _settle(self) -> None:
        self.owing.settle(self)
        if self._request_due is not None:
            self._request_due.cancel()
            self._request_due = None

    def _taken(self) -> None:
        if self._read_due is not None:
            self._read_due.cancel()
            self._read_due = None

    def _late(self) -> None:
        self._settle()
        if self._answered():
            self._close("a request was not whole in time")
        else:
            self.transport.write(TOO_LATE)
            self.owing.note_closed("a request was not whole in time")
            self.transport.close()

    def _close(self, why: str) -> None:
        self.owing.note_closed(why)
        self.transport.abort()
