"""Sheets of XLS, the workbooks of Excel 97 to 2003, read with their number formats and hidden rows."""

import datetime as dt
import io
from typing import TYPE_CHECKING, Any

from connectors.protocols.files.sheets import AS_XLSX, ERRORS, Sheet, chosen, damaged
from connectors.protocols.files.xlsx_formats import PLAIN
from ledger.errors import SourceError

if TYPE_CHECKING:
    from xlrd.book import Book
    from xlrd.sheet import Cell
    from xlrd.sheet import Sheet as XlsSheet

_NUMBER, _DATE, _BOOLEAN, _ERROR = range(2, 6)  # the parser's types of cells
_SURE = 61  # the days of 1900 are doubtful up to a 29 February that never was
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def read_xls(body: bytes, wanted: str | int) -> Sheet:
    """The sheet that is wanted. Raises SourceError (damaged)."""
    import xlrd
    from xlrd.biffh import XLRDError

    if _ENCRYPTED in body:
        raise damaged("the workbook has a password")
    try:
        with xlrd.open_workbook(file_contents=body, formatting_info=True, logfile=io.StringIO()) as book:
            sheets = [(sheet.name, sheet.visibility != 0, sheet) for sheet in book.sheets()]
            name, concealed, sheet = chosen(wanted, sheets)
            return _read(book, sheet, name, concealed)
    except XLRDError as error:
        what = "has a password" if "encrypted" in str(error) else "is no XLS that can be read"
        raise damaged(f"the workbook {what}", AS_XLSX) from None
    except (SourceError, MemoryError):
        raise
    except Exception:  # over bytes that are no workbook the parser stumbles in any way
        raise damaged("the workbook is no XLS that can be read", AS_XLSX) from None


def _read(book: "Book", sheet: "XlsSheet", name: str, concealed: bool) -> Sheet:
    formats = {}
    grid: list[list[Any]] = []
    for row in range(sheet.nrows):
        cells = sheet.row(row)
        grid.append([_value(book, cell) for cell in cells])
        for column, cell in enumerate(cells):
            if cell.ctype == _NUMBER and (code := _code(book, cell)) not in PLAIN:
                formats[row, column] = code
    hidden = frozenset(row for row, info in sheet.rowinfo_map.items() if info.hidden and row < sheet.nrows)
    return Sheet(name, grid, concealed, hidden, formats)


def _value(book: "Book", cell: "Cell") -> Any:
    if cell.ctype == _DATE:
        return _moment(book, cell)
    if cell.ctype == _ERROR:  # no empty cell: #N/A
        return ERRORS.get(int(cell.value), "#ERROR")
    return bool(cell.value) if cell.ctype == _BOOLEAN else cell.value  # "" of an empty one


def _moment(book: "Book", cell: "Cell") -> Any:
    import xlrd

    days = float(cell.value)
    if book.datemode == 0 and 1 <= days < _SURE:
        return dt.date(1900, 2, 28)
    try:
        moment: dt.datetime = xlrd.xldate_as_datetime(days, book.datemode)
    except (ValueError, OverflowError):
        return days
    if 0 <= days < 1:
        return moment.time()
    return moment.date() if moment.time() == dt.time() else moment


def _code(book: "Book", cell: "Cell") -> str:
    key = book.xf_list[cell.xf_index or 0].format_key
    return str(book.format_map[key].format_str)
