"""The bands of the rubric as a reader sees them: every edge belongs to one band, and it is the one that scored it."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import product
from typing import Any

import pytest

from definitions.tables import definition_tables
from ledger.project import pillar_ids
from publication.content import Content
from publication.page.charts import band_scale
from publication.page.indicators import band_text
from publication.page.questions import asked
from publication.page.words import Text
from tests.publication.sample_warehouse import REGIONS

HOLDS: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "≥": lambda value, edge: value >= edge,
    ">": lambda value, edge: value > edge,
    "≤": lambda value, edge: value <= edge,
    "<": lambda value, edge: value < edge,
}
STEP = Decimal("0.0001")


def defined() -> Mapping[str, list[dict[str, Any]]]:
    """The bands of each question of the ministry's evaluation, as the rubric has them; the page shows no others."""
    tables = definition_tables()
    shown = {row["question_key"] for row in tables["questions"] if str(row["instrument_id"]).startswith("smart-city")}
    found: dict[str, list[dict[str, Any]]] = {}
    for row in (row for row in tables["bands"] if row["question_key"] in shown):
        band: dict[str, Any] = {"score": Decimal(str(row["score"]))}
        for name in ("lower", "upper"):
            band[name] = None if row[name] is None else Decimal(str(row[name]))
            band[f"{name}_inclusive"] = row[f"{name}_inclusive"]
        found.setdefault(f"{row['rubric_version']} {row['question_key']}", []).append(band)
    return found


RUBRIC = defined()


def says(text: str, value: Decimal, *, indonesian: bool) -> bool:
    """Whether a value lies in a band, by what is printed of it."""
    parts = re.findall(r"([≥>≤<]) (−?[\d.,]+)%?", text)
    assert parts
    for sign, number in parts:
        plain = number.replace(".", "").replace(",", ".") if indonesian else number.replace(",", "")
        if not HOLDS[sign](value, Decimal(plain.replace("−", "-"))):
            return False
    return True


def lies_in(text: Text, value: Decimal) -> bool:
    found = {says(text.id, value, indonesian=True), says(text.en, value, indonesian=False)}
    assert len(found) == 1, f"the languages disagree: {text}"
    return found.pop()


def by_rubric(band: Mapping[str, Any], value: Decimal) -> bool:
    """Whether a value lies in a band, by the rubric's own columns."""
    lower, upper = band["lower"], band["upper"]
    above = lower is None or value > lower or (value == lower and band["lower_inclusive"])
    below = upper is None or value < upper or (value == upper and band["upper_inclusive"])
    return above and below


def edges(bands: Sequence[Mapping[str, Any]]) -> Iterator[Decimal]:
    """Every edge of a question's bands, and the values on either side of it."""
    for edge in sorted({band[name] for band in bands for name in ("lower", "upper") if band[name] is not None}):
        yield from (edge - STEP, edge, edge + STEP)


@pytest.mark.parametrize(
    ("lower", "upper", "inclusive", "printed"),
    [
        (None, "75", (False, False), "< 75"),
        (None, "75", (False, True), "≤ 75"),
        ("75", None, (True, False), "≥ 75"),
        ("75", None, (False, False), "> 75"),
        ("75", "85", (True, False), "≥ 75 – < 85"),
        ("75", "85", (False, True), "> 75 – ≤ 85"),
        ("75", "85", (True, True), "≥ 75 – ≤ 85"),
        ("75", "85", (False, False), "> 75 – < 85"),
        ("0", "0.5", (True, False), "≥ 0 – < 0.5"),
        ("-2", "0", (False, True), "> −2 – ≤ 0"),
    ],
)
def test_a_band_is_printed_with_the_signs_of_its_own_edges(
    lower: str | None, upper: str | None, inclusive: tuple[bool, bool], printed: str
) -> None:
    band = {
        "lower": None if lower is None else Decimal(lower),
        "upper": None if upper is None else Decimal(upper),
        "lower_inclusive": inclusive[0],
        "upper_inclusive": inclusive[1],
    }
    assert band_text(band, "proyek").en == printed
    assert band_text(band, "proyek").id == printed.replace("0.5", "0,5")
    assert band_text(band, "%").en == re.sub(r"(\d)(?= |$)", r"\1%", printed)


@pytest.mark.parametrize("question", list(RUBRIC))
def test_every_edge_of_the_rubric_is_printed_in_one_band_and_in_the_right_one(question: str) -> None:
    """In either direction: more is better for some questions, less for others."""
    bands = RUBRIC[question]
    for value in edges(bands):
        printed = [band["score"] for band in bands if lies_in(band_text(band, "%"), value)]
        assert printed == [band["score"] for band in bands if by_rubric(band, value)]
        assert len(printed) == 1


def test_the_rubric_has_questions_of_both_directions_and_both_kinds_of_edges() -> None:
    """What is tried above is only worth something while both kinds are there."""
    ordered = [sorted(bands, key=lambda band: (band["lower"] is not None, band["lower"])) for bands in RUBRIC.values()]
    rising = {[band["score"] for band in bands] == sorted(band["score"] for band in bands) for bands in ordered}
    kinds = {(band["lower_inclusive"], band["upper_inclusive"]) for bands in RUBRIC.values() for band in bands}
    assert rising == {True, False}
    assert {(True, False), (False, True)} <= kinds


def test_the_band_beside_a_question_holds_its_value_and_carries_its_score(content: Content) -> None:
    values = {(row["region_code"], row["question_text"]): row for row in content.question_scores}
    scored = 0
    for code, pillar in product(REGIONS, pillar_ids()):
        for view in asked(content, code, pillar).answered:
            row = values[code, view.text.id]
            assert (view.band is not None) == (row["score"] is not None)
            if view.band is not None:
                bands = content.bands_of(row["question_key"], row["rubric_version"])
                assert [band["score"] for band in bands if lies_in(band_text(band, row["unit"]), row["value"])] == [
                    row["score"]
                ]
                assert lies_in(view.band, row["value"])
                scored += 1
    assert scored > 20


@pytest.mark.parametrize("question", list(RUBRIC))
def test_a_value_is_drawn_within_the_segment_of_its_band(question: str) -> None:
    bands = RUBRIC[question]
    for value in edges(bands):
        scale = band_scale(bands, value)
        assert scale is not None
        [score] = [band["score"] for band in bands if by_rubric(band, value)]
        [segment] = [segment for segment in scale.segments if segment.score == score]
        assert segment.x - 0.01 <= scale.at <= segment.x + segment.width + 0.02
        assert sum(segment.width for segment in scale.segments) == pytest.approx(100, abs=0.05)
