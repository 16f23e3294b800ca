"""What an agency (OPD) delivers: how complete, punctual and valid it is, what of it was refused, and what is asked."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import partial

from ledger.names import agency_name
from publication.content import Content, Row, distinct
from publication.meta import Arrival, Feed, SourceBatch
from publication.page.frame import Material, Page
from publication.page.quality import FINDINGS, SEVERITIES, example, percent
from publication.page.refusals import rule_text, to_do
from publication.page.states import NEVER, Mark, batch_mark, silence_mark, task_mark
from publication.page.words import NO_VALUE, Text, clock, date_text, day
from publication.paths import FLOW, agency_document, agency_page

PRIORITIES = {
    "high": Text("tinggi", "high"),
    "medium": Text("sedang", "medium"),
    "low": Text("rendah", "low"),
}
_NOTHING = Text("", "")
_CLOSED = ("verified", "dropped")
_MOST_NAMES = 5
MOST = 200
"""How many findings or follow-ups a page lists; it says how many there are. Tables and commands have all of them."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One delivery of the trend, in rows."""

    at: Text
    state: Mark
    received: int | None
    landed: int | None
    quarantined: int


@dataclass(frozen=True, slots=True)
class SourceCard:
    """How one source of the agency delivers. Counts are of the batches in force together."""

    id: str
    title: str
    system: str
    due: Text | None
    silence: Mark
    answered: Text
    state: Mark | None
    note: str
    received: int | None
    landed: int | None
    quarantined: int
    valid: Text
    events: int
    last_event: Text | None
    bars: Sequence[Bar]
    trend: Text | None
    caveats: Sequence[Text]
    synthetic: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """Rows that broke one rule on one field of a source."""

    source: str
    rule: Text
    rule_id: str
    field: str
    rows: int
    expected: Text | None
    to_do: Text


@dataclass(frozen=True, slots=True)
class Missing:
    """An indicator of the agency without a value for some region. ``asked``: a question is scored by it."""

    indicator_id: str
    name: Text
    without: Text
    regions: Text
    asked: bool


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One thing that was found in what the agency answers for."""

    id: str
    severity: Text
    kind: str
    rule: Text
    about: Text
    source: str
    since: Text | None


@dataclass(frozen=True, slots=True)
class Task:
    """A recommendation to the agency, and how far it has come."""

    id: str
    stage: str
    instrument_id: str
    stage_number: str
    owner: str | None
    owner_name: str
    region: str
    text: Text
    priority: Text
    due: Text | None
    state: Mark
    open: bool


@dataclass(frozen=True, slots=True)
class Agency:
    """One agency's scorecard: the page, the document and the report say the same."""

    id: str
    name: str
    made: Text
    publication_id: str
    sources: Sequence[SourceCard]
    in_time: int
    received: int | None
    landed: int | None
    quarantined: int
    valid: Text | None
    refusals: Sequence[Refusal]
    reasons: int
    reasons_differ: Text | None
    cells: int
    filled: int
    missing: Sequence[Missing]
    findings: Sequence[FindingLine]
    found: int
    tasks: Sequence[Task]
    asked: int
    open_tasks: int
    instruments: Sequence[tuple[str, Text]]


def pages(material: Material) -> Iterator[Page]:
    """A page for each agency that delivers, owns an indicator or is asked to do something."""
    content = material.content
    known = known_values(content)
    for name in agencies(content):
        title, card = agency_name(name), agency(content, name, known)
        yield Page(
            path=agency_page(name),
            template="agency.html.j2",
            title=Text(title, title),
            view=lambda card=card: card,  # type: ignore[misc]  # this one's, for the loop goes on
            reads=asdict(replace(card, made=_NOTHING, publication_id="")),
            trail=[(FLOW, Text("Aliran data", "Flow of data"))],
            document=(agency_document(name), partial(asdict, card)),
        )


def agencies(content: Content) -> list[str]:
    """Every agency, by its id."""
    found = {feed.opd for feed in content.meta.feeds} | {batch.opd for batch in content.meta.sources}
    found |= {str(row["owner"]) for row in content.indicators.values() if row["owner"]}
    found |= {one.owner for one in content.meta.follow_ups if one.owner}
    return sorted(found, key=agency_name)


def known_values(content: Content) -> frozenset[tuple[str, str]]:
    """Every indicator and region of which there is something."""
    return frozenset(
        (str(row["indicator_id"]), str(row["region_code"]))
        for rows in content.marts.values()
        for row in distinct(rows, "indicator_id", "region_code", "state")
        if row["state"] != "missing"
    )


def source_cards(content: Content, name: str) -> list[SourceCard]:
    """How each source of an agency delivers."""
    feeds = {feed.source: feed for feed in content.meta.feeds if feed.opd == name}
    own = _batches(content, name)
    return [_source(content, one, feeds.get(one), own.get(one, ())) for one in sorted({*feeds, *own})]


def _batches(content: Content, name: str) -> Mapping[str, Sequence[SourceBatch]]:
    found: dict[str, list[SourceBatch]] = {}
    for batch in content.meta.sources:
        if batch.opd == name:
            found.setdefault(batch.source, []).append(batch)
    return found


def agency(content: Content, name: str, known: frozenset[tuple[str, str]]) -> Agency:
    """The scorecard of one agency. ``known``: the indicators and regions of which there is something."""
    cards = source_cards(content, name)
    counted = [batch for own in _batches(content, name).values() for batch in counted_of(own)]
    totals = Totals.of(counted)
    refusals = _refusals(counted)
    reasons = sum(item.rows for batch in counted for item in batch.quarantined)
    missing, cells = _missing(content, name, known)
    findings, found = _findings(content, name, {card.id for card in cards})
    asked = tasks(content, name)
    return Agency(
        id=name,
        name=agency_name(name),
        made=clock(content.meta.created_at),
        publication_id=content.meta.publication_id,
        sources=cards,
        in_time=sum(card.silence.kind == "in-time" for card in cards),
        received=totals.received,
        landed=totals.landed,
        quarantined=totals.quarantined,
        valid=totals.valid,
        refusals=refusals,
        reasons=reasons,
        reasons_differ=_differ(reasons, totals.quarantined),
        cells=cells,
        filled=cells - sum(count for _, count in missing),
        missing=[one for one, _ in missing],
        findings=findings,
        found=found,
        tasks=asked[:MOST],
        asked=len(asked),
        open_tasks=sum(task.open for task in asked),
        instruments=_instruments(content, name),
    )


def _instruments(content: Content, name: str) -> list[tuple[str, Text]]:
    """The instruments that ask this agency, by the owners of their questions: id and name."""
    asking = {row["instrument_id"] for row in content.questions.values() if row["owner"] == name}
    return [
        (key, Text(str(one["name_id"]), str(one["name_en"])))
        for key, one in content.instruments.items()
        if key in asking
    ]


def counted_of(batches: Sequence[SourceBatch]) -> list[SourceBatch]:
    """The batches of one source whose rows are counted: those in force, else the latest."""
    in_force = [batch for batch in batches if batch.in_force]
    return in_force or [*batches][-1:]


@dataclass(frozen=True, slots=True)
class Totals:
    """The rows of several batches together.

    None where a batch among them does not say its own: less those of the others, the total would tell it.
    """

    received: int | None
    landed: int | None
    quarantined: int

    @staticmethod
    def of(batches: Sequence[SourceBatch]) -> "Totals":
        """The rows of these batches."""
        return Totals(
            _sum(batch.rows_received for batch in batches),
            _sum(batch.rows_landed for batch in batches),
            sum(batch.rows_quarantined for batch in batches),
        )

    @property
    def valid(self) -> Text | None:
        """The share of rows that are used."""
        return percent(self.landed, self.received) if self.landed is not None and self.received else None


def _sum(counts: Iterable[int | None]) -> int | None:
    told = [*counts]
    known = [count for count in told if count is not None]
    return sum(known) if len(known) == len(told) else None


def _source(content: Content, name: str, feed: Feed | None, batches: Sequence[SourceBatch]) -> SourceCard:
    ordered = sorted(batches, key=lambda batch: batch.batch_id)
    counted = counted_of(ordered)
    latest = ordered[-1] if ordered else None
    totals = Totals.of(counted)
    arrivals = feed.arrivals if feed is not None else ()
    answered = feed.answered_at if feed is not None else None
    return SourceCard(
        id=name,
        title=feed.title if feed is not None else name,
        system=feed.system if feed is not None else latest.system if latest is not None else "",
        due=Text(feed.due.id, feed.due.en) if feed is not None else None,
        silence=silence_mark(feed.silence) if feed is not None else NEVER,
        answered=clock(answered) if answered is not None else Text(NO_VALUE, NO_VALUE),
        state=batch_mark(latest.status) if latest is not None else None,
        note=latest.note if latest is not None else "",
        received=totals.received,
        landed=totals.landed,
        quarantined=totals.quarantined,
        valid=totals.valid or Text(NO_VALUE, NO_VALUE),
        events=feed.events if feed is not None else 0,
        last_event=day(feed.last_event_at) if feed is not None and feed.last_event_at is not None else None,
        bars=[_bar(one) for one in arrivals],
        trend=_trend(arrivals),
        caveats=[Text(one.id, one.en) for one in content.meta.caveats.get(name, ())],
        synthetic=any(batch.synthetic for batch in counted),
    )


def _bar(one: Arrival) -> Bar:
    return Bar(day(one.at), batch_mark(one.status), one.rows_received, one.rows_landed, one.rows_quarantined)


def _trend(arrivals: Sequence[Arrival]) -> Text | None:
    """The refused share of the first delivery shown and of the last."""
    told = [one for one in arrivals if one.rows_received]
    if len(told) < 2:
        return None
    first, last = (percent(one.rows_quarantined, one.rows_received or 0) for one in (told[0], told[-1]))
    return Text(
        f"ditolak {first.id} pada kiriman pertama yang tampil, {last.id} pada yang terakhir",
        f"{first.en} refused in the first delivery shown, {last.en} in the last",
    )


def _refusals(batches: Sequence[SourceBatch]) -> list[Refusal]:
    """What was refused, by source, rule and field; the most first."""
    counts: Counter[tuple[str, str, str]] = Counter()
    words = {}
    for batch in batches:
        for item in batch.quarantined:
            counts[batch.source, item.rule, item.field] += item.rows
            words[batch.source, item.rule, item.field] = item.expected
    found = []
    for key, rows in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        source, rule, field = key
        expected = words[key]
        told = Text(expected.id, expected.en) if expected is not None else None
        found.append(Refusal(source, rule_text(rule), rule, field, rows, told, to_do(rule)))
    return found


def _differ(reasons: int, rows: int) -> Text | None:
    """Why the reasons come to another number than the refused rows."""
    if reasons == rows:
        return None
    if reasons > rows:
        return Text(
            "Satu baris dapat melanggar beberapa aturan, sehingga jumlah alasan lebih besar daripada jumlah baris.",
            "One row can break several rules, so there are more reasons than rows.",
        )
    return Text(
        "Sebagian kiriman yang ditolak dicatat tanpa rincian alasan per aturan.",
        "Of some refused deliveries the reasons by rule were not recorded.",
    )


def _missing(content: Content, name: str, known: frozenset[tuple[str, str]]) -> tuple[list[tuple[Missing, int]], int]:
    """The agency's indicators without a value somewhere, how many regions each lacks; and how many values are due."""
    regions = content.region_names
    asked = content.newest_years.keys()
    found, due = [], 0
    for definition in content.indicators.values():
        if definition["owner"] != name:
            continue
        lacking = [told for code, told in regions.items() if (definition["id"], code) not in known]
        due += len(regions)
        if lacking:
            found.append((_missing_of(definition, lacking, len(regions), definition["id"] in asked), len(lacking)))
    found.sort(key=lambda pair: (not pair[0].asked, -pair[1], pair[0].name.id))
    return found, due


def _missing_of(definition: Row, lacking: Sequence[str], regions: int, asked: bool) -> Missing:
    named, more = ", ".join(lacking[:_MOST_NAMES]), len(lacking) - _MOST_NAMES
    return Missing(
        indicator_id=str(definition["id"]),
        name=Text(str(definition["name_id"]), str(definition["name_en"])),
        without=Text(f"{len(lacking)} dari {regions} daerah", f"{len(lacking)} of {regions} regions"),
        regions=Text(f"{named} dan {more} lainnya", f"{named} and {more} more") if more > 0 else Text(named, named),
        asked=asked,
    )


def _findings(content: Content, name: str, sources: set[str]) -> tuple[list[FindingLine], int]:
    """What was found in the agency's figures, or in its sources where nobody is named; the surest first.

    Of very many the first are told, and how many there are.
    """
    own = content.where(content.findings, owner=name)
    own += [row for row in content.unowned if row["source_id"] in sources]
    order = list(SEVERITIES)
    own.sort(key=lambda row: (order.index(row["severity"]), str(row["rule"]), str(row["finding_id"])))
    lines = [
        FindingLine(
            id=str(row["finding_id"]),
            severity=SEVERITIES[str(row["severity"])],
            kind=str(row["severity"]),
            rule=FINDINGS.get(str(row["rule"]), Text(str(row["rule"]), str(row["rule"]))),
            about=example(content, row) if row["subject"] is not None else _hidden(row),
            source=str(row["source_id"]),
            since=day(row["since"]) if row["since"] is not None else None,
        )
        for row in own[:MOST]
    ]
    return lines, len(own)


def _hidden(row: Row) -> Text:
    """Of what somebody typed and nobody vetted, the column alone."""
    field = str(row["field"] or "")
    return Text(f"kolom {field} (isinya tidak ditampilkan)", f"column {field} (its content is not shown)")


def tasks(content: Content, owner: str | None = None, of: tuple[str, str] | None = None) -> list[Task]:
    """Follow-ups of an agency, or of a stage of an instrument: those at work first, the most urgent of them first."""
    names = content.region_names
    own = [
        one
        for one in content.meta.follow_ups
        if (owner is None or one.owner == owner) and (of is None or (one.instrument, one.stage) == of)
    ]
    order = list(PRIORITIES)
    own.sort(key=lambda one: (one.state in _CLOSED, order.index(one.priority), one.due or "9", one.id))
    return [
        Task(
            id=one.id,
            stage=f"{one.instrument} {one.year}, {one.stage}",
            instrument_id=one.instrument,
            stage_number=one.stage,
            owner=one.owner,
            owner_name=agency_name(one.owner) if one.owner else "",
            region=names.get(one.region_code, one.region_code),
            text=Text(one.text_id, one.text_en),
            priority=PRIORITIES[one.priority],
            due=date_text(date.fromisoformat(one.due)) if one.due else None,
            state=task_mark(one.state),
            open=one.state not in _CLOSED,
        )
        for one in own
    ]
