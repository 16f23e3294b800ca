"""What a publication tells of how data arrive and of what people decided, as it was when its evaluation began."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from connectors.authoring.contracts.expected import expected
from connectors.source.source import Source
from definitions.words import said
from ledger.decision_store import newest
from ledger.records import Batch, QuarantineCount
from ledger.store import Ledger
from pilar.sources.freshness import silence
from publication.meta import Arrival, Feed, FollowUp, Frozen, Quarantined, Said

ARRIVALS = 12
"""How many batches of a source are told: a year of months, or three years of quarters."""
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s]*", re.IGNORECASE)
_LOCAL = re.compile(r"file:///?\S*/", re.IGNORECASE)


def by_connection(request: str, connection: str) -> str:
    """A request as readers see it: its system by the connection's name, never by an address of the house."""
    return _ADDRESS.sub(connection, _LOCAL.sub(f"{connection}/", request))


def refused(counts: Iterable[QuarantineCount], source: Source | None) -> Iterator[Quarantined]:
    """How many rows broke which rule, and what the contract expects there."""
    for count in counts:
        words = expected(source.contract, count.rule, count.field) if source is not None else None
        told = Said(id=words.id, en=words.en) if words is not None else None
        yield Quarantined(rule=count.rule, field=count.field, rows=count.rows, expected=told)


def feeds(
    ledger: Ledger, sources: Iterable[Source], accepted: Iterable[Batch], until: datetime
) -> Iterator[tuple[Feed, Sequence[Batch]]]:
    """How each source delivers, with its last batches, the newest first. ``accepted`` are those in force."""
    events = ledger.events_until(until)
    in_force: dict[str, list[Batch]] = {}
    for batch in accepted:
        in_force.setdefault(batch.source_id, []).append(batch)
    for source in sources:
        last = ledger.batches(source.id, limit=ARRIVALS, until=until)
        yield _feed(source, last, in_force.get(source.id, ()), events, until), last


def _feed(
    source: Source,
    last: Sequence[Batch],
    in_force: Sequence[Batch],
    events: Mapping[str, tuple[int, datetime]],
    until: datetime,
) -> Feed:
    # That a file still lies where it lay says nothing of the agency.
    answers = ("accepted",) if source.of_files else ("accepted", "unchanged")
    answered = max((moment(one) for one in (*last, *in_force) if one.status in answers), default=None)
    count, last_event = events.get(source.id, (0, None))
    return Feed(
        source=source.id,
        opd=source.opd,
        system=source.system,
        title=source.title,
        due=Said(id=said(source.freshness.due, "id"), en=said(source.freshness.due, "en")),
        silence="never" if answered is None else silence(source.freshness, answered, until),
        answered_at=answered,
        arrivals=tuple(_arrival(batch) for batch in reversed(last)),
        events=count,
        last_event_at=last_event,
    )


def _arrival(batch: Batch) -> Arrival:
    return Arrival(
        at=moment(batch),
        status=batch.status,
        rows_received=batch.rows_received or 0,
        rows_landed=batch.rows_landed or 0,
        rows_quarantined=batch.rows_quarantined or 0,
    )


def without_rows(feed: Feed, last: Sequence[Batch], quiet: Collection[str]) -> Feed:
    """A feed, of whose ``last`` batches these do not say how many rows they brought."""
    blank = {"rows_received": None, "rows_landed": None}
    pairs = zip(reversed(last), feed.arrivals, strict=True)
    told = (one.model_copy(update=blank) if batch.batch_id in quiet else one for batch, one in pairs)
    return feed.model_copy(update={"arrivals": tuple(told)})


def moment(batch: Batch) -> datetime:
    """When a batch was there."""
    return batch.finished_at or batch.started_at


def follow_ups(ledger: Ledger, until: datetime) -> Iterator[FollowUp]:
    """Every recommendation as its last move before ``until`` left it, in the order of their ids."""
    decided = newest(link for link in ledger.decisions("follow_up") if link.at <= until)
    for subject, link in sorted(decided.items()):
        told = {name: value for name, value in link.told.items() if name in FollowUp.model_fields}
        yield FollowUp.model_validate({"id": subject, **told})


def frozen(ledger: Ledger, until: datetime) -> Iterator[Frozen]:
    """Every version that was frozen by ``until``."""
    for link in ledger.decisions("freeze"):
        if link.at <= until:
            told = {name: value for name, value in link.told.items() if name in Frozen.model_fields}
            yield Frozen.model_validate(told)
