"""What the page shows, ready to be written down: text in both languages, places on scales, links."""

from collections.abc import Sequence
from dataclasses import dataclass

from publication.page.charts import Scale
from publication.page.states import Mark
from publication.page.words import Text


@dataclass(frozen=True, slots=True)
class Indicator:
    """One row of a pillar's table: the latest period, with the earlier ones behind it."""

    id: str
    name: Text
    definition: Text
    direction: Text | None
    value: Text
    parts: Text | None
    period: Text
    state: Mark
    marks: Sequence[Mark]
    published: Text | None
    source: Text
    source_ids: str
    scale: Scale | None
    score: Text | None
    older: Text | None
    answers: bool
    nowhere: bool
    spark: str
    history: Sequence[tuple[Text, Text, Mark | None]]


@dataclass(frozen=True, slots=True)
class Question:
    """One scored question of the instrument."""

    code: str
    text: Text
    indicator: Text
    value: Text
    period: Text
    band: Text | None
    score: Text
    origin: Mark | None
    proxy: bool
    proxy_note: Text | None
    evidence: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question of the instrument without a score: who owes the answer, and why there is none if that is known."""

    code: str
    text: Text
    owner: Text
    state: Mark | None
    older: Text | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What an instrument asks, in a pillar or outside all of them: with a score, and without."""

    answered: Sequence[Question]
    unanswered: Sequence[Unanswered]

    @property
    def total(self) -> int:
        """How many questions there are."""
        return len(self.answered) + len(self.unanswered)


@dataclass(frozen=True, slots=True)
class Result:
    """One party's result in an instrument: its index and parts, and what it still waits for."""

    instrument: Text
    year: str
    by: Text
    value: Text
    predicate: Text | None
    state: Mark | None
    origin: Mark | None
    answered: int
    total: int
    taken_over: int
    waiting: int
    waiting_for: Sequence[str]
    waiting_counts: Text | None
    parts: Sequence[tuple[int, Text, Text]]
    refused: Sequence[tuple[str, Text]]


@dataclass(frozen=True, slots=True)
class Pillar:
    """A pillar of one region."""

    id: str
    anchor: str
    name: Text
    short: str
    score: Text
    share: float | None
    scored: int
    total: int
    state: Mark
    origin: Mark | None
    version: str
    since: Text
    reason: str
    indicators: Sequence[Indicator]
    asked: Asked
    missing: int

    @property
    def leading(self) -> Sequence[Indicator]:
        """The indicators that answer a question and that some region has a value of."""
        return [item for item in self.indicators if item.answers and not item.nowhere]

    @property
    def others(self) -> Sequence[Indicator]:
        """Those beside them that say something of this region."""
        return [item for item in self.indicators if item not in self.leading and item.state.kind != "missing"]

    @property
    def without(self) -> Sequence[Indicator]:
        """Those beside them that nobody delivered."""
        return [item for item in self.indicators if item not in self.leading and item.state.kind == "missing"]


@dataclass(frozen=True, slots=True)
class DataYears:
    """The years that the scored questions' values are about, in short and with the questions of each."""

    short: Text
    counted: Text


@dataclass(frozen=True, slots=True)
class Improved:
    """What an improvement is counted from: the previous result as it was given, and as the rule sums it again."""

    year: int
    given: Text
    resummed: Text | None


@dataclass(frozen=True, slots=True)
class Index:
    """An index of one region under one rule set and basis."""

    value: Text
    share: float | None
    published: Text | None
    published_by: str
    agrees: bool
    why_missing: Text | None
    rule_set: Text
    year: int
    improvement: Text | None
    improved_from: Improved | None
    origin: Mark | None
    evidence: str
    data_years: DataYears | None


@dataclass(frozen=True, slots=True)
class Dimension:
    """One dimension: its weight, what assessors gave, and what was computed."""

    name: Text
    weight: Text
    reported: Text
    reported_share: float | None
    computed: Text
    computed_share: float | None
    from_indicators: bool
    scored: int | None
    total: int | None
    applies: bool
    reported_origin: Mark | None
    computed_origin: Mark | None


@dataclass(frozen=True, slots=True)
class Region:
    """One region's part of the page."""

    code: str
    bps_code: str
    anchor: str
    name: str
    province: str
    document: str
    reported: Index | None
    computed: Index | None
    dimensions: Sequence[Dimension]
    pillars: Sequence[Pillar]
    outside: Asked
    results: Sequence[Result]

    @property
    def answered(self) -> int:
        """How many of the instrument's questions have a score."""
        return len(self.outside.answered) + sum(len(pillar.asked.answered) for pillar in self.pillars)

    @property
    def total(self) -> int:
        """How many questions the instrument asks."""
        return self.outside.total + sum(pillar.asked.total for pillar in self.pillars)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One batch of a source."""

    coverage: str
    state: Mark
    maturity: Mark | None
    received: Text
    landed: Text
    quarantined: Text
    receipt: str
    fetched: Text
    note: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why rows were quarantined: the rule they broke, on which field, and how many did."""

    rule: str
    field: str
    rows: Text


@dataclass(frozen=True, slots=True)
class Source:
    """How one source's data arrived: its batches in force together, and each batch."""

    id: str
    opd: str
    system: str
    state: Mark
    received: Text
    landed: Text
    quarantined: Text
    quarantined_share: Text
    receipt: str
    fetched: Text
    synthetic: bool
    reasons: Sequence[Reason]
    caveats: Sequence[Text]
    deliveries: Sequence[Delivery]


@dataclass(frozen=True, slots=True)
class Finding:
    """Findings of one kind in one source, with the first few of them. ``since``: the day of the oldest."""

    rule: Text
    severity: Text
    source_id: str
    owners: str
    since: Text | None
    count: Text
    examples: Sequence[Text]


@dataclass(frozen=True, slots=True)
class GateNote:
    """A rule that was not met."""

    name: str
    message: str
    warning: bool
    count: Text


@dataclass(frozen=True, slots=True)
class GateView:
    """A gate's answer."""

    name: Text
    state: Mark
    checks: int
    notes: Sequence[GateNote]
    carried_from: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """Everything on the page."""

    publication_id: str
    evaluation_id: str
    created: Text
    regions: Sequence[Region]
    sources: Sequence[Source]
    gates: Sequence[GateView]
    findings: Sequence[Finding]
    pillars: Sequence[Text]
    rubric: Text
    rubric_assumed: bool
    any_synthetic: bool
    licence: str | None
    files: Sequence[tuple[str, Text]]
    folders: Sequence[tuple[Sequence[str], Text]]
