"""The batches that a run fills, one for each coverage, and the pages that are kept for them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog

from connectors.decide.batch_decision import BatchDecision
from connectors.landing.counts import LandedCoverage
from connectors.protocols.base import Page
from connectors.pull.origin import Origin
from connectors.pull.page_store import PageStore
from connectors.pull.page_writer import PageWriter
from connectors.source.source import Source
from ledger.disk import make_folder
from ledger.errors import FailedAnswer, LedgerError
from ledger.keys import Keys
from ledger.records import Batch, PageRow
from ledger.settings import Settings
from ledger.store import Ledger

log = structlog.get_logger()


@dataclass(frozen=True)
class OpenBatch:
    """A batch that is being filled."""

    batch_id: str
    pages: PageStore


class OpenBatches:
    """Opens the batches of one run, keeps its pages, and marks them failed when it comes to nothing."""

    def __init__(self, source: Source, origin: Origin, ledger: Ledger, settings: Settings, keys: Keys) -> None:
        self._source = source
        self._origin = origin
        self._ledger = ledger
        self._settings = settings
        self._keys = keys
        self.contract_sha256 = source.contract_sha256(keys.pseudonym_fingerprint)
        self._writer = PageWriter(ledger)
        self._pages: dict[int, PageRow] = {}
        self._pull_id: str | None = None
        # Whatever happens from here on has a batch in the ledger.
        self._spare: OpenBatch | None = self._open(None)
        self._pull_id = self._spare.batch_id
        self._batches: dict[str | None, OpenBatch] = {}

    @property
    def empty(self) -> bool:
        """Whether no page came."""
        return not self._pages

    def keep(self, page: Page, coverage: str | None) -> str:
        """Keep a page for the batch of its coverage. Returns the sha256 of its bytes."""
        batch = self._of_coverage(coverage)
        digest = hashlib.sha256(page.body).hexdigest()
        path = self._in_home(batch.pages.path(page.seq))
        row = PageRow(page.seq, page.request, page.status, len(page.body), digest, page.ms, path)
        self._pages[page.seq] = row
        self._writer.keep(batch.batch_id, row, partial(self._origin.keep, batch.pages, page))
        return digest

    def wait_until_kept(self) -> None:
        """Wait until every page is on the disk and in the ledger. Raises what came of one."""
        self._writer.finish()

    def open_for(self, landed: Sequence[LandedCoverage]) -> Sequence[OpenBatch]:
        """The batch of each coverage, opened where it is not yet: all are there before the first one counts.

        Where rows say their coverage, all come from the pages that the first batch keeps.
        """
        if self._source.coverage_column is None:
            return [self._of_coverage(rows.coverage) for rows in landed]
        first = self._batches.pop(None)
        self._assign(first, landed[0].coverage)
        return [first, *map(self._with_same_pages, landed[1:])]

    def settle(self, batch: OpenBatch, decision: BatchDecision) -> None:
        """Have a batch's pages last. The same bytes are not kept twice where nothing changed."""
        if decision.status == "unchanged" and decision.before is not None:
            self._share_pages(batch, decision.rows.pages, decision.before)
        batch.pages.settle()

    def _share_pages(self, batch: OpenBatch, numbers: Sequence[int], before: Batch) -> None:
        known = {row.sha256: row.path for row in self._ledger.pages(before.batch_id)}
        for number in numbers:
            path = known.get(self._pages[number].sha256)
            if path is not None:
                batch.pages.share(number, self._settings.home / path)

    def fail(self, kind: str, message: str, answer: FailedAnswer | None = None, wait: float | None = None) -> None:
        """Record the failure for every batch, and keep the answer that was none.

        ``wait``: how many seconds the source asked to be left alone.
        """
        try:
            self._writer.give_up()
            if answer is not None:
                self._keep_failed(answer)
        except (LedgerError, OSError, MemoryError) as error:  # that the pull has failed is to be known all the same
            log.warning("pages_not_entered", source=self._source.id, message=str(error))
        for batch in self._all():
            self._ledger.fail_batch(batch.batch_id, kind, message, retry_after=wait)
        log.warning("pull_failed", source=self._source.id, kind=kind, message=message)

    def _all(self) -> Sequence[OpenBatch]:
        return [*self._batches.values(), *([self._spare] if self._spare else [])]

    def _open(self, coverage: str | None) -> OpenBatch:
        batch_id = self._ledger.start_batch(
            self._source.id,
            self._source.opd,
            self.contract_sha256,
            self._origin.event_id,
            self._pull_id,
            replay_of=self._origin.replaces(coverage),
        )
        folder = self._settings.pages_dir / self._source.id / batch_id
        return OpenBatch(batch_id, PageStore(folder, self._keys.page_key))

    def _of_coverage(self, coverage: str | None) -> OpenBatch:
        if coverage not in self._batches:
            spare, self._spare = self._spare, None
            if spare is not None:
                self._assign(spare, coverage)
            else:
                self._batches[coverage] = self._open(coverage)
        return self._batches[coverage]

    def _assign(self, first: OpenBatch, coverage: str | None) -> None:
        """The first batch is opened before anybody knows its coverage, and so which batch it replaces."""
        self._batches[coverage] = first
        replaced = self._origin.replaces(coverage)
        if replaced is not None:
            self._ledger.name_replayed(first.batch_id, replaced)

    def _with_same_pages(self, rows: LandedCoverage) -> OpenBatch:
        batch = self._batches[rows.coverage] = self._open(rows.coverage)
        make_folder(batch.pages.folder)
        shared = []
        for number in rows.pages:
            row = self._pages[number]
            batch.pages.share(number, self._settings.home / (row.path or ""))
            path = self._in_home(batch.pages.path(number))
            shared.append(PageRow(number, row.request, row.status, row.bytes, row.sha256, row.ms, path))
        self._ledger.add_pages(batch.batch_id, shared)
        return batch

    def _keep_failed(self, answer: FailedAnswer) -> None:
        """Keep a failing answer as a page behind the others, for whoever mends what is wrong; it is never landed."""
        batch = self._all()[-1]
        seq, digest = max(self._pages, default=-1) + 1, hashlib.sha256(answer.body).hexdigest()
        try:
            path = self._in_home(batch.pages.write(seq, answer.body))
        except OSError:  # a full disk: the failure itself, and what was answered, are told all the same
            path = None
        row = PageRow(seq, answer.request, answer.status, len(answer.body), digest, answer.ms, path)
        self._ledger.add_pages(batch.batch_id, [row])

    def _in_home(self, path: Path) -> str:
        """A file as the ledger names it: within the home, which may move."""
        return path.relative_to(self._settings.home).as_posix()
