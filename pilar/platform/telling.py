"""What a long course says of itself while it runs: plain lines, each with the seconds since it began."""

import threading
import time
from collections.abc import Callable
from types import TracebackType

BEAT_SECONDS = 10.0
MOST_NAMED = 4


def _nowhere(_line: str) -> None:
    """For whoever does not want to hear it."""


class Telling:
    """Says what starts and what answers, at once. After ten seconds without a word it says what it waits for.

    Used in ``with``, for the sake of these heartbeats. Several threads may speak.
    """

    def __init__(
        self,
        write: Callable[[str], None] = _nowhere,
        *,
        beat_seconds: float = BEAT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write = write
        self._beat_seconds = beat_seconds
        self._clock = clock
        self._began = self._last = clock()
        self._awaited: dict[str, str] = {}
        self._lock = threading.Lock()
        self._resting = False
        self._over = threading.Event()
        self._heart = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> "Telling":
        self._heart.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._heart.join()

    def line(self, text: str) -> None:
        """Say something now."""
        with self._lock:
            self._say(text)

    def rests(self, text: str) -> None:
        """Say something, and no heartbeat from here on until there is more to say: nobody waits for anything."""
        with self._lock:
            self._say(text)
            self._resting = True

    def starts(self, what: str, detail: str = "") -> None:
        """Something begins, and is waited for from here on."""
        with self._lock:
            self._awaited[what] = detail
            self._say(f"{what} starts" + (f" ({detail})" if detail else ""))

    def state(self, what: str, detail: str) -> None:
        """How far something is that is waited for: the next heartbeat says it."""
        with self._lock:
            self._awaited[what] = detail

    def answers(self, what: str, detail: str = "") -> None:
        """Something is there, and is not waited for any more."""
        self.ends(what, f"answers: {detail}" if detail else "answers")

    def ends(self, what: str, told: str) -> None:
        """Something has come to its end: what became of it."""
        with self._lock:
            self._awaited.pop(what, None)
            self._say(f"{what} {told}")

    def _say(self, text: str) -> None:
        self._last, self._resting = self._clock(), False
        self._write(f"{self._last - self._began:4.0f} s  {text}")

    def _beat(self) -> None:
        while not self._over.wait(max(0.05, self._last + self._beat_seconds - self._clock())):
            with self._lock:
                if self._clock() - self._last < self._beat_seconds:
                    continue
                if self._resting:
                    self._last = self._clock()
                else:
                    self._say(waits_for(self._awaited))


def waits_for(awaited: dict[str, str]) -> str:
    """The line of a heartbeat."""
    named = [f"{what} ({detail})" if detail else what for what, detail in awaited.items()]
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    return f"... waits for {', '.join(named[:MOST_NAMED])}{more}" if named else "... goes on"
