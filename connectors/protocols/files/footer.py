"""Footers and subtotals: what is passed over below and between records, and what is never taken for either.

A row is passed over because a person declared how it begins, and because it cannot be a record: it is not filled like
one, or it is a total that adds up. Where that is in doubt the row is refused by itself, and behind the footer it is
damage.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from connectors.http.redact import quote
from connectors.protocols.files.cells import NumberCell
from connectors.protocols.files.rows import Cells, Numbered, text_of
from ledger.errors import SourceError

_LONGEST = 50
_REFUSED = "row {} begins like the footer and is filled like a record"
_WORDS = re.compile(r"[^0-9]*([^\W\d_]|%)[^0-9]*")
_NUMBER = re.compile(r"[+-]?[0-9][0-9.,]*\s*%?")
_NOTHING = frozenset({"", "-"})
_NOISE = Decimal("1e-13")
"""Spreadsheets add in binary: 0.1 and 0.2 are 0.30000000000000004."""
TOTAL = re.compile(r"(?i)((grand|sub)[ -]?)?(total|jumlah|jml)\b|rata-rata\b|rerata\b")
"""How rows begin that are no records but sums of them, or means."""
_FIRST_LETTERS = frozenset("gGsStTjJrR")
# How the marks of numbers in text may be meant: as they stand, 1.234,5 or 1,234.5.
_MARKS = (("", "."), (".", ","), (",", "."))


@dataclass(frozen=True)
class FooterRules:
    """How footers and subtotals begin, as a source file declares them."""

    footer: tuple[str, ...] = ()
    subtotal: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.footer or self.subtotal)


def without_footer(
    rules: FooterRules, rows: Sequence[Numbered], width: int, where: str
) -> tuple[list[Numbered], dict[int, str]]:
    """The records of a table, and why some of them are refused: by number, rows that may be records or totals.

    ``rows`` are those below the header that are not blank, ``width`` is the header's.
    Raises SourceError (damaged) where rows stand behind the footer that are filled like records.
    """
    footer = [_begins(cells, rules.footer) for _, cells in rows]
    subtotal = [_begins(cells, rules.subtotal) for _, cells in rows]
    like_records = _like_records(rows, [ends or adds for ends, adds in zip(footer, subtotal, strict=True)], width)
    sure = [like and not (footer[at] or subtotal[at]) for at, like in enumerate(like_records)]
    last = max((at for at, is_record in enumerate(sure) if is_record), default=-1)
    end = next((at for at, ends in enumerate(footer) if ends and at > last), len(rows))
    _check_one_table(rows[: last + 1], footer, like_records, width, where)
    if len(rows) - end > _LONGEST:
        raise _damaged(f"row {rows[end][0]} begins like the footer, and {len(rows) - end - 1} rows follow it", where)
    records: list[Numbered] = []
    parts: list[Cells] = []  # of them, those that totals are of
    refused: dict[int, str] = {}
    group = 0  # where the records begin that the next subtotal is of
    for at, (number, cells) in enumerate(rows):
        passed = at >= end or subtotal[at]
        if not (footer[at] or subtotal[at]):
            records += [] if passed else [(number, cells)]
            parts += [] if passed else [cells]
        elif not passed and not (like_records[at] and any(sure[:at])):
            behind = f"row {rows[last][0]} behind it is filled like a record"
            raise _damaged(f"row {number} begins like the footer, and {behind}", where)
        elif not like_records[at]:
            continue
        elif passed and (_adds_up(cells, parts[group:]) or _adds_up(cells, parts)):
            group = len(parts)
        else:
            records.append((number, cells))
            refused[number] = _REFUSED.format(number)
            group = len(parts)
    return records, refused


def _check_one_table(
    rows: Sequence[Numbered], footer: Sequence[bool], like_records: Sequence[bool], width: int, where: str
) -> None:
    """Raises SourceError (damaged) where a footer is followed by the header of another table, and by its records."""
    behind = False
    for (number, cells), ends, like_record in zip(rows, footer, like_records, strict=False):
        if behind and not like_record and _is_header(cells, width):
            raise _damaged(f"row {number} behind the footer is the header of another table", where)
        behind = ends or (behind and not like_record)


def totals_among(rows: Sequence[Numbered]) -> list[int]:
    """The numbers of rows that begin as totals do and are sums of the rows above them: nobody declared them."""
    found: list[int] = []
    parts: list[Cells] = []
    group = 0
    for number, cells in rows:
        lead = cells[0]
        # Most rows are told by one letter.
        plain = isinstance(lead, str) and lead[:1].isalnum() and lead[0] not in _FIRST_LETTERS
        if plain or not TOTAL.match(next(filter(None, map(text_of, cells)), "")):
            parts.append(cells)
        else:
            if _adds_up(cells, parts[group:]) or _adds_up(cells, parts):
                found.append(number)
            group = len(parts)
    return found


def _begins(cells: Cells, starts: Sequence[str]) -> bool:
    """Whether a row begins with one of the texts, as whole words: Sumberpucung does not begin with Sumber."""
    if not starts:
        return False
    first = next(filter(None, map(text_of, cells)), "").casefold()
    for start in starts:
        text = start.strip().casefold()
        rest = first[len(text) : len(text) + 1]
        if first.startswith(text) and not (text[-1:].isalnum() and rest.isalnum()):
            return True
    return False


def _like_records(rows: Sequence[Numbered], begins: Sequence[bool], width: int) -> list[bool]:
    """Which rows are filled as the records above the first doubtful row are, or at least to more than a half."""
    first = next((at for at, one in enumerate(begins) if one), len(rows))
    above = [_filled(cells) for _, cells in rows[:first]]
    numbers = any(_has_number(cells) for _, cells in rows[:first])
    least = min([width // 2 + 1, *above])
    least = min(max(least, 2), width)
    return [
        _filled(cells) >= least and len(cells) <= width and (_has_number(cells) or not numbers) for _, cells in rows
    ]


def _filled(cells: Cells) -> int:
    return sum(map(bool, map(text_of, cells)))


def _has_number(cells: Cells) -> bool:
    """Whether a row has a figure; "-" is nought."""
    return any(figure == "-" or _NUMBER.fullmatch(figure) for figure in map(_figure, cells))


def _is_header(cells: Cells, width: int) -> bool:
    """Whether a row has words in all columns, and no figure: the header of another table."""
    return len(cells) == width > 1 and all(_WORDS.fullmatch(text_of(cell)) for cell in cells)


def _figure(cell: Any) -> str:
    """A cell as a figure to add: of a workbook's number its digits, whatever it shows."""
    return str(cell.number) if isinstance(cell, NumberCell) else text_of(cell)


def _adds_up(total: Cells, parts: Sequence[Cells]) -> bool:
    """Whether one column of a row is the sum of the rows above it. Noughts prove nothing: a record has them too."""
    for sum_of, column in zip(map(_figure, total), zip_longest(*parts), strict=False):
        if not _NUMBER.fullmatch(sum_of):
            continue
        texts = [_figure(cell) for cell in column]
        if any(_is_sum(sum_of, texts, *marks) for marks in _MARKS):
            return True
    return False


def _is_sum(total: str, texts: Sequence[str], thousands: str, mark: str) -> bool:
    numbers = [_decimal(text, thousands, mark) for text in (total, *texts)]
    known = [number for number in numbers if number is not None]
    if len(known) < len(numbers):
        return False
    added = sum(known[1:], Decimal(0))
    return added != 0 and abs(known[0] - added) <= abs(added) * _NOISE


def _decimal(text: str, thousands: str, mark: str) -> Decimal | None:
    if text in _NOTHING:
        return Decimal(0)
    plain = text.removesuffix("%").strip()
    plain = (plain.replace(thousands, "") if thousands else plain).replace(mark, ".")
    return Decimal(plain) if re.fullmatch(r"[+-]?[0-9]+([.][0-9]+)?", plain) else None


def _damaged(what: str, where: str) -> SourceError:
    return SourceError(
        "damaged", quote(what), where=where, do="Compare header_row and footer in the source file with the file"
    )
