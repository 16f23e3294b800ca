"""What every kind of queue is told and gives."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from ledger.errors import ConfigError, PilarError
from ledger.settings import Connection

GROUP = "pilar"
AGAIN_SECONDS = 30


class QueueError(PilarError):
    """A broker does not answer, or does not have what a connection names."""


@dataclass(frozen=True)
class Inbox:
    """One queue that is listened to.

    - ``name`` is that of its connection, ``queue`` the broker's own word: a stream, queue, subject or topic.
    - ``group`` is under which name the broker remembers what was acknowledged.
    - ``allowed`` are the agencies and sources that its messages may be about: who may write to it was checked by the
      broker, and nothing else says who a message is from.
    - ``again`` is after how many seconds a message that was not acknowledged is given out again, where the broker asks.
    """

    name: str
    url: str
    queue: str
    allowed: frozenset[str]
    login: str = ""
    password: str = field(default="", repr=False)
    group: str = GROUP
    again: int = AGAIN_SECONDS

    @property
    def scheme(self) -> str:
        """Which kind of broker it is."""
        return urlsplit(self.url).scheme

    @property
    def secret(self) -> str:
        """What only the broker, its writers and we know."""
        return f"{self.url}\n{self.login}\n{self.password}"


@dataclass(frozen=True)
class Message:
    """One message as it came. ``headers`` are in lower case, and text; ``done`` acknowledges it."""

    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    done: Callable[[], Awaitable[object]] = field(repr=False)


Listen = Callable[[Inbox], AsyncGenerator[Message, None]]
"""Gives the messages of a queue, those first that were given out and not acknowledged. A message is acknowledged before
the next one is asked for. Ends, or raises whatever its client raises, when the broker is gone."""


def read_inbox(name: str, connection: Connection) -> Inbox:
    """An inbox from its connection. Raises ConfigError when the connection does not say what is needed."""
    where = f"PILAR_CONN_{name.upper()}"
    queue, allowed = connection.extra.get("queue"), connection.extra.get("allowed")
    if not isinstance(queue, str) or not queue:
        raise ConfigError("the connection names no queue", where=where, do='Add extra like {"queue": "events"}')
    if not isinstance(allowed, list) or not allowed or not all(isinstance(one, str) for one in allowed):
        raise ConfigError(
            "the connection does not say what its messages may be about",
            where=where,
            do='Add agencies or sources to extra: {"allowed": ["dinas_kesehatan"]}',
        )
    again = connection.extra.get("again", AGAIN_SECONDS)
    if not isinstance(again, int) or isinstance(again, bool) or not 1 <= again <= 3600:
        raise ConfigError("`again` is not a number of seconds", where=where, do="Use 1 to 3600, or leave it out")
    return Inbox(
        name=name,
        url=connection.url,
        queue=queue,
        allowed=frozenset(allowed),
        login=connection.login,
        password=connection.password,
        group=str(connection.extra.get("group", GROUP)),
        again=again,
    )


def text(headers: Mapping[Any, Any]) -> Mapping[str, str]:
    """Headers as text with names in lower case; what is no text is left out."""
    read = {_word(name).lower(): _word(value) for name, value in headers.items()}
    return {name: value for name, value in read.items() if name and value}


def _word(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else ""
