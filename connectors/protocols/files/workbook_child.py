"""What runs in the workbook's own process: unpack, parse, hand the cells over as JSON, and end.

A parser of files that strangers made runs under bounds of memory and time in a process that holds no secret; it imports
nothing heavy, so that it starts in a tenth of a second. Standard input: one line of JSON (``Ask``), then the workbook.
Standard output: ``Answer``, or ``{"damaged": "why", "do": "what to do"}``.
"""

import datetime as dt
import json
import math
import resource
import sys
from typing import Any, TypedDict

from connectors.http.first_bytes import Kind, called, kind_of
from connectors.protocols.files.sheets import AS_XLSX, Place, Sheet, damaged
from connectors.protocols.files.unpacking import other_kind, unpacked
from ledger.errors import SourceError

_WHOLE = 1e15  # spreadsheets keep fifteen digits
_FALSE_LEAP_EVE, _FALSE_LEAP_TEXT = (1900, 2, 28), "1900-02-28 or 1900-02-29"


class Ask(TypedDict):
    """What is wanted: see ``XlsxArgs``. Dates in the first ``plain_rows`` rows are written as ISO 8601 all the same.

    ``formulas``: cells that hold one are told.
    """

    sheet: str | int
    dates_as: str | None
    plain_rows: int
    formulas: bool
    max_unpacked: int
    memory: int
    cpu_s: int


class Answer(TypedDict):
    """The cells of one sheet, from its first row on; an empty row has none.

    A cell is null, a text, a number or a boolean. Where it is more than that, it is an object:

    - ``date``: the text of a date or time, and its ``day`` of the month (null of a time).
    - ``number`` with ``format``: a number, and its format's place in ``formats``.
    - ``number`` with ``shown`` and ``percent``: a number, the text that the cell shows, and whether that is a
      percentage.
    - ``formula``: what the formula in the cell came to, as text.

    ``hidden`` are rows that nobody sees, from 1. ``concealed`` says so of the whole sheet.
    """

    kind: str
    sheet: str
    concealed: bool
    hidden: list[int]
    formats: list[str]
    rows: list[list[Any]]


def main() -> None:
    """Read the question, answer it."""
    ask: Ask = json.loads(sys.stdin.buffer.readline())
    _bound(ask)
    try:
        answer: Any = answer_of(sys.stdin.buffer.read(), ask)
    except SourceError as error:
        answer = {"damaged": error.what, "do": error.do}
    except MemoryError:
        answer = {"damaged": "the workbook needs more memory than one may have"}
    json.dump(answer, sys.stdout)


def answer_of(body: bytes, ask: Ask) -> Answer:
    """The answer about a workbook of any kind that is read here, packed or not. Raises SourceError (damaged)."""
    inner = unpacked(body, ask["max_unpacked"], "")
    kind = kind_of(inner)
    try:
        sheet = _sheet(kind, inner, ask, packed=inner is not body)
    except SourceError as error:
        told = f"{called(kind)}: {error.what}" if kind in ("xlsb", "xls", "ods") else error.what
        raise SourceError("damaged", told, do=error.do) from None
    calculated = sheet.formulas if ask["formulas"] else frozenset()
    if calculated is None:
        raise damaged(f"formulas in a workbook of the kind {kind.upper()} cannot be told", AS_XLSX)
    codes = sorted(set(sheet.formats.values()))
    places = {code: nth for nth, code in enumerate(codes)}
    plain, dates_as = ask["plain_rows"], ask["dates_as"]
    rows: list[list[Any]] = []
    for at, row in enumerate(sheet.grid):
        if all(cell == "" or cell is None for cell in row):
            rows.append([])
            continue
        form = dates_as if at >= plain else None
        rows.append(
            [
                {"formula": str(cell_value(cell) or "")}
                if (at, column) in calculated
                else (cell or None)
                if type(cell) is str
                else _cell(sheet, (at, column), cell, form, places)
                for column, cell in enumerate(row)
            ]
        )
    return {
        "kind": kind,
        "sheet": sheet.name,
        "concealed": sheet.concealed,
        "hidden": [row + 1 for row in sorted(sheet.hidden)],
        "formats": codes,
        "rows": rows,
    }


def _sheet(kind: Kind, body: bytes, ask: Ask, *, packed: bool) -> Sheet:
    """The sheet that is asked for, read by whoever reads workbooks of this kind."""
    if kind in ("xlsx", "xlsb", "ods"):
        from connectors.protocols.files.calamine_sheets import read_sheet

        return read_sheet(kind, body, ask["sheet"], ask["max_unpacked"], formulas=ask["formulas"])
    if kind == "xls":
        from connectors.protocols.files.xls_sheets import read_xls

        return read_xls(body, ask["sheet"])
    if kind == "html":
        from connectors.protocols.files.html_sheets import read_html

        return read_html(body, ask["sheet"])
    raise other_kind(kind, "", packed=packed)


def _bound(ask: Ask) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ask["memory"], ask["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (ask["cpu_s"], ask["cpu_s"]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _cell(sheet: Sheet, place: Place, cell: Any, dates_as: str | None, formats: dict[str, int]) -> Any:
    value = cell_value(cell, dates_as)
    if isinstance(cell, dt.date | dt.time | dt.timedelta):
        return {"date": value, "day": cell.day if isinstance(cell, dt.date) else None}
    if isinstance(value, bool | str) or value is None:
        return value
    if (shown := sheet.shown.get(place)) is not None:
        return {"number": value, "shown": shown.text, "percent": shown.percent}
    code = sheet.formats.get(place)
    if code is None or (code == "0" and isinstance(value, int)):
        return value
    return {"number": value, "format": formats[code]}


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
