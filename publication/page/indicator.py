"""One indicator across regions and years: a table, the lines on a common scale with target and bands, and a CSV."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from ledger.names import agency_name
from ledger.project import mart_of
from ledger.sql import literal
from publication.content import Content, Row
from publication.page.evidence import RUBRICS, Band
from publication.page.frame import Material, Page
from publication.page.indicators import DIRECTIONS, band_text, mark_of, simulated, target
from publication.page.plot import Plot, Stripe, plot
from publication.page.states import Mark, state_mark
from publication.page.words import Text, amount, number, period, source
from publication.paths import COMPARISON, agency_page, evidence_page, indicator_page, question_anchor, region_page

_TABLE = """(SELECT r.region_name AS region, r.bps_code, m.indicator_id, m.period, m.value, m.unit, m.state, m.synthetic
FROM publication.pillars.{mart} AS m INNER JOIN publication.reference.regions AS r USING (region_code)
WHERE m.indicator_id = {name} ORDER BY r.region_code, m.period)"""
"""The figures of an indicator's page as a relation."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure of one region and period. ``order`` is what a script sorts by; empty where there is no value."""

    value: Text
    state: Mark | None
    order: str


@dataclass(frozen=True, slots=True)
class Line:
    """One region's figures, in the order of the periods, with its score and where that is explained."""

    number: int
    region: str
    page: str
    cells: Sequence[Cell]
    marks: Sequence[Mark]
    score: Text
    score_order: str
    evidence: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Rubric:
    """The bands of one question that the indicator answers."""

    code: str
    question: Text
    bands: Sequence[Band]
    status: Text
    version: str


@dataclass(frozen=True, slots=True)
class Indicator:
    """One page of an indicator."""

    name: Text
    definition: Text
    direction: Text | None
    unit: str
    pillar: Text
    owner: str
    agency: tuple[str, Text] | None
    source: Text
    citation: str
    bounds: Text | None
    periods: Sequence[Text]
    lines: Sequence[Line]
    rubrics: Sequence[Rubric]
    plot: Plot | None
    target: Text | None
    csv: str
    known: int

    @property
    def total(self) -> int:
        """How many regions there are."""
        return len(self.lines)


def pages(material: Material) -> Iterator[Page]:
    """A page for each indicator."""
    content = material.content
    rows = {pillar: content.digests_of(mart, "indicator_id") for pillar, mart in content.marts.items()}
    scores = content.digests_of(content.question_scores, "indicator_id")
    for name, definition in content.indicators.items():
        yield Page(
            path=indicator_page(name),
            template="indicator.html.j2",
            title=Text(str(definition["name_id"]), str(definition["name_en"])),
            view=partial(_view, content, definition),
            reads=[rows.get(str(definition["pillar"]), {}).get(name), scores.get(name)],
            trail=[(COMPARISON, Text("Semua daerah", "All regions"))],
            table=(csv_path(name), _TABLE.format(mart=mart_of(str(definition["pillar"])), name=literal(name))),
        )


def _view(content: Content, definition: Row) -> Indicator:
    scores = content.where(content.question_scores, indicator_id=str(definition["id"]))
    by_region = {str(row["region_code"]): row for row in scores}
    return indicator(content, definition, _figures(content, definition), by_region)


def _figures(content: Content, definition: Row) -> list[Row]:
    """The figures of an indicator, by region and period."""
    told = ("region_code", "period", "value", "state", "synthetic")
    rows = content.where(content.marts.get(str(definition["pillar"]), ()), *told, indicator_id=str(definition["id"]))
    return sorted(rows, key=lambda row: (str(row["region_code"]), str(row["period"])))


def csv_path(indicator_id: str) -> str:
    """Where the figures of an indicator's page stand as CSV."""
    return indicator_page(indicator_id).removesuffix(".html") + ".csv"


def indicator(content: Content, definition: Row, rows: Sequence[Row], scores: Mapping[str, Row]) -> Indicator:
    """What the page of an indicator says. ``rows`` are its figures, ``scores`` what it scores, by region."""
    name, unit = str(definition["id"]), str(definition["unit"])
    valued = [row for row in rows if row["value"] is not None]
    periods = sorted({str(row["period"]) for row in valued}) or sorted({str(row["period"]) for row in rows})
    by_region: dict[str, dict[str, Row]] = {}
    for row in rows:
        by_region.setdefault(str(row["region_code"]), {})[str(row["period"])] = row
    lines = [
        _line(
            nth,
            region,
            scores.get(str(region["region_code"])),
            by_region.get(str(region["region_code"]), {}),
            [_cell(content, by_region.get(str(region["region_code"]), {}).get(one), definition) for one in periods],
        )
        for nth, region in enumerate(content.regions, start=1)
    ]
    rubrics = _rubrics(content, definition, scores)
    bands = _bands(content, scores)
    best = target(bands, str(definition["direction"]))
    owner = str(definition["owner"] or "")
    return Indicator(
        name=Text(str(definition["name_id"]), str(definition["name_en"])),
        definition=Text(
            str(definition.get("definition_id") or definition["definition"]), str(definition["definition"])
        ),
        direction=DIRECTIONS.get(str(definition["direction"])),
        unit=unit,
        pillar=_pillar(content, definition),
        owner=agency_name(owner) if owner else "",
        agency=(agency_page(owner), Text(agency_name(owner), agency_name(owner))) if owner else None,
        source=source(str(definition["source_text"])),
        citation=str(definition["citation"] or ""),
        bounds=_bounds(definition, unit),
        periods=[period(one) for one in periods],
        lines=lines,
        rubrics=rubrics,
        plot=plot(
            [_points(region, by_region.get(str(region["region_code"]), {})) for region in content.regions],
            [Stripe(band["lower"], band["upper"], int(band["score"])) for band in bands],
            best,
            lambda value: amount(value, unit, None),
        ),
        target=_reached(bands, best, unit) if best is not None else None,
        csv=csv_path(name),
        known=sum(any(cell.order for cell in line.cells) for line in lines),
    )


def _pillar(content: Content, definition: Row) -> Text:
    found = next(row for row in content.pillars if row["id"] == definition["pillar"])
    return Text(str(found["name_id"]), str(found["name_en"]))


def _line(nth: int, region: Row, score: Row | None, own: Mapping[str, Row], cells: Sequence[Cell]) -> Line:
    code = str(region["region_code"])
    scored = score if score is not None and score["score"] is not None else None
    made = next((mark for row in own.values() if (mark := simulated(row, "value")) is not None), None)
    return Line(
        number=nth,
        region=str(region["region_name"]),
        page=region_page(code),
        cells=cells,
        marks=[made] if made is not None else [],
        score=number(scored["score"] if scored is not None else None),
        score_order=str(scored["score"]) if scored is not None else "",
        evidence=(evidence_page(code, scored["pillar"]), question_anchor(scored["question_key"]))
        if scored is not None
        else None,
    )


def _cell(content: Content, row: Row | None, definition: Row) -> Cell:
    if row is None:
        return Cell(amount(None, "", None), state_mark("missing"), "")
    value = row["value"]
    if value is None:
        return Cell(amount(None, "", None), mark_of(content, str(row["state"]), str(definition["id"])), "")
    return Cell(amount(value, str(definition["unit"]), int(definition["dp"])), None, str(value))


def _rubrics(content: Content, definition: Row, scores: Mapping[str, Row]) -> list[Rubric]:
    """The bands of the questions that are scored by it, each once."""
    found = {(str(row["question_key"]), str(row["rubric_version"])): row for row in scores.values()}
    rubrics = []
    for (key, version), row in sorted(found.items()):
        question: Row = content.questions.get(key, {})
        text = str(row["question_text"])
        rubrics.append(
            Rubric(
                code=str(question.get("printed_code", key)),
                question=Text(text, str(question.get("question_text_en") or text)),
                bands=[
                    Band(band_text(band, str(definition["unit"])), number(band["score"]), own=False)
                    for band in content.bands_of(key, version)
                ],
                status=RUBRICS["official" if row["rubric_status"] == "official" else "assumed"],
                version=version,
            )
        )
    return rubrics


def _bands(content: Content, scores: Mapping[str, Row]) -> list[Row]:
    """The bands that are drawn: those of the one question that the indicator scores."""
    found = {(str(row["question_key"]), str(row["rubric_version"])) for row in scores.values()}
    return content.bands_of(*next(iter(found))) if len(found) == 1 else []


def _reached(bands: Sequence[Row], target: Decimal, unit: str) -> Text:
    """From where on the highest score is given, in the words of its band."""
    best = max(bands, key=lambda band: Decimal(band["score"]))
    edge = "lower" if best["lower"] == target else "upper"
    other = "upper" if edge == "lower" else "lower"
    return band_text({**best, other: None}, unit)


def _bounds(definition: Row, unit: str) -> Text | None:
    low, high = definition["minimum"], definition["maximum"]
    if low is None or high is None:
        return None
    one, two = amount(low, unit, None), amount(high, unit, None)
    return Text(f"{one.id} sampai {two.id}", f"{one.en} to {two.en}")


def _points(region: Row, own: Mapping[str, Row]) -> tuple[str, Sequence[tuple[str, Decimal]]]:
    """A region's values by period."""
    return str(region["region_name"]), [
        (one, row["value"]) for one, row in sorted(own.items()) if row["value"] is not None
    ]
