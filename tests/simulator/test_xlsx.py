"""The workbook writer, read back by two readers that are not ours."""

import io

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from simulator.xlsx import workbook

ROWS: list[list[str | int]] = [["nama", "umur", "kosong"], ["  A & B <c> ", 7, ""], ["0012", 0, "ü"], ["7", 12, "-"]]


def test_calamine_reads_back_what_was_written() -> None:
    read = CalamineWorkbook.from_filelike(io.BytesIO(workbook(ROWS, "Lembar"))).get_sheet_by_name("Lembar").to_python()
    assert read == ROWS


def test_openpyxl_reads_texts_as_texts_and_numbers_as_numbers() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(workbook(ROWS))).active
    assert sheet is not None
    assert [[cell if cell is not None else "" for cell in row] for row in sheet.iter_rows(values_only=True)] == ROWS


@pytest.mark.parametrize(("columns", "last"), [(1, "A1"), (26, "Z1"), (27, "AA1"), (703, "AAA1")])
def test_column_letters(columns: int, last: str) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(workbook([["x"] * columns]))).active
    assert sheet is not None
    assert sheet.cell(1, columns).coordinate == last
    assert sheet.cell(1, columns).value == "x"
