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
        self._until = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True

    @property
    def left(self) -> float:
        """Seconds until it expires, never negative."""
        return max(0.0, self._until - time.monotonic())

    def __enter__(self) -> "Deadline":
        self._token = _current.set(self)
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _current.reset(self._token)
        self._timer.cancel()
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

    def _expire(self) -> None:
        with self._lock:
            self.expired = True
            for sock in self._sockets:
                _shut(sock)


def watch(sock: socket.socket) -> None:
    """Put a connection under the calling thread's current deadline, if there is one."""
    deadline = _current.get()
    if deadline is not None and sock.fileno() >= 0:
        deadline.add(sock)


def _shut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the other side may have closed it already
        sock.shutdown(socket.SHUT_RDWR)
