"""Workbooks: cells are handed over as what they are, and what cannot be told is not guessed.

XLSX is what the protocol is named after. XLS, XLSB, ODS and an HTML table under such a name are told by their bytes and
read as well, and so is a workbook that was packed with gzip or lies alone in a ZIP.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, ClassVar, Literal, Self

from pydantic import model_validator

from connectors.http.first_bytes import kind_of
from connectors.protocols.base import UNREADABLE, Noticed, ProtocolArgs, Use
from connectors.protocols.files.base import Content, FileProtocol
from connectors.protocols.files.cells import SPECIAL, meant
from connectors.protocols.files.header import named_columns
from connectors.protocols.files.rows import Cells, Numbered
from connectors.protocols.files.swapped_dates import swapped_dates
from connectors.protocols.files.table import Table, TableArgs, read_table
from connectors.protocols.files.wide import Sheet, Wide, unpivot
from connectors.protocols.files.workbook import Book, read_book
from connectors.protocols.files.xlsx_location import sheet_member
from connectors.protocols.spans import Span

Reader = Callable[[Sequence[Cells]], Sequence[Mapping[str, Any]]]

_NOBODY: frozenset[Use] = frozenset()
_ASK = "Ask the agency whether they belong to its data"


class XlsxArgs(TableArgs):
    """Arguments of ``files.xlsx``, beside those of every table.

    ``sheet`` is a name, or a number from 0 that counts the sheets people see. ``dates_as`` is the form in which cells
    that are dates are handed over, so that they read like dates written as text: ``"%d/%m/%Y"``; ISO without it.
    ``hidden_rows`` says what becomes of records that nobody sees in the sheet: they are read, with a finding, or
    refused. ``formulas: refuse`` refuses a cell that holds one, of a form that is filled in by hand; only XLSX tells.
    ``row_as`` is the field that the number of the row in the sheet is handed over in.
    """

    sheet: str | int = 0
    dates_as: str | None = None
    hidden_rows: Literal["read", "refuse"] = "read"
    formulas: Literal["read", "refuse"] = "read"
    row_as: str | None = None
    wide: Wide | None = None

    @model_validator(mode="after")
    def _one_record_a_row(self) -> Self:
        if self.row_as is not None and self.wide is not None:
            raise ValueError("row_as goes with one record a row, and wide makes several")
        return self


class XlsxFiles(FileProtocol[XlsxArgs]):
    """Workbooks in a folder, one sheet of each."""

    name: ClassVar[str] = "files.xlsx"
    Args: ClassVar[type[ProtocolArgs]] = XlsxArgs

    def content(self, body: bytes, context: Mapping[str, str], where: str) -> Content:
        """Rows as objects; empty cells are null, empty rows are passed over. Raises SourceError (damaged)."""
        book = self._book(body, where)
        table = self._table(book, where)
        cells = list(self._records(table, table.rows, self._reader(book, table, context, where)))
        records = [{name: self._value(name, cell) for name, cell in record.items()} for record in cells]
        return Content(records, (*table.noticed, *_sheet_noticed(book, table), *swapped_dates(cells, self.uses)))

    def spans(self, body: bytes, request: str) -> Sequence[Span]:
        """The packed sheet's bytes, and the row in it: rows cannot be told apart before unpacking."""
        book = self._book(body, request)
        table = self._table(book, request)
        start, end, told = _location(body, book)
        read = self._reader(book, table, self.context_of(request.rpartition("/")[2]), request)
        found = []
        for row in table.rows:
            count = sum(1 for _ in self._records(table, [row], read)) if self.args.wide is not None else 1
            found += [Span(start, end, f"row {row[0]} of {told}")] * count
        return found

    def _table(self, book: Book, where: str) -> Table:
        table = read_table(self.args, book.rows, where)
        if self.args.hidden_rows == "read" or not book.hidden:
            return table
        unseen = {number: f"row {number} is hidden" for number, _ in table.rows if number in book.hidden}
        return replace(table, refused=unseen | dict(table.refused))

    def _reader(self, book: Book, table: Table, context: Mapping[str, str], where: str) -> Reader:
        """What makes records of rows, with cells as they were read."""
        wide = self.args.wide
        if wide is not None:
            labels = self._labels(book.rows)
            return lambda rows: unpivot(wide, Sheet(table.names, labels, rows, where), context)
        width = _used_width(table)
        names = named_columns(table.names[:width], where)
        return lambda rows: [dict(zip(names, row[:width], strict=True)) for row in rows]

    def _records(self, table: Table, rows: Sequence[Numbered], read: Reader) -> Iterator[Mapping[str, Any]]:
        """The records of rows in their order, those that are refused among them."""
        for refused, run in groupby(rows, key=lambda row: row[0] in table.refused):
            numbered = list(run)
            if refused:
                yield from ({UNREADABLE: table.refused[number]} for number, _ in numbered)
                continue
            found = read([cells for _, cells in numbered])
            if self.args.row_as is None:
                yield from found
            else:
                places = ({self.args.row_as: str(number)} for number, _ in numbered)
                yield from ({**place, **record} for place, record in zip(places, found, strict=True))
        if not rows:
            yield from read([])  # a sheet without records has a header all the same

    def _value(self, name: str, cell: Any) -> Any:
        return meant(cell, self.uses.get(name, _NOBODY)) if type(cell) in SPECIAL else cell

    def _book(self, body: bytes, where: str) -> Book:
        wide = self.args.wide
        above = max(self.args.header_row - 1 + self.args.header_rows, (wide and wide.label_row) or 0)
        return read_book(
            body,
            where,
            sheet=self.args.sheet,
            dates_as=self.args.dates_as,
            plain_rows=above,
            formulas=self.args.formulas == "refuse",
            max_unpacked=self.args.max_unpacked,
            seconds=self.http.limits.total_s,
        )

    def _labels(self, grid: Sequence[Cells]) -> list[str]:
        wide = self.args.wide
        if wide is None or wide.label_row is None or wide.label_row > len(grid):
            return []
        return [self._label(wide, cell) for cell in grid[wide.label_row - 1]]

    def _label(self, wide: Wide, cell: Any) -> str:
        """A label is a cell like any other: the age group 5-9 may have become a date."""
        if type(cell) not in SPECIAL or str(cell) in wide.labels or wide.label_as is None:
            return "" if cell is None else str(cell)
        return str(self._value(wide.label_as, cell))


def _used_width(table: Table) -> int:
    used = [place for place, name in enumerate(table.names, start=1) if name.strip()]
    used += [place for _, row in table.rows for place, value in enumerate(row, start=1) if value is not None]
    return max(used, default=0)


def _sheet_noticed(book: Book, table: Table) -> Iterator[Noticed]:
    if book.concealed:
        yield Noticed("sheet_hidden", "the sheet that was read is hidden in the workbook", _ASK)
    hidden = [str(number) for number, _ in table.rows if number in book.hidden]
    if hidden:
        told = f"{len(hidden)} rows: {', '.join(hidden[:10])}{', ...' if len(hidden) > 10 else ''}"
        yield Noticed("rows_hidden", "rows with records are hidden in the sheet", _ASK, told)


def _location(body: bytes, book: Book) -> tuple[int, int, str]:
    """Which bytes hold the sheet, and what it is called in them."""
    if book.kind == "xlsx" and kind_of(body) == "xlsx":
        start, end, part = sheet_member(body, book.sheet)
        return start, end, f"the sheet in {part} (packed)"
    return 0, len(body), f"the {'table' if book.kind == 'html' else 'sheet'} in the {book.kind.upper()} file"
