"""Each use is counted: in memory at once, in the ledger every few seconds and at the end."""

import threading
from collections.abc import Callable, Mapping

import structlog

from ledger.errors import LedgerError

log = structlog.get_logger()

EVERY_SECONDS = 5.0
MOST_NAMES = 10_000


class Audit:
    """Counts requests and refusals by whom they are from, and hands them on."""

    def __init__(self, record: Callable[[Mapping[str, tuple[int, int]]], None]) -> None:
        self._record = record
        self._counts: dict[str, tuple[int, int]] = {}
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def count(self, who: str, refused: bool) -> None:
        """One request."""
        with self._lock:
            name = who if who in self._counts or len(self._counts) < MOST_NAMES else "others"
            asked, no = self._counts.get(name, (0, 0))
            self._counts[name] = (asked + 1, no + refused)

    def start(self) -> None:
        """Hand on in the background."""
        self._thread = threading.Thread(target=self._keep, name="audit", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Hand on what is left."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(10)
        self.flush()

    def flush(self) -> None:
        """Hand on what was counted; where the ledger is away it is counted on."""
        with self._lock:
            counts, self._counts = self._counts, {}
        try:
            self._record(counts)
        except LedgerError as error:
            log.error("use not counted in the ledger yet", error=str(error))
            with self._lock:
                for name, (asked, no) in counts.items():
                    since = self._counts.get(name, (0, 0))
                    self._counts[name] = (asked + since[0], no + since[1])

    def _keep(self) -> None:
        while not self._ending.wait(EVERY_SECONDS):
            self.flush()
