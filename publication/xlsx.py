"""Workbooks as plain XLSX: numbers are numbers, dates are dates, all else is text, and nothing is a formula.

The same content gives the same bytes, which no library for workbooks promises; and it takes milliseconds.
"""

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

Cell = str | int | Decimal | bool | date | datetime | None
"""What a cell may hold. A moment is told in UTC."""

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
# What XML cannot hold.
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_EPOCH = date(1899, 12, 30)
LONGEST_TEXT = 32_767
"""Of a cell, by the rules of spreadsheets."""
_HEADER, _TEXT, _DATE, _MOMENT, _PLAIN, _WHOLE = 1, 2, 3, 4, 5, 6
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><numFmts count="5"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm"/><numFmt numFmtId="166" formatCode="#,##0.0"/>'
    '<numFmt numFmtId="167" formatCode="#,##0.000"/><numFmt numFmtId="168" formatCode="#,##0.0000"/></numFmts>'
    '<fonts count="2"><font><sz val="10"/><name val="Arial"/></font><font><b/><sz val="10"/><name val="Arial"/></font>'
    '</fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/>'
    '</fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="11"><xf/><xf numFmtId="49" fontId="1" applyNumberFormat="1" applyFont="1"/>'
    + "".join(f'<xf numFmtId="{number}" applyNumberFormat="1"/>' for number in (49, 164, 165, 1, 3, 166, 4, 167, 168))
    + '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet: its name, its header and its rows. ``widths`` are in characters; ``decimals`` by row, where given."""

    name: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    widths: Sequence[int] = ()
    decimals: Sequence[int] | None = None


def write_workbook(path: Path, sheets: Sequence[Sheet]) -> None:
    """Write a workbook. Raises OSError when the disk is full."""
    parts = {
        "[Content_Types].xml": _content_types(len(sheets)),
        "_rels/.rels": _relations([("officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": _workbook(sheets),
        "xl/_rels/workbook.xml.rels": _relations(
            [*(("worksheet", f"worksheets/sheet{n}.xml") for n in range(1, len(sheets) + 1)), ("styles", "styles.xml")]
        ),
        "xl/styles.xml": _STYLES,
        **{f"xl/worksheets/sheet{n}.xml": "".join(_sheet(sheet)) for n, sheet in enumerate(sheets, start=1)},
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as file:
        for name, text in parts.items():
            # Without the time of day: the same content is the same file.
            file.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text.encode(), zipfile.ZIP_DEFLATED)


def _sheet(sheet: Sheet) -> Iterator[str]:
    yield f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    yield '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
    if sheet.widths:
        widths = (f'<col min="{n}" max="{n}" width="{width}"/>' for n, width in enumerate(sheet.widths, start=1))
        yield f"<cols>{''.join(widths)}</cols>"
    yield f"<sheetData><row>{''.join(_text(name, _HEADER) for name in sheet.header)}</row>"
    for at, row in enumerate(sheet.rows):
        places = sheet.decimals[at] if sheet.decimals is not None else 2
        # Most cells are text, of which most stand in many rows and workbooks.
        cells = [_text(value) if type(value) is str else _cell(value, places) for value in row]
        yield f"<row>{''.join(cells)}</row>"
    yield "</sheetData></worksheet>"


def _cell(value: Cell, places: int) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, bool):
        return _text("ya / yes" if value else "tidak / no")
    if isinstance(value, str):
        return _text(value)
    style, number = _number(value, places)
    return f'<c s="{style}"><v>{number}</v></c>'


def _number(value: int | Decimal | date, places: int) -> tuple[int, str]:
    """The style of a cell and what it holds: of a day, how many have passed since the epoch of spreadsheets."""
    if isinstance(value, Decimal):
        return _WHOLE + min(max(places, 0), 4), f"{value:f}"
    if isinstance(value, int):
        return _PLAIN, str(value)
    if not isinstance(value, datetime):
        return _DATE, str((value - _EPOCH).days)
    at = value.astimezone(UTC)
    passed = Decimal(at.hour * 3600 + at.minute * 60 + at.second) / 86_400
    return _MOMENT, f"{(at.date() - _EPOCH).days + passed:.10f}"


@lru_cache(maxsize=10_000)
def _text(value: str, style: int = _TEXT) -> str:
    held = escape(_NO_XML.sub("", value)[:LONGEST_TEXT])
    return f'<c t="inlineStr" s="{style}"><is><t xml:space="preserve">{held}</t></is></c>'


def _workbook(sheets: Sequence[Sheet]) -> str:
    named = "".join(
        f'<sheet name={quoteattr(sheet.name)} sheetId="{n}" r:id="rId{n}"/>' for n, sheet in enumerate(sheets, start=1)
    )
    return f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>{named}</sheets></workbook>'


def _relations(targets: Sequence[tuple[str, str]]) -> str:
    listed = "".join(
        f'<Relationship Id="rId{n}" Type="{_RELATIONS}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(targets, start=1)
    )
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{listed}</Relationships>'


def _content_types(sheets: int) -> str:
    kinds = {"/xl/workbook.xml": "sheet.main", "/xl/styles.xml": "styles"}
    kinds |= {f"/xl/worksheets/sheet{n}.xml": "worksheet" for n in range(1, sheets + 1)}
    spreadsheet = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = "".join(
        f'<Override PartName="{name}" ContentType="{spreadsheet}.{kind}+xml"/>' for name, kind in kinds.items()
    )
    return (
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" ContentType='
        f'"application/vnd.openxmlformats-package.relationships+xml"/>{parts}</Types>'
    )
