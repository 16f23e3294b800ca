"""Which rows of a record count, where sources or batches give one key several times."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from definitions.records import load_records
from pilar.evaluation.record_views import LINEAGE
from tests.pilar.evaluation.house import BIRTH, CONTRACTS, FIGURE, House, figure, source


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
