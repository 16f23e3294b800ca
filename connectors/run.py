"""The course of one pull: keep every page, land it, judge each coverage, write the receipts."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from connectors.cursor import SNAPSHOT, Plan, plan_again, plan_of
from connectors.judge import Judged, judge
from connectors.keeping import Keeper
from connectors.landing.landing import Landing
from connectors.landing.tally import LandedRows
from connectors.outcome import BatchOutcome, PullOutcome
from connectors.pages import PageStore
from connectors.protocols.base import Page
from connectors.rebuild import note_of
from connectors.spec import GRAIN_PATTERNS, Source, matches_grain
from connectors.together import expected, held_together, is_whole, siblings_of
from ledger.errors import FailedAnswer, LedgerError, SourceError
from ledger.keys import Keys
from ledger.records import Batch, BatchResult, PageRow
from ledger.seals import seal
from ledger.settings import Settings
from ledger.store import Ledger

log = structlog.get_logger()

Choose = Callable[[Sequence[LandedRows]], Sequence[LandedRows]]


@dataclass
class _Open:
    """A batch that is being filled."""

    batch_id: str
    store: PageStore


@dataclass(frozen=True)
class Replayed:
    """What a run lands again: a batch of the ledger, its place in the order of pulls, and its pages' files by number.

    ``siblings`` are batches that the same pages gave, by coverage, where rows say their coverage themselves.
    """

    batch_id: str
    place: str
    delta: bool
    files: Mapping[int, Path]
    siblings: Mapping[str | None, str]


class Run:
    """One pull, from its first batch in the ledger to its last receipt; or the replay of one from its kept pages."""

    def __init__(
        self,
        source: Source,
        ledger: Ledger,
        settings: Settings,
        keys: Keys,
        event_id: str | None,
        *,
        replayed: Replayed | None = None,
    ) -> None:
        self._source = source
        self._ledger = ledger
        self._settings = settings
        self._keys = keys
        self._event_id = event_id
        self._replayed = replayed
        self._contract_sha256 = source.contract_sha256(key_fingerprint(keys))
        self._pull_id: str | None = None
        self._plan = SNAPSHOT
        self._synthetic = False
        self._batches: dict[str | None, _Open] = {}
        self._spare: _Open | None = None
        self._pages: dict[int, PageRow] = {}
        self._keeper = Keeper(ledger)

    def start(self) -> None:
        """Open the first batch, so that whatever happens from here on has a place in the ledger."""
        self._spare = self._new(None)
        self._pull_id = self._spare.batch_id

    def ask(self, *, synthetic: bool, full: bool = False) -> Plan:
        """What to ask for: everything the first time and with ``full``, else what is new; a replay asks for nothing.

        ``synthetic``: whether a simulator answers. What one gave is no beginning for what the real system adds.
        """
        self._synthetic = synthetic
        if self._replayed is not None:
            self._plan = plan_again(self._source, self._ledger.now(), delta=self._replayed.delta)
        elif self._source.incremental is not None:
            mark = None if full else self._mark(synthetic)
            self._plan = plan_of(self._source, mark, self._ledger.now())
        return self._plan

    def _mark(self, synthetic: bool) -> str | None:
        force = self._ledger.in_force(self._source.id)
        other = max((batch.place for batch in force if batch.synthetic != synthetic), default="")
        return self._ledger.read_up_to(self._source.id, self._contract_sha256, synthetic, after=other)

    def take(self, pages: Iterable[Page], *, choose: Choose | None = None) -> PullOutcome:
        """Keep and land every page, then finish one batch for each coverage (of those that are chosen)."""
        folders = [self._settings.landing_dir / self._source.id]
        with Landing(self._source, self._keys, folders, plan=self._plan) as landing:
            for page in pages:
                coverage = coverage_of(self._source, page)
                landing.add(page, coverage, self._keep(page, coverage))
            if not self._pages:
                raise SourceError(
                    "empty",
                    "the source gave no answer at all",
                    where=self._source.id,
                    do="Check the source's arguments, and whether files have arrived",
                )
            counted = landing.finish(expected(self._source, self._plan, self._ledger))
            landed = counted if choose is None else choose(counted)
            self._keeper.finish()
            # Every batch is there before the first one counts, so that a pull which dies in between is seen to be one.
            batches = self._batches_of(landed)
            decisions = self._decisions(batches, landing, counted, landed)
            # All coverages are in force at once where a row may have moved from one to the other.
            at_once = self._replayed is not None or self._source.coverage_column is not None
            with self._ledger.together() if at_once else nullcontext():
                outcomes = tuple(
                    self._finish(batch, landing, rows, judged)
                    for batch, rows, judged in zip(batches, landed, decisions, strict=True)
                )
        log.info(
            "pull_finished",
            source=self._source.id,
            batches=[{"batch": o.batch_id, "coverage": o.coverage, "status": o.status} for o in outcomes],
        )
        return PullOutcome(self._source.id, outcomes)

    def fail(self, kind: str, message: str, answer: FailedAnswer | None = None, wait: float | None = None) -> None:
        """Record the failure, and the wait asked for, for every open batch, and keep the answer that was none."""
        try:
            self._keeper.give_up()
            if answer is not None:
                self._keep_failed(answer)
        except LedgerError as error:  # that the pull has failed is to be known all the same
            log.warning("pages_not_entered", source=self._source.id, message=str(error))
        for batch in [*self._batches.values(), *([self._spare] if self._spare else [])]:
            self._ledger.fail_batch(batch.batch_id, kind, message, retry_after=wait)
        log.warning("pull_failed", source=self._source.id, kind=kind, message=message)

    # -- keeping --------------------------------------------------------------------------------------------------

    def _new(self, coverage: str | None) -> _Open:
        replayed = self._replayed
        batch_id = self._ledger.start_batch(
            self._source.id,
            self._source.opd,
            self._contract_sha256,
            self._event_id,
            self._pull_id,
            replay_of=replayed.siblings.get(coverage, replayed.batch_id) if replayed is not None else None,
        )
        folder = self._settings.pages_dir / self._source.id / batch_id
        return _Open(batch_id, PageStore(folder, self._keys.page_key))

    def _batch(self, coverage: str | None) -> _Open:
        if coverage not in self._batches:
            spare, self._spare = self._spare, None
            self._batches[coverage] = spare if spare is not None else self._new(coverage)
        return self._batches[coverage]

    def _keep(self, page: Page, coverage: str | None) -> str:
        batch = self._batch(coverage)
        digest = hashlib.sha256(page.body).hexdigest()
        path = self._told(batch.store.path(page.seq))
        row = PageRow(page.seq, page.request, page.status, len(page.body), digest, page.ms, path)
        self._pages[page.seq] = row
        self._keeper.keep(batch.batch_id, row, partial(self._put, batch.store, page))
        return digest

    def _put(self, store: PageStore, page: Page) -> None:
        if self._replayed is None:
            store.write(page.seq, page.body, note_of(page))
        else:
            store.link(page.seq, self._replayed.files[page.seq])

    def _keep_failed(self, answer: FailedAnswer) -> None:
        """Keep a failing answer as a page behind the others, for whoever mends what is wrong; it is never landed."""
        batch = self._spare if self._spare is not None else list(self._batches.values())[-1]
        seq, digest = max(self._pages, default=-1) + 1, hashlib.sha256(answer.body).hexdigest()
        try:
            path = self._told(batch.store.write(seq, answer.body))
        except OSError:  # a full disk: the failure itself, and what was answered, are told all the same
            path = None
        row = PageRow(seq, answer.request, answer.status, len(answer.body), digest, answer.ms, path)
        self._ledger.add_pages(batch.batch_id, [row])

    # -- finishing ------------------------------------------------------------------------------------------------

    def _decisions(
        self, batches: Sequence[_Open], landing: Landing, counted: Sequence[LandedRows], landed: Sequence[LandedRows]
    ) -> Iterable[Judged]:
        # Asked once, before the first batch of this pull counts: a pull is no history for itself.
        history = self._ledger.usual_sizes(self._source.id)
        siblings = siblings_of(self._source, counted)
        each = (
            judge(
                self._source,
                self._ledger,
                landing,
                rows,
                contract_sha256=self._contract_sha256,
                synthetic=self._synthetic,
                home=self._settings.home,
                folder=self._settings.landing_dir / self._source.id / batch.batch_id,
                history=history,
                plan=self._plan,
                place=self._replayed.place if self._replayed is not None else None,
                siblings=siblings,
            )
            for batch, rows in zip(batches, landed, strict=True)
        )
        if siblings is None:
            return each  # one by one: a copy of an earlier one of them is seen, since that is in force by then
        judged = {rows.coverage: one for rows, one in zip(landed, each, strict=True)}
        if not is_whole(self._source, self._plan):
            return list(judged.values())
        force = self._ledger.in_force(self._source.id)
        return held_together(self._source, force, landing, self._settings.home, judged)

    def _finish(self, batch: _Open, landing: Landing, rows: LandedRows, judged: Judged) -> BatchOutcome:
        if judged.status == "unchanged" and judged.before is not None:
            self._share(batch, rows.pages, judged.before)
        batch.store.settle()
        cursor = landing.highest_cursor(rows.coverage)
        self._ledger.finish_batch(batch.batch_id, self._result(rows, judged, cursor))
        return BatchOutcome(
            batch.batch_id,
            rows.coverage,
            judged.status,
            rows.received,
            rows.landed,
            rows.quarantined,
            judged.reasons,
            judged.findings,
        )

    def _batches_of(self, landed: Sequence[LandedRows]) -> Sequence[_Open]:
        """The batch of each coverage. Where rows say theirs, all come from the pages that the first batch keeps."""
        if self._source.coverage_column is None:
            return [self._batch(rows.coverage) for rows in landed]
        carrier = self._batches.pop(None)
        self._batches[landed[0].coverage] = carrier
        return [carrier, *map(self._beside, landed[1:])]

    def _beside(self, rows: LandedRows) -> _Open:
        batch = self._new(rows.coverage)
        self._batches[rows.coverage] = batch
        batch.store.folder.mkdir(parents=True, exist_ok=True)
        shared = []
        for seq in rows.pages:
            row = self._pages[seq]
            batch.store.share(seq, self._settings.home / (row.path or ""))
            shared.append(
                PageRow(seq, row.request, row.status, row.bytes, row.sha256, row.ms, self._told(batch.store.path(seq)))
            )
        self._ledger.add_pages(batch.batch_id, shared)
        return batch

    def _share(self, batch: _Open, seqs: Sequence[int], before: Batch) -> None:
        """The same bytes are not kept twice: pages of an unchanged batch become those of the batch in force."""
        known = {row.sha256: row.path for row in self._ledger.pages(before.batch_id)}
        for seq in seqs:
            path = known.get(self._pages[seq].sha256)
            if path is not None:
                batch.store.share(seq, self._settings.home / path)

    def _result(self, rows: LandedRows, judged: Judged, cursor: str | None) -> BatchResult:
        return BatchResult(
            status=judged.status,
            coverage=rows.coverage,
            rows_received=rows.received,
            rows_landed=rows.landed,
            rows_quarantined=rows.quarantined,
            landed_path=self._told(judged.files.rows) if judged.files is not None else None,
            landed_sha256=judged.files.rows_sha256 if judged.files is not None else None,
            content_sha256=rows.content_sha256,
            context_sha256=rows.context_sha256,
            synthetic=self._synthetic,
            reasons=judged.reasons,
            findings=judged.findings,
            quarantine=rows.quarantine,
            files=self._sealed(judged),
            rows_known=judged.known,
            merge=self._plan.merge,
            cursor=cursor,
            revision=judged.revision,
            by_rows=self._source.coverage_column is not None,
        )

    def _sealed(self, judged: Judged) -> Sequence[Mapping[str, Any]]:
        if judged.files is None:
            return ()
        files = judged.files
        written = [(files.rows, files.rows_seal), (files.quarantine, files.quarantine_seal)]
        if judged.revision is not None:
            path = self._settings.home / judged.revision.path
            written.append((path, seal(path)))
        return tuple(sealed.as_row(self._told(path)) for path, sealed in written)

    def _told(self, path: Path) -> str:
        """A file as the ledger names it: within the home, which may move."""
        return path.relative_to(self._settings.home).as_posix()


def coverage_of(source: Source, page: Page) -> str | None:
    """What a page is about, or None where its rows say it.

    Raises SourceError when the page does not say it, or not in the declared grain.
    """
    if source.coverage_column is not None:
        return None
    name = source.coverage_context
    if name is None:
        return "all"
    value = page.context.get(name)
    if value is None or not matches_grain(value, source.coverage.grain):
        error = SourceError(
            "permanent",
            f"page {page.seq} says {value!r} for {name!r}, which is no coverage of grain {source.coverage.grain}"
            if value is not None
            else f"page {page.seq} does not say its coverage {name!r}",
            where=source.id,
            do=f"The form is {GRAIN_PATTERNS[source.coverage.grain]}",
        )
        error.answer = FailedAnswer(page.request, page.status, page.body, page.ms)
        raise error
    return value


def key_fingerprint(keys: Keys) -> str:
    """Tells one pseudonym key from another without revealing it."""
    return hashlib.sha256(b"pilar pseudonym key\n" + keys.pseudonym_key).hexdigest()[:16]
