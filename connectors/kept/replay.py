"""Replay: land a batch's kept pages again under the present contract.

It makes a new batch of the same bytes, judged by the same gate and with a receipt of its own. Accepted, it takes the
old one's place in the order of pulls: the new batch holds every row of the bytes and the old one is no longer in force,
so that no row can come in twice, and what later deltas say of a record still counts. Held (over a quota, say), it
changes nothing: the old one stays. What a later pull has read whole is not replayed: older rows would take the place of
newer ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.kept.rebuild import kept_pages, kept_rows
from connectors.landing.counts import LandedRows
from connectors.pull.course import recorded
from connectors.pull.outcome import PullOutcome
from connectors.pull.run import Replayed, Run
from connectors.source.plan import merge_of
from connectors.source.source import Source
from ledger.errors import LedgerError, SourceError
from ledger.keys import Keys
from ledger.quarantine import DECIDED, Decided, newest
from ledger.records import Batch
from ledger.settings import Settings
from ledger.store import Ledger

_WHY_NOT = {
    "running": "its pull has not finished, or died",
    "failed": "its pull failed, so that its pages are not all there",
    "unchanged": "it brought nothing new",
}


def replay(source: Source, batch_id: str, ledger: Ledger, settings: Settings) -> PullOutcome:
    """Replay one batch: the outcome has the new batch; where rows say their coverage themselves, one for each of them.

    Raises LedgerError when the batch cannot be replayed, or its pages are gone or changed, and SourceError when they
    can no longer be read; what is in force then stays.
    """
    with ledger.deciding(source.id):
        keys = Keys.load(settings.key_dir)
        batch = _batch(source, batch_id, ledger)
        _refuse(batch, ledger)
        _refuse_another_key(source, batch, ledger)
        rows = kept_rows(batch, ledger)
        plan = _plan(source, batch, ledger)
        files = {row.seq: settings.home / (row.path or "") for row in rows}
        replayed = Replayed(batch.batch_id, batch.place, batch.merge is not None, files, plan.siblings)
        with recorded(Run(source, ledger, settings, keys, batch.event_id, replayed=replayed), source) as run:
            run.ask(synthetic=batch.synthetic)
            pages = kept_pages(source, rows, settings, keys)
            return run.take(pages, choose=plan.choose)


def replayable(source_id: str, ledger: Ledger) -> Sequence[str]:
    """The batches of a source from which a replay may bring rows in, in the order of pulls.

    They are the newest whole read of a coverage, and deltas that no whole read came after; and rows of them were
    refused, or they are not in force.
    """
    batches = ledger.decided(source_id)
    held_back = {refused.batch.batch_id for refused in ledger.refused(source_id)}
    state = ledger.fates(source_id)
    found = [
        batch
        for batch in _last_words(batches)
        if state[batch.batch_id].state == "open" and (batch.status != "accepted" or batch.batch_id in held_back)
    ]
    return [batch.batch_id for batch in sorted(found, key=lambda batch: batch.order)]


def _last_words(batches: Sequence[Decided]) -> Sequence[Decided]:
    """Of each coverage the newest whole read; and the deltas, each as it was landed last."""
    whole = newest(batch for batch in batches if not batch.delta)
    deltas = {(batch.place, batch.coverage): batch for batch in batches if batch.delta}
    return [*whole.values(), *deltas.values()]


@dataclass(frozen=True)
class _Plan:
    """Which coverages of the pages may become batches.

    ``siblings`` are the batches that the same pages gave, as they were landed last; ``force`` those coverages of theirs
    that are in force; ``taken`` coverages whose last word came from other pages.
    """

    batch: Batch
    siblings: Mapping[str | None, str]
    force: frozenset[str | None]
    taken: frozenset[str | None]

    def choose(self, landed: Sequence[LandedRows]) -> Sequence[LandedRows]:
        """The batch's own coverage first. Raises SourceError when rows would be in force twice, or none is left."""
        found = {rows.coverage for rows in landed if rows.received}
        if missing := sorted(str(coverage) for coverage in self.force - found):
            raise SourceError(
                "permanent",
                f"under the present contract the pages say nothing of {missing[0]}, which is in force from them",
                where=f"batch {self.batch.batch_id}",
                do="The contract reads another coverage now: pull the source, and see `pilar diagnose`",
            )
        chosen = [rows for rows in landed if rows.coverage not in self.taken]
        if not chosen:
            raise SourceError(
                "permanent",
                "every coverage of the pages has a newer batch",
                where=f"batch {self.batch.batch_id}",
                do="Pull the source instead",
            )
        return sorted(chosen, key=lambda rows: rows.coverage != self.batch.coverage)


def _plan(source: Source, batch: Batch, ledger: Ledger) -> _Plan:
    decided = ledger.decided(source.id)
    whole = newest(one for one in decided if not one.delta)
    last = {one.coverage: one for one in decided if one.place == batch.place}
    if source.coverage_column is None:
        last = {batch.coverage: last[batch.coverage]}
    if batch.merge is None:
        taken = {one.coverage for one in whole.values() if one.place != batch.place}
    else:
        taken = {one.coverage for one in whole.values() if one.place > batch.place and one.status == "accepted"}
    siblings = {coverage: one.batch_id for coverage, one in last.items() if coverage not in taken}
    standing = [one for one in ledger.in_force(source.id) if one.rows_landed]
    force = {one.coverage for one in standing if one.batch_id in siblings.values()}
    return _Plan(batch, siblings, frozenset(force), frozenset(taken))


def _batch(source: Source, batch_id: str, ledger: Ledger) -> Batch:
    batch = ledger.batch(batch_id)
    if batch is None or batch.source_id != source.id:
        raise LedgerError(f"there is no batch {batch_id!r} of {source.id}", do="See `pilar quarantine list`")
    return batch


def _refuse(batch: Batch, ledger: Ledger) -> None:
    """Raise LedgerError unless the batch is the last word on its coverage, or a delta that is still to be joined."""
    where = f"batch {batch.batch_id}"
    decided = ledger.decided(batch.source_id)
    whole = newest(one for one in decided if not one.delta).get((batch.source_id, batch.coverage))
    if batch.status not in DECIDED:
        instead = f"Replay {whole.batch_id} ({whole.status})" if whole is not None else "Pull the source"
        raise LedgerError(f"the batch cannot be replayed: {_WHY_NOT[batch.status]}", where=where, do=instead)
    last = whole
    if batch.merge is not None:
        last = [one for one in decided if (one.place, one.coverage) == (batch.place, batch.coverage)][-1]
    fate = ledger.fates(batch.source_id)[batch.batch_id]
    if fate.state == "replayed":
        raise LedgerError(f"the batch was replayed already: {fate.by} holds its rows", where=where, do=_instead(last))
    if batch.merge is not None and fate.state == "superseded":
        what = f"the delta cannot be replayed: {fate.by} has read everything since"
        raise LedgerError(what, where=where, do=_instead(whole))
    if last is not None and last.batch_id != batch.batch_id:
        what = "in force" if last.status == "accepted" else f"newer and {last.status}"
        raise LedgerError(
            f"only the newest batch of a coverage can be replayed, and {last.batch_id} of {batch.coverage} is {what}",
            where=where,
            do=_instead(last),
        )
    if fate.state != "open":
        raise LedgerError(f"{fate.by} has brought the batch's rows again", where=where, do="Replay that one")


def _refuse_another_key(source: Source, batch: Batch, ledger: Ledger) -> None:
    """Raise LedgerError where deltas would have to be joined by another key or cursor than they were."""
    joined = [batch, *ledger.in_force(source.id)]
    if any(one.merge is not None and one.merge != merge_of(source) for one in joined):
        raise LedgerError(
            "the batch cannot be replayed: `key` or `cursor` is another now, and deltas were joined by the old one",
            where=f"batch {batch.batch_id}",
            do=f"Read everything again: `pilar pull {source.id} --full`",
        )


def _instead(last: Decided | None) -> str:
    if last is None or last.status == "accepted":
        return f"If rows of it are still wrong, replay {last.batch_id}" if last is not None else "See `pilar diagnose`"
    return f"Replay {last.batch_id}, or release it once the agency has confirmed it"
