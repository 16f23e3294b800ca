"""Reading pages into staged parts: chunk by chunk, two at a time, while the next ones are fetched."""

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import SimpleQueue

import duckdb

from connectors.landing.counts import Received
from connectors.landing.pagetable import PageFacts, PageTable
from connectors.landing.paths import RecordsPath
from connectors.landing.sample import Sample
from connectors.landing.sandbox import quiet
from connectors.landing.staging import Staging
from connectors.landing.statement import Statement
from connectors.protocols.base import UNREADABLE, Page
from connectors.source.source import Source

LANES = 2
"""A chunk is read by one processor. Two chunks at a time use two, and one of them while a page is being fetched."""

CHUNK_BYTES = 6 * 1024 * 1024
CHUNK_PAGES = 96
"""Half as much is read 15 to 20 % slower, and takes 80 MB less: a statement is planned for each chunk."""


@dataclass
class _Chunk:
    """Pages that are read by one statement, with their coverages and hashes."""

    pages: list[Page] = field(default_factory=list)
    coverages: list[str | None] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)
    size: int = 0
    nth: int = 1


class Reader:
    """Fills ``staging`` and the books of what was received. Used by one thread; close it.

    ``parameters`` are those of the landing statement that are the same for every chunk.
    """

    def __init__(
        self,
        staging: Staging,
        source: Source,
        statement: Statement,
        contexts: Sequence[str],
        parameters: dict[str, bytes],
    ) -> None:
        self.received = Received()
        self.samples: dict[str | None, Sample] = {}
        self._source = source
        self._statement = statement
        self._staging = staging
        self._parameters = parameters
        self._lanes: SimpleQueue[PageTable] = SimpleQueue()
        for _ in range(LANES):
            self._lanes.put(PageTable(staging.cursor(), source.contract, contexts))
        self._workers = ThreadPoolExecutor(max_workers=LANES, thread_name_prefix="landing")
        self._running: deque[Future[None]] = deque()
        self._counted: Future[None] = Future()
        self._counted.set_result(None)
        self._chunk = _Chunk()

    def close(self) -> None:
        """Drop what has not been read, wait for what is being read, and let go of the memory it took."""
        self._workers.shutdown(wait=True, cancel_futures=True)
        while not self._lanes.empty():
            self._lanes.get().connection.close()

    def add(self, page: Page, coverage: str | None, sha256: str) -> None:
        """Take one page. Raises SourceError for an earlier one that has been read meanwhile."""
        if self._chunk.pages and self._chunk.pages[0].records_path != page.records_path:
            self._submit()
        chunk = self._chunk
        chunk.pages.append(page)
        chunk.coverages.append(coverage)
        chunk.hashes.append(sha256)
        chunk.size += len(page.records)
        if chunk.size >= CHUNK_BYTES or len(chunk.pages) >= CHUNK_PAGES:
            self._submit()

    def finish(self) -> None:
        """Wait until everything is read. Raises SourceError."""
        self._submit()
        while self._running:
            self._running.popleft().result()

    def _submit(self) -> None:
        if not self._chunk.pages:
            return
        chunk, self._chunk = self._chunk, _Chunk(nth=self._chunk.nth + 1)
        while len(self._running) >= LANES:
            self._running.popleft().result()
        before, self._counted = self._counted, Future()
        self._running.append(self._workers.submit(self._read, chunk, before, self._counted))

    def _read(self, chunk: _Chunk, before: "Future[None]", counted: "Future[None]") -> None:
        lane = self._lanes.get()
        try:
            with quiet(f"{self._source.id}, pages {chunk.pages[0].seq} to {chunk.pages[-1].seq}"):
                path, facts = lane.load(chunk.pages, chunk.coverages)
                # Rows are numbered in the order of the pages, so a chunk's numbers wait for those of the one before.
                before.result()
                bases = self._enter(chunk, facts)
                self._sample(lane, path, chunk, facts)
                counted.set_result(None)
                self._stage(lane, path, facts, bases, chunk.nth)
        except BaseException as error:
            if not counted.done():
                counted.set_exception(error)
            raise
        finally:
            lane.clear()
            self._lanes.put(lane)

    def _enter(self, chunk: _Chunk, facts: Sequence[PageFacts]) -> dict[int, int]:
        """Enter the pages into the books. Returns the number of each page's first row within its coverage."""
        bases = {}
        for page, coverage, sha256, fact in zip(chunk.pages, chunk.coverages, chunk.hashes, facts, strict=True):
            bases[fact.seq] = self.received.base(coverage, fact.rows)
            self.received.note(page, coverage, sha256, fact)
        return bases

    def _sample(self, lane: PageTable, path: RecordsPath, chunk: _Chunk, facts: Sequence[PageFacts]) -> None:
        for coverage, fact in zip(chunk.coverages, facts, strict=True):
            sample = self.samples.setdefault(coverage, Sample())
            if sample.wants(fact):
                sample.take(lane, fact, path)

    def _stage(
        self, lane: PageTable, path: RecordsPath, facts: Sequence[PageFacts], bases: dict[int, int], nth: int
    ) -> None:
        rows = self._statement.rows(path, unreadable=any(UNREADABLE in fact.names for fact in facts))
        try:
            self._staging.write(lane.connection, nth, rows, self._parameters | lane.parameters(bases, facts))
        except duckdb.InvalidInputException:
            doubted = lane.distrust(facts, path)
            self._staging.write(lane.connection, nth, rows, self._parameters | lane.parameters(bases, doubted))
