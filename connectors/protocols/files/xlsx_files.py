"""XLSX workbooks, read by calamine: cells are handed over as they are, and what cannot be told is not guessed."""

import datetime as dt
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from connectors.http.limits import MIB
from connectors.http.redact import quote
from connectors.protocols.base import ProtocolArgs
from connectors.protocols.files.base import FileArgs, FileProtocol
from connectors.protocols.files.header import named_columns
from connectors.protocols.files.wide import Sheet, Wide, unpivot
from connectors.protocols.files.xlsx_guard import safe_workbook
from connectors.protocols.files.xlsx_place import sheet_member
from connectors.protocols.records import Digits
from connectors.protocols.spans import Span
from ledger.errors import SourceError

_WHOLE = 1e15  # spreadsheets keep fifteen digits


class XlsxArgs(FileArgs):
    """Arguments of ``files.xlsx``.

    ``sheet`` is a name or a number from 0; ``header_row`` counts from 1. ``dates_as`` is the form in which cells that
    are dates are handed over, so that they read like dates written as text: ``"%d/%m/%Y"``; ISO without it.
    ``max_unpacked`` bounds the bytes of the unpacked workbook.
    """

    sheet: str | int = 0
    header_row: int = Field(default=1, ge=1, le=1000)
    dates_as: str | None = None
    wide: Wide | None = None
    max_unpacked: int = Field(default=256 * MIB, ge=1, le=4096 * MIB)


class XlsxFiles(FileProtocol[XlsxArgs]):
    """Workbooks in a folder, one sheet of each."""

    name: ClassVar[str] = "files.xlsx"
    Args: ClassVar[type[ProtocolArgs]] = XlsxArgs

    def records(self, body: bytes, context: Mapping[str, str], where: str) -> list[Mapping[str, Any]]:
        """Rows as objects; empty cells are null, empty rows are passed over. Raises SourceError (damaged)."""
        grid = self._grid(safe_workbook(body, self.args.max_unpacked, where), where)
        if len(grid) < self.args.header_row:
            raise SourceError("damaged", f"the sheet has no row {self.args.header_row} to be the header", where=where)
        header = [_text(cell) for cell in grid[self.args.header_row - 1]]
        rows = [
            [cell_value(cell, self.args.dates_as) for cell in row]
            for row in grid[self.args.header_row :]
            if any(cell != "" for cell in row)
        ]
        if self.args.wide is not None:
            return unpivot(self.args.wide, Sheet(header, self._labels(grid), rows, where), context)
        width = _used_width(header, rows)
        names = named_columns(header[:width], where)
        return [dict(zip(names, row[:width], strict=True)) for row in rows]

    def spans(self, body: bytes, request: str) -> Sequence[Span]:
        """The packed sheet's bytes, and the row in it: rows cannot be told apart before unpacking."""
        grid = self._grid(safe_workbook(body, self.args.max_unpacked, request), request)
        start, end, name = sheet_member(body, self.args.sheet)
        header = [_text(cell) for cell in grid[self.args.header_row - 1]]
        context = self.context_of(request.rpartition("/")[2])
        found = []
        for number, cells in enumerate(grid[self.args.header_row :], start=self.args.header_row + 1):
            if not any(cell != "" for cell in cells):
                continue
            row = [cell_value(cell, self.args.dates_as) for cell in cells]
            sheet = Sheet(header, self._labels(grid), [row], request)
            count = len(unpivot(self.args.wide, sheet, context)) if self.args.wide is not None else 1
            found += [Span(start, end, f"row {number} of the sheet in {name} (packed)")] * count
        return found

    def _labels(self, grid: Sequence[Sequence[Any]]) -> list[str]:
        row = self.args.wide.label_row if self.args.wide is not None else None
        return [] if row is None or row > len(grid) else [_text(cell) for cell in grid[row - 1]]

    def _grid(self, body: bytes, where: str) -> list[list[Any]]:
        from python_calamine import CalamineError, CalamineWorkbook, PasswordError, WorksheetNotFound

        try:
            with CalamineWorkbook.from_filelike(io.BytesIO(body)) as book:
                names = book.sheet_names
                wanted = self.args.sheet
                if isinstance(wanted, int) and wanted >= len(names):
                    raise _damaged(f"the workbook has {len(names)} sheets, number {wanted} is asked for", where)
                sheet = book.get_sheet_by_index(wanted) if isinstance(wanted, int) else book.get_sheet_by_name(wanted)
                return list(sheet.to_python(skip_empty_area=False))
        except WorksheetNotFound:
            raise _damaged(f"the workbook has no sheet {quote(str(wanted), 60)!r}", where) from None
        except PasswordError:
            raise _damaged("the workbook has a password", where) from None
        except (CalamineError, OSError, ValueError) as error:
            raise _damaged(f"the workbook cannot be read ({quote(str(error), 100)})", where) from None
        except BaseException as error:
            if type(error).__module__ != "pyo3_runtime":  # a panic of the parser is no Exception in Python
                raise
            raise _damaged("the workbook breaks its reader", where) from None


def cell_value(cell: Any, dates_as: str | None = None) -> Any:
    """One cell as a JSON value without loss.

    Numbers keep the shortest digits that mean them; whole numbers beyond fifteen digits, which a spreadsheet has
    rounded, keep a fraction and so never pass for an identity number. A time of day stays one: 13:09 is not 13.9.
    """
    if cell == "" or cell is None:
        return None
    if isinstance(cell, bool | str):
        return cell
    if isinstance(cell, int | float):
        return _number(float(cell))
    if isinstance(cell, dt.date) and not isinstance(cell, dt.datetime) and dates_as:
        return cell.strftime(dates_as)
    return str(cell)  # dates and times as ISO 8601 writes them


def _number(number: float) -> str:
    if not math.isfinite(number):
        return str(number)
    return Digits(str(int(number))) if number.is_integer() and abs(number) < _WHOLE else Digits(repr(number))


def _text(cell: Any) -> str:
    value = cell_value(cell)
    return "" if value is None else str(value)


def _used_width(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> int:
    used = [place for place, name in enumerate(header, start=1) if name.strip()]
    used += [place for row in rows for place, value in enumerate(row, start=1) if value is not None]
    return max(used, default=0)


def _damaged(what: str, where: str) -> SourceError:
    return SourceError("damaged", what, where=where, do="Ask the agency to save and send the workbook again")
