"""What the pages show, ready to be written down: text in both languages, places on scales, links."""

from collections.abc import Sequence
from dataclasses import dataclass

from publication.page.charts import Line, Scale
from publication.page.states import Mark
from publication.page.words import Text


@dataclass(frozen=True, slots=True)
class Indicator:
    """One row of a pillar's table: the latest period, with the earlier ones behind it."""

    id: str
    page: str
    name: Text
    value: Text
    parts: Text | None
    period: Text
    state: Mark
    marks: Sequence[Mark]
    published: Text | None
    source: Text
    scale: Scale | None
    score: Text | None
    older: Text | None
    answers: bool
    nowhere: bool
    chart: Line | None


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
    page: str
    anchor: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question of the instrument without a score: who owes the answer, and why there is none."""

    code: str
    text: Text
    owner: Text
    state: Mark | None
    why: Text


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
class Step:
    """One way up: from which score to which, by what, and what of it is simulated."""

    code: str
    name: Text
    score: Text
    next_score: Text
    needed: Text | None
    lacking: Text | None
    count: Text | None
    owner: str
    owner_page: str
    effects: Sequence[Text]
    evidence: str
    anchor: str
    synthetic: bool


@dataclass(frozen=True, slots=True)
class Change:
    """What moved: from what, to what, and whether up or down. ``note``: what else must be known of it."""

    name: Text
    before: Text
    after: Text
    mark: Mark | None
    note: Text | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """Everything that moved since a publication, named by its time; ``since`` is None where there was none before."""

    since: Text | None
    scores: Sequence[Change] = ()
    questions: Sequence[Change] = ()


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing to look at: what it is, of whom, since when, and the page of the agency."""

    mark: Mark
    about: Text
    since: Text | None
    owner: str
    owner_page: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """Findings of one kind about the region. ``shown`` are the first of them, ``more`` how many there are beside."""

    rule: Text
    severity: Text
    owners: Sequence[tuple[str, str]]
    count: int
    shown: Sequence[Text]
    more: int


@dataclass(frozen=True, slots=True)
class Attention:
    """Everything of a region that is late, held or found."""

    held: Sequence[Matter]
    late: Sequence[Matter]
    found: Sequence[Found]

    @property
    def findings(self) -> int:
        """How many findings there are."""
        return sum(item.count for item in self.found)

    @property
    def quiet(self) -> bool:
        """Whether there is nothing to look at."""
        return not (self.held or self.late or self.found)


@dataclass(frozen=True, slots=True)
class Pillar:
    """A pillar of one region. ``coverage``: the percent of its questions with a score; ``at``: its score's place."""

    id: str
    anchor: str
    name: Text
    score: Text
    at: float | None
    scored: int
    total: int
    coverage: int
    few: bool
    state: Mark
    origin: Mark | None
    version: str
    reason: str
    indicators: Sequence[Indicator]
    asked: Asked
    missing: int
    steps: Sequence[Step]

    @property
    def leading(self) -> Sequence[Indicator]:
        """The indicators that answer a question and that some region has a value of."""
        return [item for item in self.indicators if item.answers and not item.nowhere]

    @property
    def others(self) -> Sequence[Indicator]:
        """Those beside them that say something of this region."""
        return [item for item in self.indicators if item not in self.leading and item.state.kind != "missing"]

    @property
    def charts(self) -> Sequence[Indicator]:
        """Those that answer a question and have a history to draw."""
        return [item for item in self.leading if item.chart is not None]

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
class Rank:
    """A place among the regions of a cohort: the place itself, and between which it surely lies."""

    place: int
    of: int
    best: int
    worst: int


@dataclass(frozen=True, slots=True)
class Index:
    """An index of one region under one rule set and basis; ``at`` is its place on the scale."""

    value: Text
    at: float | None
    published: Text | None
    published_by: str
    agrees: bool
    why_missing: Text | None
    rule_set: Text
    year: int
    improvement: Text | None
    improved_from: Improved | None
    origin: Mark | None
    data_years: DataYears | None
    rank: Rank | None


@dataclass(frozen=True, slots=True)
class Dimension:
    """One dimension: its weight, what assessors gave, and what was computed."""

    name: Text
    weight: Text
    reported: Text
    reported_at: float | None
    computed: Text
    computed_at: float | None
    from_indicators: bool
    scored: int | None
    total: int | None
    applies: bool
    reported_origin: Mark | None
    computed_origin: Mark | None


@dataclass(frozen=True, slots=True)
class Region:
    """Everything on a region's page."""

    code: str
    bps_code: str
    name: str
    province: str
    document: str
    explanations: str
    reported: Index | None
    computed: Index | None
    dimensions: Sequence[Dimension]
    pillars: Sequence[Pillar]
    outside: Asked
    outside_steps: Sequence[Step]
    results: Sequence[Result]
    changes: Changes
    attention: Attention

    @property
    def answered(self) -> int:
        """How many of the instrument's questions have a score."""
        return len(self.outside.answered) + sum(len(pillar.asked.answered) for pillar in self.pillars)

    @property
    def total(self) -> int:
        """How many questions the instrument asks."""
        return self.outside.total + sum(pillar.asked.total for pillar in self.pillars)


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
