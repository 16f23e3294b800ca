"""The workbook as an XLSX file: drop-downs, locked cells, hidden columns."""

from collections.abc import Sequence
from pathlib import Path

from openpyxl import Workbook as Book
from openpyxl.styles import Alignment, Font, PatternFill, Protection
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from pilar.answers.workbook import COLUMNS, FILLED, HEADER_ROW, OPTIONS, SHEET, Workbook

_TEXT = "@"
_REFUSED = "Pilih salah satu dari daftar"


def write_workbook(asked: Workbook, path: Path) -> None:
    """Write the file. An agency opens it in LibreOffice or Excel; nothing in it is a formula or a macro."""
    book = Book()
    answers = book.create_sheet(SHEET, 0)
    options = book.create_sheet(OPTIONS, 1)
    del book[book.sheetnames[-1]]
    _head(answers, asked)
    places = _write_options(options, asked)
    for at, row in enumerate(asked.rows, start=HEADER_ROW + 1):
        _write_row(answers, at, row)
    _ask(answers, asked, places)
    for sheet in (answers, options):
        # Without a password: what was changed all the same is found out when it comes back.
        sheet.protection.sheet = True
        sheet.protection.formatColumns = False
        sheet.protection.formatRows = False
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)


def _head(sheet: Worksheet, asked: Workbook) -> None:

    for at, line in enumerate(asked.head, start=1):
        cell = sheet.cell(at, 1, line)
        cell.font = Font(bold=at <= 2 or line.startswith("Perhatian"))
    for at, (name, width) in enumerate(COLUMNS.items(), start=1):
        cell = sheet.cell(HEADER_ROW, at, name)
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", start_color="DDDDDD")
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        column = sheet.column_dimensions[get_column_letter(at)]
        column.width, column.hidden = width or 10, not width
    sheet.freeze_panes = sheet.cell(HEADER_ROW + 1, 1)


def _write_options(sheet: Worksheet, asked: Workbook) -> dict[str, str]:
    """Write every option and what it means. Returns where those of each question stand, as a drop-down names them."""
    places = {}
    for at, name in enumerate(("Kode", "Pertanyaan", "Pilihan", "Artinya"), start=1):
        sheet.cell(1, at, name)
    for letter, width in zip("ABCD", (13, 44, 16, 60), strict=True):
        sheet.column_dimensions[letter].width = width
    row = 2
    for one in asked.questions:
        first = row
        for choice in one.choices:
            for at, text in enumerate((one.key, one.text, choice.text, choice.means), start=1):
                sheet.cell(row, at, text).number_format = _TEXT
            row += 1
        if one.choices:
            places[one.key] = f"{OPTIONS}!$C${first}:$C${row - 1}"
    return places


def _write_row(sheet: Worksheet, at: int, row: Sequence[str]) -> None:
    for column, (name, text) in enumerate(zip(COLUMNS, row, strict=True), start=1):
        cell = sheet.cell(at, column, text or None)
        cell.number_format = _TEXT  # typed or shown, 5-9 is no date and 01 keeps its nought
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        if name in FILLED:
            cell.protection = Protection(locked=False)
            cell.fill = PatternFill("solid", start_color="FFF8DC")


def _ask(sheet: Worksheet, asked: Workbook, places: dict[str, str]) -> None:

    letter = get_column_letter(list(COLUMNS).index("Jawaban") + 1)
    for at, one in enumerate(asked.questions, start=HEADER_ROW + 1):
        if one.choices:
            rule = DataValidation(type="list", formula1=places[one.key], allow_blank=True, showErrorMessage=True)
            rule.error = _REFUSED
        elif one.low:
            rule = DataValidation(type="decimal", operator="between", formula1=one.low, formula2=one.high)
            rule.error = f"Isi angka dari {one.low} sampai {one.high}"
            rule.showErrorMessage = True
            sheet[f"{letter}{at}"].number_format = "General"
        else:
            continue
        rule.errorTitle = "Jawaban tidak dikenal"
        rule.add(f"{letter}{at}")
        sheet.add_data_validation(rule)
