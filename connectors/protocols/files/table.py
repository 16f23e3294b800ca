"""Tables as people make them: lines above the header, headers of several rows, notes below the last record."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from connectors.http.redact import quote
from connectors.protocols.files.base import FileArgs
from connectors.protocols.files.header import joined
from ledger.errors import SourceError

Cells = Sequence[Any]
Numbered = tuple[int, Cells]
"""A row with its number in the file, from 1."""

_LONGEST_FOOTER = 50


class TableArgs(FileArgs):
    """Arguments of files that hold a table.

    ``header_row`` counts rows from 1; rows above it are passed over. With ``header_rows`` the names stand in several
    rows, in which merged cells reach to the right: IPM over 2023 is ``IPM: 2023``. Below the last record, the last
    ``footer_rows`` rows that are not blank are passed over, or all from the first one that begins with a text of
    ``footer_starts`` (``Sumber:``, ``Jumlah``; capitals do not matter).
    """

    header_row: int = Field(default=1, ge=1, le=1000)
    header_rows: int = Field(default=1, ge=1, le=5)
    footer_rows: int = Field(default=0, ge=0, le=_LONGEST_FOOTER)
    footer_starts: list[str] = Field(default_factory=list)


def header_cells(args: TableArgs, rows: Sequence[Cells], where: str) -> list[str]:
    """The texts of the header, its rows joined. Raises SourceError (damaged) when the file ends before it."""
    last = args.header_row - 1 + args.header_rows
    if len(rows) < last:
        raise _damaged(f"the file has no row {last} to be the header", where)
    found = [[_text(cell) for cell in row] for row in rows[args.header_row - 1 : last]]
    return joined(found)


def record_rows(args: TableArgs, rows: Sequence[Cells], width: int, where: str) -> list[Numbered]:
    """The rows that are records: below the header, not blank, not of the footer. ``width`` is the header's.

    A footer that seems to hold records is not passed over but damage (SourceError): the agency may have left it out.
    """
    first = args.header_row + args.header_rows
    below = [(number, row) for number, row in enumerate(rows[first - 1 :], start=first) if any(map(_text, row))]
    starts = tuple(start.casefold() for start in args.footer_starts)
    if starts:
        end = next((at for at, (_, row) in enumerate(below) if _first(row).startswith(starts)), len(below))
        if len(below) - end > _LONGEST_FOOTER:
            what = f"row {below[end][0]} begins like the footer, and {len(below) - end - 1} rows follow it"
            raise _damaged(what, where)
        below = below[:end]
    if not args.footer_rows:
        return below
    for number, row in below[-args.footer_rows :]:
        if len(row) == width and all(map(_text, row)):
            what = f"row {number} is filled like a record, but among the last {args.footer_rows} that are passed over"
            raise _damaged(what, where)
    return below[: -args.footer_rows]


def _first(row: Cells) -> str:
    return next(filter(None, map(_text, row)), "").casefold()


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


def _damaged(what: str, where: str) -> SourceError:
    return SourceError(
        "damaged", quote(what), where=where, do="Compare header_row and footer in the source file with the file"
    )
