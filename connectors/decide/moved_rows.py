"""The coverages of one pull whose rows say them: a row that moved from one to another must count in one of them.

Each batch is judged for itself first. Where one of them is not accepted, what is in force of its coverage stays: then a
row that came from there must not be accepted elsewhere, and one that went there must not leave where it is.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

from connectors.decide.decision import Judged
from connectors.decide.facts import Reason, Siblings
from connectors.landing.counts import LandedRows
from connectors.landing.landing import Landing
from connectors.source.plan import Plan
from connectors.source.source import Source
from ledger.records import Batch, BatchStatus
from ledger.store import Ledger

Statuses = Mapping[str | None, BatchStatus]


@dataclass(frozen=True)
class Link:
    """Two coverages of which the one has rows now that are in force in the other; ``units`` None: nobody can tell."""

    before: str | None
    now: str | None
    units: int | None


def is_whole(source: Source, plan: Plan) -> bool:
    """Whether a pull is a word on every coverage of its source: its rows say theirs, and it asked for everything."""
    return source.coverage_column is not None and plan.merge is None


def expected(source: Source, plan: Plan, ledger: Ledger) -> Set[str | None]:
    """Coverages that get a batch even without a row: what vanishes from a whole pull goes before the gate."""
    force = ledger.in_force(source.id) if is_whole(source, plan) else ()
    return {batch.coverage for batch in force if batch.rows_landed}


def siblings_of(source: Source, counted: Sequence[LandedRows]) -> Siblings | None:
    """What each batch must know of its whole pull; None where the request says the coverage."""
    if source.coverage_column is None:
        return None
    unclear = sum(rows.received for rows in counted if rows.coverage is None)
    return Siblings(sum(rows.received for rows in counted), unclear)


def held_together(
    source: Source, force: Sequence[Batch], landing: Landing, home: Path, judged: Mapping[str | None, Judged]
) -> Sequence[Judged]:
    """The decisions about all coverages of a pull, in their order, once each has seen the others.

    ``force``: the batches in force when the pull was judged.
    """
    standing = [batch for batch in force if batch.rows_landed]
    statuses = {coverage: one.status for coverage, one in judged.items()}
    staying = _staying(statuses, {batch.coverage for batch in standing})
    # Where all batches are accepted there is nothing to look for: every row is where the pull has it.
    if not standing or not staying or source.coverage_column in source.contract.key:
        return list(judged.values())
    found = _reasons(statuses, staying, list(_links(landing, home, standing, statuses)), standing)
    return [
        replace(one, status="held", reasons=[*one.reasons, *(reason.as_row() for reason in found[coverage])])
        if found[coverage]
        else one
        for coverage, one in judged.items()
    ]


def _staying(statuses: Statuses, force: Set[str | None]) -> Set[str | None]:
    """Coverages that are not replaced though the pull may say something else of them; a replay may leave some out."""
    return {coverage for coverage in force | statuses.keys() if statuses.get(coverage, "held") in ("held", "rejected")}


def _links(landing: Landing, home: Path, standing: Sequence[Batch], statuses: Statuses) -> Iterator[Link]:
    files = [(batch.coverage, home / (batch.landed_path or "")) for batch in standing]
    moves, unlike = landing.moves(files, joined=any(batch.merge is not None for batch in standing))
    yield from (Link(move.before, move.now, move.units) for move in moves)
    for before in unlike:
        yield from (Link(before, now, None) for now in statuses if now != before)


def _reasons(
    statuses: Statuses, staying: Set[str | None], links: Sequence[Link], standing: Sequence[Batch]
) -> Mapping[str | None, Sequence[Reason]]:
    """Why batches are held, by coverage, for all that hangs together with a coverage that stays as it is."""
    stays = set(staying)
    ends = [pair for link in links for pair in ((link.before, link.now), (link.now, link.before))]
    while more := {one for one, other in ends if other in stays and statuses.get(one) == "accepted"} - stays:
        stays |= more
    found: dict[str | None, Sequence[Reason]] = {}
    for coverage, status in statuses.items():
        mine = coverage in stays and status != "rejected"
        came = [link for link in links if mine and link.now == coverage and link.before in stays]
        went = [link for link in links if mine and link.before == coverage and link.now in stays]
        found[coverage] = [*_came(came, standing), *_went(went)]
    return found


def _came(links: Sequence[Link], standing: Sequence[Batch]) -> Iterator[Reason]:
    if links:
        before = {link.before for link in links}
        yield Reason(
            "moved",
            "rows are in force under another coverage, which this pull does not replace",
            "Release the held batch of that coverage with it, or wait for a pull in which both are in order",
            ", ".join(f"{_counted(link)}from {link.before or '-'}" for link in links),
            behind=tuple(batch.batch_id for batch in standing if batch.coverage in before),
        )


def _went(links: Sequence[Link]) -> Iterator[Reason]:
    if links:
        yield Reason(
            "moved_away",
            "rows stand under another coverage now, whose batch is held",
            "Release that one with it, or wait for a pull in which both are in order",
            ", ".join(f"{_counted(link)}to {link.now or '-'}" for link in links),
        )


def _counted(link: Link) -> str:
    return f"{link.units} " if link.units is not None else "nobody can tell how many (the key was another one) "
