"""Which rows of a record count, where sources or batches give one key several times."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from definitions.records import load_records
from pilar.evaluation.record_views import LINEAGE
from tests.pilar.evaluation.house import BIRTH, CONTRACTS, FIGURE, NAMES, OF_BPS, TWO, YEAR, House, Rows, figure, source


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
    one, two = (
        source(name, CONTRACTS["figure"], entry, key=["tahun"]) for name, entry in (("one", fixed), ("two", apart))
    )
    house = House((one, [figure(1)]), (two, [figure(2)]))
    assert len(house.figures()) == 2
    assert " join " not in house.views["records.published_figure"].sql
    together = House((one, [figure(1)]), (source("two", CONTRACTS["figure"], fixed, key=["tahun"]), [figure(2)]))
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


# A key that one source gives twice

EVENT = {
    "record": "disaster_event",
    "columns": {
        "region_code": "kode",
        "year": {"from": "mulai", "take": "year"},
        "event_id": "nomor",
        "kind": {"is": "flood"},
        "reported_at": "mulai",
    },
}
CODED = {
    **OF_BPS["columns"],
    "indicator": {"from": "var", "codes": {101: "eco_ipm", 102: "eco_ipm"}, "rest": "leave_out"},
}
BALANCE = {"record": "waste_balance", "columns": {"region_code": NAMES, "year": "tahun"}}
KUKAR = {"nama": "Kab. Kutai Kartanegara", "prov": "Kalimantan Timur", "tahun": 2021}
OF_VAR = {"kode": "6403", "var": 101, "tahun": 2021, "nilai": 1}
BORN = {"kode": "64.02", "nomor": "a", "mulai": "2021-03-01 00:00:00+00", "status": "selesai"}
TWICE = "its source gives the key twice"


@pytest.mark.parametrize(
    ("contract", "key", "entries", "rows"),
    [
        ({**TWO, "tahun": YEAR}, "nama prov tahun", [BALANCE], [KUKAR, {**KUKAR, "nama": "KAB.  KUTAI KARTANEGARA"}]),
        (CONTRACTS["bps"], "kode var tahun", [{**OF_BPS, "columns": CODED}], [OF_VAR, {**OF_VAR, "var": 102}]),
        (CONTRACTS["bps"], "kode var tahun", [OF_BPS, {**OF_BPS, "where": {"tahun": [2021]}}], [OF_VAR]),
        (CONTRACTS["figure"], "kode tahun nilai", [FIGURE], [figure(1), figure(2)]),
        (CONTRACTS["birth"], "nomor status", [BIRTH], [BORN, {**BORN, "status": "batal"}]),
    ],
    ids=["two names of a region", "two codes", "two entries", "a column of the key is not read", "the newest batch"],
)
def test_a_key_that_one_source_gives_twice_does_not_count(
    contract: Mapping[str, Any], key: str, entries: Sequence[Mapping[str, Any]], rows: Rows
) -> None:
    given = source("s", contract, *entries, key=key.split())
    record = entries[0]["record"]
    later = {**rows[0], **({"nomor": "b"} if record == "birth" else {"tahun": 2022})}
    house = House((given, [*rows, later]))
    assert house.fetch(f"select _row from records.{record}") == [(len(rows),)]
    assert house.fetch(f"select _because, count(*) from records.{record}__set_aside group by all") == [(TWICE, 2)]


def test_a_key_of_two_coverages_does_not_count_where_the_key_does_not_say_them() -> None:
    """A source that moved a disaster to another year, for instance, and left it in the one before."""
    coverage = {"from": "tahun", "grain": "year"}
    given = source("s", CONTRACTS["birth"] | {"tahun": YEAR}, EVENT, key=["nomor"], coverage=coverage)
    rows = [{**BORN, "_coverage": year, "_batch": year} for year in ("2021", "2022")]
    house = House((given, rows))
    assert house.fetch("from records.disaster_event") == []
    assert house.fetch("select _because from records.disaster_event__set_aside") == [(TWICE,)] * 2


def test_a_key_given_twice_leaves_another_sources_row() -> None:
    one = source("one", CONTRACTS["figure"], {**FIGURE, "over": ["two"]}, key=["kode", "nilai"])
    house = House((one, [figure(1), figure(2)]), (source("two", CONTRACTS["figure"], FIGURE), [figure(3)]))
    assert [row[-1] for row in house.figures()] == ["two"]
    assert [row[-1] for row in house.figures(aside=True)] == [TWICE, TWICE]


def test_what_a_simulator_gave_hides_no_row_of_a_real_system() -> None:
    given = source("s", CONTRACTS["figure"], FIGURE, key=["kode", "nilai"])
    house = House((given, [figure(1), {**figure(2), "_synthetic": "true"}]))
    assert len(house.figures()) == 2
