"""Sheets of XLSX, XLSB and ODS: calamine gives the values, and what it leaves out is read beside it."""

import io
import re
from collections.abc import Mapping
from typing import Any

from connectors.protocols.files.ods_formats import ods_looks
from connectors.protocols.files.sheets import Place, Sheet, chosen, damaged
from connectors.protocols.files.xlsb_formats import xlsb_looks
from connectors.protocols.files.xlsx_formats import sheet_looks
from connectors.protocols.files.xlsx_guard import safe_parts, safe_workbook

# The parser undoes _xHHHH_ one by one; a sign beyond the first 65,536 takes two of them.
_PAIR = re.compile("_x([Dd][89ABab][0-9A-Fa-f]{2})__x([Dd][C-Fc-f][0-9A-Fa-f]{2})_")


def read_sheet(kind: str, body: bytes, wanted: str | int, max_unpacked: int, *, formulas: bool = False) -> Sheet:
    """The sheet that is wanted of a workbook; with ``formulas`` those of an XLSX are told. Raises SourceError."""
    try:
        if kind == "xlsx":
            return _xlsx(safe_workbook(body, max_unpacked, "", uncomputed=formulas), wanted, formulas=formulas)
        parts = safe_parts(body, max_unpacked, "")
        return _ods(body, parts, wanted) if kind == "ods" else _xlsb(body, parts, wanted)
    except (ValueError, LookupError, SyntaxError, StopIteration):  # SyntaxError: XML that is none
        raise damaged("the workbook's parts do not fit together") from None


def _xlsx(body: bytes, wanted: str | int, *, formulas: bool) -> Sheet:
    name, concealed, grid = _grid(body, wanted)
    looks = sheet_looks(body, name, formulas=formulas)
    grid = [list(map(_whole, row)) for row in grid]
    return Sheet(name, grid, concealed, looks.hidden, looks.formats, formulas=looks.formulas)


def _ods(body: bytes, parts: Mapping[str, bytes], wanted: str | int) -> Sheet:
    name, concealed, grid = _grid(body, wanted)
    hidden, shown, errors = ods_looks(parts["content.xml"], name)
    return Sheet(name, _with_errors(grid, errors), concealed, hidden, shown=shown)


def _xlsb(body: bytes, parts: Mapping[str, bytes], wanted: str | int) -> Sheet:
    name, concealed, grid = _grid(body, wanted)
    looks, errors = xlsb_looks(parts, name)
    return Sheet(name, _with_errors(grid, errors), concealed, looks.hidden, looks.formats)


def _with_errors(grid: list[list[Any]], errors: Mapping[Place, str]) -> list[list[Any]]:
    """The cells, with what those show whose formula failed: the parser hands them over as empty ones, or as nought."""
    width = max((column + 1 for _, column in errors), default=0)
    height = max((row + 1 for row, _ in errors), default=0)
    grid += [[] for _ in range(height - len(grid))]
    for row in grid:
        row.extend([""] * (width - len(row)))
    for (at, column), error in errors.items():
        grid[at][column] = error
    return grid


def _whole(cell: Any) -> Any:
    if isinstance(cell, str) and "__x" in cell:
        return _PAIR.sub(lambda found: (bytes.fromhex(found[1] + found[2])).decode("utf-16-be"), cell)
    return cell


def _grid(body: bytes, wanted: str | int) -> tuple[str, bool, list[list[Any]]]:
    from python_calamine import (
        CalamineError,
        CalamineWorkbook,
        PasswordError,
        SheetTypeEnum,
        SheetVisibleEnum,
        WorksheetNotFound,
    )

    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(body)) as book:
            sheets = [
                (one.name, one.visible != SheetVisibleEnum.Visible, nth)
                for nth, one in enumerate(book.sheets_metadata)
                if one.typ == SheetTypeEnum.WorkSheet
            ]
            name, concealed, nth = chosen(wanted, sheets)
            return name, concealed, list(book.get_sheet_by_index(nth).to_python(skip_empty_area=False))
    except WorksheetNotFound:
        raise damaged(f"the workbook has no sheet {str(wanted)[:60]!r}") from None
    except PasswordError:
        raise damaged("the workbook has a password") from None
    except (CalamineError, OSError, ValueError) as error:
        raise damaged(f"the workbook cannot be read ({str(error)[:800]})") from None
    except BaseException as error:
        if type(error).__module__ != "pyo3_runtime":  # a panic of the parser is no Exception in Python
            raise
        raise damaged("the workbook breaks its reader") from None
