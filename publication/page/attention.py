"""What of a region is late, held or found: what somebody has to look at, each with whose it is."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from ledger.names import agency_name
from publication.content import Content, Row
from publication.page.model import Attention, Found, Matter
from publication.page.quality import FINDINGS, SEVERITIES, example
from publication.page.states import HELD, LATE, batch_mark
from publication.page.words import Text, day, named
from publication.paths import agency_page

TROUBLE = ("held", "rejected", "failed")
SHOWN = 3
SILENCE = {
    "late": Text("belum ada kiriman baru pada waktunya", "no new delivery at its time"),
    "overdue": Text("sudah lama tidak ada kiriman baru", "no new delivery for long"),
    "never": Text("belum pernah mengirim", "has never delivered"),
}


def attention(content: Content, region_code: str) -> Attention:
    """What of a region is late, held or found. Sources are those that its own rows rest on."""
    sources = content.sources_of.get(region_code, frozenset())
    return Attention(
        [*_held_pillars(content), *_held_batches(content, sources)],
        list(_late(content, sources)),
        _found(content, content.of_region(content.findings, region_code)),
    )


def late_or_held(content: Content, region_code: str) -> object:
    """What stands for the deliveries that are late or held, as values that JSON can say."""
    sources = content.sources_of.get(region_code, frozenset())
    matters = [*_held_batches(content, sources), *_late(content, sources)]
    return [asdict(one) for one in matters]


def _held_pillars(content: Content) -> Iterator[Matter]:
    states = {item.pillar: item for item in content.meta.pillars}
    for pillar in content.pillars:
        version = states.get(str(pillar["id"]))
        if version is not None and version.state == "held":
            yield Matter(HELD, named(pillar), day(version.held_since), "", "")


def _held_batches(content: Content, sources: frozenset[str]) -> Iterator[Matter]:
    """The latest batch of each source where it was held, refused or could not be fetched."""
    latest = content.latest_of
    for source in sorted(sources & latest.keys()):
        batch = latest[source]
        if batch.status in TROUBLE:
            about = Text(f"kiriman {batch.system or source}", f"delivery of {batch.system or source}")
            page = agency_page(batch.opd)
            yield Matter(
                batch_mark(batch.status), about, day(batch.fetched_at), agency_name(batch.opd), page, batch.note
            )


def _late(content: Content, sources: frozenset[str]) -> Iterator[Matter]:
    for feed in content.meta.feeds:
        if feed.source in sources and feed.silence in SILENCE:
            told = SILENCE[feed.silence]
            about = Text(f"{feed.system or feed.source}: {told.id}", f"{feed.system or feed.source}: {told.en}")
            since = day(feed.answered_at) if feed.answered_at is not None else None
            yield Matter(LATE, about, since, agency_name(feed.opd), agency_page(feed.opd))


def _found(content: Content, rows: Sequence[Row]) -> list[Found]:
    order = list(SEVERITIES)
    kinds: dict[tuple[str, str], list[Row]] = {}
    for row in sorted(rows, key=lambda row: (order.index(row["severity"]), str(row["rule"]), str(row["period"]))):
        kinds.setdefault((str(row["severity"]), str(row["rule"])), []).append(row)
    return [_of_kind(content, severity, rule, own) for (severity, rule), own in kinds.items()]


def _of_kind(content: Content, severity: str, rule: str, rows: Sequence[Row]) -> Found:
    told = [row for row in rows if row["subject"] is not None]
    owners = sorted({str(row["owner"]) for row in rows if row["owner"] is not None})
    shown = told[:SHOWN]
    return Found(
        FINDINGS.get(rule, Text(rule, rule)),
        SEVERITIES[severity],
        [(agency_name(owner), agency_page(owner)) for owner in owners],
        len(rows),
        [example(content, row, whose=False) for row in shown],
        len(rows) - len(shown) if shown else 0,
    )
