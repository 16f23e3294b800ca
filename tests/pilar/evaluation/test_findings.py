"""Claims against facts: each rule, what is near it and no finding, and what a finding is known by."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from definitions.records import load_records
from pilar.evaluation.findings import SEVERITIES, dated, write_findings
from pilar.evaluation.record_views import TWICE, UNDECIDED
from publication.page.quality import FINDINGS
from tests.pilar.evaluation.found import KUKAR, file_of, found

Row = Mapping[str, Any]
NOW = datetime(2026, 11, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each test writes it anew."""
    return tmp_path_factory.mktemp("findings") / "e.duckdb"


def budget(account: str, budgeted: object, realised: object, printed: object) -> Row:
    return {"region_code": KUKAR, "year": 2023, "account": account, "budget": budgeted, "realised": realised,
            "published_percentage": printed}  # fmt: skip


@pytest.mark.parametrize(
    ("budgeted", "realised", "printed", "told"),
    [
        ("100", "123.11", "123.11", None),
        ("100", "123.11", "12311", ("published_percentage_differs", "123.11")),
        ("10000", "5000", "50.01", ("published_percentage_differs", "50.00")),
        # Small parts: 0.07 may stand for 0.065 to 0.075, so 33 % and 37 % are both possible and 40 % is not.
        ("0.20", "0.07", "33.00", None),
        ("0.20", "0.07", "37.00", None),
        ("0.20", "0.07", "40.00", ("published_percentage_differs", "35.00")),
        # Financing may be negative on both sides.
        ("-200", "-100", "50.00", None),
        ("-200", "-100", "-50.00", ("published_percentage_differs", "50.00")),
        # Of nothing, nothing can be said; a blank part is something else.
        ("0", "70", "0", None),
        (None, "70", "7", ("published_without_parts", None)),
        ("100", "70", None, None),
    ],
)
def test_a_percentage_follows_from_its_parts_by_interval(
    path: Path, budgeted: str | None, realised: str, printed: str | None, told: tuple[str, str | None] | None
) -> None:
    file_of(path, records={"budget_line": [budget("4.1", budgeted, realised, printed)]})
    expected = [] if told is None else [(*told, "4.1", "published_percentage", KUKAR, "2023", "dlh", "b", 0)]
    columns = ("rule", "recomputed", "subject", "field", "region_code", "period", "owner", "batch_id", "row_no")
    assert found(path, *columns) == expected


# 10 + 20 of 100.
WASTE = {"generated": 100, "reduced": 10, "reduced_percentage": 10, "handled": 20, "handled_percentage": 20,
         "managed": 30, "managed_percentage": 30, "recycled": 1, "raw_material": 1,
         "recycling_percentage": 2}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, []),
        ({"handled_percentage": 21}, [("published_percentage_differs", "handled_percentage", "21.00", "20.00")]),
        ({"raw_material": None}, [("published_without_parts", "recycling_percentage", "2.00", None)]),
        ({"managed": 33}, [("published_sum_differs", "managed", "33.00", "30.00")]),
        # Three figures rounded apart may miss each other by one and a half units of the last decimal.
        ({"managed": "30.01"}, []),
        ({"managed": "30.02"}, [("published_sum_differs", "managed", "30.02", "30.00")]),
    ],
)
def test_every_claim_of_a_record_is_compared(path: Path, changed: Row, told: Sequence[object]) -> None:
    file_of(path, records={"waste_balance": [{"region_code": KUKAR, "year": 2024, **WASTE, **changed}]})
    assert found(path, "rule", "field", "published", "recomputed") == told


def published(value: object, numerator: object, denominator: object, **more: object) -> Row:
    return {"region_code": KUKAR, "period": "2025", "indicator": "liv_immunisation_complete", "publisher": "Dinkes",
            "value": value, "numerator": numerator, "denominator": denominator, **more}  # fmt: skip


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (published("85.22", 33285, 39056), None),
        (published("85.2", 33285, 39056), None),
        (published("85", 33285, 39056), None),
        (published("85.23", 33285, 39056), ("85.2300", "85.22")),
        # Kabupaten Mojokerto 2025, first visits of boys (health profile of East Java, table 39).
        (published("100", 7196, 7952), ("100.0000", "90.49")),
        # As printed it may be rounded; where the source says that it prints two decimals, it is not what follows.
        (published("82.9", 82922, 100000), None),
        (published("82.9", 82922, 100000, decimals=2), ("82.9000", "82.92")),
        (published("3", None, 100), None),
        (published("3", 100, 0), None),
        # Growth: 110 after 100 is 10 %.
        (published("10", 110, 100, indicator="bra_investment_growth"), None),
        (published("9.09", 110, 100, indicator="bra_investment_growth"), ("9.0900", "10.00")),
        # What is no division has no parts to follow from.
        (published("7.99", 1, 2, indicator="eco_poverty_p0"), None),
        (published("50", 1, 1, region_code="11.01"), None),
        # No indicator knows it. As a percentage it follows from its parts to the last decimal that is printed.
        (published("85.2237812372", 33285, 39056, indicator="table_43_c28", unit="%"), None),
        (published("85.2237812373", 33285, 39056, indicator="table_43_c28", unit="%"),
         ("85.2237812373", "85.2237812372")),
        (published("0.0007748994568", 1, 129049, indicator="table_29_c26", unit="%"), None),
        (published("50", 33285, 39056, indicator="table_43_c28", unit="per 1,000"), None),
        (published("50", 33285, 39056, indicator="table_43_c28"), None),
        # The largest budgets, in rupiah.
        (published("87.5", 87_500_000_000_000, 100_000_000_000_000, unit="%"), None),
        (published("87.4", 87_500_000_000_000, 100_000_000_000_000, unit="%"), ("87.4000", "87.50")),
    ],
)  # fmt: skip
def test_a_published_figure_follows_from_its_own_parts(path: Path, row: Row, told: tuple[str, str] | None) -> None:
    file_of(path, records={"published_figure": [row]})
    seen = found(path, "rule", "against", "published", "recomputed", without=["region_out_of_scope"])
    assert seen == ([] if told is None else [("published_ratio_differs", "Dinkes", *told)])


def mart(indicator: str, value: object, **more: object) -> Row:
    return {"indicator_id": indicator, "value": value, **more}


def count(indicator: str, numerator: int, denominator: int = 40000, **more: object) -> Row:
    return mart(
        indicator, round(100 * numerator / denominator, 2), numerator=numerator, denominator=denominator, **more
    )


IDL, POLIO, MR, FACILITY = (
    "liv_immunisation_complete",
    "liv_immunisation_polio4",
    "liv_immunisation_mr",
    "liv_births_facility",
)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([count(IDL, 300), count(POLIO, 300 + 1)], []),
        ([count(IDL, 300), count(POLIO, 299)], [("part_exceeds_whole", IDL, f"{POLIO}.numerator")]),
        ([count(IDL, 300), count(POLIO, 300)], [("equal_figures", IDL, f"{POLIO}.numerator")]),
        # Few are equal by chance.
        ([count(IDL, 49), count(POLIO, 49)], []),
        ([count(IDL, 300), count(POLIO, 299, period="2023")], []),
        ([count(IDL, 300), count(POLIO, 299, region_code="62.02")], []),
        ([count(IDL, 300), count(POLIO, 299, state="suppressed")], []),
        (
            [count(IDL, 300), count(POLIO, 299), count(MR, 298)],
            [("part_exceeds_whole", IDL, f"{MR}.numerator"), ("part_exceeds_whole", IDL, f"{POLIO}.numerator")],
        ),
        ([count(FACILITY, 41709, 41709)], [("equal_figures", FACILITY, f"{FACILITY}.denominator")]),
        ([count(FACILITY, 41708, 41709)], []),
        ([count("liv_antenatal_k6", 11), count("liv_antenatal_k1", 10)],
         [("part_exceeds_whole", "liv_antenatal_k6", "liv_antenatal_k1.numerator")]),
        ([mart("soc_apm_sd", "90.01"), mart("soc_apk_sd", "90.00")],
         [("part_exceeds_whole", "soc_apm_sd", "soc_apk_sd.value")]),
        # Parts and whole are each rounded.
        ([mart("env_waste_managed", "30.01"), mart("env_waste_reduction", 10), mart("env_waste_handled", 20)], []),
        ([mart("env_waste_managed", "30.02"), mart("env_waste_reduction", 10), mart("env_waste_handled", 20)],
         [("parts_do_not_sum", "env_waste_managed", "env_waste_reduction.value + env_waste_handled.value")]),
        ([mart("env_waste_managed", 30), mart("env_waste_reduction", 10)], []),
    ],
)  # fmt: skip
def test_what_figures_say_of_each_other(path: Path, rows: Sequence[Row], told: Sequence[object]) -> None:
    assert found(file_of(path, marts=rows), "rule", "subject", "against") == told


def years(indicator: str, values: Mapping[int, object], **more: object) -> list[Row]:
    return [mart(indicator, value, period=str(year), **more) for year, value in values.items()]


WASTE_A = "env_waste_generated"


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (years(WASTE_A, dict.fromkeys(range(2019, 2023), "25639.06")), [("unchanged", "2019", 4)]),
        (years(WASTE_A, dict.fromkeys(range(2019, 2022), "25639.06")), [("unchanged", "2019", 3)]),
        (years(WASTE_A, dict.fromkeys(range(2019, 2021), "25639.06")), []),
        # A year between them is not known.
        (years(WASTE_A, dict.fromkeys((2019, 2020, 2022), "25639.06")), []),
        (years(WASTE_A, {2019: "25639.06", 2020: "25639.06", 2021: "25639.07"}), []),
        # Nothing and all of a whole are kept; a rank has no decimals.
        (years(WASTE_A, dict.fromkeys(range(2019, 2023), 0)), []),
        (years("env_waste_managed", dict.fromkeys(range(2019, 2023), 100)), []),
        (years("gov_bpk_opinion", dict.fromkeys(range(2019, 2023), 5)), []),
        # A share of few things stays by chance.
        (years("env_waste_managed", dict.fromkeys(range(2019, 2023), 50), numerator=1, denominator=2), []),
        (years("env_waste_managed", dict.fromkeys(range(2019, 2023), 50), numerator=100, denominator=200),
         [("unchanged", "2019", 4)]),
        (years("liv_stunting_prevalence", {2023: 50}) * 3, []),
    ],
)  # fmt: skip
def test_a_value_that_stays_the_same_for_years(path: Path, rows: Sequence[Row], told: Sequence[object]) -> None:
    assert found(file_of(path, marts=rows), "rule", "period", "row_count") == told


@pytest.mark.parametrize(
    ("indicator", "values", "told"),
    [
        # Kutai Kartanegara in SIPSN.
        ("env_waste_managed", {2020: "30.76", 2021: "83.30", 2022: "86.63"}, [("2021", "30.7600", "2020")]),
        ("env_waste_managed", {2020: 30, 2021: 55}, []),
        ("env_waste_managed", {2020: 30, 2022: 83}, []),
        ("eco_poverty_p0", {2020: 3, 2021: "8.01"}, [("2021", "3.0000", "2020")]),
        (WASTE_A, {2020: 100, 2021: 201}, [("2021", "100.0000", "2020")]),
        (WASTE_A, {2020: 201, 2021: 100}, [("2021", "201.0000", "2020")]),
        (WASTE_A, {2020: 100, 2021: 200}, []),
        (WASTE_A, {2020: 3, 2021: 12}, []),
        ("bra_investment_growth", {2020: 3, 2021: 80}, []),
        ("gov_bpk_opinion", {2020: 1, 2021: 5}, []),
    ],
)
def test_a_jump_within_a_year(path: Path, indicator: str, values: Mapping[int, object], told: Sequence[object]) -> None:
    assert found(file_of(path, marts=years(indicator, values)), "period", "recomputed", "against") == told


PROVINCE = ("64.01", KUKAR, "64.03", "64.07", "62.02")


@pytest.mark.parametrize(
    ("denominators", "told"),
    [
        ((1000, 3000, 1000, 1000, 1), [(KUKAR, "denominator", "3000.0000", "Kalimantan Timur")]),
        ((1000, 2999, 1000, 1000, 1), []),
        # Of too few others nothing is known; one of another province is none of them.
        ((1000, 3000, 1000, None, 9), []),
    ],
)
def test_a_size_that_is_the_provinces(path: Path, denominators: Sequence[int | None], told: Sequence[object]) -> None:
    rows = [
        count("liv_antenatal_k1", 10 + n, whole, region_code=region)
        for n, (region, whole) in enumerate(zip(PROVINCE, denominators, strict=True))
        if whole is not None
    ]
    file_of(path, marts=rows, regions=PROVINCE)
    assert found(path, "region_code", "field", "published", "against") == told


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"value": "70.35", "published_value": "70.36"}, [("70.3600", "70.3500", "BPS")]),
        ({"value": "70.35", "published_value": "70.35"}, []),
        # Printed with one decimal, or none.
        ({"value": "70.35", "published_value": "70.4"}, []),
        ({"value": "70.35", "published_value": "70"}, []),
        ({"value": "70.35", "published_value": "71"}, [("71.0000", "70.3500", "BPS")]),
        ({"value": "70.35", "published_value": "70.36", "basis": "taken_over"}, []),
        ({"value": None, "published_value": "70.36", "state": "missing"}, []),
    ],
)
def test_a_computed_value_against_its_authoritys(path: Path, row: Row, told: Sequence[object]) -> None:
    file_of(path, marts=[{"indicator_id": "eco_ipm", "published_by": "BPS", **row}])
    assert found(path, "published", "recomputed", "against") == told


def answer(value: str, **more: object) -> Row:
    return {"region_code": KUKAR, "year": 2023, "instrument": "smart-city-2023", "code": "outcome/12", "role": "opd",
            "value": value, **more}  # fmt: skip


P0 = {"indicator_id": "eco_poverty_p0", "value": "7.99", "basis": "taken_over", "published_by": "BPS", "period": "2021"}


@pytest.mark.parametrize(
    ("row", "told"),
    [
        # Kutai Kartanegara's own report against BPS, Susenas 2021.
        (answer("0%-5%"), [("0%-5%", "7.99", "BPS 2021")]),
        (answer("6% - 10%"), []),
        (answer("5,2%"), [("5.2%", "7.99", "BPS 2021")]),
        (answer("8%"), []),
        (answer("70 hingga 80"), [("70-80", "7.99", "BPS 2021")]),
        # A plain number on the scale is a score; words and letters say no value.
        (answer("4"), []),
        (answer("A"), []),
        (answer("sangat rendah, 0%-5%"), []),
        # Not the agency's word, not before it was known, not this question.
        (answer("0%-5%", role="final"), []),
        (answer("0%-5%", year=2020), []),
        (answer("0%-5%", code="outcome/13"), []),
        (answer("0%-5%", instrument="no-such"), []),
        (answer("0%-5%", region_code="62.02"), []),
    ],
)
def test_a_claimed_band_against_the_authoritative_value(path: Path, row: Row, told: Sequence[object]) -> None:
    file_of(path, marts=[P0], records={"answer": [row]})
    assert found(path, "published", "recomputed", "against") == told


def test_a_proxy_is_not_what_was_asked(path: Path) -> None:
    claims = [answer("0%-5%", code="outcome/16"), answer("0%-5%")]
    file_of(path, marts=[P0, count(IDL, 300)], records={"answer": claims})
    assert found(path, "subject") == [("eco_poverty_p0",)]


def test_regions_left_out_are_a_note_for_each_source_and_period(path: Path) -> None:
    row = {"region_code": "11.01", "period": "2024", "indicator": "eco_ipm", "publisher": "BPS", "value": 70}
    file_of(path, records={"published_figure": [row, {**row, "_batch": "a", "vintage": "2"}]})
    columns = ("rule", "severity", "subject", "row_count", "batch_id", "row_no")
    assert found(path, *columns) == [("region_out_of_scope", "note", "11.01", 2, "a", 1)]


def component(name: str, vintage: str | None, **more: object) -> Row:
    figure = {"region_code": KUKAR, "period": "2024", "publisher": "BPS", "value": 10}
    return {**figure, "indicator": name, "vintage": vintage, **more}


IPM = ("ipm_uhh", "ipm_hls", "ipm_rls", "ipm_expenditure")


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([component(name, "2023") for name in IPM], []),
        ([component(name, "2023") for name in IPM[:3]], []),
        ([*(component(name, "2021") for name in IPM), component(IPM[0], "2023")], []),
        (
            [component(IPM[0], "2023"), *(component(name, None) for name in IPM[1:])],
            [("vintages_apart", "doubt", "eco_ipm", "2024", "-, 2023", "bps", 4)],
        ),
        # The text of the index forbids a mixture of two publishers' releases too; the rate names no vintage.
        (
            [component(IPM[0], "2023", publisher="Dinas"), *(component(name, "2021") for name in IPM[1:])],
            [("vintages_apart", "doubt", "eco_ipm", "2024", "2021, 2023", "bps", 4)],
        ),
        ([component("unemployed", "2024", publisher="Dinas"), component("workforce", "2023")], []),
        (
            [component("unemployed", "2024"), component("workforce", "2023")],
            [("vintages_apart", "doubt", "eco_unemployment", "2024", "2023, 2024", "bps", 2)],
        ),
    ],
)
def test_a_value_that_is_missing_since_no_release_has_all_its_parts_is_told(
    path: Path, rows: Sequence[Row], told: Sequence[object]
) -> None:
    file_of(path, records={"published_figure": rows})
    assert found(path, "rule", "severity", "subject", "period", "published", "owner", "row_count") == told


def test_rows_that_do_not_count_are_counted_by_source_and_reason(path: Path) -> None:
    def aside(source: str, because: str, year: int) -> Row:
        return {"region_code": KUKAR, "year": year, "_source": source, "_because": because}

    rows = [
        *(aside("sipsn", "superseded by ledger", year) for year in (2022, 2023, 2024)),
        aside("sipsn", "superseded by survey", 2024),
        *(aside("survey", UNDECIDED, year) for year in (2021, 2022)),
        *(aside("twice", TWICE, year) for year in (2021, 2021)),
    ]
    file_of(path, records={"waste_balance__set_aside": rows})
    assert found(path, "rule", "severity", "source_id", "subject", "field", "row_count", "row_no") == [
        ("key_given_twice", "contradiction", "twice", "waste_balance", "region_code, year", 2, 6),
        ("key_of_two_sources", "contradiction", "survey", "waste_balance", "region_code, year", 2, 4),
        ("rows_superseded", "note", "sipsn", "waste_balance", "ledger", 3, 0),
        ("rows_superseded", "note", "sipsn", "waste_balance", "survey", 1, 3),
    ]


def test_a_finding_is_known_by_what_it_is_about_and_not_by_where_it_came_from(path: Path) -> None:
    def ids(**more: object) -> set[object]:
        rows = [budget("4.1", 100, 70, 7), budget("4.2", 100, 70, 7)]
        file_of(path, records={"budget_line": [{**row, **more} for row in rows]})
        return {row[0] for row in found(path, "finding_id")}

    assert len(ids()) == 2
    assert ids() == ids(_batch="another", _page=3, published_percentage=8)
    assert ids().isdisjoint(ids(year=2022))


def test_a_run_of_years_that_grows_is_the_same_finding(path: Path) -> None:
    def ids(until: int) -> list[tuple[object, ...]]:
        rows = years(WASTE_A, dict.fromkeys(range(2019, until), "25639.06"))
        return found(file_of(path, marts=rows), "finding_id")

    assert ids(2022) == ids(2023)


def looked(path: Path) -> Sequence[str]:
    return dated(path, {}, NOW)[1]


def test_what_was_open_stands_since_then_and_notes_are_nobodys(path: Path) -> None:
    row = {"region_code": "11.01", "period": "2024", "indicator": "eco_ipm", "publisher": "BPS", "value": 70}
    claims = [answer("0%-5%"), answer("0%-5%", year=2022)]
    file_of(path, marts=[P0], records={"answer": claims, "published_figure": [row]})
    write_findings(path, {})
    [first, second], _ = dated(path, {}, NOW)
    assert first.told["published"] == "0%-5%"
    before = NOW - timedelta(days=30)
    again, _ = dated(path, {first.finding_id: before}, NOW)
    assert again == [first, second]
    with duckdb.connect(str(path)) as connection:
        since = dict(connection.execute("select finding_id, since at time zone 'UTC' from scores.findings").fetchall())
    assert since[first.finding_id] == before.replace(tzinfo=None)
    assert since[second.finding_id] == NOW.replace(tzinfo=None)
    assert len(since) == 3


def test_p3_a_look_that_fails_leaves_the_others_and_is_told_to_readers(path: Path) -> None:
    file_of(path, marts=[P0], records={"answer": [answer("0%-5%")]})
    with duckdb.connect(str(path)) as connection:
        connection.execute("drop table records.waste_balance")
    assert found(path, "rule", "severity", "subject") == [
        ("claim_contradicted", "contradiction", "eco_poverty_p0"),
        ("not_looked_for", "note", "claims of waste_balance"),
        ("not_looked_for", "note", "regions of waste_balance"),
    ]
    assert {"claims of budget_line", "answers", "between figures"} <= set(looked(path))
    assert {"claims of waste_balance", "regions of waste_balance"}.isdisjoint(looked(path))


def test_every_look_is_answered_where_nothing_is_damaged(path: Path) -> None:
    write_findings(file_of(path), {})
    assert len(looked(path)) == 10 + 2 + 8 + 2 * len(load_records())


def test_marts_of_the_whole_country_are_looked_at_and_nothing_waits_for_ever(path: Path) -> None:
    # DuckDB never came back from looks at six files of more than 20,000 rows. It cannot be interrupted then.
    file_of(path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table sample as from promoted.marts; drop table promoted.marts")
        pillars = [
            name for (name,) in connection.execute("select distinct pillar from definitions.indicators").fetchall()
        ]
        for pillar in pillars:
            target = path.with_name(f"{pillar}.parquet")
            connection.execute(
                "copy (select sample.* replace (region::varchar as region_code, asked.id as indicator_id, "
                "year::varchar as period, 'measured' as state, region::decimal(24, 4) as numerator, "
                "10::decimal(24, 4) as denominator, 10::decimal(24, 4) as value) "
                "from range(600) as regions(region), range(2000, 2004) as years(year), definitions.indicators as asked "
                f"left join sample on true where asked.pillar = '{pillar}') to '{target}'"
            )
            connection.execute(f"create view promoted.mart_{pillar} as from read_parquet('{target}')")
        union = " union all by name ".join(f"from promoted.mart_{pillar}" for pillar in pillars)
        connection.execute(f"create view promoted.marts as {union}")
    code = "import sys, pathlib, pilar.evaluation.findings as f; f.write_findings(pathlib.Path(sys.argv[1]), {})"
    subprocess.run([sys.executable, "-c", code, str(path)], check=True, timeout=120)
    assert "between figures" in looked(path)


def test_every_rule_has_words_for_readers() -> None:
    assert set(SEVERITIES) <= set(FINDINGS)
