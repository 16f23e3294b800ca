"""How far a round of pulls and evaluations has come, read from the ledger: what the demo shows and waits for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ledger.project import pillar_ids
from ledger.records import Batch, EvaluationStatus, Event
from ledger.store import Ledger
from ledger.wording import sentences

Stage = Literal["waiting", "announced", "pulling", "accepted", "unchanged", "held", "rejected", "failed"]
FINAL: frozenset[Stage] = frozenset({"accepted", "unchanged", "held", "rejected", "failed"})
# Of the several batches of one pull the most worrying one names the stage.
_WORST_FIRST: Sequence[Stage] = ("failed", "rejected", "held", "pulling", "accepted", "unchanged")


@dataclass(frozen=True)
class SourceProgress:
    """One source in this round: how far, and how many rows."""

    source_id: str
    stage: Stage
    pulled: int = 0
    landed: int = 0
    quarantined: int = 0
    message: str = ""

    @property
    def final(self) -> bool:
        """Whether nothing more is to come for this source."""
        return self.stage in FINAL


@dataclass(frozen=True)
class PillarProgress:
    """One pillar: in force, held with the reason, or not there yet."""

    pillar: str
    state: Literal["waiting", "in force", "held"]
    message: str = ""


@dataclass(frozen=True)
class Progress:
    """The whole round. ``publication`` is set once what is in force of every source has been published.

    ``evaluation`` is the newest one of the round: its id, and what it is at.
    """

    sources: Sequence[SourceProgress]
    pillars: Sequence[PillarProgress]
    publication: str | None
    evaluation: tuple[str, EvaluationStatus] | None = None

    @property
    def complete(self) -> bool:
        """Whether every source has its answer and a publication holds all of it."""
        return self.publication is not None and all(source.final for source in self.sources)


def read_progress(ledger: Ledger, source_ids: Sequence[str], since: datetime) -> Progress:
    """The round that began at ``since`` (the ledger's clock)."""
    sources = [_source(ledger, source_id, since) for source_id in source_ids]
    settled = all(source.final for source in sources)
    publication = _publication(ledger) if settled else None
    return Progress(sources, _pillars(ledger), publication, _evaluation(ledger, since))


def summarise(source_id: str, events: Sequence[Event], batches: Sequence[Batch]) -> SourceProgress:
    """One source's progress from this round's events and batches (newest first)."""
    counted = _without_mended_failures(batches)
    stages: set[Stage] = {"pulling" if batch.status == "running" else batch.status for batch in counted}
    stage: Stage = next((stage for stage in _WORST_FIRST if stage in stages), "waiting")
    message = next(
        (batch.error_message or sentences(batch.reasons) for batch in counted if batch.error_message or batch.reasons),
        "",
    )
    if not events:
        # What the clock or a person pulled meanwhile is not this round's.
        return SourceProgress(source_id, "waiting")
    if any(event.status == "failed" for event in events[:1]):
        stage, message = "failed", message or events[0].detail or ""
    elif any(event.status != "done" for event in events):
        # A pull has ended when its event is settled: until then more batches, or another try, may follow.
        stage = "pulling" if counted else "announced"
    return SourceProgress(
        source_id,
        stage,
        pulled=sum(batch.rows_received or 0 for batch in counted),
        landed=sum(batch.rows_landed or 0 for batch in counted),
        quarantined=sum(batch.rows_quarantined or 0 for batch in counted),
        message=message,
    )


def _without_mended_failures(batches: Sequence[Batch]) -> Sequence[Batch]:
    """A failed try that a later try made good does not count."""
    later = next((place for place, batch in enumerate(batches) if batch.status == "failed"), len(batches))
    return batches[: later or 1]


def _source(ledger: Ledger, source_id: str, since: datetime) -> SourceProgress:
    events = [event for event in ledger.events_of(source_id) if event.received_at >= since]
    batches = [batch for batch in ledger.batches(source_id, limit=50) if batch.started_at >= since]
    return summarise(source_id, events, batches)


def _pillars(ledger: Ledger) -> Sequence[PillarProgress]:
    in_force: Mapping[str, object] = ledger.last_good()
    found = []
    for pillar in pillar_ids():
        held = ledger.held_since(pillar)
        if held is not None:
            found.append(PillarProgress(pillar, "held", held.reason or ""))
        else:
            found.append(PillarProgress(pillar, "in force" if pillar in in_force else "waiting"))
    return found


def _evaluation(ledger: Ledger, since: datetime) -> tuple[str, EvaluationStatus] | None:
    last = ledger.last_evaluation()
    return (last.evaluation_id, last.status) if last is not None and last.started_at >= since else None


def _publication(ledger: Ledger) -> str | None:
    evaluation = ledger.last_evaluation("published")
    wanted = {batch.batch_id for batch in ledger.in_force()}
    if evaluation is None or set(evaluation.inputs) != wanted:
        return None
    rows = [row for row in ledger.publications() if row.evaluation_id == evaluation.evaluation_id]
    return rows[0].publication_id if rows else None
