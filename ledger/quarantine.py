"""What has become of quarantined rows: pure policy over the ledger's batches, so that no crash can leave it wrong.

Nothing is written when a batch is replayed or replaced: a batch's rows are open for as long as the batch is the newest
word on its coverage, or in force. Only a person's dismissal is a record of its own.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from ledger.records import BatchStatus

State = Literal["open", "replayed", "superseded", "dismissed", "repeated", "landed"]
DECIDED: tuple[BatchStatus, ...] = ("accepted", "held", "rejected")
"""What a batch is once its gate has spoken about new rows; an unchanged one brought none."""


@dataclass(frozen=True)
class Decided:
    """A batch whose gate has spoken. A ``delta`` joins what is in force of its coverage, and replaces nothing.

    ``incremental``: its rows have a cursor, so that its source is asked for what is new.
    """

    batch_id: str
    source_id: str
    coverage: str | None
    status: BatchStatus
    replay_of: str | None
    started_at: datetime
    delta: bool
    pull_id: str
    incremental: bool = False


@dataclass(frozen=True)
class Fate:
    """What has become of a batch's quarantined rows, and through which batch."""

    state: State
    by: str | None = None


@dataclass(frozen=True)
class Refused:
    """Rows of one batch that broke one rule on one field.

    ``since``: when this coverage first had such rows. ``open`` are those that still wait for somebody; ``state`` says
    why the others do not. Where repeated rows were looked for:

    - ``again`` are those that a later batch brought again, and ``landed`` those that one landed.
    - ``later`` is the last of these batches.
    - ``times`` is in how many batches the waiting rows came, and ``last`` when they came last.
    - ``named`` are those dismissed by themselves. None of them is among ``again`` or ``landed``. Of other dismissed
      rows only the number is known.
    """

    batch: Decided
    rule: str
    field: str
    rows: int
    dismissed: int
    fate: Fate
    since: datetime
    again: int = 0
    landed: int = 0
    later: str | None = None
    times: int = 1
    last: datetime | None = None
    named: int = 0

    @property
    def open(self) -> int:
        """Rows that wait for the agency, for a mended contract, or for a decision.

        Rows dismissed by number may be the very ones that came again, so they are not taken off twice.
        """
        gone = max(self.dismissed, self.named + self.again + self.landed)
        return max(0, self.rows - gone) if self.fate.state == "open" else 0

    @property
    def state(self) -> State:
        """Their state as one word."""
        if self.fate.state == "open" and not self.open:
            return "landed" if self.landed else "repeated" if self.again else "dismissed"
        return self.fate.state


@dataclass(frozen=True)
class Dismissal:
    """Who decided that rows need no more attention, why and when; ``row`` is None for all of the rule and field.

    ``until``: the last day on which as many rows of the rule and field are dismissed in later batches of the coverage
    too; None for this batch alone.
    """

    batch_id: str
    rule: str
    field: str
    row: int | None
    who: str
    why: str
    dismissed_at: datetime
    until: date | None = None


def newest(batches: Iterable[Decided]) -> Mapping[tuple[str, str | None], Decided]:
    """The newest batch of each source and coverage."""
    return {(batch.source_id, batch.coverage): batch for batch in sorted(batches, key=lambda batch: batch.batch_id)}


def fates(batches: Iterable[Decided], in_force: Collection[str]) -> Mapping[str, Fate]:
    """What has become of the quarantined rows of each batch, by its id. ``in_force``: the ids of those that are.

    - ``replayed``: its own pages were landed again and accepted.
    - ``superseded``: a newer batch of the coverage has come, and says itself what is wrong with it. A delta does not
      count here, for it brings only what is new.
    - Rows without a coverage belong to their pull. Any newer batch of the source in force brings them again where they
      are still wrong. A delta does not.
    """
    known = {batch.batch_id: batch for batch in batches}
    last = newest(batch for batch in known.values() if not batch.delta)
    force = {batch_id for batch_id in in_force if batch_id in known}
    replayed = _replayed(known)
    found = {}
    for batch in known.values():
        newer = last.get((batch.source_id, batch.coverage), batch)
        if batch.batch_id in replayed:
            found[batch.batch_id] = Fate("replayed", replayed[batch.batch_id])
        elif newer.batch_id <= batch.batch_id or batch.batch_id in force:
            later = _later_of_source(batch, force, known.values()) if batch.coverage is None else None
            found[batch.batch_id] = Fate("superseded", later) if later else Fate("open")
        else:
            found[batch.batch_id] = Fate("superseded", newer.batch_id)
    return found


def _replayed(known: Mapping[str, Decided]) -> Mapping[str, str]:
    """Batches whose pages were landed again by an accepted batch, through however many held ones.

    Where rows say their coverage themselves, that is one of several. Then the one of their own coverage counts, also if
    its gate has held it. Only where there is none have the rows gone to another.
    """
    found: dict[str, str] = {}
    ordered = sorted(known.values(), key=lambda batch: batch.batch_id)
    again = {(batch.replay_of, batch.coverage) for batch in ordered}
    for batch in ordered:
        origin = known.get(batch.replay_of or "") if batch.status == "accepted" else None
        while origin is not None:
            if batch.coverage == origin.coverage or (origin.batch_id, origin.coverage) not in again:
                found[origin.batch_id] = batch.batch_id
            origin = known.get(origin.replay_of or "")
    return found


def _later_of_source(batch: Decided, force: Collection[str], known: Iterable[Decided]) -> str | None:
    later = [
        other.batch_id
        for other in known
        if (other.source_id == batch.source_id and other.batch_id in force and other.pull_id != batch.pull_id)
        and not other.delta
        and other.batch_id > batch.batch_id
    ]
    return max(later, default=None)
