"""Every type, format and locale: read exactly, or quarantined with a reason."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from tests.connectors.landing.conftest import page_of

ID = {"id": {}}


@pytest.mark.parametrize(
    ("column", "given", "landed"),
    [
        ({}, "  as it is ", "  as it is "),
        ({"trim": True}, "  as it is ", "as it is"),
        ({}, "", None),
        ({}, "   ", None),
        ({}, None, None),
        ({}, 17, "17"),
        ({}, True, "true"),
        ({"type": "integer"}, 42, 42),
        ({"type": "integer"}, " 42 ", 42),
        ({"type": "integer"}, "-7", -7),
        ({"type": "integer"}, "12.0", 12),
        ({"type": "integer"}, "", None),
        ({"type": "bigint"}, "90071992547409931", 90071992547409931),
        ({"type": "decimal(20,2)"}, "123456789012345678.90", Decimal("123456789012345678.90")),
        ({"type": "decimal(5,2)"}, "7.5", Decimal("7.50")),
        ({"type": "decimal(5,2)"}, "7.5000", Decimal("7.50")),
        ({"type": "decimal(5,2)"}, 7.25, Decimal("7.25")),
        ({"type": "decimal(5,1)", "locale": "id"}, "1.234,5", Decimal("1234.5")),
        ({"type": "decimal(5,1)", "locale": "id"}, "13,9", Decimal("13.9")),
        ({"type": "decimal(5,0)", "locale": "id"}, "1.026", Decimal(1026)),
        ({"type": "decimal(8,3)", "locale": "id"}, 1.026, Decimal("1.026")),
        ({"type": "decimal(18,2)", "locale": "en"}, "135,200.79", Decimal("135200.79")),
        ({"type": "decimal(18,2)", "locale": "en"}, "2841", Decimal(2841)),
        ({"type": "decimal(7,2)", "locale": "id", "suffix": "%"}, "-11,44%", Decimal("-11.44")),
        ({"type": "decimal(4,1)", "suffix": "%"}, "8.6 %", Decimal("8.6")),
        ({"type": "bigint", "locale": "id", "prefix": "Rp"}, "Rp6.000.000", 6000000),
        ({"type": "decimal(5,1)", "rounding": "half_up"}, "2.25", Decimal("2.3")),
        ({"type": "decimal(5,1)", "rounding": "half_up"}, "-2.25", Decimal("-2.3")),
        ({"type": "date"}, "2024-08-31", dt.date(2024, 8, 31)),
        ({"type": "date", "format": "%d/%m/%Y"}, "31/08/2024", dt.date(2024, 8, 31)),
        ({"type": "date", "format": ["%d/%m/%Y", "%Y-%m-%d"]}, "2024-08-31", dt.date(2024, 8, 31)),
        ({"type": "date", "format": "%d/%m/%Y"}, "1/8/2024", dt.date(2024, 8, 1)),
        ({"type": "date", "format": "%Y%m%d"}, "20240831", dt.date(2024, 8, 31)),
        ({"type": "date", "format": ["%Y%m%d", "%d/%m/%y"], "max": "2030-12-31"}, "31/08/24", dt.date(2024, 8, 31)),
        ({"type": "date", "format": "%B %d, %Y"}, "August 31, 2024", dt.date(2024, 8, 31)),
        ({"type": "date", "format": "%d %B %Y", "locale": "id"}, "31 Januari 2024", dt.date(2024, 1, 31)),
        ({"type": "date", "format": "%d %B %Y", "locale": "id"}, "1 PEBRUARI 2024", dt.date(2024, 2, 1)),
        ({"type": "date", "format": "%d-%b-%y", "locale": "id", "max": "2030-12-31"}, "5-Agt-24", dt.date(2024, 8, 5)),
        ({"type": "date", "format": ["%d/%m/%Y", "%d %b %Y"], "locale": "id"}, "31/12/2024", dt.date(2024, 12, 31)),
        ({"type": "date", "format": ["%d/%m/%Y", "%d %b %Y"], "locale": "id"}, "31 Des 2024", dt.date(2024, 12, 31)),
        ({"type": "date", "format": ["%m-%d-%Y", "%d-%B-%Y"], "locale": "id"}, "03-Mei-2024", dt.date(2024, 5, 3)),
        ({"type": "date", "format": ["%d-%B-%Y", "%m-%d-%Y"], "locale": "id"}, "03-05-2024", dt.date(2024, 3, 5)),
        (
            {"type": "timestamp", "format": "%d %B %Y %H:%M", "locale": "id", "timezone": "Asia/Makassar"},
            "17 Oktober 2024 08:05",
            dt.datetime(2024, 10, 17, 0, 5, tzinfo=dt.UTC),
        ),
        ({"type": "date", "format": "%Y-%m-%dT%H:%M:%S%z"}, "2024-08-31T00:00:00+00:00", dt.date(2024, 8, 31)),
        ({"type": "decimal(9,3)", "locale": "id"}, "0,123", Decimal("0.123")),
        ({"type": "integer", "locale": "id"}, "000", 0),
        ({"type": "date", "format": "%Y-%m-%d %H:%M:%S"}, "2024-08-31 00:00:00", dt.date(2024, 8, 31)),
        ({"type": "boolean"}, "TRUE", True),
        ({"type": "boolean"}, False, False),
    ],
)
def test_a_value_is_read_exactly(land: Any, column: dict[str, Any], given: Any, landed: Any) -> None:
    result = land(ID | {"value": column}, [{"id": 1, "value": given}])
    assert result.reasons == []
    assert result.rows[0]["value"] == landed


@pytest.mark.parametrize(
    ("column", "given", "rule"),
    [
        ({"type": "integer"}, "12.5", "precision"),
        ({"type": "integer"}, "1e3", "type"),
        ({"type": "integer"}, "0x1F", "type"),
        ({"type": "integer"}, "1_000", "type"),
        ({"type": "integer"}, "99999999999", "precision"),
        ({"type": "integer"}, True, "type"),
        ({"type": "integer"}, "١٢", "type"),
        ({"type": "decimal(5,2)"}, "12.345", "precision"),
        ({"type": "decimal(5,2)"}, "12345.6", "precision"),
        ({"type": "decimal(5,2)"}, "13:09", "type"),
        ({"type": "decimal(5,2)"}, "0.38055555555556", "precision"),
        ({"type": "decimal(5,2)"}, "1.23E+05", "type"),
        ({"type": "decimal(5,2)"}, "NaN", "type"),
        ({"type": "decimal(5,2)"}, "1,5", "type"),
        ({"type": "decimal(5,2)"}, {"a": 1}, "type"),
        ({"type": "decimal(5,2)"}, [1], "type"),
        ({"type": "decimal(5,1)", "locale": "id"}, "13.9", "type"),
        ({"type": "decimal(5,1)", "locale": "id"}, "1.23.456", "type"),
        ({"type": "decimal(9,1)", "locale": "en"}, "1.234,5", "type"),
        ({"type": "decimal(9,1)", "locale": "en"}, "12,34", "type"),
        ({"type": "decimal(9,2)", "locale": "id"}, "0.123", "type"),
        ({"type": "decimal(9,2)", "locale": "id"}, "00.123", "type"),
        ({"type": "decimal(9,2)", "locale": "en"}, "0,123", "type"),
        ({"type": "bigint", "locale": "id"}, "-0.123.456", "type"),
        ({"type": "date"}, "31/08/2024", "type"),
        ({"type": "date"}, "epoch", "type"),
        ({"type": "date"}, "infinity", "type"),
        ({"type": "date"}, "-Infinity", "type"),
        ({"type": "date"}, "0000-00-00", "type"),
        ({"type": "date", "format": "%B %d, %Y"}, "epoch", "type"),
        ({"type": "date", "format": "%d %B %Y", "locale": "id"}, "31 January 2024", "type"),
        ({"type": "date", "format": "%d %B %Y"}, "31 Januari 2024", "type"),
        ({"type": "date", "format": "%d %B %Y", "locale": "id"}, "31 Februari 2024", "type"),
        ({"type": "date", "format": "%d %B %Y", "locale": "id"}, "31 01 2024", "type"),
        ({"type": "date", "format": "%d %B %Y", "locale": "id"}, "31 infinity 2024", "type"),
        ({"type": "date", "format": "%Y%m%d"}, "2024123", "type"),
        ({"type": "date", "format": "%Y%m%d"}, "240831", "type"),
        ({"type": "date", "format": ["%Y%m%d", "%Y-%m-%d"]}, "2024123", "type"),
        ({"type": "date", "format": "%d/%m/%y", "max": "2030-12-31"}, "31/08/1", "type"),
        ({"type": "date", "format": "%d/%m/%Y"}, "31/02/2024", "type"),
        ({"type": "date", "format": "%d/%m/%Y"}, "45292", "type"),
        ({"type": "date", "format": "%d/%m/%Y"}, "٣١/٠٨/٢٠٢٤", "type"),
        ({"type": "date"}, "2024-02-30", "type"),
        ({"type": "date"}, "2024-08-31 07:00", "type"),
        ({"type": "date", "format": "%d/%m/%Y"}, "2024/31/08", "type"),
        ({"type": "date", "format": "%d/%m/%Y"}, "31-Agt-24", "type"),
        ({"type": "date", "format": "%d/%m/%Y"}, "00/08/2024", "type"),
        ({"type": "date", "format": "%d/%m/%Y"}, "31/08/24", "type"),
        ({"type": "date", "format": "%Y-%m-%d %H:%M:%S"}, "2024-08-31 13:09:00", "type"),
        ({"type": "timestamp"}, "2024-08-31T07:00:00", "type"),
        ({"type": "timestamp"}, "2024-08-31", "type"),
        ({"type": "timestamp"}, "2024-08-31T07:00:00+25:00", "type"),
        ({"type": "timestamp"}, "2024-08-31T07:00:00+07:60", "type"),
        ({"type": "timestamp"}, "0024-08-31T07:00:00Z", "type"),
        ({"type": "timestamp", "format": "%Y-%m-%d %H:%M:%S", "timezone": "Asia/Jakarta"}, "epoch", "type"),
        ({"type": "boolean"}, "1", "type"),
        ({"required": True}, "", "required"),
        ({"required": True}, None, "required"),
        ({"pattern": r"^\d{4}$"}, "12345", "pattern"),
        ({"values": ["L", "P"]}, "l", "values"),
        ({"type": "integer", "min": 0}, -1, "min"),
        ({"type": "decimal(5,1)", "max": 130}, "130.1", "max"),
        ({"type": "date", "min": "1985-01-01"}, "1899-12-31", "min"),
        ({}, "broken \ufffd text", "encoding"),
        ({}, "nul \0 text", "encoding"),
        ({"personal": "pseudonym", "pattern": "^.*$"}, "broken \ufffd", "encoding"),
    ],
)
def test_what_cannot_be_read_exactly_is_quarantined(land: Any, column: dict[str, Any], given: Any, rule: str) -> None:
    result = land(ID | {"value": column}, [{"id": 1, "value": given}, {"id": 2, "value": None}])
    assert (rule, "value") in result.reasons
    assert all(row["id"] != "1" for row in result.rows)


@pytest.mark.parametrize(
    ("column", "given", "moment"),
    [
        ({}, "2024-08-31T07:00:00+00:00", dt.datetime(2024, 8, 31, 7, tzinfo=dt.UTC)),
        ({}, "2024-08-31T07:00:00Z", dt.datetime(2024, 8, 31, 7, tzinfo=dt.UTC)),
        ({}, "2024-08-31 07:00:00+07", dt.datetime(2024, 8, 31, 0, tzinfo=dt.UTC)),
        ({"timezone": "Asia/Jakarta"}, "2024-08-31 07:00:00", dt.datetime(2024, 8, 31, 0, tzinfo=dt.UTC)),
        ({"timezone": "Asia/Makassar", "format": "%d/%m/%Y %H.%M"}, "31/08/2024 08.00",
         dt.datetime(2024, 8, 31, 0, tzinfo=dt.UTC)),
        ({"format": "%Y-%m-%d %H:%M:%S%z"}, "2024-08-31 07:00:00+0700", dt.datetime(2024, 8, 31, 0, tzinfo=dt.UTC)),
    ],
)  # fmt: skip
def test_a_time_is_a_moment(land: Any, column: dict[str, Any], given: str, moment: dt.datetime) -> None:
    result = land(ID | {"value": {"type": "timestamp", **column}}, [{"id": 1, "value": given}])
    assert result.reasons == []
    assert result.rows[0]["value"] == moment


@pytest.mark.parametrize(
    ("given", "number"),
    [("8.6 %", "8.6"), ("8.6%", "8.6"), ("9.84% %", "9.84"), ("7", "7"), ("% %", None), (" ", None)],
)
def test_of_several_suffixes_the_first_that_fits_is_taken_off(land: Any, given: str, number: str | None) -> None:
    columns = ID | {"value": {"type": "decimal(5,2)", "suffix": ["% %", "%"]}}
    result = land(columns, [{"id": 1, "value": given}])
    assert result.reasons == []
    assert result.rows[0]["value"] == (None if number is None else Decimal(number))


def test_what_is_left_over_after_one_suffix_is_no_number(land: Any) -> None:
    result = land(ID | {"value": {"type": "decimal(5,2)", "suffix": "%"}}, [{"id": 1, "value": "8.6% %"}])
    assert result.reasons == [("type", "value")]


def test_columns_land_with_their_types(land: Any) -> None:
    columns = {"id": {}, "n": {"type": "integer"}, "d": {"type": "decimal(5,1)"}, "t": {"type": "timestamp"}}
    assert land(columns, [{"id": 1}]).columns == {
        "id": "VARCHAR",
        "n": "INTEGER",
        "d": "DECIMAL(5,1)",
        "t": "TIMESTAMP WITH TIME ZONE",
        "_page": "INTEGER",
        "_row": "BIGINT",
        "_coverage": "VARCHAR",
        "_flags": "VARCHAR[]",
    }


@pytest.mark.parametrize(
    ("type_name", "number"),
    [("decimal(38,10)", "1234567890123456.78"), ("decimal(20,2)", "1.00"), ("decimal(20,18)", "0.123456789012345678")],
)
def test_json_numbers_keep_every_digit(land: Any, type_name: str, number: str) -> None:
    """A binary double would give 1234567890123456.8."""
    body = f'[{{"id": 1, "value": {number}}}]'.encode()
    result = land(ID | {"value": {"type": type_name}}, [_page(body)])
    assert result.rows[0]["value"] == Decimal(number)


@pytest.mark.parametrize("locale", [{}, {"locale": "id"}, {"locale": "en"}])
@pytest.mark.parametrize(
    ("number", "value"),
    [("0.00001", "0.00001"), ("1e-05", "0.00001"), ("-1.5E-7", "-0.00000015"), ("2.5e-1", "0.25"), ("1.2e3", "1200")],
)
def test_a_small_number_of_json_is_read_however_it_is_written(
    land: Any, locale: dict[str, str], number: str, value: str
) -> None:
    columns = {"id": {}, "n": {"type": "decimal(20,8)", **locale}}
    result = land(columns, [page_of(f'[{{"id": 1, "n": {number}}}, {{"id": 2, "n": 1e-05}}]'.encode())])
    assert [row["n"] for row in result.rows] == [Decimal(value), Decimal("0.00001")]


@pytest.mark.parametrize("number", ["64.10", "1.50", "1e5", "12345678901234567.89"])
def test_a_number_in_a_text_column_keeps_its_form(land: Any, number: str) -> None:
    """35.10 is a region's code; as a number it would land as 35.1."""
    body = f'[{{"id": {number}, "value": "x"}}]'.encode()
    assert land(ID | {"value": {}}, [_page(body)]).rows[0]["id"] == number


@pytest.mark.parametrize("number", ["1.000", "1.234"])
def test_a_json_number_is_never_read_by_a_locale(land: Any, number: str) -> None:
    """The text "1.000" is a thousand in Indonesian; the number 1.000 is one, also on a page that is rewritten."""
    body = f'[{{"id": 64.10, "value": {number}}}]'.encode()
    column = {"type": "decimal(9,3)", "locale": "id"}
    assert land(ID | {"value": column}, [_page(body)]).rows[0]["value"] == Decimal(number)


def test_every_reason_of_a_row_is_told(land: Any) -> None:
    columns = ID | {"jk": {"values": ["L", "P"]}, "umur": {"type": "integer"}, "tb": {"type": "decimal(5,1)", "max": 9}}
    result = land(columns, [{"id": 1, "jk": "X", "umur": "dua", "tb": "10.0"}])
    assert result.reasons == [("values", "jk"), ("type", "umur"), ("max", "tb")]
    first = result.quarantine[0]["reasons"][0]
    assert (first["value"], first["expected"]) == ("X", "one of: L, P")


def test_rules_compare_columns(land: Any) -> None:
    columns = ID | {"hadir": {"type": "integer"}, "terdaftar": {"type": "integer"}}
    rows = [{"id": 1, "hadir": 5, "terdaftar": 4}, {"id": 2, "hadir": 4, "terdaftar": 4}, {"id": 3, "hadir": 4}]
    result = land(columns, rows, rules=["hadir <= terdaftar"])
    assert [row["id"] for row in result.rows] == ["2", "3"]
    assert result.quarantine[0]["reasons"][0]["value"] == "hadir = 5, terdaftar = 4"


def test_a_rule_may_add_columns_so_that_a_shifted_header_is_seen(land: Any) -> None:
    columns = ID | {name: {"type": "integer"} for name in ("laki", "perempuan", "jumlah")}
    rows = [
        {"id": 1, "laki": 2147483647, "perempuan": 3, "jumlah": 4},
        {"id": 2, "laki": 5, "perempuan": 3, "jumlah": 8},
        {"id": 3, "laki": 5, "perempuan": None, "jumlah": 8},
        {"id": 4, "laki": 8, "perempuan": 5, "jumlah": 3},
    ]
    result = land(columns, rows, rules=["laki + perempuan = jumlah"])
    assert [row["id"] for row in result.rows] == ["2", "3"]
    assert result.reasons == [("rule", "laki")] * 2
    assert result.quarantine[1]["reasons"][0]["value"] == "laki = 8, perempuan = 5, jumlah = 3"


def test_a_sum_may_be_compared_with_a_number_and_other_scales(land: Any) -> None:
    columns = ID | {"a": {"type": "decimal(5,2)"}, "b": {"type": "decimal(9,4)"}, "c": {"type": "bigint"}}
    rows = [{"id": 1, "a": "99.99", "b": "0.0100", "c": 100}, {"id": 2, "a": "99.99", "b": "0.0101", "c": 100}]
    result = land(columns, rows, rules=["a + b <= 100", "c = a + b", "a + b > -1.5"])
    assert [row["id"] for row in result.rows] == ["1"]
    assert result.reasons == [("rule", "a"), ("rule", "c")]


def test_a_flagging_rule_counts_and_lands(land: Any) -> None:
    columns = ID | {"persen": {"type": "decimal(9,2)"}}
    rule = {"rule": "persen <= 120", "on_fail": "flag"}
    result = land(columns, [{"id": 1, "persen": "3334"}, {"id": 2, "persen": "99"}], rules=[rule])
    assert len(result.rows) == 2
    assert result.counts.flagged == {"persen <= 120": 1}


def _page(body: bytes) -> Any:
    from connectors.protocols.base import Page

    return Page(0, body, body, "$", {}, "GET", 200, 1)


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("Kabupaten/Kota", rb'[{"id": 1, "Kabupaten\/Kota": 64.10}]'),
        ("Suhu °C", rb'[{"id": 1, "Suhu \u00b0C": 64.10}]'),
        ("teks", rb'[{"id": 1, "t\u0065ks": 64.10}]'),
        ("$.a[0]", b'[{"id": 1, "a": [64.10]}]'),
        ("$.a[0].b", b'[{"id": 1, "a": [{"b": 64.10}]}]'),
    ],
)
def test_a_number_keeps_its_digits_as_text_however_its_name_is_written(land: Any, field: str, body: bytes) -> None:
    result = land(ID | {"value": {"from": field}}, [page_of(body)])
    assert [row["value"] for row in result.rows] == ["64.10"]


def test_more_digits_than_a_double_keeps_come_before_an_exponent_too(land: Any) -> None:
    columns = ID | {"value": {"type": "decimal(38,5)", "locale": "id"}}
    result = land(columns, [page_of(b'[{"id": 1, "value": 90071992547409931e0}]')])
    assert result.rows == []
    assert result.reasons == [("type", "value")]


@pytest.mark.parametrize("number", ["1.2345678901234567e+19", "1e15"])
def test_a_number_that_a_spreadsheet_has_rounded_is_refused_beside_small_ones_too(land: Any, number: str) -> None:
    columns = ID | {"value": {"type": "decimal(38,5)"}}
    result = land(columns, [page_of(f'[{{"id": 1, "value": {number}}}, {{"id": 2, "value": 1e-05}}]'.encode())])
    assert [row["value"] for row in result.rows] == [Decimal("0.00001")]
    assert result.reasons == [("type", "value")]


def test_a_number_in_a_list_is_one_of_no_locale_on_a_rewritten_page_too(land: Any) -> None:
    columns = {"id": {}, "value": {"type": "decimal(9,3)", "locale": "id", "from": "$.a[0].n"}}
    result = land(columns, [page_of(b'[{"id": 64.10, "a": [{"n": 1.234}]}]')])
    assert [row["value"] for row in result.rows] == [Decimal("1.234")]


def test_p1_a_row_that_breaks_two_rules_on_one_field_is_one_refused_row(land: Any) -> None:
    columns = {"id": {}, **{name: {"type": "integer"} for name in ("hadir", "terdaftar", "kursi")}}
    rows = [{"id": 1, "hadir": 5, "terdaftar": 4, "kursi": 3}, {"id": 2, "hadir": 1, "terdaftar": 4, "kursi": 3}]
    result = land(columns, rows, rules=["hadir <= terdaftar", "hadir <= kursi"])
    assert result.reasons == [("rule", "hadir")] * 2
    assert [(count.rule, count.field, count.rows) for count in result.counts.quarantine] == [("rule", "hadir", 1)]


@pytest.mark.parametrize(
    ("bounds", "given", "landed"),
    [
        ({"max": "2026-12-31"}, "05/06/60", dt.date(1960, 6, 5)),
        ({"max": "2026-12-31"}, "05/06/69", dt.date(1969, 6, 5)),
        ({"max": "2026-12-31"}, "31/12/26", dt.date(2026, 12, 31)),
        ({"max": "2026-12-31"}, "01/01/27", dt.date(1927, 1, 1)),
        ({"max": "2026-06-30"}, "30/06/26", dt.date(2026, 6, 30)),
        ({"max": "2026-06-30"}, "01/07/26", dt.date(1926, 7, 1)),
        ({"max": "2026-12-31"}, "29/02/28", dt.date(1928, 2, 29)),
        ({"max": "1999-12-31"}, "29/02/00", None),
        ({"max": "2026-12-31"}, "29/02/24", dt.date(2024, 2, 29)),
        ({"max": "1999-12-31"}, "05/06/24", dt.date(1924, 6, 5)),
        ({"min": "2001-01-01"}, "05/06/69", dt.date(2069, 6, 5)),
        ({"min": "2001-01-01"}, "05/06/00", dt.date(2100, 6, 5)),
        ({"min": "1950-01-01"}, "05/06/49", dt.date(2049, 6, 5)),
        ({"min": "1950-01-01", "max": "2026-12-31"}, "05/06/60", dt.date(1960, 6, 5)),
        ({"max": "2026-12-31"}, "05/06/1960", dt.date(1960, 6, 5)),
        ({"max": "2026-12-31"}, "05/06/2024", dt.date(2024, 6, 5)),
    ],
)
def test_a_year_of_two_digits_is_of_the_declared_hundred_years(
    land: Any, bounds: dict[str, str], given: str, landed: dt.date | None
) -> None:
    column = {"type": "date", "format": ["%d/%m/%Y", "%d/%m/%y"], **bounds}
    result = land(ID | {"value": column}, [{"id": 1, "value": given}])
    assert [row["value"] for row in result.rows] == ([landed] if landed else [])
    assert result.reasons == ([] if landed else [("type", "value")])


def test_a_year_of_two_digits_before_the_least_day_is_refused(land: Any) -> None:
    column = {"type": "date", "format": "%d/%m/%y", "min": "1950-01-01", "max": "2026-12-31"}
    result = land(ID | {"value": column}, [{"id": 1, "value": "05/06/30"}])
    assert result.reasons == [("min", "value")]
