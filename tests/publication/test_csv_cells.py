"""Cells of a published CSV: text that a spreadsheet would run is made harmless, everything else is left alone."""

import pytest

from publication.formats.csv_files import csv_cell


@pytest.mark.parametrize("payload", ["=1+1", "+1", "-1+1", "@SUM(A1)", "\tx", "\rx", '=HYPERLINK("x")', "＝1+1"])
def test_csv_text_is_never_a_formula(payload: str) -> None:
    assert csv_cell(payload) == f"'{payload}"


@pytest.mark.parametrize(
    ("payload", "written"),
    [
        (" =1+1", "' =1+1"),
        ("\u00a0=1+1", "'\u00a0=1+1"),
        ("\ufeff\u200b@x", "'\ufeff\u200b@x"),
        ("\n=1+1", "'\n'=1+1"),
        ("Malang;=cmd|'/c calc'!A0", "Malang;'=cmd|'/c calc'!A0"),
        ("Malang\n+1", "Malang\n'+1"),
        ("\t=1", "'\t'=1"),
    ],
)
def test_csv_text_hides_no_formula_behind_blanks_line_ends_or_another_countrys_comma(
    payload: str, written: str
) -> None:
    assert csv_cell(payload) == written


@pytest.mark.parametrize("value", ["a-b", "a = b", "Rp 5; Rp 6", "2024-08", "a\nb", "x@y.example", "' x"])
def test_csv_leaves_signs_inside_a_text_alone(value: str) -> None:
    assert csv_cell(value) == value


@pytest.mark.parametrize("value", [-12.5, 0, None, "Kabupaten Malang", "35.07", ""])
def test_csv_leaves_numbers_and_plain_text_alone(value: object) -> None:
    assert csv_cell(value) == value
