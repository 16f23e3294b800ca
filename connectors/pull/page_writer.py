"""Keeping the pages of one pull: their files and their rows in the ledger, a step behind the one who fetches them."""

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from ledger.records import PageRow
from ledger.store import Ledger

# Page rows go into the ledger in groups: one transaction each would cost more than the fetch.
_PAGE_ROWS = 50
_PAGE_SECONDS = 2.0
_WAITING_BYTES = 16 * 1024 * 1024
"""Bytes of pages that may wait to be kept; beyond them whoever fetches waits."""


class PageWriter:
    """Keeps pages in the order in which they are given, in a thread of its own. ``finish`` or ``give_up`` ends it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="page-writer")
        self._waiting: deque[tuple[int, Future[None]]] = deque()
        self._bytes = 0
        self._rows: list[tuple[str, PageRow]] = []
        self._entered_at = time.monotonic()

    def keep(self, batch_id: str, row: PageRow, write: Callable[[], object]) -> None:
        """Have ``write`` put a page's file where ``row`` says it is, and then the row entered: soon, not at once.

        Raises what came of an earlier page.
        """
        self._bytes += row.bytes
        self._waiting.append((row.bytes, self._worker.submit(self._kept, batch_id, row, write)))
        while self._waiting[0][1].done() or self._bytes > _WAITING_BYTES:
            self._await_first()
            if not self._waiting:
                return

    def finish(self) -> None:
        """Wait until every page is kept and its row is in the ledger. Raises what came of one."""
        while self._waiting:
            self._await_first()
        self._worker.shutdown()
        self._enter()

    def give_up(self) -> None:
        """Enter what was kept of a pull that has failed already: what came of keeping its other pages is not told.

        Raises LedgerError where the ledger is away now.
        """
        self._worker.shutdown(wait=True)
        self._waiting.clear()
        self._enter()

    def _await_first(self) -> None:
        size, coming = self._waiting.popleft()
        self._bytes -= size
        coming.result()

    def _kept(self, batch_id: str, row: PageRow, write: Callable[[], object]) -> None:
        write()
        self._rows.append((batch_id, row))
        if len(self._rows) >= _PAGE_ROWS or time.monotonic() - self._entered_at > _PAGE_SECONDS:
            self._enter()

    def _enter(self) -> None:
        by_batch: dict[str, list[PageRow]] = {}
        for batch_id, row in self._rows:
            by_batch.setdefault(batch_id, []).append(row)
        for batch_id, rows in by_batch.items():
            self._ledger.add_pages(batch_id, rows)
            self._rows = [(other, row) for other, row in self._rows if other != batch_id]
        self._entered_at = time.monotonic()
