"""Rows with one key."""

from typing import Any

import pytest

from connectors.landing.own_content import MIN_DOUBLE_ROWS
from tests.connectors.landing.conftest import page_of

COLUMNS = {"id": {}, "n": {"type": "integer"}, "nama": {"personal": "drop"}}


def test_a_repeated_row_lands_once(land: Any) -> None:
    result = land(COLUMNS, [{"id": "a", "n": 1}, {"id": "b", "n": 2}, {"id": "a", "n": "1.0"}])
    assert [(row["id"], row["_row"]) for row in result.rows] == [("a", 0), ("b", 1)]
    assert [(row["_row"], row["reasons"][0]["rule"]) for row in result.quarantine] == [(2, "duplicate_key")]


def test_rows_that_contradict_each_other_do_not_land(land: Any) -> None:
    """Dapodik's list of one regency holds 156 rows with a school and year that came before."""
    result = land(COLUMNS, [{"id": "a", "n": 1}, {"id": "a", "n": 2}, {"id": "a", "n": 1}, {"id": "b", "n": None}])
    assert [row["id"] for row in result.rows] == ["b"]
    assert [row["_row"] for row in result.quarantine] == [0, 1, 2]
    assert "contradict" in result.quarantine[0]["reasons"][0]["expected"]
    assert result.counts.quarantine[0].rows == 3


def test_a_missing_value_is_equal_to_a_missing_value(land: Any) -> None:
    result = land(COLUMNS, [{"id": "a", "n": None}, {"id": "a", "n": ""}])
    assert [row["_row"] for row in result.rows] == [0]


def test_a_bad_row_does_not_drag_a_good_one_along(land: Any) -> None:
    result = land(COLUMNS, [{"id": "a", "n": 1}, {"id": "a", "n": "?"}])
    assert [row["_row"] for row in result.rows] == [0]


def test_a_key_of_several_columns(land: Any) -> None:
    result = land(COLUMNS, [{"id": "a", "n": 1}, {"id": "a", "n": 2}], key=("id", "n"))
    assert len(result.rows) == 2


def test_a_key_without_value_is_quarantined(land: Any) -> None:
    result = land(COLUMNS, [{"id": "", "n": 1}, {"id": None, "n": 2}])
    assert result.reasons == [("required", "id")] * 2


def asked(seq: int, rows: int, year: str) -> Any:
    """A page of the same rows, whatever year was asked for."""
    return page_of([{"id": f"r{nth}", "n": nth} for nth in range(rows)], seq, context={"tahun": year})


@pytest.mark.parametrize(("rows", "doubled"), [(1, ()), (2, (1,)), (3, (1,))])
def test_two_rows_that_come_under_two_questions_are_a_copy_and_one_may_be_the_same(
    land: Any, rows: int, doubled: tuple[int, ...]
) -> None:
    assert MIN_DOUBLE_ROWS == 2
    assert land(COLUMNS, [asked(0, rows, "2023"), asked(1, rows, "2024")]).counts.doubled == doubled


def test_every_copy_is_named_and_what_comes_twice_for_one_question_is_none(land: Any) -> None:
    pages = [asked(0, 2, "2022"), asked(1, 2, "2022"), asked(2, 2, "2023"), asked(3, 3, "2023"), asked(4, 2, "2024")]
    assert land(COLUMNS, pages).counts.doubled == (2, 4)
