"""What is said beside a figure: where it agrees, what it is made from, how its data arrived; bounds on both sides."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from definitions.indicators import all_indicators
from expectations.scores import REASONS
from publication.content import Content
from publication.meta import Gate, GateCheck
from publication.page import indicators, region
from publication.page.agency import SourceCard, agency, known_values, source_cards
from publication.page.attention import attention
from publication.page.charts import INDEX_SCALE, SCORE_SCALE, axes_of, line, place, strip
from publication.page.indicators import _marks, _parts, threshold
from publication.page.model import Region
from publication.page.quality import _figure, example, gates, percent
from publication.page.states import CALIBRATED, DIFFERS, EQUAL, SYNTHETIC, Mark
from publication.page.words import (
    RANGES,
    UNITS_EN,
    YES_OR_NO,
    Text,
    amount,
    clock,
    day,
    listed,
    number,
    period,
    row_sum,
)

JANUARY = datetime(2025, 1, 14, 17, 0, tzinfo=UTC)
"""Midnight of 15 January in western Indonesia."""


# -- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        ("999999.99", "Rp999,999.99"),
        ("1000000", "Rp1.00 million"),
        ("999999999.99", "Rp1,000.00 million"),
        ("1000000000", "Rp1.00 billion"),
        ("1000000000000", "Rp1.00 trillion"),
        ("-1000000000000", "Rp−1.00 trillion"),
        ("-999999", "Rp−999,999"),
        ("0", "Rp0"),
    ],
)
def test_money_is_told_in_its_largest_unit(value: str, printed: str) -> None:
    assert amount(Decimal(value), "rupiah", 0).en == printed


@pytest.mark.parametrize(
    ("value", "places", "printed"),
    [
        ("0.005", 2, "0.01"),
        ("-0.005", 2, "−0.01"),
        ("0.0049", 2, "0.00"),
        ("2.345", 2, "2.35"),
        ("999.995", 2, "1,000.00"),
    ],
)
def test_half_goes_away_from_zero(value: str, places: int, printed: str) -> None:
    assert number(Decimal(value), places).en == printed


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        ("2024-01", "January 2024"),
        ("2024-12", "December 2024"),
        ("2024-13", "2024-13"),
        ("2024-00", "2024-00"),
        ("2024", "2024"),
        ("2024-x", "2024-x"),
    ],
)
def test_a_month_has_a_name_and_anything_else_stays_as_it_is(value: str, printed: str) -> None:
    assert period(value).en == printed


def test_a_day_begins_at_midnight_in_western_indonesia() -> None:
    assert day(JANUARY).id == "15 Januari 2025"
    assert day(JANUARY - timedelta(seconds=1)).id == "14 Januari 2025"
    assert clock(JANUARY).id == "15 Januari 2025, 00.00 WIB"
    assert clock(JANUARY).en == "15 January 2025, 00:00 WIB (17:00 UTC)"


def test_a_list_is_read_like_a_sentence() -> None:
    items = [Text(letter, letter) for letter in "abc"]
    assert [listed(items[:count]).en for count in (1, 2, 3)] == ["a", "a and b", "a, b and c"]


def test_an_index_lies_on_a_scale_from_0_and_a_score_on_one_from_1() -> None:
    assert [place(Decimal(score), INDEX_SCALE) for score in (0, 1, 4)] == [0.0, 25.0, 100.0]
    assert [place(Decimal(score), SCORE_SCALE) for score in (1, 4)] == [0.0, 100.0]
    assert place(None, INDEX_SCALE) is None


def test_charts_of_a_unit_share_an_axis_that_holds_every_value() -> None:
    values = {
        "%": ["20", "61"],
        "% more": ["3"],
        "nilai 0-100": ["71.4"],
        "indeks 1-5": ["3.41"],
        "rapat": ["3", "12"],
        "poin": ["-3", "2"],
    }
    axes = axes_of({unit: [Decimal(value) for value in given] for unit, given in values.items()})
    assert axes["%"] == (0, 100)
    assert axes["nilai 0-100"] == (0, 100)
    assert axes["indeks 1-5"] == (1, 5)
    assert axes["rapat"] == (0, 12)
    assert axes["poin"] == (-3, 2)
    assert axes_of({"%": [Decimal(101)]})["%"] == (0, 120)
    assert axes_of({"rapat": [Decimal(0)]})["rapat"] == (0, 1)


def test_a_line_has_its_years_its_levels_and_its_target_on_the_common_axes() -> None:
    values = [("2022", Decimal(0)), ("2024", Decimal(100))]
    chart = line(values, (2020, 2024), (Decimal(0), Decimal(100)), Decimal(50), number)
    assert chart is not None
    assert [year for _, year in chart.years] == ["2020", "2022", "2024"]
    assert list(chart.dots) == [({year: x for x, year in chart.years}["2022"], 78.0), (222.0, 8.0)]
    assert [told.en for _, told in chart.levels] == ["0", "50", "100"]
    assert chart.target == 43.0
    assert line(values[:1], (2020, 2024), (Decimal(0), Decimal(100)), None, number) is None


def test_equal_values_of_regions_stand_on_each_other() -> None:
    dots = strip([Decimal(1), Decimal(4), Decimal(4)], SCORE_SCALE)
    assert [(dot.x, dot.level) for dot in dots] == [(0.0, 0), (100.0, 0), (100.0, 1)]


# -- marks ------------------------------------------------------------------------------------------------------------


def row(**change: Any) -> dict[str, Any]:
    given = {"value": Decimal("6.15"), "published_value": Decimal("6.15"), "synthetic": False, "state": "measured"}
    return {"numerator": Decimal(1), "denominator": Decimal(2), **given, **change}


@pytest.mark.parametrize(
    ("published", "agrees"),
    [("6.15", True), ("6.155", True), ("6.145", True), ("6.1551", False), ("6.1449", False), ("7", False)],
)
@pytest.mark.parametrize("synthetic", [False, True])
def test_a_figure_agrees_within_half_of_its_last_place(published: str, agrees: bool, synthetic: bool) -> None:
    marks = _marks(row(published_value=Decimal(published), synthetic=synthetic), 2)
    told = [EQUAL if agrees else DIFFERS]
    assert marks == ([CALIBRATED if agrees else SYNTHETIC] if synthetic else []) + told


def test_what_cannot_be_compared_has_no_mark_of_it() -> None:
    assert _marks(row(published_value=None), 2) == []
    assert _marks(row(value=None, state="missing"), 2) == []
    assert _marks(row(value=None, state="missing", synthetic=True), 2) == []
    assert _marks(row(value=None, state="suppressed", synthetic=True), 2) == [SYNTHETIC]


@pytest.mark.parametrize(
    ("numerator", "denominator", "value", "printed"),
    [
        (1, 2, "50", "1 of 2"),
        (2, 2, "100", "2 of 2"),
        (0, 2, "0", "0 of 2"),
        (3, 2, "150", "3 against 2"),
        (-1, 2, "-50", "−1 against 2"),
    ],
)
def test_a_part_of_a_whole_is_told_from_one_number_against_another(
    numerator: int, denominator: int, value: str, printed: str
) -> None:
    given = row(numerator=Decimal(numerator), denominator=Decimal(denominator), value=Decimal(value))
    definition = {"numerator": "children"}
    made = _parts(given, definition)
    assert made is not None
    assert made.en == printed
    simulated = _parts({**given, "synthetic": True}, definition)
    assert simulated is not None
    assert simulated.en == f"{printed} (simulated)"
    for name in ("numerator", "denominator", "value"):
        assert _parts({**given, name: None}, definition) is None


@pytest.mark.parametrize(
    ("value", "unit", "indonesian", "english"),
    [
        ("2", "skala 0-2", "2 (skala 0–2)", "2 (scale 0–2)"),
        ("71.4", "nilai 0-100", "71,4", "71.4"),
        ("1", "1 ya, 0 tidak", "ya", "yes"),
        ("0", "ada (1) atau tidak (0)", "tidak ada", "none"),
        ("2.4", "tahun", "2,4 tahun", "2.4 years"),
    ],
)
def test_what_a_number_is_of_is_said_as_people_say_it(value: str, unit: str, indonesian: str, english: str) -> None:
    assert amount(Decimal(value), unit, None) == Text(indonesian, english)


def test_every_unit_is_told_in_both_languages() -> None:
    units = {indicator.unit for _, indicator in all_indicators()} - {"%", "rupiah", *YES_OR_NO}
    assert {unit for unit in units if not unit.startswith(RANGES)} <= set(UNITS_EN)


def test_the_larger_of_two_thresholds_is_the_one_that_is_told(content: Content) -> None:
    two = [{"indicator_id": "x", "threshold": 5}, {"indicator_id": "x", "threshold": 10}]
    assert threshold(replace(content, suppression=two), "x") == 10
    assert threshold(replace(content, suppression=two), "y") is None


def test_why_a_question_has_no_score_where_only_older_data_are_there(content: Content) -> None:
    """Only a year before the one that is scored is older: the same year would have been scored."""
    indicator = next(iter(content.indicators.values()))
    pillar, key = str(indicator["pillar"]), str(indicator["id"])
    missing = {"indicator_id": key, "state": "missing", "period": None, "region_code": "64.02"}
    newest = {"indicator_id": key, "state": "measured", "period": "2024-08", "region_code": "35.07"}

    def older(*periods: str, **change: Any) -> Any:
        mart = [{"indicator_id": key, "region_code": "64.02", "period": at, "value": Decimal(7)} for at in periods]
        told = replace(content, marts={pillar: mart}, question_scores=[missing, newest])
        return indicators.older(told, {**missing, **change})

    assert older("2024") is None
    assert older("2024-01") is None
    found = older("2022", "2023-12")
    assert found is not None
    assert "scored for 2024" in found.en
    assert "December 2023" in found.en
    assert older("2023", state="measured") is None
    assert older() is None


# -- how the data arrived ---------------------------------------------------------------------------------------------


def with_batches(content: Content, *changes: dict[str, Any]) -> Content:
    """Batches of one source, the first the oldest."""
    [batch] = [one for one in content.meta.sources if one.source == "dlh_sipsn"]
    made = tuple(batch.model_copy(update={"batch_id": str(nth), **change}) for nth, change in enumerate(changes))
    return replace(content, meta=content.meta.model_copy(update={"sources": made}))


@pytest.mark.parametrize(
    ("refused", "received", "printed"),
    [(0, 10, "0%"), (0, 0, "0%"), (1, 1000, "0.1%"), (1, 1001, "< 0.1%"), (1, 10_000, "< 0.1%"), (10, 10, "100.0%")],
)
def test_p1_a_few_refused_rows_are_told_from_none(refused: int, received: int, printed: str) -> None:
    assert percent(refused, received).en == printed


def test_the_counts_of_a_source_are_of_what_is_in_force(content: Content) -> None:
    many = {"rows_received": 100, "rows_landed": 90, "rows_quarantined": 10, "synthetic": False}
    held = {"in_force": False, "status": "held", "rows_received": 5, "synthetic": True}
    source = card_of(with_batches(content, many, many, held))
    assert (source.received, source.landed, source.quarantined) == (200, 180, 20)
    assert source.state is not None
    assert (source.state.kind, source.synthetic) == ("batch-held", False)
    alone = card_of(with_batches(content, {**many, "in_force": False}, held))
    assert (alone.received, alone.synthetic) == (5, True)


def test_p6_no_total_tells_the_rows_that_a_batch_does_not(content: Content) -> None:
    quiet = {"rows_received": None, "rows_landed": None, "rows_quarantined": 3}
    source = card_of(with_batches(content, {"rows_received": 100, "rows_landed": 90, "rows_quarantined": 10}, quiet))
    assert (source.received, source.landed, source.quarantined) == (None, None, 13)
    assert row_sum(source.received, source.landed, source.quarantined).id == "disamarkan; 13 ditolak"


@pytest.mark.parametrize(
    ("stated", "quoted", "printed"),
    [
        ("123.11", False, "123,11"),
        ("35.1000", False, "35,1"),
        ("12311", False, "12311"),
        ("5.1", True, "5.1"),
        ("> 90%", False, "> 90%"),
    ],
)
def test_a_finding_writes_numbers_as_its_language_does(stated: str, quoted: bool, printed: str) -> None:
    told = _figure(stated, quoted=quoted)
    assert told is not None
    assert told.id == printed
    assert told.en == ("35.1" if stated.startswith("35") else stated)


def test_an_agency_is_told_of_the_instruments_that_ask_it(content: Content) -> None:
    known = known_values(content)
    asked = {name for name, _ in agency(content, "dinas_kesehatan", known).instruments}
    asking = {row["instrument_id"] for row in content.questions.values() if row["owner"] == "dinas_kesehatan"}
    assert asked == asking
    assert agency(content, "nobody", known).instruments == []


def test_a_source_tells_its_caveats(content: Content) -> None:
    assert [caveat.id for caveat in card_of(content).caveats] == ["Sel kosong bukan angka."]


def card_of(content: Content) -> SourceCard:
    [card] = [one for one in source_cards(content, "dlh") if one.id == "dlh_sipsn"]
    return card


def test_three_examples_of_a_finding_are_shown_and_all_are_counted(content: Content) -> None:
    row = {"source_id": "s", "rule": "r", "region_code": "64.02", "period": "2023", "field": "f", "severity": "note",
           "owner": "dlh", "since": None, "against": None}  # fmt: skip
    rows = [{**row, "subject": f"s{nth}", "published": "1", "recomputed": None} for nth in range(4)]
    told = replace(content, findings=[*rows, {**rows[0], "subject": None}])
    [finding] = attention(told, "64.02").found
    assert (finding.count, finding.more) == (5, 2)
    assert [example.en for example in finding.shown] == [f"s{nth} f, 2023: 1" for nth in range(3)]


def test_rows_that_do_not_count_are_told_by_their_number(content: Content) -> None:
    aside = {**content.findings[0], "rule": "rows_superseded", "region_code": None, "period": None,
             "subject": "waste_balance", "field": "ledger", "published": None, "recomputed": None,
             "row_count": 1200}  # fmt: skip
    assert example(content, aside) == Text("waste_balance ledger: 1.200 baris", "waste_balance ledger: 1,200 rows")


def test_a_finding_between_figures_names_both_and_the_agency_in_both_languages(content: Content) -> None:
    [first, *_] = attention(content, "64.02").found
    assert (first.rule.id, first.severity.en) == ("bagian melebihi keseluruhannya", "contradiction")
    assert first.owners == [("Dinas Kesehatan", "opd/dinas_kesehatan.html")]
    [shown] = first.shown
    assert shown.id == "Imunisasi dasar lengkap (IDL), 2025: 300, Imunisasi polio 4 299"
    assert shown.en.startswith("Complete basic immunisation (IDL), 2025: 300, ")


@pytest.mark.parametrize(
    ("severity", "outcome", "warning"),
    [("warning", "fail", True), ("warning", "error", False), ("critical", "fail", False), ("critical", "error", False)],
)
def test_only_a_warning_that_failed_is_shown_as_one(
    content: Content, severity: Any, outcome: Any, warning: bool
) -> None:
    check = GateCheck(name="x", severity=severity, outcome=outcome, message="m", failing_count=2)
    gate = Gate(gate="scores", outcome="fail", checks=3, notable=(check,))
    told = replace(content, meta=content.meta.model_copy(update={"gates": (gate,)}))
    [gate_shown] = gates(told)
    assert [(note.warning, note.count.en) for note in gate_shown.notes] == [(warning, "2")]


# -- the whole --------------------------------------------------------------------------------------------------------


def shown(content: Content) -> list[Region]:
    return [region.region(content, row, None) for row in content.regions]


def test_p8_a_pillar_counts_every_indicator_without_a_value(content: Content) -> None:
    counted = {
        (one.code, pillar.id): (pillar.missing, sum(item.state.kind != "measured" for item in pillar.indicators))
        for one in shown(content)
        for pillar in one.pillars
    }
    assert all(told == found for told, found in counted.values())
    states = {item.state.kind for one in shown(content) for p in one.pillars for item in p.indicators}
    assert {"missing", "not_applicable", "suppressed"} <= states
    latest = [row for rows in content.marts.values() for row in rows if row["state"] != "measured"]
    assert sum(told for told, _ in counted.values()) == len(latest)


@pytest.mark.parametrize(("better", "printed"), [("0.44", "+0.44"), ("0", "0.00"), ("-0.1", "−0.10"), (None, None)])
def test_an_improvement_has_a_sign_where_it_is_one(content: Content, better: str | None, printed: str | None) -> None:
    row = {**content.index_scores[0], "improvement": None if better is None else Decimal(better)}
    found = region._index(content, row, None).improvement
    assert (found.en if found is not None else None) == printed


@pytest.mark.parametrize(
    ("basis", "printed", "mark"),
    [
        ("reported", "2.82", CALIBRATED),
        ("reported", "2.83", SYNTHETIC),
        ("computed", "2.82", SYNTHETIC),  # an estimate that hits the published index was not made to
        ("computed", "2.83", SYNTHETIC),
    ],
)
def test_only_a_reported_index_can_have_been_made_to_agree(
    content: Content, basis: str, printed: str, mark: Mark
) -> None:
    figures = {"index_value": Decimal("2.82"), "published_value": Decimal(printed)}
    row = {**content.index_scores[0], **figures, "basis": basis}
    assert region._index(content, {**row, "synthetic": True}, None).origin == mark
    assert region._index(content, {**row, "synthetic": False}, None).origin is None


def test_the_years_of_an_estimate_are_those_of_its_own_scored_questions(content: Content) -> None:
    def asked(period: str, rule_set: str = "own", region: str = "64.02", score: str | None = "3") -> dict[str, Any]:
        return {
            "region_code": region,
            "rule_set_id": rule_set,
            "period": period,
            "score": None if score is None else Decimal(score),
        }

    own = [asked("2023"), asked("2024-08"), asked("2024")]
    others = [asked("2019", rule_set="other"), asked("2020", region="35.07"), asked("2021", score=None)]
    index = {"region_code": "64.02", "rule_set_id": "own"}
    years = region.data_years(replace(content, question_scores=[*others, *own]), index)
    assert years is not None
    assert (years.short.en, years.counted.en) == ("2023, 2024", "2023 (1 question) and 2024 (2)")
    assert region.data_years(replace(content, question_scores=others), index) is None


@pytest.mark.parametrize("step", [1, -1])
def test_the_index_of_a_region_is_that_of_its_newest_year(content: Content, step: int) -> None:
    years = {row["rule_set_id"]: int(row["year"]) for row in content.rule_set_methods}
    told: dict[str, list[int]] = {}
    for row in content.index_scores:
        if row["basis"] == "reported":
            told.setdefault(str(row["region_code"]), []).append(years[row["rule_set_id"]])
    assert any(len(found) > 1 for found in told.values())
    regions = shown(replace(content, index_scores=content.index_scores[::step]))
    years_shown = {one.code: one.reported.year for one in regions if one.reported is not None}
    assert years_shown == {code: max(found) for code, found in told.items()}


def test_an_index_agrees_only_where_there_is_one_and_it_is_the_published_one(content: Content) -> None:
    def agrees(value: str | None, published: str | None) -> bool:
        given = {name: None if text is None else Decimal(text) for name, text in
                 (("index_value", value), ("published_value", published))}  # fmt: skip
        why = "no_list" if value is None else None
        return region._index(content, {**content.index_scores[0], **given, "missing_because": why}, None).agrees

    assert agrees("2.82", "2.82")
    assert not agrees("2.82", "2.83")
    assert not agrees(None, None)
    assert not agrees(None, "2.82")
    assert not agrees("2.82", None)


def test_p8_every_reason_for_a_missing_index_is_told_in_both_languages(content: Content) -> None:
    for reason in REASONS:
        told = region._index(content, {**content.index_scores[0], "index_value": None, "missing_because": reason}, None)
        assert told.why_missing is not None
        assert not told.why_missing.same
    assert region._index(content, content.index_scores[0], None).why_missing is None
