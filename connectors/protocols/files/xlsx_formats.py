"""What an XLSX says of its cells beside their values: number formats, hidden rows. The parser hands over neither."""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from xml.etree import ElementTree

from connectors.protocols.files.sheets import UNKNOWN, Place

BUILT_IN = {
    0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?",
    13: "# ??/??", 37: "#,##0 ;(#,##0)", 38: "#,##0 ;[Red](#,##0)", 39: "#,##0.00;(#,##0.00)",
    40: "#,##0.00;[Red](#,##0.00)", 48: "##0.0E+0", 49: "@",
}  # fmt: skip
"""Formats that a workbook names by number alone. Dates are not among them: the parser knows those."""

PLAIN = frozenset({"General", "GENERAL", "general", "@"})
"""Formats that show a number's digits as they are."""
_TAG = re.compile(rb"<(?:\w+:)?(row|c)\b((?:[^<>\"']|\"[^<\"]*\"|'[^<']*')*)>")
# The same, quicker, where every cell says its place, then its style, then its type.
_CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")
_USUAL = re.compile(
    rb"<(?:\w+:)?c r=\"([A-Z]{1,3})([0-9]{1,7})\"(?: s=\"([0-9]{1,5})\")?(?: t=\"[A-Za-z]{1,9}\")? ?/?>"
)
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_ATTRIBUTE = re.compile(rb"([\w:]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_ADDRESS = re.compile(rb"([A-Za-z]{1,3})([0-9]{1,7})")
_TRUE = frozenset({b"1", b"true", b"on"})
_NO_HEIGHT = b'ht="0'


@dataclass(frozen=True)
class Looks:
    """How a sheet looks: codes of number formats that are not plain, by cell, and rows that are hidden, from 0.

    ``formulas`` are the cells that hold one, None where nobody asked.
    """

    formats: Mapping[Place, str] = field(default_factory=dict)
    hidden: frozenset[int] = frozenset()
    formulas: frozenset[Place] | None = None


def sheet_looks(body: bytes, sheet: str, *, formulas: bool = False) -> Looks:
    """The looks of one sheet of a workbook that the guard has proved harmless. Raises ValueError and KeyError."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        part = archive.read(sheet_part(archive, sheet))
        names = set(archive.namelist())
        codes = _codes(archive.read("xl/styles.xml")) if "xl/styles.xml" in names else ()
    return replace(_looks(part, codes), formulas=_formulas(part) if formulas else None)


def sheet_part(archive: zipfile.ZipFile, sheet: str) -> str:
    """The name of the part that holds a sheet, in the archive. Raises ValueError when there is none.

    Workbooks come in two dialects, Transitional and Strict, whose names differ in their namespaces alone.
    """
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 (the guard has refused entities)
    links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314 (the guard has refused entities)
    wanted = next((one for one in book.iter() if _local(one.tag) == "sheet" and one.get("name") == sheet), None)
    if wanted is None:
        raise ValueError("the workbook has no such sheet")
    link = next(value for name, value in wanted.attrib.items() if _local(name) == "id")
    target = next(str(one.get("Target")) for one in links if one.get("Id") == link)
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _codes(styles: bytes) -> Sequence[str]:
    """The format code of each cell style, by its number."""
    tree = ElementTree.fromstring(styles)  # noqa: S314 (the guard has refused entities)
    own = {
        int(str(one.get("numFmtId"))): str(one.get("formatCode")) for one in tree.iter() if _local(one.tag) == "numFmt"
    }
    known = BUILT_IN | own
    kept = next((one for one in tree if _local(one.tag) == "cellXfs"), None)
    return [known.get(int(one.get("numFmtId") or 0), UNKNOWN) for one in kept] if kept is not None else ()


def _looks(sheet: bytes, codes: Sequence[str]) -> Looks:
    special = {str(nth).encode(): code for nth, code in enumerate(codes) if code not in PLAIN}
    all_hidden = re.search(rb"<(?:\w+:)?sheetFormatPr\b[^<>]*\szeroHeight\s*=\s*[\"'](?:1|true)", sheet) is not None
    all_seen = not all_hidden and b"hidden" not in sheet and _NO_HEIGHT not in sheet
    if all_seen and not _uses(sheet, special):
        return Looks()
    if all_seen and (usual := _usual(sheet)) is not None:
        return Looks(
            {
                (int(row) - 1, _column(at)): special[style or b"0"]
                for at, row, style in usual
                if (style or b"0") in special
            }
        )
    formats: dict[Place, str] = {}
    hidden: set[int] = set()
    for row, column, attributes in _tags(sheet):
        if column is None:
            said = attributes.get(b"hidden")
            flat = float(attributes.get(b"ht") or 1) == 0
            if said in _TRUE or flat or (all_hidden and said is None):
                hidden.add(row)
        elif (code := special.get(attributes.get(b"s", b"0").lstrip(b"0") or b"0")) is not None:
            formats[row, column] = code
    return Looks(formats, frozenset(hidden))


def _formulas(sheet: bytes) -> frozenset[Place]:
    """The cells with a formula."""
    if _FORMULA.search(sheet) is None:
        return frozenset()
    return frozenset((row, column) for row, column, inside in _cells(sheet) if _FORMULA.search(inside) is not None)


def _cells(sheet: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Row and column of each cell, and what stands between its tag and the next one."""
    tags = list(_TAG.finditer(sheet))
    ends = [found.start() for found in tags[1:]] + [len(sheet)]
    for (row, column, _), tag, end in zip(_tags(sheet), tags, ends, strict=True):
        if column is not None:
            yield row, column, sheet[tag.end() : end]


def _usual(sheet: bytes) -> Sequence[tuple[bytes, bytes, bytes]] | None:
    """Column, row and style of each cell, where all are written as most programs do; None where one is not."""
    found = _USUAL.findall(sheet)
    return found if len(found) == len(_CELL.findall(sheet)) else None


def _uses(sheet: bytes, special: Mapping[bytes, str]) -> bool:
    """Whether a cell may have one of these styles; cells without a number have the first one."""
    if b"0" in special:
        return True
    numbers = b"|".join(map(re.escape, special))
    return bool(special) and re.search(rb"\ss\s*=\s*[\"']0*(?:" + numbers + rb")[\"']", sheet) is not None


def _tags(sheet: bytes) -> Iterator[tuple[int, int | None, Mapping[bytes, bytes]]]:
    """Rows (without a column) and cells in their order. What names no place stands behind the one before it."""
    row, column = -1, -1
    for found in _TAG.finditer(sheet):
        attributes = {name: first or second for name, first, second in _ATTRIBUTE.findall(found[2])}
        place = attributes.get(b"r")
        if found[1] == b"row":
            row, column = int(place) - 1 if place else row + 1, -1
            yield row, None, attributes
        else:
            address = _ADDRESS.fullmatch(place) if place else None
            column = _column(address[1]) if address else column + 1
            row = int(address[2]) - 1 if address else row
            yield row, column, attributes


@cache
def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number - 1
