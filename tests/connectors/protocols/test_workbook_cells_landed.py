"""What a workbook's cells become under a contract: shown text, whole numbers, and refusals cell by cell."""

import datetime as dt
import io
import json
import struct
import zipfile
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import xlwt
from openpyxl import Workbook

from connectors.http.client import HttpClient
from connectors.protocols.base import Noticed, Page
from connectors.source.protocol import protocol_of
from connectors.source.source import Source
from ledger.settings import Connection
from tests.connectors.landing.conftest import Result, land_pages, source_of
from tests.connectors.protocols.test_xlsx import sheet_edited

RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
MANIFEST = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
Styled = tuple[Any, str]
"""A value and its number format."""


def xlsx(*rows: Sequence[Any], hidden: Sequence[int] = (), before: str = "") -> bytes:
    """A workbook; a cell is a value, or a value with its number format. ``before`` is a hidden sheet in front."""
    made = Workbook()
    sheet = made.active
    assert sheet is not None
    if before:
        sheet.title, sheet.sheet_state = before, "hidden"
        sheet.append(["Kode", "Nilai"])
        sheet.append(["lama", 111])
        sheet = made.create_sheet("Data")
        made.active = 1
    for nth, row in enumerate(rows, start=1):
        for place, cell in enumerate(row, start=1):
            value, code = cell if isinstance(cell, tuple) else (cell, None)
            written = sheet.cell(nth, place, value)
            if code is not None:
                written.number_format = code
    for row_number in hidden:
        sheet.row_dimensions[row_number].hidden = True
    packed = io.BytesIO()
    made.save(packed)
    return packed.getvalue()


def xls(*rows: Sequence[Any], hidden: Sequence[int] = (), before: str = "") -> bytes:
    """The same as a workbook of Excel 97 to 2003."""
    made = xlwt.Workbook()
    if before:
        old = made.add_sheet(before)
        old.visibility = 1
        old.write(0, 0, "Kode")
    sheet = made.add_sheet("Data")
    for nth, row in enumerate(rows):
        for place, cell in enumerate(row):
            value, code = cell if isinstance(cell, tuple) else (cell, None)
            if value is not None:
                style = xlwt.easyxf(num_format_str=code) if code else xlwt.Style.default_style
                sheet.write(nth, place, value, style)
    for row_number in hidden:
        sheet.row(row_number - 1).hidden = True
    packed = io.BytesIO()
    made.save(packed)
    return packed.getvalue()


def record(kind: int, content: bytes = b"") -> bytes:
    """One record of a binary workbook."""
    head = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    return head + bytes([len(content)]) + content


def wide_text(text: str) -> bytes:
    """A text as binary workbooks write it."""
    return len(text).to_bytes(4, "little") + text.encode("utf-16-le")


def xlsb(*rows: Sequence[Any], hidden: Sequence[int] = (), before: str = "") -> bytes:
    """The same as a binary workbook, made record by record: no library writes one. An error is a cell of bytes."""
    codes = ["General", *dict.fromkeys(cell[1] for row in rows for cell in row if isinstance(cell, tuple))]
    names = ([(before, 1)] if before else []) + [("Data", 0)]
    book = record(143)
    for nth, (name, state) in enumerate(names, start=1):
        book += record(156, struct.pack("<II", state, nth) + wide_text(f"rId{nth}") + wide_text(name))
    count = struct.pack("<I", len(codes))
    styles = record(615, count)
    styles += b"".join(record(44, struct.pack("<H", 164 + nth) + wide_text(code)) for nth, code in enumerate(codes))
    styles += record(616)
    styles += record(626) + record(47, struct.pack("<HH", 0xFFFF, 9) + bytes(12)) + record(627)  # what styles rest on
    styles += record(617, count) + b"".join(
        record(47, struct.pack("<HH", 0, 164 + nth) + bytes(12)) for nth in range(len(codes))
    )
    sheet = record(148, struct.pack("<IIII", 0, len(rows) - 1, 0, max(map(len, rows)) - 1)) + record(145)
    for nth, row in enumerate(rows):
        sheet += record(0, struct.pack("<I", nth) + bytes(7) + bytes([0x10 * (nth + 1 in hidden), 0]))
        for place, cell in enumerate(row):
            value, code = cell if isinstance(cell, tuple) else (cell, "General")
            head = struct.pack("<I", place) + codes.index(code).to_bytes(3, "little") + b"\0"
            if isinstance(value, str):
                sheet += record(6, head + wide_text(value))
            elif isinstance(value, bytes):
                sheet += record(3, head + value)
            elif value is not None:
                sheet += record(5, head + struct.pack("<d", serial(value)))
    links = "".join(
        f'<Relationship Id="rId{nth}" Target="worksheets/sheet{nth}.bin" Type="http://schemas.openxmlformats.org/'
        'officeDocument/2006/relationships/worksheet"/>'
        for nth in range(1, len(names) + 1)
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.bin", record(131) + book + record(144) + record(132))
        archive.writestr("xl/_rels/workbook.bin.rels", f'<Relationships xmlns="{RELATIONS}">{links}</Relationships>')
        archive.writestr("xl/styles.bin", record(278) + styles + record(618) + record(279))
        for nth, (name, _) in enumerate(names, start=1):
            told = record(129) + (sheet if name == "Data" else record(148, bytes(16)) + record(145)) + record(146)
            archive.writestr(f"xl/worksheets/sheet{nth}.bin", told + record(130))
    return packed.getvalue()


def serial(value: Any) -> float:
    """A number as it is, a date as spreadsheets count it."""
    if isinstance(value, dt.datetime):
        return (value - dt.datetime(1899, 12, 30)) / dt.timedelta(days=1)  # noqa: DTZ001
    return (value - dt.date(1899, 12, 30)).days if isinstance(value, dt.date) else value


def ods(cells: str, rows: str = "") -> bytes:
    """An OpenDocument sheet: a header of ``Kode`` and ``Nilai``, a row of ``cells`` as XML, and more rows."""

    def text(value: str) -> str:
        return f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'

    names = "".join(
        f' xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{short}:1.0"' for short in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content{names} office:version="1.2"><office:body>'
        '<office:spreadsheet><table:table table:name="Data">'
        f"<table:table-row>{text('Kode')}{text('Nilai')}</table:table-row>"
        f"<table:table-row>{text('a')}{cells}</table:table-row>{rows}"
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", f'<manifest:manifest xmlns:manifest="{MANIFEST}"/>')
    return packed.getvalue()


class Landed:
    """A file read by a source's protocol and landed."""

    def __init__(self, source: Source, page: Page, result: Result) -> None:
        self.source, self.page, self.result = source, page, result
        self.noticed: Sequence[Noticed] = page.noticed

    @property
    def values(self) -> list[Any]:
        """The column ``nilai`` of the landed rows."""
        return [row["nilai"] for row in self.result.rows]

    @property
    def codes(self) -> set[str]:
        """Codes of what was noticed."""
        return {one.code for one in self.noticed}


Landing = Callable[..., Landed]


@pytest.fixture
def landed(tmp_path: Path) -> Landing:
    def read(body: bytes, nilai: dict[str, Any], name: str = "a.xlsx", **args: Any) -> Landed:
        folder = tmp_path / "in"
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(body)
        source = source_of(
            {"kode": {"from": "Kode", "required": True}, "nilai": {"from": "Nilai"} | nilai},
            ["kode"],
            protocol="files.xlsx",
            args={"pattern": r"a\.\w+", **args},
        )
        connection = Connection(url=f"file://{folder}")
        with HttpClient(connection) as http:
            protocol = protocol_of(source, connection, (), http)
            [page] = protocol.pages()
            assert protocol.derive(page.body, page.context, page.request) == page.records
            spans = protocol.spans(page.body, page.request)
        result = land_pages(source, [page], tmp_path)
        assert spans is not None
        assert len(spans) == result.counts.received, "every row is found again"
        return Landed(source, page, result)

    return read


PERCENT = {"type": "decimal(8,3)", "suffix": "%"}


@pytest.mark.parametrize("make", [xlsx, xls, xlsb])
@pytest.mark.parametrize("locale", [{}, {"locale": "id"}, {"locale": "en"}])
def test_a_percent_cell_is_what_it_shows(landed: Landing, make: Any, locale: dict[str, str]) -> None:
    body = make(
        ["Kode", "Nilai"], ["a", 17.6], ["b", (0.184, "0.0%")], ["c", (0.092, "0%")], ["d", (12.345, "0%")],
        ["e", (-0.005, "0.0%;[Red]-0.0%")], ["f", (0.29, "0%")],
    )  # fmt: skip
    found = landed(body, PERCENT | locale)
    assert found.values == [Decimal(text) for text in ("17.6", "18.4", "9.2", "1234.5", "-0.5", "29")]


@pytest.mark.parametrize("make", [xlsx, xls, xlsb])
@pytest.mark.parametrize("locale", [{}, {"locale": "id"}, {"locale": "en"}])
def test_p8_a_percent_cell_in_a_column_of_plain_numbers_is_refused(
    landed: Landing, make: Any, locale: dict[str, str]
) -> None:
    body = make(["Kode", "Nilai"], ["a", 17.6], ["b", (0.184, "0.0%")], ["c", (0.12345, "0%")], ["d", (1, "0%")])
    found = landed(body, {"type": "decimal(9,5)"} | locale)
    assert found.values == [Decimal("17.6")]
    assert found.result.reasons == [("type", "nilai")] * 3
    assert found.result.quarantine[0]["reasons"][0]["value"] == "18.4%"


@pytest.mark.parametrize("make", [xlsx, xls, xlsb])
def test_a_number_in_a_column_of_text_is_what_it_shows(landed: Landing, make: Any) -> None:
    body = make(
        ["Kode", "Nilai"], ["a", (35.1, "0.00")], ["b", (1234568, "00000000")], ["c", 35.1], ["d", (7, '"35."00')],
        ["e", (0.184, "0.0%")], ["f", 3507], ["g", (3507, "0")],
    )  # fmt: skip
    assert landed(body, {}).values == ["35.10", "01234568", "35.1", "35.07", "18.4%", "3507", "3507"]


@pytest.mark.parametrize("make", [xlsx, xls, xlsb])
@pytest.mark.parametrize(
    "cell",
    [
        (dt.date(2024, 9, 5), "dd/mm/yyyy"),
        (dt.date(2024, 9, 5), "d-mmm"),
        (dt.datetime(2024, 9, 5, 13, 9), "yyyy-mm-dd hh:mm"),  # noqa: DTZ001
        (35070, "#,##0"),
        (35.104, "0.00"),
        (0.5, "# ?/?"),
        (12345, "0.00E+00"),
    ],
    ids=str,
)
@pytest.mark.parametrize("personal", [{}, {"personal": "pseudonym", "pattern": "^.+$"}])
def test_p8_a_cell_of_which_text_cannot_be_told_is_refused(
    landed: Landing, make: Any, cell: Styled, personal: dict[str, str]
) -> None:
    """5-9 typed into a spreadsheet is the 5th of September."""
    found = landed(make(["Kode", "Nilai"], ["a", "0-4"], ["b", cell], ["c", "15-19"]), personal)
    assert [row["kode"] for row in found.result.rows] == ["a", "c"]
    assert found.result.reasons == [("cell", "nilai")]


@pytest.mark.parametrize("make", [xlsx, xls, xlsb])
@pytest.mark.parametrize("code", ["0", "General", "0000000000000000", "#"])
@pytest.mark.parametrize("more", [None, {"kind": "nik"}, {"pattern": r"^\d{16}$"}])
def test_p6_an_identity_number_that_a_spreadsheet_rounded_is_nobodys(
    landed: Landing, make: Any, code: str, more: dict[str, str] | None
) -> None:
    column = {"personal": "pseudonym"} | more if more is not None else {}
    found = landed(make(["Kode", "Nilai"], ["a", (9964020101230001, code)]), column)
    assert found.values == []
    assert "9964020101230001" not in str(found.result.quarantine)
    assert "996402010123000" not in str(found.result.rows)


def test_p8_a_pattern_does_not_let_a_refused_cell_in(landed: Landing) -> None:
    body = xlsx(["Kode", "Nilai"], ["a", (dt.date(2024, 9, 5), "yyyy-mm-dd")])
    kept = {"pattern": r"\d{4}", "personal": {"keep": "a test of what is kept in clear"}}
    assert landed(body, kept).result.reasons[0] == ("cell", "nilai")


def test_p8_an_error_is_no_empty_cell_in_a_binary_workbook(landed: Landing) -> None:
    found = landed(xlsb(["Kode", "Nilai"], ["a", b"\x2a"], ["b", b"\x07"], ["c", 1]), {"type": "integer"})
    assert found.values == [1]
    assert [row["reasons"][0]["value"] for row in found.result.quarantine] == ["#N/A", "#DIV/0!"]


def test_p8_a_number_that_shows_as_another_is_refused_in_a_column_of_numbers(landed: Landing) -> None:
    body = xlsx(["Kode", "Nilai"], ["a", (7, '"35."00')], ["b", (3507, '00"."00')], ["c", (5, '0" m2"')])
    found = landed(body, {"type": "decimal(9,2)"})
    assert found.values == [5]
    assert found.result.counts.quarantined == 2


@pytest.mark.parametrize("make", [xlsx, xls, xlsb])
def test_a_number_keeps_digits_that_it_does_not_show(landed: Landing, make: Any) -> None:
    body = make(["Kode", "Nilai"], ["a", (35.104, "0.00")], ["b", (1234567.5, "#,##0")], ["c", (2500000, '"Rp"#,##0')])
    assert landed(body, {"type": "decimal(12,3)", "locale": "id"}).values == [
        Decimal("35.104"), Decimal("1234567.5"), 2500000,
    ]  # fmt: skip


def test_two_columns_of_one_field_each_get_what_they_can_read(landed: Landing, tmp_path: Path) -> None:
    body = xlsx(["Kode", "Nilai"], [12, 5], [(7, "000"), 6])
    found = landed(body, {"from": "Kode", "type": "integer"})
    assert [row["kode"] for row in found.result.rows] == ["12"]
    assert ("cell", "kode") in found.result.reasons


# Sheets and rows that nobody sees ------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [xlsx, xls, xlsb])
def test_the_sheet_that_people_see_is_read(landed: Landing, make: Any) -> None:
    body = make(["Kode", "Nilai"], ["baru", 221], before="Data 2023")
    for sheet in ({}, {"sheet": 0}, {"sheet": "Data"}):
        found = landed(body, {"type": "integer"}, **sheet)
        assert (found.values, found.codes) == ([221], set())


def test_a_hidden_sheet_is_read_by_its_name_with_a_word(landed: Landing) -> None:
    found = landed(xlsx(["Kode", "Nilai"], ["baru", 221], before="Lama"), {"type": "integer"}, sheet="Lama")
    assert (found.values, found.codes) == ([111], {"sheet_hidden"})


@pytest.mark.parametrize("make", [xlsx, xls, xlsb])
def test_hidden_rows_are_read_with_a_word_or_refused(landed: Landing, make: Any) -> None:
    body = make(["Kode", "Nilai"], ["a", 1], ["b", 999], ["c", 3], ["d", 4], hidden=[3, 5])
    found = landed(body, {"type": "integer"})
    assert found.values == [1, 999, 3, 4]
    [word] = found.noticed
    assert (word.code, word.detail) == ("rows_hidden", "2 rows: 3, 5")
    refused = landed(body, {"type": "integer"}, hidden_rows="refuse")
    assert refused.values == [1, 3]
    assert refused.result.quarantine[0]["reasons"][0]["value"] == "row 3 is hidden"


def test_refused_rows_of_a_wide_sheet_keep_their_place(landed: Landing) -> None:
    body = xlsx(["Kode", "Nilai", "Nilai"], ["a", 1, 2], ["b", 3, 4], ["c", 5, (0.5, "0%")], hidden=[3])
    found = landed(body, PERCENT, hidden_rows="refuse", wide={"id_columns": ["Kode"], "group": ["Nilai"]})
    told = [tuple(record.values()) for record in json.loads(found.page.records)]
    assert told == [("a", 1), ("a", 2), ("row 3 is hidden",), ("c", 5), ("c", 50)]


def test_hidden_rows_without_records_are_no_matter(landed: Landing) -> None:
    assert landed(xlsx(["Kode", "Nilai"], ["a", 1], [None, None], hidden=[1, 3]), {"type": "integer"}).codes == set()


# Dates that a spreadsheet swapped ------------------------------------------------------------------------------------

DATE = {"type": "date", "format": "%d/%m/%Y"}


def days(*cells: Any) -> bytes:
    """A column of dates (day, month of 2024) and texts."""
    made = ((dt.date(2024, cell[1], cell[0]), "m/d/yyyy") if isinstance(cell, tuple) else cell for cell in cells)
    return xlsx(["Kode", "Nilai"], *([f"k{nth}", cell] for nth, cell in enumerate(made)))


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (((3, 4), "25/03/2024", (1, 12), "13/02/2024"), True),
        (((3, 4), (12, 12), "31-01-2024"), True),
        (((3, 4), "03/25/2024", (1, 12)), True),  # the other way round
        (((3, 4), "25/03/2024", (13, 12), "13/02/2024"), False),
        (((3, 4), "25/03/2024", (1, 12), "05/02/2024"), False),
        (((3, 4), (1, 12), (5, 5)), False),
        (("25/03/2024", "13/02/2024", "31/01/2024"), False),
    ],
)
def test_p8_dates_that_may_be_swapped_are_told(landed: Landing, cells: Any, told: bool) -> None:
    found = landed(days(*cells), DATE, dates_as="%d/%m/%Y")
    assert ("dates_swapped" in found.codes) == told


@pytest.mark.parametrize("code", ["General", "#,##0", '"Rp"#,##0', "0.0%"])
def test_a_total_in_a_workbook_is_told_by_its_numbers(landed: Landing, code: str) -> None:
    rows = [["Kode", "Nilai"], ["a", (1500, code)], ["b", (7, code)], ["Jumlah", (1507, code)], ["Sumber: Dinas"]]
    found = landed(xlsx(*rows), {"type": "integer", "suffix": "%"}, footer_starts=["Jumlah", "Sumber:"])
    assert [row["kode"] for row in found.result.rows] == ["a", "b"]
    assert found.result.counts.quarantined == 0


def test_a_header_that_comes_again_in_a_workbook_is_no_record(landed: Landing) -> None:
    body = xlsx([None, "Kode", "Nilai"], [1, "a", 5], [None, "Kode", "Nilai"], [2, "b", 6])
    found = landed(body, {"type": "integer"})
    assert (found.values, found.codes) == ([5, 6], {"header_again"})


def test_escapes_of_signs_are_undone(landed: Landing) -> None:
    body = xlsx(
        ["Kode", "Nilai"], ["a", "x_x000D_y"], ["b", "_x005F_x0041_"], ["c", "_xD83D__xDE00_"], ["d", "_x0041_"],
        ["e", "_x00ZZ_"],
    )  # fmt: skip
    assert landed(body, {}).values == ["x\ry", "_x0041_", "\U0001f600", "A", "_x00ZZ_"]


# OpenDocument -------------------------------------------------------------------------------------------------------


def number(kind: str, value: str, shown: str) -> str:
    return (
        f'<table:table-cell office:value-type="{kind}" office:value="{value}"><text:p>{shown}</text:p>'
        "</table:table-cell>"
    )


@pytest.mark.parametrize(
    ("cell", "nilai", "value"),
    [
        (number("percentage", "0.184", "18,4%"), PERCENT, Decimal("18.4")),
        (number("percentage", "0.184", "18%"), PERCENT, Decimal("18.4")),
        (number("percentage", "0.184", "18,4%"), {"type": "decimal(6,3)"}, "type"),
        (number("percentage", "0.184", "18,4%"), {}, "18,4%"),
        (number("percentage", "0.184", "18%"), {}, "cell"),
        (number("float", "1234568", "01234568"), {}, "01234568"),
        (number("float", "35.104", "35,10"), {}, "cell"),
        (number("float", "35.104", "35,10"), {"type": "decimal(6,3)"}, Decimal("35.104")),
        (number("currency", "2500000", "Rp2.500.000"), {"type": "integer"}, 2500000),
        (number("float", "7", "35.07"), {"type": "decimal(6,3)"}, "type"),
        (number("float", "2", "2"), {}, "2"),
        ('<table:table-cell office:value-type="date" office:date-value="2024-09-05"><text:p>5 Sep</text:p>'
         "</table:table-cell>", {}, "cell"),
    ],
)  # fmt: skip
def test_a_cell_of_an_ods_is_read_like_any_other(landed: Landing, cell: str, nilai: dict[str, Any], value: Any) -> None:
    found = landed(ods(cell), nilai, name="a.ods")
    told = found.values or [rule for rule, _ in found.result.reasons if rule != "personal_undeclared"]
    assert told[0] == value


@pytest.mark.parametrize(
    "value", ['office:value-type="string" office:string-value=""', 'office:value-type="float" office:value="0"']
)
def test_p8_an_error_is_no_empty_cell_in_an_ods(landed: Landing, value: str) -> None:
    more = 'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
    cell = f'<table:table-cell {value} {more} calcext:value-type="error"><text:p>#N/A</text:p></table:table-cell>'
    found = landed(ods(cell), {"type": "integer"}, name="a.ods")
    assert found.result.reasons == [("type", "nilai")]
    assert found.result.quarantine[0]["reasons"][0]["value"] == "#N/A"


@pytest.mark.parametrize("make", [xlsx, xls, xlsb])
def test_p8_a_cell_is_a_percentage_where_its_own_section_says_so(landed: Landing, make: Any) -> None:
    """Which of two sections a condition takes nobody looks up: such a cell is refused."""
    body = make(
        ["Kode", "Nilai"], ["a", (0.184, "0.0%;-0.0")], ["b", (-18.4, "0.0%;-0.0")], ["c", (18.4, "[<1]0.0%;0.0")],
        ["d", (0.092, "[<1]0.0%;[>=1]0%")],
    )  # fmt: skip
    found = landed(body, PERCENT)
    assert found.values == [Decimal("18.4"), Decimal("-18.4"), Decimal("9.2")]
    assert found.result.reasons == [("type", "nilai")]


def test_a_row_without_height_is_hidden(landed: Landing) -> None:
    body = xlsx(["Kode", "Nilai"], ["a", 1], ["b", 2], ["c", 3])
    flat = sheet_edited(body, b'<row r="3"', b'<row r="3" ht="0" customHeight="1"')
    found = landed(flat, {"type": "integer"})
    assert (found.values, found.codes) == ([1, 2, 3], {"rows_hidden"})
    low = sheet_edited(body, b'<row r="3"', b'<row r="3" ht="0.75" customHeight="1"')
    assert landed(low, {"type": "integer"}).codes == set()


@pytest.mark.parametrize(("nilai", "value"), [({"type": "integer"}, 125), ({}, "125")])
def test_a_comment_on_a_cell_of_an_ods_is_no_part_of_it(landed: Landing, nilai: dict[str, Any], value: Any) -> None:
    comment = "<office:annotation><text:p>dicek 2024</text:p></office:annotation><text:p>"
    found = landed(ods(number("float", "125", "125").replace("<text:p>", comment)), nilai, name="a.ods")
    assert found.values == [value]


def test_hidden_and_repeated_rows_of_an_ods(landed: Landing) -> None:
    rows = (
        '<table:table-row table:visibility="filter"><table:table-cell office:value-type="string"><text:p>b</text:p>'
        f"</table:table-cell>{number('float', '3', '3')}</table:table-row>"
        '<table:table-row table:number-rows-repeated="1048570"><table:table-cell table:number-columns-repeated="1024"/>'
        "</table:table-row>"
    )
    found = landed(ods(number("float", "1", "1"), rows), {"type": "integer"}, name="a.ods")
    assert (found.values, found.codes) == ([1, 3], {"rows_hidden"})
