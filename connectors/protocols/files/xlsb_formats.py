"""What an XLSB says of its cells beside their values: number formats, hidden rows, and cells that are errors.

An XLSB is XLSX with its parts as binary records: a number for the kind, a number for the size, and the content
(Microsoft's MS-XLSB).
"""

import posixpath
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree

from connectors.protocols.files.sheets import ERRORS, UNKNOWN, Place
from connectors.protocols.files.xlsx_formats import BUILT_IN, PLAIN, Looks

_ROW, _CELLS, _ERROR_CELLS = 0, range(1, 12), (3, 11)
_FORMAT, _CELL_STYLE, _SHEET, _CELL_STYLES_BEGIN, _CELL_STYLES_END = 44, 47, 156, 617, 618
_HIDDEN = 0x10


def xlsb_looks(parts: Mapping[str, bytes], sheet: str) -> tuple[Looks, dict[Place, str]]:
    """The looks of one sheet, and its cells that are errors. Raises ValueError or LookupError for cut parts."""
    codes = _codes(parts.get("xl/styles.bin", b""))
    formats: dict[Place, str] = {}
    errors: dict[Place, str] = {}
    hidden: set[int] = set()
    row = -1
    for kind, content in _records(parts[_part(parts, sheet)]):
        if kind == _ROW:
            row = _int(content[:4])
            if content[11] & _HIDDEN:
                hidden.add(row)
        elif kind in _CELLS:
            place = row, _int(content[:4])
            code = codes.get(_int(content[4:7]), "General")
            if code not in PLAIN:
                formats[place] = code
            if kind in _ERROR_CELLS:
                errors[place] = ERRORS.get(content[8], "#ERROR")
    return Looks(formats, frozenset(hidden)), errors


def _part(parts: Mapping[str, bytes], sheet: str) -> str:
    links = ElementTree.fromstring(parts["xl/_rels/workbook.bin.rels"])  # noqa: S314 (the guard has refused entities)
    targets = {one.get("Id"): str(one.get("Target")) for one in links}
    for kind, content in _records(parts["xl/workbook.bin"]):
        if kind == _SHEET:
            link, rest = _text(content[8:])
            if _text(rest)[0] == sheet:
                return posixpath.normpath(posixpath.join("/xl", targets[link])).lstrip("/")
    raise ValueError("the workbook has no such sheet")


def _codes(styles: bytes) -> dict[int, str]:
    """The format code of each cell style, by its number."""
    own: dict[int, str] = {}
    used: list[int] = []
    inside = False
    for kind, content in _records(styles):
        if kind == _FORMAT:
            own[_int(content[:2])] = _text(content[2:])[0]
        elif kind in (_CELL_STYLES_BEGIN, _CELL_STYLES_END):
            inside = kind == _CELL_STYLES_BEGIN
        elif kind == _CELL_STYLE and inside:
            used.append(_int(content[2:4]))
    known = BUILT_IN | own
    return {nth: known.get(number, UNKNOWN) for nth, number in enumerate(used)}


def _text(content: bytes) -> tuple[str, bytes]:
    """A text that stands at the beginning, and what follows it."""
    end = 4 + 2 * _int(content[:4])
    if end > len(content):
        raise ValueError("a text of the workbook is cut")
    return content[4:end].decode("utf-16-le"), content[end:]


def _int(content: bytes) -> int:
    return int.from_bytes(content, "little")


def _records(part: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(part):
        kind, at = _number(part, at, 2)
        size, at = _number(part, at, 4)
        if at + size > len(part):
            raise ValueError("a record of the workbook is cut")
        yield kind, part[at : at + size]
        at += size


def _number(part: bytes, at: int, most: int) -> tuple[int, int]:
    """A number of seven bits a byte, and where it ends."""
    number = 0
    for nth in range(most):
        if at >= len(part):
            raise ValueError("a record of the workbook is cut")
        number |= (part[at] & 0x7F) << (7 * nth)
        at += 1
        if part[at - 1] < 0x80:
            break
    return number, at
