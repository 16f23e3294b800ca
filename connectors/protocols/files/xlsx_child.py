"""What runs in the workbook's own process: unpack, parse, hand the cells over as JSON, and end.

A parser of files that strangers made runs under bounds of memory and time in a process that holds no secret; it imports
nothing heavy, so that it starts in a tenth of a second. Standard input: one line of JSON (``Ask``), then the workbook.
Standard output: ``{"rows": [[cell, ...], ...]}``, or ``{"damaged": "why"}``.
"""

import datetime as dt
import io
import json
import math
import resource
import sys
from typing import Any, TypedDict

from connectors.protocols.files.xlsx_guard import safe_workbook
from ledger.errors import SourceError

_WHOLE = 1e15  # spreadsheets keep fifteen digits
_FALSE_LEAP_EVE, _FALSE_LEAP_TEXT = (1900, 2, 28), "1900-02-28 or 1900-02-29"


class Ask(TypedDict):
    """What is wanted: see ``XlsxArgs``. Dates in the first ``plain_rows`` rows are written as ISO 8601 all the same."""

    sheet: str | int
    dates_as: str | None
    plain_rows: int
    max_unpacked: int
    memory: int
    cpu_s: int


def main() -> None:
    """Read the question, answer it."""
    ask: Ask = json.loads(sys.stdin.buffer.readline())
    _bound(ask)
    try:
        answer: dict[str, Any] = {"rows": _rows(sys.stdin.buffer.read(), ask)}
    except SourceError as error:
        answer = {"damaged": error.what}
    except MemoryError:
        answer = {"damaged": "the workbook needs more memory than one may have"}
    json.dump(answer, sys.stdout)


def _bound(ask: Ask) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ask["memory"], ask["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (ask["cpu_s"], ask["cpu_s"]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _rows(body: bytes, ask: Ask) -> list[list[Any]]:
    grid = _grid(safe_workbook(body, ask["max_unpacked"], ""), ask["sheet"])
    plain, dates_as = ask["plain_rows"], ask["dates_as"]
    return [
        [] if all(cell == "" for cell in row) else [cell_value(cell, dates_as if at >= plain else None) for cell in row]
        for at, row in enumerate(grid)
    ]


def _grid(body: bytes, wanted: str | int) -> list[list[Any]]:
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, WorksheetNotFound

    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(body)) as book:
            names = book.sheet_names
            if isinstance(wanted, int) and wanted >= len(names):
                raise _damaged(f"the workbook has {len(names)} sheets, number {wanted} is asked for")
            sheet = book.get_sheet_by_index(wanted) if isinstance(wanted, int) else book.get_sheet_by_name(wanted)
            return list(sheet.to_python(skip_empty_area=False))
    except WorksheetNotFound:
        raise _damaged(f"the workbook has no sheet {str(wanted)[:60]!r}") from None
    except PasswordError:
        raise _damaged("the workbook has a password") from None
    except (CalamineError, OSError, ValueError) as error:
        raise _damaged(f"the workbook cannot be read ({str(error)[:800]})") from None
    except BaseException as error:
        if type(error).__module__ != "pyo3_runtime":  # a panic of the parser is no Exception in Python
            raise
        raise _damaged("the workbook breaks its reader") from None


def cell_value(cell: Any, dates_as: str | None = None) -> Any:
    """One cell as a JSON value without loss.

    Numbers keep the shortest digits that mean them; whole numbers beyond fifteen digits, which a spreadsheet has
    rounded, keep a fraction and so never pass for an identity number. A time of day stays one: 13:09 is not 13.9.
    Spreadsheets count a 29 February 1900, which never was, and the parser gives it as the 28th: either is no date.
    """
    if cell == "" or cell is None:
        return None
    if isinstance(cell, bool | str):
        return cell
    if isinstance(cell, int | float):
        return _number(float(cell))
    if isinstance(cell, dt.date) and (cell.year, cell.month, cell.day) == _FALSE_LEAP_EVE:
        return _FALSE_LEAP_TEXT
    if isinstance(cell, dt.date) and not isinstance(cell, dt.datetime) and dates_as:
        return cell.strftime(dates_as)
    return str(cell)  # dates and times as ISO 8601 writes them


def _number(number: float) -> int | float | str:
    if not math.isfinite(number):
        return str(number)
    return int(number) if number.is_integer() and abs(number) < _WHOLE else number


def _damaged(what: str) -> SourceError:
    return SourceError("damaged", what)
