"""A whole answer as bytes: told once, given to everybody who asks the same, and not given to who has it."""

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.problems import ProblemError

CACHED_BYTES = 96 * 1024 * 1024
LARGEST_CACHED = 4 * 1024 * 1024
MOST_ADDRESSES = 50_000
_RANGE = re.compile(rb"bytes=([0-9]{0,18})-([0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class Part:
    """Which bytes of an answer are wanted: from ``start`` to before ``end``."""

    start: int
    end: int


class Answer(Response):
    """An answer that never changes while its publication stands. ``etag`` is its strong validator, in quotes.

    As an ASGI application it says 304 to who has it, and gives one range of bytes to who asks for one.
    """

    def __init__(self, body: bytes, media_type: str, etag: str, headers: Mapping[str, str]) -> None:
        super().__init__(body, headers={**headers, "etag": etag, "accept-ranges": "bytes"}, media_type=media_type)
        self.etag = etag.encode()
        self.size = len(body)
        self.whole = bytes(body)
        # As it goes over the wire, but for the date: what is asked for often is sent in one piece.
        told = [b"%s: %s\r\n" % pair for pair in self.raw_headers]
        self.head = b"".join([b"HTTP/1.1 200 OK\r\n", *told])
        self._about = [pair for pair in self.raw_headers if pair[0] not in (b"content-length", b"content-type")]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, or what of it is wanted."""
        wanted: bytes | None = None
        known = if_range = b""
        for name, value in scope["headers"]:
            if name == b"if-none-match":
                known = value
            elif name == b"range":
                wanted = value
            elif name == b"if-range":
                if_range = value
        if known and has(known, self.etag):
            await _send(send, 304, self._about, b"")
            return
        if wanted is not None and (not if_range or if_range == self.etag):
            await self._send_part(wanted, send)
            return
        await _send(send, 200, self.raw_headers, self.whole)

    async def _send_part(self, wanted: bytes, send: Send) -> None:
        part = _part(wanted, self.size)
        if part is None:  # a form that we do not know, or several at once: all of it is a right answer too
            await _send(send, 200, self.raw_headers, self.whole)
            return
        if part.start >= self.size or part.start >= part.end:
            problem = ProblemError(
                416,
                "no-such-range",
                f"the answer has {self.size} bytes",
                headers={"Content-Range": f"bytes */{self.size}"},
            ).response()
            await _send(send, 416, problem.raw_headers, bytes(problem.body))
            return
        body = self.whole[part.start : part.end]
        headers = [pair for pair in self.raw_headers if pair[0] != b"content-length"]
        headers.append((b"content-length", b"%d" % len(body)))
        headers.append((b"content-range", b"bytes %d-%d/%d" % (part.start, part.start + len(body) - 1, self.size)))
        await _send(send, 206, headers, body)


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def has(known: bytes, etag: bytes) -> bool:
    """Whether the value of If-None-Match names an answer."""
    return known.strip() == b"*" or any(tag.strip().removeprefix(b"W/") == etag for tag in known.split(b","))


def _part(wanted: bytes, size: int) -> Part | None:
    found = _RANGE.fullmatch(wanted.strip())
    if found is None or found[0] == b"bytes=-":
        return None
    first, last = found[1], found[2]
    if not first:
        return Part(max(size - int(last), 0), size) if int(last) else Part(size, size)
    if last and int(last) < int(first):
        return None
    return Part(int(first), min(int(last) + 1, size) if last else size)


class AnswerCache:
    """Answers by what was asked, the one asked for last the longest, in so many bytes."""

    def __init__(self, most_bytes: int = CACHED_BYTES) -> None:
        self._most = most_bytes
        self._size = 0
        self._answers: OrderedDict[Hashable, Answer] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Answer | None:
        """What was answered before."""
        found = self._answers.get(key)
        if found is not None:
            with self._lock:
                if key in self._answers:
                    self._answers.move_to_end(key)
        return found

    def put(self, key: Hashable, answer: Answer) -> None:
        """Keep an answer, where it is not too large; others go for it."""
        if answer.size > min(LARGEST_CACHED, self._most):
            return
        with self._lock:
            before = self._answers.pop(key, None)
            self._size += answer.size - (before.size if before is not None else 0)
            self._answers[key] = answer
            while self._size > self._most:
                _, gone = self._answers.popitem(last=False)
                self._size -= gone.size


class Quick:
    """What may be said before a request is even handed to the application: public answers, by the bytes of addresses.

    An answer is found by its address as it was typed and by the header Accept. It counts while the same publication is
    current, and while the cache holds it. Who names a publication, sends a key,
    asks for a part or has a validator takes the longer way.
    """

    def __init__(self, cache: AnswerCache, current: Callable[[], str | None], count: Callable[[], None]) -> None:
        self._cache = cache
        self._current = current
        self._count = count
        self._keys: dict[tuple[bytes, bytes], tuple[Hashable, str | None]] = {}

    def put(self, address: bytes, accept: bytes, key: Hashable, current: str | None) -> None:
        """Remember where an answer is, that was given while a publication was current."""
        if len(self._keys) >= MOST_ADDRESSES:
            self._keys.clear()
        self._keys[address, accept] = (key, current)

    def get(self, address: bytes, accept: bytes) -> Answer | None:
        """The answer to a plain GET without a key; None where it takes the longer way. It is counted."""
        found = self._keys.get((address, accept))
        if found is None or found[1] != self._current():
            return None
        answer = self._cache.get(found[0])
        if answer is not None:
            self._count()
        return answer
