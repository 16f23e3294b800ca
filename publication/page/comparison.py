"""The first page: the regions of each cohort beside each other, and how their scores are spread."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from publication.content import Content, Row
from publication.page.changes import BASES
from publication.page.charts import INDEX_SCALE, SCORE_SCALE, Dot, strip
from publication.page.frame import Material, Page
from publication.page.indicators import simulated
from publication.page.model import Rank
from publication.page.region import FEW, data_years, index_origin, rank
from publication.page.states import HELD, Mark, state_mark
from publication.page.words import Text, named, number
from publication.paths import COMPARISON, region_page


@dataclass(frozen=True, slots=True)
class Value:
    """An index of a region: what a reader must not miss of it, its rank, and the years of its data."""

    text: Text
    marks: Sequence[Mark] = ()
    rank: Rank | None = None
    years: Text | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """A pillar's score with its coverage."""

    text: Text
    scored: int
    total: int
    few: bool
    marks: Sequence[Mark]


@dataclass(frozen=True, slots=True)
class Line:
    """A region in the table."""

    name: str
    page: str
    reported: Value | None
    computed: Value | None
    pillars: Sequence[Score]


@dataclass(frozen=True, slots=True)
class Spread:
    """How the values of a cohort lie on one scale. ``levels`` is the height of the tallest column of dots."""

    name: Text
    low: int
    high: int
    dots: Sequence[Dot]
    levels: int
    median: Text
    least: Text
    most: Text


@dataclass(frozen=True, slots=True)
class Cohort:
    """Regions under the same rules."""

    name: Text
    anchor: str
    lines: Sequence[Line]
    spreads: Sequence[Spread]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything on the first page; ``only`` is the page of the one region where there is but one."""

    cohorts: Sequence[Cohort]
    pillars: Sequence[Text]
    only: str | None
    simulated: bool


def pages(material: Material) -> Iterator[Page]:
    """The first page; where there is one region alone, it leads there and is no place of its own."""
    content = material.content
    several = len(content.regions) > 1
    yield Page(
        COMPARISON,
        "comparison.html.j2",
        Text("Evaluasi Kota Cerdas", "Smart-City Evaluation"),
        lambda: comparison(content),
        nav=Text("Perbandingan", "Comparison") if several else None,
    )


def comparison(content: Content) -> Comparison:
    """The regions by cohort; those without an index last."""
    methods = {str(row["rule_set_id"]): row for row in content.rule_set_methods}
    newest = {str(region["region_code"]): "" for region in content.regions}
    for row in sorted(content.index_scores, key=lambda row: _year(methods, row["rule_set_id"])):
        if str(row["region_code"]) in newest:
            newest[str(row["region_code"])] = str(row["rule_set_id"])
    found = sorted({name for name in newest.values() if name}, key=lambda name: (-_year(methods, name), name))
    figures = _Figures(content)
    cohorts = [
        _cohort(
            figures, f"kelompok-{position}", methods.get(name), name, [code for code in newest if newest[code] == name]
        )
        for position, name in enumerate([*found, *([""] if "" in newest.values() else [])], start=1)
    ]
    only = region_page(content.regions[0]["region_code"]) if len(content.regions) == 1 else None
    made_up = any(row["synthetic"] for row in content.index_scores)
    return Comparison(cohorts, [named(pillar) for pillar in content.pillars], only, made_up)


class _Figures:
    """The figures of each region by its code."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self.names = content.region_names
        self.pillars = [str(row["id"]) for row in content.pillars]
        self._indices = {
            (str(row["region_code"]), str(row["rule_set_id"]), str(row["basis"])): row for row in content.index_scores
        }
        # In the order of regions: neighbours are read together.
        self._values = {key: _value(content, row) for key, row in sorted(self._indices.items())}
        self._scores = {(str(row["region_code"]), str(row["pillar"])): row for row in content.pillar_scores}

    def index(self, code: str, rule_set: str, basis: str) -> Row | None:
        return self._indices.get((code, rule_set, basis))

    def value(self, code: str, rule_set: str, basis: str) -> Value | None:
        return self._values.get((code, rule_set, basis))

    def score(self, code: str, pillar: str) -> Row | None:
        return self._scores.get((code, pillar))

    def leading(self, code: str, rule_set: str) -> Decimal:
        """By which regions are ordered: the assessors' index, else the estimate; those without one come last."""
        row = self.index(code, rule_set, "reported") or self.index(code, rule_set, "computed")
        return Decimal(-1) if row is None or row["index_value"] is None else Decimal(row["index_value"])


def _year(methods: Mapping[str, Row], rule_set: object) -> int:
    method = methods.get(str(rule_set))
    return int(method["year"]) if method is not None else 0


def _cohort(figures: _Figures, anchor: str, method: Row | None, rule_set: str, codes: Sequence[str]) -> Cohort:
    ordered = sorted(codes, key=lambda code: (-figures.leading(code, rule_set), figures.names[code]))
    bases = [[figures.index(code, rule_set, basis) for code in ordered] for basis in BASES]
    given = [
        (name, INDEX_SCALE, _values(rows, "index_value")) for name, rows in zip(BASES.values(), bases, strict=True)
    ]
    for pillar in figures.content.pillars:
        rows = [figures.score(code, str(pillar["id"])) for code in ordered]
        given.append((named(pillar), SCORE_SCALE, _values(rows, "score")))
    lines = [
        Line(
            figures.names[code],
            region_page(code),
            figures.value(code, rule_set, "reported"),
            figures.value(code, rule_set, "computed"),
            [_score(figures.score(code, pillar)) for pillar in figures.pillars],
        )
        for code in ordered
    ]
    name = named(method) if method is not None else Text("Belum ada indeks", "Without an index")
    return Cohort(name, anchor, lines, [spread(*one) for one in given if len(one[2]) > 1])


def _values(rows: Sequence[Row | None], column: str) -> list[Decimal]:
    return [Decimal(row[column]) for row in rows if row is not None and row[column] is not None]


def _value(content: Content, row: Row) -> Value:
    mark = index_origin(row)
    years = data_years(content, row) if row["basis"] == "computed" else None
    return Value(
        number(row["index_value"], 2),
        [mark] if mark is not None else [],
        rank(content, row),
        years.short if years is not None else None,
    )


def _score(row: Row | None) -> Score:
    if row is None:
        return Score(number(None), 0, 0, few=False, marks=[state_mark("absent")])
    scored, total = int(row["questions_scored"]), int(row["questions_total"])
    marks = [HELD] if row["held_since"] is not None else []
    if row["state"] != "measured":
        marks.append(state_mark(str(row["state"])))
    mark = simulated(row, "score")
    return Score(
        number(row["score"], 2),
        scored,
        total,
        few=row["score"] is not None and scored < FEW * total,
        marks=[*marks, *([mark] if mark is not None else [])],
    )


def spread(name: Text, scale: tuple[Decimal, Decimal], values: Sequence[Decimal]) -> Spread:
    """How values lie on a scale, with the least, the middle and the most of them."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    median = ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
    dots = strip(values, scale)
    return Spread(
        name,
        int(scale[0]),
        int(scale[1]),
        dots,
        max(dot.level for dot in dots) + 1,
        number(median, 2),
        number(ordered[0], 2),
        number(ordered[-1], 2),
    )
