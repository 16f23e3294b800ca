"""Tables as people make them: lines above the header, headers of several rows, notes below the last record."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import Field

from connectors.http.limits import MIB
from connectors.http.redact import quote
from connectors.protocols.base import Noticed
from connectors.protocols.files.base import FileArgs
from connectors.protocols.files.footer import FooterRules, totals_among, without_footer
from connectors.protocols.files.header import joined, same_name
from connectors.protocols.files.rows import Cells, Numbered, is_blank, is_filled, text_of
from ledger.errors import SourceError

_LONGEST_FOOTER = 50
_SHORTEST_HEADER = 2
_HEAD = 4


class TableArgs(FileArgs):
    """Arguments of files that hold a table.

    ``header_row`` counts rows from 1; rows above it are passed over. With ``header_rows`` the names stand in several
    rows, in which merged cells reach to the right: IPM over 2023 is ``IPM: 2023``.

    Below the last record, the last ``footer_rows`` rows that are not blank are passed over, or all from the first one
    that begins with a text of ``footer_starts`` (``Sumber:``, ``Jumlah``; capitals do not matter). A row between
    records that begins with a text of ``subtotal_starts`` is passed over where it adds up. ``max_unpacked`` bounds the
    bytes of what is unpacked: a workbook, or a packed file.
    """

    header_row: int = Field(default=1, ge=1, le=1000)
    header_rows: int = Field(default=1, ge=1, le=5)
    footer_rows: int = Field(default=0, ge=0, le=_LONGEST_FOOTER)
    footer_starts: list[str] = Field(default_factory=list)
    subtotal_starts: list[str] = Field(default_factory=list)
    max_unpacked: int = Field(default=256 * MIB, ge=1, le=4096 * MIB)


@dataclass(frozen=True)
class Table:
    """The names of a table's columns (the header's rows joined), its records, and what is worth a word.

    ``refused`` says of a row, by its number, why it is no record that could be read.
    """

    names: Sequence[str]
    rows: Sequence[Numbered]
    noticed: Sequence[Noticed] = ()
    refused: Mapping[int, str] = field(default_factory=dict)


def read_table(args: TableArgs, rows: Sequence[Cells], where: str) -> Table:
    """The table in the rows of a file.

    Records are the rows below the header that are not blank, do not repeat the header, and are not of the footer.
    Raises SourceError (damaged) when the file ends before the header, or where records may stand in the footer.
    """
    names = header_cells(args, rows, where)
    first = args.header_row + args.header_rows
    below: Sequence[Numbered] = [
        (number, row) for number, row in enumerate(rows[first - 1 :], start=first) if not is_blank(row)
    ]
    below, again = _without_headers(args, rows, below, where)
    numbering = [row for row in below[:1] if _numbers_columns(row[1], len(names))]
    below = below[len(numbering) :]
    refused: Mapping[int, str] = {}
    rules = FooterRules(tuple(args.footer_starts), tuple(args.subtotal_starts))
    if rules:
        below, refused = without_footer(rules, below, len(names), where)
    if args.footer_rows:
        below = _without_last(args.footer_rows, below, len(names), where)
    noticed = (*again, *_totals(below, refused))
    refused = {number: f"row {number} numbers the columns" for number, _ in numbering} | dict(refused)
    return Table(names, [*numbering, *below] if numbering else below, noticed, refused)


def _numbers_columns(cells: Cells, width: int) -> bool:
    """Whether a row below the header counts the columns, as printed tables do: (1) (2) (3). It is refused, not dropped.

    Of two columns 1 and 2 may be a record.
    """
    return width > 2 and [text_of(cell).strip("()") for cell in cells] == [str(at) for at in range(1, width + 1)]


def _totals(rows: Sequence[Numbered], refused: Mapping[int, str]) -> Iterator[Noticed]:
    found = totals_among([row for row in rows if row[0] not in refused] if refused else rows)
    if found:
        told = f"{len(found)} rows: {', '.join(map(str, found[:10]))}{', ...' if len(found) > 10 else ''}"
        what = "rows that begin as totals do, and are sums of others, landed as records"
        do = "Say footer_starts or subtotal_starts in the source file, or let a `pattern` of the key refuse them"
        yield Noticed("totals_landed", what, do, told)


def header_cells(args: TableArgs, rows: Sequence[Cells], where: str) -> list[str]:
    """The texts of the header, its rows joined. Raises SourceError (damaged) when the file ends before it."""
    last = args.header_row - 1 + args.header_rows
    if len(rows) < last:
        raise _damaged(f"the file has no row {last} to be the header", where)
    found = [[text_of(cell) for cell in row] for row in rows[args.header_row - 1 : last]]
    return joined(found)


def _without_headers(
    args: TableArgs, rows: Sequence[Cells], below: Sequence[Numbered], where: str
) -> tuple[Sequence[Numbered], Sequence[Noticed]]:
    """The rows without those that say the header again, as files do that were put together, or printed by pages."""
    header = [_names(row) for row in rows[args.header_row - 1 : args.header_row - 1 + args.header_rows]]
    lowest = header[-1]
    if len(lowest) < _SHORTEST_HEADER:
        return below, ()
    known = sorted(filter(None, lowest))
    heads = {name[:_HEAD] for name in lowest} | {""}
    again: set[int] = set()
    for at, (number, cells) in enumerate(below):
        # Most rows are told by the first letters of one cell; of the others all is looked at.
        head = text_of(cells[0])[:_HEAD].casefold()
        if head not in heads:
            continue
        found = _names(cells)
        if _says_again(found, lowest):
            again |= _header_at(at, below, header)
        elif len(known) == len(lowest) and sorted(found) == known:
            raise _damaged(f"row {number} is the header again, with its columns in another order", where)
    if not again:
        return below, ()
    numbers = ", ".join(str(below[at][0]) for at in sorted(again)[:10])
    kept = [row for at, row in enumerate(below) if at not in again]
    what = "the header comes again between the records; those rows are no records"
    do = "Ask the agency whether the file was put together of several, and whether all of them are whole"
    return kept, (Noticed("header_again", what, do, f"row {numbers}"),)


def _header_at(at: int, below: Sequence[Numbered], header: Sequence[Sequence[str]]) -> set[int]:
    """The rows of a header whose lowest one stands at a place."""
    first = at - len(header) + 1
    if first >= 0 and all(_names(below[first + nth][1]) == names for nth, names in enumerate(header)):
        return set(range(first, at + 1))
    return {at}


def _names(row: Cells) -> list[str]:
    names = [same_name(text_of(cell)) for cell in row]
    while names and not names[-1]:
        names.pop()
    return names


def _says_again(found: Sequence[str], header: Sequence[str]) -> bool:
    """Whether a row says nothing but names of the header, each in its own column, and more than one."""
    if len(found) > len(header):
        return False
    said = [(name, own) for name, own in zip(found, header, strict=False) if name]
    return len(said) >= _SHORTEST_HEADER and all(name == own for name, own in said)


def _without_last(count: int, below: Sequence[Numbered], width: int, where: str) -> Sequence[Numbered]:
    for number, cells in below[-count:]:
        if is_filled(cells, width):
            what = f"row {number} is filled like a record, but among the last {count} that are passed over"
            raise _damaged(what, where)
    return below[:-count]


def _damaged(what: str, where: str) -> SourceError:
    return SourceError(
        "damaged", quote(what), where=where, do="Compare header_row and footer in the source file with the file"
    )
