"""Replay: land a batch's kept pages again under the present contract.

A replay makes a new batch of the same bytes. The same gate judges it, and it has a receipt of its own. Accepted, it
replaces the old one. Held (over a quota, say), it changes nothing: what is in force stays.

Only the newest read of a coverage is replayed: older rows would take the place of newer ones. What was held or rejected
is older, too, than a pull that found what is in force unchanged. Where rows say their
coverage, only the newest pull is replayed, with all its coverages. Batches of an incremental source are not replayed:
once its contract is mended, the next pull reads everything again.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.kept.rebuild import kept_pages, kept_rows
from connectors.protocols.base import Page
from connectors.pull.course import run
from connectors.pull.outcome import PullOutcome
from connectors.pull.page_store import PageStore
from connectors.source.plan import SNAPSHOT, Plan
from connectors.source.source import Source
from ledger.errors import LedgerError
from ledger.keys import Keys
from ledger.quarantine import DECIDED, Decided, newest
from ledger.records import Batch, PageRow
from ledger.settings import Settings
from ledger.store import Ledger

_WHY_NOT = {
    "running": "its pull has not finished, or died",
    "failed": "its pull failed, so that its pages are not all there",
    "unchanged": "it brought nothing new",
}


@dataclass(frozen=True)
class KeptPages:
    """Pages that were kept of a batch. ``earlier`` are the batches that the same pages gave, by coverage."""

    source: Source
    batch: Batch
    rows: Sequence[PageRow]
    earlier: Mapping[str | None, str]
    settings: Settings

    @property
    def synthetic(self) -> bool:
        """Whether a simulator had made them."""
        return self.batch.synthetic

    @property
    def event_id(self) -> str | None:
        """The event that had announced them."""
        return self.batch.event_id

    def plan(self, ledger: Ledger, contract_sha256: str) -> Plan:
        """Everything: nobody is asked, and only whole reads are replayed."""
        return SNAPSHOT

    def pages(self, plan: Plan) -> Generator[Page]:
        """The pages as the protocol gave them. Raises LedgerError and SourceError, as ``kept_pages`` does."""
        return kept_pages(self.source, self.rows, self.settings, Keys.load(self.settings.key_dir))

    def keep(self, store: PageStore, page: Page) -> None:
        """The file that is there already gets another name."""
        store.link(page.seq, self._files[page.seq])

    def replaces(self, coverage: str | None) -> str:
        """The batch of the coverage that the same pages gave; where they gave none of it, the replayed one."""
        return self.earlier.get(coverage, self.batch.batch_id)

    @property
    def _files(self) -> Mapping[int, Path]:
        return {row.seq: self.settings.home / (row.path or "") for row in self.rows}


def replay(source: Source, batch_id: str, ledger: Ledger, settings: Settings) -> PullOutcome:
    """Replay one batch: the outcome has the new batch; where rows say their coverage themselves, one for each of them.

    Raises LedgerError when the batch cannot be replayed, or its pages are gone or changed, and SourceError when they
    can no longer be read; what is in force then stays.
    """
    with ledger.deciding(source.id):
        batch = ledger.batch(batch_id)
        if batch is None or batch.source_id != source.id:
            raise LedgerError(f"there is no batch {batch_id!r} of {source.id}", do="See `pilar quarantine list`")
        decided = ledger.decided(source.id)
        _refuse_incremental(source)
        _refuse_unfinished(batch, _last_of(source, batch, decided))
        _refuse_older(batch, _last_of(source, batch, decided), ledger)
        _refuse_outlived(source, batch, decided, ledger)
        earlier = {one.coverage: one.batch_id for one in decided if one.pull_id == batch.pull_id}
        origin = KeptPages(source, batch, kept_rows(batch, ledger), earlier, settings)
        return run(source, origin, ledger, settings)


def replayable(source: Source, ledger: Ledger) -> Sequence[str]:
    """The batches of a source whose replay may bring rows in.

    Rows of a coverage wait, or its newest batch is not in force. Raises LedgerError for an incremental source.
    """
    _refuse_incremental(source)
    refused = {one.batch.batch_id for one in ledger.refused(source.id)}
    fates = ledger.fates(source.id)
    decided = ledger.decided(source.id)
    waiting = (
        batch
        for batch in decided
        if fates[batch.batch_id].state == "open" and (batch.status != "accepted" or batch.batch_id in refused)
    )
    found = {last.batch_id: last for batch in waiting if (last := _last_of(source, batch, decided)) is not None}
    # One replay settles all batches of a pull whose rows say their coverage: its first one stands for them.
    wanted = [last for last in found.values() if _outlived_by(source, last, decided, ledger) is None]
    newest_first = sorted(wanted, key=lambda last: last.batch_id, reverse=True)
    by_pull = {last.pull_id if source.coverage_column else last.batch_id: last.batch_id for last in newest_first}
    return sorted(by_pull.values())


def _last_of(source: Source, batch: Batch | Decided, decided: Sequence[Decided]) -> Decided | None:
    """The batch to replay instead of another, if that is another one: the last word on what it is about."""
    if source.coverage_column is None:
        return newest(decided).get((source.id, batch.coverage))
    pull_id = max((one.pull_id for one in decided), default=None)
    of_pull = {one.coverage: one for one in decided if one.pull_id == pull_id}
    return of_pull.get(batch.coverage, next(iter(of_pull.values()), None))


def _refuse_incremental(source: Source) -> None:
    if source.incremental is not None:
        raise LedgerError(
            "batches of an incremental source are not replayed",
            where=source.id,
            do=f"Mend the contract and pull it (`pilar pull {source.id}`): the next pull then reads everything again",
        )


def _refuse_unfinished(batch: Batch, last: Decided | None) -> None:
    if batch.status not in DECIDED:
        instead = f"Replay {last.batch_id} ({last.status})" if last is not None else "Pull the source"
        raise LedgerError(
            f"the batch cannot be replayed: {_WHY_NOT[batch.status]}", where=f"batch {batch.batch_id}", do=instead
        )


def _refuse_older(batch: Batch, last: Decided | None, ledger: Ledger) -> None:
    """Raise LedgerError unless the batch is the last word on what it is about."""
    where = f"batch {batch.batch_id}"
    fate = ledger.fates(batch.source_id)[batch.batch_id]
    if fate.state == "replayed":
        raise LedgerError(f"the batch was replayed already: {fate.by} holds its rows", where=where, do=_instead(last))
    if last is not None and last.batch_id != batch.batch_id:
        what = "in force" if last.status == "accepted" else f"newer and {last.status}"
        raise LedgerError(
            f"only the newest batch of a coverage can be replayed, and {last.batch_id} of {last.coverage} is {what}",
            where=where,
            do=_instead(last),
        )
    if fate.state != "open":
        raise LedgerError(f"{fate.by} has brought the batch's rows again", where=where, do="Replay that one")


def _refuse_outlived(source: Source, batch: Batch, decided: Sequence[Decided], ledger: Ledger) -> None:
    later = _outlived_by(source, batch, decided, ledger)
    if later is not None:
        raise LedgerError(
            f"a newer pull found what is in force unchanged: {later}",
            where=f"batch {batch.batch_id}",
            do=f"Pull the source (`pilar pull {source.id}`): under a mended contract everything is landed again",
        )


def _outlived_by(source: Source, batch: Batch | Decided, decided: Sequence[Decided], ledger: Ledger) -> str | None:
    """The newer pull that found the last good version of what was not accepted of a batch's pages to hold still."""
    of_pages = [one for one in decided if one.pull_id == batch.pull_id]
    if source.coverage_column is None:
        of_pages = [one for one in of_pages if one.batch_id == batch.batch_id]
    later = (
        ledger.unchanged_since(source.id, one.coverage, one.pull_id) for one in of_pages if one.status != "accepted"
    )
    return max((found for found in later if found is not None), default=None)


def _instead(last: Decided | None) -> str:
    if last is None or last.status == "accepted":
        return f"If rows of it are still wrong, replay {last.batch_id}" if last is not None else "See `pilar diagnose`"
    return f"Replay {last.batch_id}, or release it once the agency has confirmed it"
