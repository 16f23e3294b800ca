"""Records as an evaluation finds them: how a landed value is read, and what tells that a record shows another thing."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.source.source_files import load_sources
from ledger.regions import Region, known
from ledger.settings import REPOSITORY
from pilar.evaluation.record_views import record_views
from pilar.evaluation.warehouse import View, regions_view
from tests.connectors.source.test_provides import documented
from tests.pilar.evaluation.house import (
    BIRTH,
    BPS,
    CHOSEN,
    CODE,
    CONTRACTS,
    FIGURE,
    NAMES,
    OF_BPS,
    TEXT,
    TWO,
    VALUE,
    YEAR,
    House,
    figure,
    source,
)


def test_each_form_of_a_mapping() -> None:
    contract = {
        "nomor": TEXT,
        "kode": CODE,
        "bulan": {"required": True, "pattern": r"^\d{4}-\d{2}$"},
        "juta": {"type": "decimal(12,2)"},
        "dicetak": {"type": "integer"},
    }
    columns = {
        "region_code": "kode",
        "period": "bulan",
        "indicator": {"is": "it's"},
        "publisher": "nomor",
        "value": {"from": "juta", "times": "1000.5"},
        "decimals": "dicetak",
    }
    given = source("s", contract, {"record": "published_figure", "columns": columns})
    row = {"nomor": "BPS", "kode": "64.02", "bulan": "2024-08", "juta": "12.30", "dicetak": 2}
    house = House((given, [row, {**row, "juta": None}]))
    shown = "region_code, period, indicator, publisher, value, numerator, decimals, _source, _batch, _row, _flags"
    assert house.fetch(f"select {shown} from records.published_figure") == [
        ("64.02", "2024-08", "it's", "BPS", Decimal("12306.1500"), None, 2, "s", "1", 0, []),
        ("64.02", "2024-08", "it's", "BPS", None, None, 2, "s", "1", 1, []),
    ]


@pytest.mark.parametrize(
    ("record", "column", "kind", "value", "take", "found"),
    [
        ("waste_balance", "year", {"pattern": r"^\d{4}[12]$"}, "20241", "year", 2024),
        ("waste_balance", "year", {"type": "date"}, "2024-08-31", "year", 2024),
        ("waste_balance", "year", {"type": "timestamp"}, "2024-12-31 16:00:00+00", "year", 2025),
        ("published_figure", "period", {"type": "date"}, "2024-08-31", "month", "2024-08"),
        ("published_figure", "period", {"type": "timestamp"}, "2024-08-31 16:00:00+00", "month", "2024-09"),
        ("published_figure", "period", {"type": "date"}, "2024-08-31", "year", "2024"),
        ("investment_project", "filed_on", {"type": "timestamp"}, "2024-08-31 16:00:00+00", "date", date(2024, 9, 1)),
    ],
)
def test_a_year_month_or_date_is_taken_of_a_day_or_moment(
    record: str, column: str, kind: Mapping[str, Any], value: str, take: str, found: object
) -> None:
    needed: Mapping[str, Mapping[str, Any]] = {
        "waste_balance": {},
        "published_figure": {"indicator": {"is": "a"}, "publisher": {"is": "b"}},
        "investment_project": {"year": {"is": 2024}, "project_id": {"is": "c"}},
    }
    columns = {"region_code": {"is": "64.02"}, **needed[record], column: {"from": "kapan", "take": take}}
    given = source("s", {"kapan": {"required": True, **kind}}, {"record": record, "columns": columns})
    assert House((given, [{"kapan": value}])).fetch(f"select {column} from records.{record}") == [(found,)]


@pytest.mark.parametrize(
    ("region", "columns", "row", "found"),
    [
        # The trap: 6403 is Kutai Kartanegara at BPS, and Berau at Kemendagri; 6402 is Kutai Barat at BPS.
        ({"from": "kode", "region": "bps"}, {"kode": BPS}, {"kode": "6403"}, "64.02"),
        ({"from": "kode", "region": "bps"}, {"kode": BPS}, {"kode": "6402"}, None),
        ({"from": "kode", "region": "bps"}, {"kode": BPS}, {"kode": "3507"}, "35.07"),
        ({"from": "kode", "region": "kemendagri_plain"}, {"kode": BPS}, {"kode": "6402"}, "64.02"),
        (
            {"from": "kode", "region": "village"},
            {"kode": {**TEXT, "pattern": r"^\d{10}$"}},
            {"kode": "6402060001"},
            "64.02",
        ),
        ({"is": "64.02"}, {}, {}, "64.02"),
        (NAMES, TWO, {"nama": "kab.  kutai kartanegara ", "prov": "KALIMANTAN TIMUR"}, "64.02"),
        (NAMES, TWO, {"nama": "Kab. Malang", "prov": "Jawa Timur"}, "35.07"),
        (NAMES, TWO, {"nama": "Kota Malang", "prov": "Jawa Timur"}, None),
        (NAMES, TWO, {"nama": "Malang", "prov": "Jawa Timur"}, None),
        (NAMES, TWO, {"nama": "Kab. Malang", "prov": "Papua"}, None),
    ],
)
def test_a_region_is_found_by_its_code_or_its_full_name(
    region: Any, columns: Mapping[str, Any], row: Mapping[str, object], found: str | None
) -> None:
    entry = {"record": "waste_balance", "columns": {"region_code": region, "year": "tahun"}}
    house = House((source("s", {"tahun": YEAR, **columns}, entry), [{"tahun": 2024, **row}]))
    # A row of a region that is none of the installation's is nobody's.
    assert house.fetch("select region_code from records.waste_balance") == ([] if found is None else [(found,)])


def test_a_region_is_found_by_its_earlier_bps_code_where_the_new_one_is_silent() -> None:
    rows = [
        {"kode": "9401", "var": 101, "tahun": 2021, "nilai": 70.1},
        {"kode": "9401", "var": 101, "tahun": 2024, "nilai": 16},
        {"kode": "9501", "var": 101, "tahun": 2024, "nilai": 16.67},
        {"kode": "9401", "var": 105, "tahun": 2024, "nilai": 5},
        {"kode": "9403", "var": 101, "tahun": 2024, "nilai": 71},
        {"kode": "9402", "var": 101, "tahun": 2024, "nilai": 72},
    ]
    house = House((source("bps", CONTRACTS["bps"], OF_BPS), rows), regions=known(("93.01", "91.03")))
    found = house.fetch(
        "select region_code, period, indicator, value::double from records.published_figure order by value"
    )
    assert found == [
        ("93.01", "2024", "eco_poverty_p0", 5.0),
        ("93.01", "2024", "ipm_uhh", 16.67),
        ("93.01", "2021", "ipm_uhh", 70.1),
        ("91.03", "2024", "ipm_uhh", 71.0),
    ]


def test_a_moment_falls_on_a_civil_day_of_its_region() -> None:
    """17:00 UTC on New Year's Eve is midnight in Jakarta, 16:00 UTC in Makassar: the next year."""
    moments = {
        "west before": ("35.07", "16:59:59"),
        "west after": ("35.07", "17:00:00"),
        "east before": ("64.02", "15:59:59"),
        "east after": ("64.02", "16:00:00"),
        # Of a region that nobody evaluates here.
        "elsewhere": ("11.01", "17:00:00"),
    }
    rows = [
        {"nomor": name, "kode": code, "mulai": f"2024-12-31 {time}+00", "status": "selesai"}
        for name, (code, time) in moments.items()
    ]
    years = dict(
        House((source("s", CONTRACTS["birth"], BIRTH), rows)).fetch("select birth_id, year from records.birth")
    )
    assert years == {
        "west before": 2024,
        "west after": 2025,
        "east before": 2024,
        "east after": 2025,
        "elsewhere": 2025,
    }


def test_rows_with_other_values_are_no_rows_of_the_record_where_that_is_said() -> None:
    rows = [{"kode": "6403", "var": var, "tahun": 2021, "nilai": var} for var in (101, 105, 106)]
    house = House((source("bps", CONTRACTS["bps"], {**OF_BPS, "where": {"tahun": [2021, 2022]}}), rows))
    query = "select indicator, value::integer from records.published_figure order by all"
    assert house.fetch(query) == [("eco_poverty_p0", 105), ("ipm_uhh", 101)]


def test_a_row_is_left_out_by_a_value_and_not_by_a_blank_that_may_be() -> None:
    contract = {**CONTRACTS["birth"], "penolong": {}}
    helped = {"from": "penolong", "codes": {"bidan": "midwife"}, "rest": "leave_out"}
    entry = {**BIRTH, "columns": {**BIRTH["columns"], "attendant": helped}}
    row = {"kode": "64.02", "mulai": "2024-03-01 00:00:00+00", "status": "selesai"}
    rows = [{**row, "nomor": str(number), "penolong": by} for number, by in enumerate(("bidan", "dukun", None))]
    house = House((source("s", contract, entry), rows))
    assert house.fetch("select birth_id, attendant from records.birth order by all") == [("0", "midwife"), ("2", None)]


def test_a_row_without_a_code_that_the_record_needs_is_left_out() -> None:
    contract = {**CONTRACTS["birth"], "status": TEXT}
    state = {"from": "status", "codes": {"selesai": "happened"}, "rest": "leave_out"}
    entry = {**BIRTH, "columns": {**BIRTH["columns"], "state": state}}
    row = {"kode": "64.02", "mulai": "2024-03-01 00:00:00+00"}
    rows = [{**row, "nomor": status, "status": status} for status in ("selesai", "lain")]
    house = House((source("s", contract, entry), rows))
    assert house.fetch("select birth_id, state from records.birth") == [("selesai", "happened")]


def test_rows_are_chosen_by_where() -> None:
    rows = [{"kode": "6403", "var": 101, "tahun": year, "nilai": year} for year in (2020, 2021)]
    house = House((source("bps", CONTRACTS["bps"], {**OF_BPS, "where": {"tahun": [2021]}}), rows))
    assert house.fetch("select period from records.published_figure") == [("2021",)]


def test_one_source_gives_a_wide_table_as_several_figures() -> None:
    second = {**FIGURE, "columns": {**FIGURE["columns"], "indicator": {"is": "eco_poverty_p0"}, "value": "miskin"}}
    contract = {**CONTRACTS["figure"], "miskin": VALUE}
    house = House((source("s", contract, FIGURE, second), [{**figure(74.06), "miskin": 7.99}]))
    query = "select indicator, value::double from records.published_figure order by all"
    assert house.fetch(query) == [("eco_ipm", 74.06), ("eco_poverty_p0", 7.99)]


def test_another_regencys_workbook_gives_the_same_record() -> None:
    """The new system of ``docs/add-a-source.md``: other names, other codes, and BPS's code of the regency."""
    shown = documented("add-a-source.md")
    workbook = source("jamban", shown["contract"]["columns"], *shown["provides"])
    survey = load_sources(REPOSITORY / "connectors" / "sources")["perkim_sanitasi"]
    theirs = {"no_kk": "p1", "kab": "6403", "tahun": 2021, "jamban": "Septik"}
    ours = {"id_rumah_tangga": "p2", "kode_daerah": "35.07", "tahun": 2021, "akses_sanitasi": "layak_sendiri"}
    house = House((workbook, [theirs]), (survey, [ours]))
    shown_columns = "region_code, year, household_id, sanitation, drinking_water"
    assert house.fetch(f"select {shown_columns} from records.household order by all") == [
        ("35.07", 2021, "p2", "own_proper", None),
        ("64.02", 2021, "p1", "own_proper", None),
    ]


def test_a_record_changes_with_the_files_the_mapping_and_the_regions_below_it(tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    file.write_text("rows")
    contract = CONTRACTS["bps"]
    given = source("bps", contract, OF_BPS)

    def signatures(
        entry: Mapping[str, Any] = OF_BPS, regions: Sequence[Region] = CHOSEN, sql: str = "select 1"
    ) -> Mapping[str, str]:
        landing = {"landing.bps": View(sql, (file,)), "landing.other": View("select 2"), **regions_view(regions)}
        views = record_views({"bps": source("bps", contract, entry)}, landing, regions)
        assert views["records.published_figure"].files == (file,)
        return {name: view.signature() for name, view in views.items()}

    def changed(now: Mapping[str, str]) -> set[str]:
        return {name for name in now if now[name] != before[name]}

    before = signatures()
    assert given.provides
    assert signatures() == before
    only = {"records.published_figure", "records.published_figure__set_aside"}
    assert changed(signatures(sql="select 3")) == only
    assert changed(signatures(regions=known(("35.07",)))) == only
    assert changed(signatures({**OF_BPS, "where": {"tahun": [2021]}})) == only
    file.write_text("other rows")
    assert changed(signatures()) == only
    file.unlink()
    assert changed(signatures()) == only
