"""A total deadline that nothing outlasts.

A socket's timeout starts anew with every byte: a server that drips one byte a second, in the headers or the TLS
handshake or the body, is never noticed by it. A deadline shuts the connection itself when its moment comes, whichever
line the request is blocked in; the blocked read then ends, and the caller sees ``expired``.
"""

import contextlib
import os
import socket
import threading
import time
from contextvars import ContextVar
from types import TracebackType

_current: ContextVar["Deadline | None"] = ContextVar("pilar_http_deadline", default=None)


class Deadline:
    """Context manager: everything the calling thread dials or uses inside is shut down ``seconds`` after entering."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.expired = False
        self.until = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []

    @property
    def left(self) -> float:
        """Seconds until it expires, never negative."""
        return max(0.0, self.until - time.monotonic())

    def __enter__(self) -> "Deadline":
        self._token = _current.set(self)
        _watchman.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _current.reset(self._token)
        _watchman.remove(self)
        with self._lock:
            while self._sockets:
                self._sockets.pop().close()

    def add(self, sock: socket.socket) -> None:
        """Shut this connection when the deadline comes. Works on a duplicate, which survives wrapping in TLS."""
        duplicate = socket.socket(sock.family, sock.type, sock.proto, fileno=os.dup(sock.fileno()))
        with self._lock:
            self._sockets.append(duplicate)
            if self.expired:
                _shut(duplicate)

    def expire(self) -> None:
        """Shut every connection, now and from now on."""
        with self._lock:
            self.expired = True
            for sock in self._sockets:
                _shut(sock)


class Watchman:
    """One thread that expires whatever deadline is due: a thread for each request would cost more than the request."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Begin anew. A forked child has no thread but the one that forked, and its connections are its parent's."""
        self._changed = threading.Condition()
        self._watched: set[Deadline] = set()
        self._wakes_at = 0.0
        self._thread: threading.Thread | None = None

    def add(self, deadline: Deadline) -> None:
        """Expire it in time, unless it is removed before."""
        with self._changed:
            self._watched.add(deadline)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="deadlines", daemon=True)
                self._thread.start()
            elif deadline.until < self._wakes_at:
                self._changed.notify()

    def remove(self, deadline: Deadline) -> None:
        """Leave it alone from now on. Who watches is not woken: there is nothing to do before its next waking."""
        with self._changed:
            self._watched.discard(deadline)

    def _watch(self) -> None:
        while True:
            with self._changed:
                now = time.monotonic()
                due = [deadline for deadline in self._watched if deadline.until <= now]
                self._watched.difference_update(due)
                if not due:
                    self._wakes_at = min((one.until for one in self._watched), default=now + _IDLE_S)
                    self._changed.wait(self._wakes_at - now)
            for deadline in due:
                deadline.expire()


_IDLE_S = 3600.0
_watchman = Watchman()
os.register_at_fork(after_in_child=_watchman.renew)


def watch(sock: socket.socket) -> None:
    """Put a connection under the calling thread's current deadline, if there is one."""
    deadline = _current.get()
    if deadline is not None and sock.fileno() >= 0:
        deadline.add(sock)


def _shut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the other side may have closed it already
        sock.shutdown(socket.SHUT_RDWR)
