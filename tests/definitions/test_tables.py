"""Instruments as flat tables: they hold what the dbt project's seeds hold today, under the same columns."""

import csv
from decimal import Decimal
from typing import Any

import pytest

from definitions.instruments import load_instruments
from definitions.tables import Row, instrument_tables
from ledger.settings import REPOSITORY

SEEDS = REPOSITORY / "dbt_project" / "seeds"
INSTRUMENTS = load_instruments()
TABLES = instrument_tables(INSTRUMENTS.values())
ASSESSED = ("smart-city-2022", "smart-city-2023")
# What answers a question is said by the indicator.
ELSEWHERE = {"indicator_id", "relation", "relation_note", "relation_note_id"}


def seed(name: str) -> list[dict[str, str]]:
    with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def as_text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def as_written(name: str, text: str) -> str:
    number = name in ("weight", "lower", "upper", "score") and text
    return f"{Decimal(text).normalize():f}" if number else text


def ours(table: str, columns: list[str]) -> list[dict[str, str]]:
    rows = [row for row in TABLES[table] if row["instrument_id"] in ASSESSED]
    return [{name: as_text(row[name]) for name in columns} for row in rows]


@pytest.mark.parametrize(
    ("table", "leave_out"),
    [
        ("rule_sets", set()),
        ("rule_set_methods", set()),
        ("bands", set()),
        ("questions", ELSEWHERE),
        ("dimensions", set()),
        ("instrument_sizes", {"source"}),
    ],
)
def test_every_row_of_the_seed_is_there(table: str, leave_out: set[str]) -> None:
    expected = seed(table)
    columns = [name for name in expected[0] if name not in leave_out]
    rows = ours(table, columns)
    for row in expected:
        assert {name: as_written(name, row[name]) for name in columns} in rows


@pytest.mark.parametrize("table", ["rule_sets", "rule_set_methods", "bands"])
def test_and_nothing_more_for_the_ministrys_rules(table: str) -> None:
    assert len(ours(table, ["instrument_id"])) == len(seed(table))


KEYS = {
    "instruments": ("instrument_id",),
    "rule_set_methods": ("rule_set_id",),
    "rule_sets": ("rule_set_id", "dimension"),
    "dimensions": ("instrument_id", "id"),
    "sub_dimensions": ("instrument_id", "id"),
    "questions": ("question_key",),
    "instrument_sizes": ("instrument_id", "dimension", "pillar"),
    "bands": ("question_key", "base", "rubric_version", "lower", "upper"),
    "options": ("question_key", "base", "rubric_version", "option"),
    "predicates": ("instrument_id", "cohort", "category", "position"),
}


@pytest.mark.parametrize("table", list(TABLES))
def test_every_table_has_rows_of_one_shape_and_a_key(table: str) -> None:
    rows = TABLES[table]
    assert rows
    assert {tuple(row) for row in rows} == {tuple(rows[0])}
    keys = [tuple(row[name] for name in KEYS[table]) for row in rows]
    assert len(set(keys)) == len(keys)
    for row in rows:
        assert all(value is None or isinstance(value, str | int | bool | Decimal) for value in row.values())


def test_weights_of_a_rule_set_are_shares_of_one() -> None:
    sums: dict[Any, Decimal] = {}
    for row in TABLES["rule_sets"]:
        assert isinstance(row["weight"], Decimal)
        sums[row["rule_set_id"]] = sums.get(row["rule_set_id"], Decimal(0)) + row["weight"]
    assert set(sums.values()) == {Decimal(1)}
    assert {"2023-reguler", "2024-kppn-ikn", "pemdi-2026", "spbe-2018", "sakip-2021"} <= set(sums)


def question(key: str) -> Row:
    [row] = [row for row in TABLES["questions"] if row["question_key"] == key]
    return row


def test_a_question_says_where_it_stands_who_owns_it_and_what_it_weighs() -> None:
    sanitation = question("2023-outcome-19")
    assert sanitation["printed_code"] == "3.13.2"
    assert (sanitation["pillar"], sanitation["owner"], sanitation["answered"]) == ("living", "dinas_perkim", "computed")
    hospital = question("2023-impact-31")
    assert (hospital["printed_code"], hospital["pillar"], hospital["sub_dimension"]) == ("4.2.1", "living", "kesehatan")
    element = question("skm-2017-unsur-01")
    assert (element["weight"], element["weight_exact"]) == (Decimal("0.1111111111"), "1/9")
    assert question("pemdi-2026-3-03")["from_instrument"] == "epss-2022"
