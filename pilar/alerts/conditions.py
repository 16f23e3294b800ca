"""What needs a person now, as it follows from what the ledger and the machine show. Nothing here asks or writes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ledger.alert_records import Condition, FailingPulls, Heartbeat, Kind, WaitingBatch
from ledger.names import MAINTENANCE, WATCH

WATCH_EVERY = timedelta(minutes=5)
SILENT_AFTER = {WATCH: 3 * WATCH_EVERY, MAINTENANCE: timedelta(hours=50)}
"""How long a part may say nothing. ``watch`` runs every five minutes, ``maintenance`` once a day."""
WHILE_PULLING = timedelta(minutes=75)
"""How long watch may say nothing while pulls are at work: they may hold every worker for as long as one may take."""
PASSING = frozenset({"retryable", "quota", "machine", "died"})
"""Kinds of failures that may pass by themselves."""
PASSES_WITHIN = timedelta(hours=6)
"""After this long such a failure needs a person all the same."""
UNANSWERED_AFTER = timedelta(minutes=90)
NEVER_ANSWERED_AFTER = timedelta(days=1)
NOT_EVALUATED_AFTER = timedelta(minutes=90)
LEAST_FREE_BYTES = 5 * 2**30
LEAST_FREE_SHARE = 0.1
SEVERE: frozenset[Kind] = frozenset({"silent", "unwell", "disk"})
"""What is told at night, too: nothing comes in or goes out any more, or soon will not."""
FOR_OWNERS: frozenset[Kind] = frozenset({"failed", "rejected", "held", "missing", "late", "contradicted"})
"""What the agency is told of whose data it is about. Operators are told of everything."""
EVALUATION = "evaluation"
DATABASE = "published_database"
"""The database of published tables: as part and as subject."""
DEAD_WITHIN = timedelta(days=1)
"""For how long a message that could not be stored needs a person."""


@dataclass(frozen=True)
class SourceSeen:
    """A source, and when it last answered and was first asked. None: never."""

    source_id: str
    opd: str
    warn: timedelta
    fail: timedelta
    last_answer: datetime | None = None
    first_tried: datetime | None = None


@dataclass(frozen=True)
class Contradiction:
    """A finding that stands and of which both sides cannot be right."""

    finding_id: str
    owner: str | None
    rule: str
    since: datetime


@dataclass(frozen=True)
class Seen:
    """All that conditions follow from, as it was at one moment (``now``, by the ledger's clock).

    ``unreadable`` are source files that are left out, as agency and source. ``pillars`` are those that are held, since
    when. ``dead_letters`` are those of the last day: how many of each queue, and when the first of them came.
    ``behind``: the database of published tables holds another publication than the current one. ``parts`` are parts of
    the platform that were asked, and whether they are well. ``batches`` counts all there are by what became of them.
    ``free`` and ``total`` are bytes of the disk under the installation's folder.
    """

    now: datetime
    beats: Mapping[str, Heartbeat] = field(default_factory=dict)
    at_work: bool = False
    sources: Sequence[SourceSeen] = ()
    unreadable: Sequence[tuple[str, str]] = ()
    failing: Mapping[str, FailingPulls] = field(default_factory=dict)
    waiting: Sequence[WaitingBatch] = ()
    unanswered: Mapping[str, datetime] = field(default_factory=dict)
    pillars: Mapping[str, datetime] = field(default_factory=dict)
    failing_evaluations: tuple[str, datetime] | None = None
    accepted_unseen: datetime | None = None
    contradictions: Sequence[Contradiction] = ()
    dead_letters: Mapping[str, tuple[int, datetime]] = field(default_factory=dict)
    behind: bool = False
    parts: Mapping[str, bool] = field(default_factory=dict)
    batches: Mapping[str, int] = field(default_factory=dict)
    free: int = 0
    total: int = 0


def conditions(seen: Seen) -> tuple[Condition, ...]:
    """What holds now and needs a person: the severest first, then by subject."""
    found = [
        *_silent(seen),
        *_unwell(seen),
        *_disk(seen),
        *(Condition("source_file", source, seen.now, opd) for opd, source in seen.unreadable),
        *_failed(seen),
        *_waiting(seen),
        *(Condition("gate", pillar, since) for pillar, since in seen.pillars.items()),
        *(
            Condition("dead_letters", queue, since, facts={"messages": str(count)})
            for queue, (count, since) in seen.dead_letters.items()
        ),
        *([Condition("behind", DATABASE, seen.now)] if seen.behind else []),
        *_contradicted(seen),
    ]
    told = {one.subject.partition(" ")[0] for one in found if one.kind in ("failed", "rejected", "held")}
    # Why nothing comes is told already: that it is late is no second thing.
    found += [one for one in (*_late(seen), *_unanswered(seen)) if one.subject not in told]
    return tuple(sorted(found, key=lambda one: (one.kind not in SEVERE, one.kind, one.subject)))


def blind(part: str, since: datetime) -> Condition:
    """The one thing that is known where nothing could be seen, because of the ledger or of the lookout itself."""
    return Condition("unwell", part, since)


def _silent(seen: Seen) -> Iterator[Condition]:
    for part, patience in SILENT_AFTER.items():
        beat, ours = seen.beats.get(part), seen.beats.get("alerts")
        last = beat.at if beat else ours.since if ours else None
        allowed = WHILE_PULLING if part == WATCH and seen.at_work else patience
        if last is not None and seen.now - last > allowed:
            yield Condition("silent", part, last)
    if seen.accepted_unseen is not None and seen.now - seen.accepted_unseen > NOT_EVALUATED_AFTER:
        yield Condition("silent", EVALUATION, seen.accepted_unseen)


def _unwell(seen: Seen) -> Iterator[Condition]:
    for part, well in seen.parts.items():
        if not well:
            yield Condition("unwell", part, seen.now)


def _disk(seen: Seen) -> Iterator[Condition]:
    if seen.total and seen.free < min(LEAST_FREE_BYTES, seen.total * LEAST_FREE_SHARE):
        yield Condition("disk", "data", seen.now, facts={"free_mib": str(seen.free // 2**20)})


def _failed(seen: Seen) -> Iterator[Condition]:
    owners = {one.source_id: one.opd for one in seen.sources}
    for source_id, failing in seen.failing.items():
        lasting = seen.now - failing.since > PASSES_WITHIN
        if source_id in owners and (failing.error_kind not in PASSING or lasting):
            facts = {"error_kind": failing.error_kind, "pulls": str(failing.pulls)}
            yield Condition("failed", source_id, failing.since, owners[source_id], facts)
    if seen.failing_evaluations is not None:
        status, since = seen.failing_evaluations
        if status == "failed" or seen.now - since > PASSES_WITHIN:
            yield Condition("failed", EVALUATION, since, facts={"error_kind": status})


def _waiting(seen: Seen) -> Iterator[Condition]:
    owners = {one.source_id: one.opd for one in seen.sources}
    for batch in seen.waiting:
        if batch.source_id in owners:
            subject = f"{batch.source_id} {batch.coverage or '-'}"
            facts = {"coverage": batch.coverage or ""}
            yield Condition(batch.status, subject, batch.since, owners[batch.source_id], facts)


def _late(seen: Seen) -> Iterator[Condition]:
    watched = seen.beats.get(WATCH)
    for one in seen.sources:
        if one.last_answer is None:
            asked = one.first_tried or (watched.since if watched else None)
            if asked is not None and seen.now - asked > NEVER_ANSWERED_AFTER:
                yield Condition("missing", one.source_id, asked, one.opd)
        elif seen.now - one.last_answer > one.fail:
            yield Condition("missing", one.source_id, one.last_answer, one.opd)
        elif seen.now - one.last_answer > one.warn:
            yield Condition("late", one.source_id, one.last_answer, one.opd)


def _unanswered(seen: Seen) -> Iterator[Condition]:
    """Events that no pull has answered. A source that fails is asked again by itself: its event waits for that."""
    owners = {one.source_id: one.opd for one in seen.sources}
    for source_id, since in seen.unanswered.items():
        if source_id in owners and source_id not in seen.failing and seen.now - since > UNANSWERED_AFTER:
            yield Condition("unanswered", source_id, since, owners[source_id])


def _contradicted(seen: Seen) -> Iterator[Condition]:
    for one in seen.contradictions:
        yield Condition("contradicted", one.finding_id, one.since, one.owner, {"rule": one.rule})
