"""XLSX workbooks: cells are handed over as they are, and what cannot be told is not guessed."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from connectors.http.limits import MIB
from connectors.protocols.base import ProtocolArgs
from connectors.protocols.files.base import FileProtocol
from connectors.protocols.files.header import named_columns
from connectors.protocols.files.table import TableArgs, header_cells, record_rows
from connectors.protocols.files.wide import Sheet, Wide, unpivot
from connectors.protocols.files.workbook import read_cells
from connectors.protocols.files.xlsx_location import sheet_member
from connectors.protocols.spans import Span


class XlsxArgs(TableArgs):
    """Arguments of ``files.xlsx``, beside those of every table.

    ``sheet`` is a name or a number from 0. ``dates_as`` is the form in which cells that are dates are handed over, so
    that they read like dates written as text: ``"%d/%m/%Y"``; ISO without it. ``max_unpacked`` bounds the bytes of the
    unpacked workbook.
    """

    sheet: str | int = 0
    dates_as: str | None = None
    wide: Wide | None = None
    max_unpacked: int = Field(default=256 * MIB, ge=1, le=4096 * MIB)


class XlsxFiles(FileProtocol[XlsxArgs]):
    """Workbooks in a folder, one sheet of each."""

    name: ClassVar[str] = "files.xlsx"
    Args: ClassVar[type[ProtocolArgs]] = XlsxArgs

    def records(self, body: bytes, context: Mapping[str, str], where: str) -> list[Mapping[str, Any]]:
        """Rows as objects; empty cells are null, empty rows are passed over. Raises SourceError (damaged)."""
        grid = self._grid(body, where)
        header = header_cells(self.args, grid, where)
        rows = [row for _, row in record_rows(self.args, grid, len(header), where)]
        if self.args.wide is not None:
            return unpivot(self.args.wide, Sheet(header, self._labels(grid), rows, where), context)
        width = _used_width(header, rows)
        names = named_columns(header[:width], where)
        return [dict(zip(names, row[:width], strict=True)) for row in rows]

    def spans(self, body: bytes, request: str) -> Sequence[Span]:
        """The packed sheet's bytes, and the row in it: rows cannot be told apart before unpacking."""
        grid = self._grid(body, request)
        start, end, name = sheet_member(body, self.args.sheet)
        header, labels = header_cells(self.args, grid, request), self._labels(grid)
        context = self.context_of(request.rpartition("/")[2])
        found = []
        for number, row in record_rows(self.args, grid, len(header), request):
            sheet = Sheet(header, labels, [row], request)
            count = len(unpivot(self.args.wide, sheet, context)) if self.args.wide is not None else 1
            found += [Span(start, end, f"row {number} of the sheet in {name} (packed)")] * count
        return found

    def _grid(self, body: bytes, where: str) -> list[list[Any]]:
        wide = self.args.wide
        above = max(self.args.header_row - 1 + self.args.header_rows, (wide and wide.label_row) or 0)
        return read_cells(
            body,
            where,
            sheet=self.args.sheet,
            dates_as=self.args.dates_as,
            plain_rows=above,
            max_unpacked=self.args.max_unpacked,
            seconds=self.http.limits.total_s,
        )

    def _labels(self, grid: Sequence[Sequence[Any]]) -> list[str]:
        row = self.args.wide.label_row if self.args.wide is not None else None
        return [] if row is None or row > len(grid) else ["" if cell is None else str(cell) for cell in grid[row - 1]]


def _used_width(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> int:
    used = [place for place, name in enumerate(header, start=1) if name.strip()]
    used += [place for row in rows for place, value in enumerate(row, start=1) if value is not None]
    return max(used, default=0)
