"""Cells as no spreadsheet program writes them: refused, or handed over as what they are."""

import datetime as dt
import re

import pytest

from tests.connectors.protocols.test_xlsx import Records, book, records, refused, sheet_edited

__all__ = ["records"]


@pytest.mark.parametrize("result", [b"", b"<v/>", b"<v />", b"<v></v>"], ids=["none", "closed", "spaced", "empty"])
def test_p8_a_formula_without_its_result_is_no_empty_cell(records: Records, result: bytes) -> None:
    """Libraries write formulas and leave the arithmetic to the program that opens the file; nobody opened this one."""
    cell = b'<c r="A2" t="inlineStr"><is><t>x</t></is></c>'
    body = book(["a"], ["x"])
    for formula in (b"<f>1+1</f>", b'<f t="shared" si="0"/>'):
        assert (
            "without their results"
            in refused(records, sheet_edited(body, cell, b'<c r="A2">' + formula + result + b"</c>")).what
        )
    empty_text = sheet_edited(body, cell, b'<c r="A2" t="str"><f>""</f>' + result + b"</c>")
    assert records(empty_text) == []
    assert records(sheet_edited(body, cell, b'<c r="A2"><f>1+1</f><v>2</v></c>')) == [{"a": 2}]
    assert "without their results" in refused(records, book(["a", "b"], ["=cmd|'/c calc'!A0", "x"])).what


@pytest.mark.parametrize("inside", [b"1<!-- x -->2", b"<![CDATA[5]]>"])
@pytest.mark.parametrize("kind", [b"", b' t="str"'])
def test_a_cell_that_the_reader_would_read_in_part_is_refused(records: Records, inside: bytes, kind: bytes) -> None:
    cell = b'<c r="A2" t="inlineStr"><is><t>x</t></is></c>'
    body = sheet_edited(book(["a"], ["x"]), cell, b'<c r="A2"' + kind + b"><v>" + inside + b"</v></c>")
    assert "as no spreadsheet program writes" in refused(records, body).what


@pytest.mark.parametrize(
    "value",
    ["1e999", "NaN", "inf", "0x10", "1_000", "1,5", "١٢", "１２", "12345678901234567890", "13:09"],
)
def test_a_number_cell_that_is_no_number_does_not_become_one(records: Records, value: str) -> None:
    cell = b'<c r="A2" t="inlineStr"><is><t>x</t></is></c>'
    [row] = records(sheet_edited(book(["a"], ["x"]), cell, f'<c r="A2"><v>{value}</v></c>'.encode()))
    assert isinstance(row["a"], str)
    assert not re.fullmatch(r"[+-]?[0-9]+([.][0-9]+)?", row["a"])


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b'r="B2"', b'r="A2"', "cell A2"),
        (b'r="B2"', b"r = 'a02'", "cell A2"),
        (b'<row r="2"', b'<row r="1"', "row 1"),
        (b'<c r="B2"', b'<c s=">" r="A2"', "cell A2"),
    ],
    ids=["cell", "spelled-otherwise", "row", "behind-a-sign"],
)
def test_p1_of_two_cells_of_one_address_none_is_chosen(records: Records, old: bytes, new: bytes, told: str) -> None:
    error = refused(records, sheet_edited(book(["a", "b"], ["x", "y"]), old, new))
    assert f"a sheet holds {told} twice" in error.what


def test_places_named_outside_the_cells_are_no_second_cells(records: Records) -> None:
    body = book(["a", "b"], ["lihat r='A2' dan r='A2'", "y"])
    watched = sheet_edited(body, b"</sheetData>", b'</sheetData><cellWatches><cellWatch r="A2"/></cellWatches>')
    assert [row["b"] for row in records(watched)] == ["y"]


def test_p8_the_29_february_1900_of_spreadsheets_is_no_date(records: Records) -> None:
    for serial in (b"60", b"60.5", b"59"):  # the parser gives the 28th for all of them
        body = sheet_edited(book(["t"], [dt.date(2024, 8, 1)]), b"<v>45505</v>", b"<v>" + serial + b"</v>")
        for more in ({}, {"dates_as": "%d/%m/%Y"}):
            assert records(body, **more) == [{"t": "1900-02-28 or 1900-02-29"}]
    after = sheet_edited(book(["t"], [dt.date(2024, 8, 1)]), b"<v>45505</v>", b"<v>61</v>")
    assert records(after) == [{"t": "1900-03-01"}]
