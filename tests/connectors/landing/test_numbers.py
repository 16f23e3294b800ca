"""A mark before three digits: the decimal mark, or another locale's thousands. Nobody guesses which."""

from decimal import Decimal
from typing import Any

import duckdb
import pytest

from connectors.landing.fitting import fitting
from connectors.landing.sample import Value
from connectors.source.columns import Column
from tests.connectors.landing.conftest import page_of

TWO = {"type": "decimal(18,2)"}
THREE = {"type": "decimal(18,3)"}
ROUNDED = TWO | {"rounding": "half_up"}


@pytest.mark.parametrize(
    ("column", "given", "readings"),
    [
        ({"type": "integer"}, "12.000", "12 or 12,000"),
        ({"type": "integer"}, "-250.000", "-250 or -250,000"),
        ({"type": "bigint"}, " 1.000 ", "1 or 1,000"),
        ({"type": "decimal(9,0)"}, "+7.000", "+7 or +7,000"),
        (TWO, "12.000", "12 or 12,000"),
        (TWO, "1.230", "1.23 or 1,230"),
        ({"type": "decimal(9,1)"}, "345.600", "345.6 or 345,600"),
        ({"type": "integer", "locale": "id"}, "5,000", "5 or 5,000"),
        (TWO | {"locale": "id"}, "1,000", "1 or 1,000"),
        (TWO | {"locale": "id", "suffix": "%"}, "98,500 %", "98.5 or 98,500"),
        ({"type": "bigint", "locale": "en"}, "900.000", "900 or 900,000"),
        (TWO | {"locale": "en"}, "1.000", "1 or 1,000"),
        ({"type": "integer", "rounding": "half_up"}, "1.230", "1.23 or 1,230"),
        (ROUNDED, "12.345", "12.345 or 12,345"),
        (ROUNDED | {"locale": "id"}, "12,345", "12.345 or 12,345"),
    ],
)
def test_a_text_with_two_readings_is_refused_and_both_are_named(
    land: Any, column: dict[str, Any], given: str, readings: str
) -> None:
    result = land({"id": {}, "value": column}, [{"id": 1, "value": given}])
    assert result.reasons == [("ambiguous", "value")]
    assert readings in result.quarantine[0]["reasons"][0]["expected"]


@pytest.mark.parametrize(
    ("column", "given", "landed"),
    [
        (THREE, "12.000", "12"),
        (THREE, "15.250", "15.25"),
        (THREE | {"locale": "id"}, "1,000", "1"),
        ({"type": "decimal(18,6)"}, "1.000", "1"),
        (TWO | {"locale": "id"}, "1.000", "1000"),
        (TWO | {"locale": "id"}, "12.000,000", "12000"),
        (TWO | {"locale": "en"}, "1,000", "1000"),
        (TWO | {"locale": "en"}, "-1,000.000", "-1000"),
        ({"type": "integer"}, "12.0", "12"),
        ({"type": "integer"}, "12.00", "12"),
        ({"type": "integer"}, "12.0000", "12"),
        ({"type": "integer"}, "1234.000", "1234"),
        ({"type": "integer"}, "0.000", "0"),
        ({"type": "integer"}, "012.000", "12"),
        (TWO, "0.500", "0.5"),
        (TWO, "1234.560", "1234.56"),
        (TWO, "7.5", "7.5"),
        (TWO, "7.5000", "7.5"),
        ({"type": "decimal(9,1)"}, "7.50", "7.5"),
        ({"type": "decimal(9,1)"}, "7.5000", "7.5"),
        (ROUNDED, "12.3456", "12.35"),
        (ROUNDED, "1234.567", "1234.57"),
        (ROUNDED | {"locale": "id"}, "1.234,567", "1234.57"),
    ],
)
def test_what_can_mean_one_number_only_is_read(land: Any, column: dict[str, Any], given: str, landed: str) -> None:
    result = land({"id": {}, "value": column}, [{"id": 1, "value": given}])
    assert result.reasons == []
    assert result.rows[0]["value"] == Decimal(landed)


@pytest.mark.parametrize("more", ["", ', "other": 12345678901234567.89', ', "text": 64.10'])
@pytest.mark.parametrize(
    ("column", "number", "landed"),
    [
        ({"type": "integer"}, "12.000", "12"),
        (TWO, "1.230", "1.23"),
        (TWO | {"locale": "id"}, "1.000", "1"),
        (TWO | {"locale": "en"}, "1.000", "1"),
        (ROUNDED, "12.345", "12.35"),
        (ROUNDED | {"locale": "id"}, "12.345", "12.35"),
        ({"type": "integer", "rounding": "half_up"}, "1.230", "1"),
        ({"type": "integer", "from": "$.value"}, "12.000", "12"),
    ],
)
def test_a_json_number_has_one_reading_on_a_rewritten_page_too(
    land: Any, column: dict[str, Any], number: str, landed: str, more: str
) -> None:
    body = f'[{{"id": 1, "value": {number}{more}}}]'.encode()
    result = land({"id": {}, "value": column, "text": {}}, [page_of(body)])
    assert result.reasons == []
    assert result.rows[0]["value"] == Decimal(landed)


def test_by_position_too_a_number_has_one_reading_and_a_text_may_have_two(land: Any) -> None:
    columns = {"id": {"position": 0}, "value": {"position": 1, "type": "integer"}}
    result = land(columns, [page_of(b'[["a", 12.000], ["b", "12.000"]]')])
    assert [(row["id"], row["value"]) for row in result.rows] == [("a", 12)]
    assert result.reasons == [("ambiguous", "value")]


def test_a_json_number_with_too_many_decimals_is_no_thousand(land: Any) -> None:
    result = land({"id": {}, "value": TWO}, [page_of(b'[{"id": 1, "value": 12.345}]')])
    assert result.reasons == [("precision", "value")]


def test_what_would_land_is_told_as_it_lands() -> None:
    column = Column.model_validate({"type": "integer"})
    with duckdb.connect(":memory:") as connection:
        assert fitting(connection, [Value("12.000", "number"), Value("12.000", "text")], column) == 1


def test_p6_of_a_row_with_a_person_in_the_wrong_place_no_reading_is_told(land: Any) -> None:
    columns = {
        "id": {},
        "nik": {"personal": "pseudonym", "pattern": r"^\d{16}$"},
        "n": {"type": "integer"},
    }
    result = land(columns, [{"id": 1, "nik": "Siti Aminah", "n": "12.000"}])
    assert result.reasons == [("pattern", "nik"), ("ambiguous", "n")]
    assert result.quarantine[0]["reasons"][1]["expected"] == "a whole number like 1234"
