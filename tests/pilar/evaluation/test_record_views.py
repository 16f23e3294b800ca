"""Records as an evaluation finds them: sources mapped, joined, and weighed against each other."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.source.source import Source
from connectors.source.source_files import load_sources
from definitions.records import load_records
from ledger.regions import Region, known
from ledger.settings import REPOSITORY
from ledger.sql import identifier, literal
from pilar.evaluation.record_views import LINEAGE, record_views
from pilar.evaluation.warehouse import LANDED_EXTRAS, View, regions_view, show_views
from tests.connectors.source.test_proof import GOOD
from tests.connectors.source.test_provides import documented

CHOSEN = known(("35.07", "64.02"))
TEXT = {"required": True}
CODE = {"required": True, "pattern": r"^\d{2}\.\d{2}$"}
BPS = {"required": True, "pattern": r"^\d{4}$"}
NAMES = {"region": {"name": "nama", "province": "prov"}}
TWO = {"nama": TEXT, "prov": TEXT}
YEAR = {"type": "integer", "required": True}
VALUE = {"type": "decimal(18,4)", "required": True}
CONTRACTS: Mapping[str, Mapping[str, Any]] = {
    "figure": {"kode": CODE, "tahun": YEAR, "rilis": {}, "nilai": VALUE},
    "bps": {"kode": BPS, "var": YEAR, "tahun": YEAR, "nilai": VALUE},
    "birth": {"kode": CODE, "nomor": TEXT, "mulai": {"type": "timestamp", "required": True},
              "status": {"required": True, "values": ["selesai", "batal"]}},
}  # fmt: skip
FIGURE: Mapping[str, Any] = {
    "record": "published_figure",
    "columns": {
        "region_code": "kode",
        "period": "tahun",
        "indicator": {"is": "eco_ipm"},
        "publisher": {"is": "BPS"},
        "vintage": "rilis",
        "value": "nilai",
    },
}
OF_BPS: Mapping[str, Any] = {
    "record": "published_figure",
    "columns": {
        "region_code": {"from": "kode", "region": "bps"},
        "period": "tahun",
        "indicator": {"from": "var", "codes": {101: "ipm_uhh", 105: "eco_poverty_p0"}, "rest": "leave_out"},
        "publisher": {"is": "BPS"},
        "value": "nilai",
    },
}
BIRTH: Mapping[str, Any] = {
    "record": "birth",
    "columns": {
        "region_code": "kode",
        "year": {"from": "mulai", "take": "year"},
        "birth_id": "nomor",
        "state": {"from": "status", "codes": {"selesai": "happened", "batal": "not_happened"}},
    },
}

Rows = Sequence[Mapping[str, object]]


def source(name: str, contract: Mapping[str, Any], *entries: Mapping[str, Any]) -> Source:
    """A source of these columns that provides these records; its rows say no coverage."""
    own = {
        "id": name,
        "opd": "dinas",
        "contract": {"key": [next(iter(contract))], "columns": contract},
        "coverage": {"grain": "all"},
        "provides": entries,
    }
    return Source.model_validate({**GOOD, **own})


def landed(given: Source, rows: Rows) -> View:
    """What a source landed, as the view that an evaluation has of it. A row names what matters."""
    columns = {name: column.sql_type.sql for name, column in given.contract.landed.items()} | LANDED_EXTRAS
    own = {"_page": 0, "_coverage": "all", "_batch": "1", "_synthetic": "false", "_flags": "[]"}
    queries = [f"select {_fields(columns, {})} where false"]
    queries += [f"select {_fields(columns, {**own, '_row': number, **row})}" for number, row in enumerate(rows)]
    return View("\nunion all\n".join(queries), columns=columns)


def _fields(columns: Mapping[str, str], row: Mapping[str, object]) -> str:
    values = {name: "null" if row.get(name) is None else literal(str(row[name])) for name in columns}
    return ", ".join(f"{value}::{columns[name]} as {identifier(name)}" for name, value in values.items())


class House:
    """An evaluation's file with these sources, their landing, and the records over them."""

    def __init__(self, *given: tuple[Source, Rows], regions: Sequence[Region] = CHOSEN) -> None:
        sources = {one.id: one for one, _ in given}
        views = {f"landing.{one.id}": landed(one, rows) for one, rows in given}
        self.landing = {**views, **regions_view(regions)}
        self.views = record_views(sources, self.landing, regions)
        self.connection = duckdb.connect()
        self.connection.execute("set timezone = 'UTC'")
        show_views(self.connection, {**self.landing, **self.views})

    def fetch(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()

    def figures(self, *, aside: bool = False) -> list[tuple[Any, ...]]:
        """Figures in short: region, period, vintage, value and source, and why a row is set aside."""
        name, more = ("published_figure__set_aside", ", _because") if aside else ("published_figure", "")
        columns = "region_code, period, vintage, value::double, _source"
        return self.fetch(f"select {columns}{more} from records.{name} order by all")


def figure(value: float, code: str = "64.02", year: int = 2021, vintage: str | None = None) -> Mapping[str, object]:
    return {"kode": code, "tahun": year, "nilai": value, "rilis": vintage}


# How a landed value is read


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


def test_a_value_that_no_code_stands_for_is_an_error_and_never_a_blank() -> None:
    """Landed under an older contract, which allowed it."""
    row = {"nomor": "a", "kode": "64.02", "mulai": "2024-03-01 00:00:00+00", "status": "Siti Contohwan"}
    house = House((source("s", CONTRACTS["birth"], BIRTH), [row]))
    with pytest.raises(duckdb.Error, match="s: status has a value that `provides` gives no code") as raised:
        house.fetch("select state from records.birth")
    assert "Contohwan" not in str(raised.value)


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


# Which rows count


def test_the_source_that_is_over_the_other_counts() -> None:
    own = source("own", CONTRACTS["figure"], {**FIGURE, "over": ["copy"]})
    copy = source("copy", CONTRACTS["figure"], FIGURE)
    house = House((own, [figure(1), figure(2, year=2022)]), (copy, [figure(3), figure(4, year=2023)]))
    assert house.figures() == [
        ("64.02", "2021", None, 1.0, "own"),
        ("64.02", "2022", None, 2.0, "own"),
        ("64.02", "2023", None, 4.0, "copy"),
    ]
    assert house.figures(aside=True) == [("64.02", "2021", None, 3.0, "copy", "superseded by own")]


def test_without_precedence_neither_counts() -> None:
    one, two = (source(name, CONTRACTS["figure"], FIGURE) for name in ("one", "two"))
    house = House((one, [figure(1), figure(2, vintage="2022")]), (two, [figure(1), figure(3, vintage="2023")]))
    assert house.figures() == [
        ("64.02", "2021", "2022", 2.0, "one"),
        ("64.02", "2021", "2023", 3.0, "two"),
    ]
    because = "two sources without precedence"
    assert house.figures(aside=True) == [
        ("64.02", "2021", None, 1.0, "one", because),
        ("64.02", "2021", None, 1.0, "two", because),
    ]


@pytest.mark.parametrize(
    ("over", "counts", "aside"),
    [
        # Over another's other: what is over it is over both.
        ({"a": ["b"], "b": ["c"]}, ["a"], {"b": "superseded by a", "c": "superseded by a"}),
        ({"a": ["b"]}, [], {"a": None, "b": None, "c": None}),
        ({"a": ["b", "c"]}, ["a"], {"b": None, "c": None}),
        ({"a": ["b"], "b": ["a"]}, [], {"a": None, "b": None, "c": None}),
    ],
    ids=["a chain", "one pair", "one over two", "each over the other"],
)
def test_of_three_sources(
    over: Mapping[str, Sequence[str]], counts: list[str], aside: Mapping[str, str | None]
) -> None:
    entries = {name: {**FIGURE, "over": over.get(name, [])} for name in "abc"}
    house = House(*((source(name, CONTRACTS["figure"], entry), [figure(1)]) for name, entry in entries.items()))
    assert [row[-1] for row in house.figures()] == counts
    undecided = "two sources without precedence"
    assert {row[-2]: row[-1] for row in house.figures(aside=True)} == {
        name: because or undecided for name, because in aside.items()
    }


def test_two_sources_that_are_each_over_the_other_have_no_precedence() -> None:
    """`pilar sources check` refuses it; an evaluation may meet it all the same."""
    one, two = (source(own, CONTRACTS["figure"], {**FIGURE, "over": [other]}) for own, other in ("ab", "ba"))
    house = House((one, [figure(1)]), (two, [figure(1)]))
    assert house.figures() == []
    assert {row[-1] for row in house.figures(aside=True)} == {"two sources without precedence"}


def test_every_row_is_in_one_of_the_two_views() -> None:
    one, two = (source(name, CONTRACTS["figure"], FIGURE) for name in ("one", "two"))
    given = [figure(value, year=2000 + value % 7) for value in range(30)]
    house = House((one, given), (two, given[:9]))
    assert len(house.figures()) + len(house.figures(aside=True)) == 39
    assert {row[1] for row in house.figures()}.isdisjoint(row[1] for row in house.figures(aside=True))


@pytest.mark.parametrize(
    "second", [{"indicator": {"is": "eco_gini"}}, {"publisher": {"is": "Kemendagri"}}, {"region_code": {"is": "35.07"}}]
)
def test_sources_that_cannot_meet_are_not_weighed(second: Mapping[str, Any]) -> None:
    """What is fixed in the key of both, and another in each, never gives one key: reading it costs no join."""
    fixed = {**FIGURE, "columns": {**FIGURE["columns"], "region_code": {"is": "64.02"}}}
    apart = {**fixed, "columns": {**fixed["columns"], **second}}
    one, two = source("one", CONTRACTS["figure"], fixed), source("two", CONTRACTS["figure"], apart)
    house = House((one, [figure(1)]), (two, [figure(2)]))
    assert len(house.figures()) == 2
    assert " join " not in house.views["records.published_figure"].sql
    together = House((one, [figure(1)]), (source("two", CONTRACTS["figure"], fixed), [figure(2)]))
    assert " join " in together.views["records.published_figure"].sql


def test_one_source_of_a_record_is_read_in_one_pass() -> None:
    house = House((source("s", CONTRACTS["figure"], FIGURE), [figure(1)]))
    [(_, plan)] = house.fetch("explain select * from records.published_figure")
    assert not re.search(r"WINDOW|JOIN|GROUP|ORDER", plan)


def test_a_birth_that_came_in_several_batches_counts_once_by_its_newest() -> None:
    row = {"nomor": "a", "kode": "64.02", "mulai": "2024-12-31 20:00:00+00", "status": "selesai"}
    rows = [row, {**row, "_batch": "3", "status": "batal"}, {**row, "_batch": "2"}, {**row, "nomor": "b"}]
    house = House((source("s", CONTRACTS["birth"], BIRTH), rows))
    found = house.fetch("select birth_id, state, _batch from records.birth order by all")
    assert found == [("a", "not_happened", "3"), ("b", "happened", "1")]


def test_the_newest_of_each_source_is_weighed_against_the_others() -> None:
    row = {"nomor": "a", "kode": "64.02", "mulai": "2024-03-01 00:00:00+00", "status": "selesai"}
    one = source("one", CONTRACTS["birth"], {**BIRTH, "over": ["two"]})
    house = House(
        (one, [row, {**row, "_batch": "0"}]), (source("two", CONTRACTS["birth"], BIRTH), [{**row, "_batch": "9"}])
    )
    assert house.fetch("select _source, _batch from records.birth") == [("one", "1")]
    assert house.fetch("select _source, _because from records.birth__set_aside") == [("two", "superseded by one")]


def test_p8_a_record_that_nobody_provides_is_an_empty_view_of_the_same_columns() -> None:
    house = House()
    for name, record in load_records().items():
        columns = {**record.sql_types, **LINEAGE}
        for view, shown in ((name, columns), (f"{name}__set_aside", {**columns, "_because": "VARCHAR"})):
            assert house.fetch(f"select * from records.{view}") == []
            described = {row[0]: row[1].replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ") for row in
                         house.fetch(f"describe records.{view}")}  # fmt: skip
            assert described == shown


def test_a_record_with_rows_has_the_columns_of_an_empty_one() -> None:
    given = (source("s", CONTRACTS["figure"], FIGURE), source("t", CONTRACTS["figure"], FIGURE))
    for view in ("published_figure", "published_figure__set_aside"):
        full, none = (
            house.fetch(f"describe records.{view}") for house in (House(*((one, []) for one in given)), House())
        )
        assert full == none


# What cannot be read


@pytest.fixture
def damaged() -> House:
    """Two sources of figures; the file that one of them landed is gone."""
    spbe = {**FIGURE, "columns": {**FIGURE["columns"], "indicator": {"is": "gov_spbe"}}}
    one, two = source("one", CONTRACTS["figure"], FIGURE), source("bps", CONTRACTS["bps"], OF_BPS)
    house = House((source("spbe", CONTRACTS["figure"], spbe), [figure(3)]), (one, []), (two, []))
    for name in ("one", "bps"):
        view = house.landing[f"landing.{name}"]
        gone = View("select * from read_parquet('/nowhere/rows.parquet')", columns=view.columns)
        show_views(house.connection, {f"landing.{name}": gone})
    show_views(house.connection, house.views)
    return house


def test_p3_a_file_that_cannot_be_read_stops_only_who_reads_its_rows(damaged: House) -> None:
    found = damaged.fetch("select value::integer from records.published_figure where indicator in ('gov_spbe', 'x')")
    assert found == [(3,)]


@pytest.mark.parametrize(
    "query",
    [
        "select count(*) from records.published_figure",
        "select * from records.published_figure where indicator = 'eco_ipm'",
        "select * from records.published_figure where indicator = 'ipm_uhh' and value = 70.1",
        "select count(*) from records.published_figure where value > 1",
        "select region_code from records.published_figure where region_code in ('64.02') group by all",
    ],
)
def test_p3_its_rows_are_never_missing_without_a_word(damaged: House, query: str) -> None:
    with pytest.raises(duckdb.Error, match=r"landing\.\w+ cannot be read"):
        damaged.fetch(query)


def test_p3_a_source_file_that_cannot_be_read_stops_the_records_that_it_names() -> None:
    house = House((source("s", CONTRACTS["figure"], FIGURE), [figure(1)]))
    views = record_views({}, house.landing, CHOSEN, {"s": {"published_figure"}})
    show_views(house.connection, views)
    with pytest.raises(duckdb.Error, match="s: its mapping to published_figure is not in order"):
        house.fetch("select count(*) from records.published_figure")
    assert house.fetch("select * from records.birth") == []


def test_p3_a_wrong_mapping_stops_its_record_and_no_other() -> None:
    wrong = {**FIGURE, "columns": {**FIGURE["columns"], "value": "nothing"}}
    birth = [{"nomor": "a", "kode": "64.02", "mulai": "2024-03-01 00:00:00+00", "status": "selesai"}]
    house = House(
        (source("s", CONTRACTS["figure"], wrong), [figure(1)]), (source("t", CONTRACTS["birth"], BIRTH), birth)
    )
    with pytest.raises(duckdb.Error, match="not in order"):
        house.figures()
    assert house.fetch("select birth_id from records.birth") == [("a",)]


# What tells that a record shows something else


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
