"""Manners towards a host: how many requests at once, and how far apart. Counted per host within this process."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Clock = Callable[[], float]


class HostGate:
    """Admits requests to one host, first come, first served. Several sources may share it; each brings its limits."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: deque[threading.Condition] = deque()
        self._active = 0
        self._next_start = 0.0

    @contextmanager
    def admit(self, *, interval_s: float, concurrency: int) -> Iterator[None]:
        """Wait for a place and for the pace, then hold the place for the duration of the block."""
        with self._lock:
            self._await_turn(concurrency)
            self._active += 1
            self._next_start = max(self._next_start, self._clock() + interval_s)
            self._call_next()  # there may be a place for it too
        try:
            yield
        finally:
            with self._lock:
                self._active -= 1
                self._call_next()

    def _await_turn(self, concurrency: int) -> None:
        turn = threading.Condition(self._lock)
        self._waiting.append(turn)
        try:
            while True:
                wait = self._next_start - self._clock()
                free = self._active < concurrency
                if self._waiting[0] is turn and free and wait <= 0:
                    return
                turn.wait(wait if self._waiting[0] is turn and free else None)
        finally:
            self._waiting.remove(turn)

    def _call_next(self) -> None:
        if self._waiting:
            self._waiting[0].notify()


_gates: dict[str, HostGate] = {}
_gates_lock = threading.Lock()


def gate_for(host: str) -> HostGate:
    """The gate of one host, shared by every client of this process."""
    with _gates_lock:
        return _gates.setdefault(host.lower(), HostGate())
