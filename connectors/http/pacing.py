"""Manners towards a host: how many requests at once, and how far apart. Counted per host within this process."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Clock = Callable[[], float]
Sleep = Callable[[float], None]


class HostGate:
    """Admits requests to one host. Several sources may share it; each brings its own limits."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._active = 0
        self._next_start = 0.0

    @contextmanager
    def admit(self, *, interval_s: float, concurrency: int) -> Iterator[None]:
        """Wait for a place and for the pace, then hold the place for the duration of the block."""
        with self._changed:
            while True:
                wait = self._next_start - self._clock()
                if self._active < concurrency and wait <= 0:
                    break
                self._changed.wait(wait if self._active < concurrency else None)
            self._active += 1
            self._next_start = max(self._next_start, self._clock() + interval_s)
        try:
            yield
        finally:
            with self._changed:
                self._active -= 1
                self._changed.notify_all()


_gates: dict[str, HostGate] = {}
_gates_lock = threading.Lock()


def gate_for(host: str) -> HostGate:
    """The gate of one host, shared by every client of this process."""
    with _gates_lock:
        return _gates.setdefault(host.lower(), HostGate())
