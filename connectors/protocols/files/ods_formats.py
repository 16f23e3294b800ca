"""What an ODS says of its cells beside their values: the text that a number shows, percentages, errors, hidden rows."""

import io
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from xml.etree import ElementTree

from connectors.protocols.files.sheets import Place, Shown, damaged

_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_MORE = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}value-type"
_CELLS = (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell")
_NUMBERS = ("float", "percentage", "currency")
_MOST_CELLS = 10_000_000


def ods_looks(content: bytes, sheet: str) -> tuple[frozenset[int], dict[Place, Shown], dict[Place, str]]:
    """Hidden rows of a sheet, what its cells with numbers show where that is not just the number, and errors; from 0.

    Raises SourceError (damaged) where more cells are claimed than a sheet may have.
    """
    hidden: set[int] = set()
    shown: dict[Place, Shown] = {}
    errors: dict[Place, str] = {}
    at = 0
    for row in _rows(content, sheet):
        repeated = _count(row, "number-rows-repeated")
        looks = list(_cells(row))
        if (looks and repeated * len(looks) > _MOST_CELLS) or len(shown) > _MOST_CELLS:
            raise damaged("a sheet claims too many cells")
        if row.get(f"{_TABLE}visibility") in ("collapse", "filter") and any(True for _ in row.iter(f"{_TEXT}p")):
            hidden.update(range(at, at + min(repeated, _MOST_CELLS)))
        for nth in range(repeated if looks else 0):
            shown.update({(at + nth, column): look for column, look in looks if isinstance(look, Shown)})
            errors.update({(at + nth, column): look for column, look in looks if isinstance(look, str)})
        at += repeated
    return frozenset(hidden), shown, errors


def _rows(content: bytes, sheet: str) -> Iterator[ElementTree.Element]:
    """The rows of a sheet, one in memory at a time."""
    inside = 0
    for event, element in ElementTree.iterparse(io.BytesIO(content), ("start", "end")):  # noqa: S314 (the guard has refused entities)
        if element.tag == f"{_TABLE}table":
            if event == "start":
                inside += bool(inside) or element.get(f"{_TABLE}name") == sheet
            else:
                inside -= bool(inside)
        elif event == "end" and element.tag == f"{_TABLE}table-row":
            if inside == 1:
                yield element
            element.clear()


def _cells(row: ElementTree.Element) -> Iterator[tuple[int, Shown | str]]:
    """Columns of a row whose number shows as something else than its digits, or that show an error."""
    at = 0
    for cell in row:
        if cell.tag not in _CELLS:
            continue
        repeated = _count(cell, "number-columns-repeated")
        look = _look(cell)
        if look is not None:
            if repeated > _MOST_CELLS:
                raise damaged("a sheet claims too many cells")
            yield from ((at + nth, look) for nth in range(repeated))
        at += repeated


def _look(cell: ElementTree.Element) -> Shown | str | None:
    kind, value = cell.get(f"{_OFFICE}value-type"), cell.get(f"{_OFFICE}value")
    # Only the cell's own lines: a comment on it has lines too.
    text = " ".join("".join(line.itertext()) for line in cell.iterfind(f"{_TEXT}p")).strip()
    if cell.get(_MORE) == "error":  # its value is an empty text, or nought
        return text or "#ERROR"
    if kind not in _NUMBERS or value is None:
        return None
    try:
        plain = kind == "float" and text == f"{Decimal(value).normalize():f}"
    except InvalidOperation:
        plain = False
    return None if plain else Shown(text, kind == "percentage")


def _count(element: ElementTree.Element, name: str) -> int:
    return int(element.get(f"{_TABLE}{name}") or 1)
