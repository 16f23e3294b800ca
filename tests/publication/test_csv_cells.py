"""Cells of a published CSV: text that a spreadsheet would run is made harmless, everything else is left alone."""

import csv
from pathlib import Path

import duckdb
import pytest

from ledger.sql import literal
from publication.formats.csv_files import csv_cell, write_relation


@pytest.mark.fault(22)
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


@pytest.mark.parametrize("value", ["Kabupaten Malang", "35.07", ""])
def test_csv_leaves_plain_text_alone(value: str) -> None:
    assert csv_cell(value) == value


PAYLOADS = (
    *("=1+1", "+1", "-1+1", "@SUM(A1)", "\tx", "\rx", "＝1+1", " =1+1", "\u00a0=1+1", "\ufeff\u200b@x", "\u202a-1"),
    *("\n=1+1", "Malang;=cmd|'/c calc'!A0", "Malang\n+1", "\t=1", "\x0b=1", "\x1c=1", "\x85=1", "\u2003=1", ";;=1"),
)


def test_a_whole_table_is_made_harmless_as_its_cells_are(tmp_path: Path) -> None:
    """DuckDB writes the file: whatever Python's rule would change, DuckDB's expression must have found."""
    texts = [*PAYLOADS, "a-b", "Kabupaten Malang", "35.07", "", 'a "quoted" text', "a,b", "a\nb"]
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE told (place INTEGER, text VARCHAR, nothing VARCHAR, number DECIMAL(9, 2), said BOOLEAN,"
            " day DATE, moment TIMESTAMPTZ, names VARCHAR[])"
        )
        for place, text in enumerate(texts):
            rest = "NULL, -1.50, true, DATE '2026-12-01', TIMESTAMPTZ '2026-12-01 03:00:00+00', ['a', 'ä']"
            connection.execute(f"INSERT INTO told VALUES ({place}, {literal(text)}, {rest})")
        connection.execute("SET TimeZone = 'UTC'")
        write_relation(connection, "told", tmp_path / "told.csv")

    written = (tmp_path / "told.csv").read_text(encoding="utf-8")
    with (tmp_path / "told.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["place", "text", "nothing", "number", "said", "day", "moment", "names"]
    assert [row[1] for row in rows] == [csv_cell(text) for text in texts]
    others = ["", "-1.50", "true", "2026-12-01", "2026-12-01T03:00:00Z", '["a","ä"]']
    assert all(row[2:] == others for row in rows)
    assert '\n20,"a-b",,-1.50,true,2026-12-01,2026-12-01T03:00:00Z,"[""a"",""ä""]"\n' in written
