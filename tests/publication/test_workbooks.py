"""The workbook of a region: numbers are numbers, codes are text, moments are moments, and nothing is a formula."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from publication.build import Published, publish
from publication.formats.workbooks import INDICATORS
from publication.xlsx import Cell, Sheet, write_workbook
from tests.publication.sample_meta import sample_meta
from tests.publication.sample_warehouse import REGIONS
from tests.publication.spoilt import spoil


def cells(path: Path, sheet: str) -> Iterator[Any]:
    yield from (cell for row in openpyxl.load_workbook(path)[sheet].iter_rows() for cell in row)


def rows(path: Path, sheet: str) -> list[dict[str, Any]]:
    header, *found = openpyxl.load_workbook(path)[sheet].iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in found]


def header(column: str) -> str:
    return INDICATORS[column][0]


def test_each_region_has_a_workbook_of_its_own_rows(published: Published) -> None:
    folder = published.path / "xlsx"
    assert {path.stem for path in folder.iterdir()} == REGIONS.keys()
    for code in REGIONS:
        sheets = openpyxl.load_workbook(folder / f"{code}.xlsx").sheetnames
        assert sheets == ["Baca dulu", "Nilai", "Indikator", "Pertanyaan"]
        assert {row[header("region_code")] for row in rows(folder / f"{code}.xlsx", "Indikator")} == {code}
        assert all(sheet for sheet in (rows(folder / f"{code}.xlsx", name) for name in ("Nilai", "Pertanyaan")))


def test_a_figure_is_a_number_a_code_a_text_and_a_moment_a_moment(published: Published) -> None:
    found = rows(published.path / "xlsx/64.02.xlsx", "Indikator")
    [row] = [one for one in found if one[header("indicator_id")] == "liv_stunting_prevalence"]
    assert row[header("value")] == 17.6
    assert row[header("numerator")] == 88
    assert row[header("region_code")] == "64.02"
    assert row[header("period")] == "2024-08"
    held = {str(one[header("held_since")]) for one in found if one[header("pillar_name_id")] == "Promosi daerah cerdas"}
    assert held == {"2025-01-10 02:00:00"}
    missing = [one for one in found if one[header("state_name_en")] == "no data"]
    assert {one[header("value")] for one in missing} == {None}


@pytest.mark.fault(22)
@pytest.mark.parametrize("payload", ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("x")', "\t=1", "<f>1+1</f>", "a\x01b"])
def test_no_cell_is_a_formula(sample_file: Path, tmp_path: Path, payload: str) -> None:
    quoted = payload.replace("'", "''")
    statement = f"UPDATE candidate.mart_branding SET published_by = '{quoted}' WHERE region_code = '62.02'"
    result = publish(spoil(sample_file, tmp_path, statement), sample_meta(), tmp_path / "published")
    path = result.path / "xlsx/62.02.xlsx"
    assert payload.replace("\x01", "") in {cell.value for cell in cells(path, "Indikator")}
    for sheet in openpyxl.load_workbook(path).sheetnames:
        assert {cell.data_type for cell in cells(path, sheet)} <= {"s", "n", "d", "inlineStr"}


@pytest.mark.parametrize(
    ("value", "read", "shown"),
    [
        (Decimal("1224000000000.5000"), 1224000000000.5, "#,##0.00"),
        (Decimal("-3.5"), -3.5, "#,##0.00"),
        (2024, 2024, "0"),
        (date(2024, 2, 29), "2024-02-29 00:00:00", "yyyy\\-mm\\-dd"),
        (datetime(2024, 2, 29, 18, 30, tzinfo=UTC), "2024-02-29 18:30:00", "yyyy\\-mm\\-dd\\ hh:mm"),
        ("35.10", "35.10", "@"),
        (True, "ya / yes", "@"),
    ],
)
def test_a_cell_is_what_its_value_is(tmp_path: Path, value: Cell, read: object, shown: str) -> None:
    write_workbook(tmp_path / "a.xlsx", [Sheet("s", ["x"], [[value]])])
    [_, cell] = cells(tmp_path / "a.xlsx", "s")
    assert (cell.value if isinstance(read, int | float) else str(cell.value), cell.number_format) == (read, shown)


@pytest.mark.parametrize(("places", "shown"), [(0, "#,##0"), (1, "#,##0.0"), (4, "#,##0.0000"), (9, "#,##0.0000")])
def test_a_figure_is_shown_with_the_decimals_of_its_indicator(tmp_path: Path, places: int, shown: str) -> None:
    write_workbook(tmp_path / "a.xlsx", [Sheet("s", ["x"], [[Decimal("2.5")]], decimals=[places])])
    [_, cell] = cells(tmp_path / "a.xlsx", "s")
    assert cell.number_format == shown
