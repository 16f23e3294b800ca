"""Workbooks: cells without loss, wide sheets, and archives that are traps."""

import datetime as dt
import io
import json
import re
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from connectors.http.client import HttpClient
from connectors.http.limits import Limits
from connectors.protocols.base import NO_USES, Uses
from connectors.protocols.files import workbook, xlsx_guard
from connectors.protocols.files.xlsx_files import XlsxArgs, XlsxFiles
from connectors.protocols.files.xlsx_guard import safe_workbook
from ledger.errors import SourceError
from ledger.settings import Connection

Records = Callable[..., list[dict[str, Any]]]


def book(*rows: list[Any], sheet: str = "Data") -> bytes:
    made = Workbook()
    page = made.active
    assert page is not None
    page.title = sheet
    for row in rows:
        page.append(row)
    packed = io.BytesIO()
    made.save(packed)
    return packed.getvalue()


def edited(body: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """The same archive with its parts changed."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return packed.getvalue()


def sheet_edited(body: bytes, old: bytes, new: bytes) -> bytes:
    return edited(body, lambda name, part: part.replace(old, new) if name.startswith("xl/worksheets/") else part)


@pytest.fixture
def records(tmp_path: Path) -> Records:
    def read(body: bytes, limits: Limits | None = None, uses: Uses = NO_USES, **args: Any) -> list[dict[str, Any]]:
        connection = Connection(url=f"file://{tmp_path}")
        checked = XlsxArgs.model_validate({"pattern": r"(?P<bulan>\d\d)\.xlsx", **args})
        (tmp_path / "08.xlsx").write_bytes(body)
        with HttpClient(connection, limits) as http:
            [page] = XlsxFiles(checked, connection, [], http, uses).pages()
        assert page.body == body
        found: list[dict[str, Any]] = json.loads(page.records, parse_float=str)
        return found

    return read


def refused(records: Records, body: bytes, **args: Any) -> SourceError:
    with pytest.raises(SourceError) as caught:
        records(body, **args)
    assert caught.value.kind == "damaged"
    assert caught.value.where.endswith("/08.xlsx")
    return caught.value


def test_cells_come_without_loss(records: Records) -> None:
    day, moment = dt.date(2024, 8, 1), dt.datetime(2024, 8, 1, 13, 9)  # noqa: DTZ001
    header = ["nik", "nama", "berat", "umur", "tgl", "saat", "jam", "ya", "kosong"]
    row = ["6402010101010001", " Budi ", 13.9, 12, day, moment, dt.time(13, 9), True, None]
    assert records(book(header, row)) == [
        {
            "nik": "6402010101010001",
            "nama": " Budi ",
            "berat": "13.9",
            "umur": 12,
            "tgl": "2024-08-01",
            "saat": "2024-08-01 13:09:00",
            "jam": "13:09:00",  # not 13.9, and not repaired into it
            "ya": True,
            "kosong": None,
        }
    ]


def test_date_cells_can_be_written_like_dates_in_text(records: Records) -> None:
    body = book(["tgl"], [dt.date(2024, 8, 1)], ["02/08/2024"])
    assert records(body, dates_as="%d/%m/%Y") == [{"tgl": "01/08/2024"}, {"tgl": "02/08/2024"}]


def test_an_identity_number_stored_as_a_number_does_not_pass_for_one(records: Records) -> None:
    [row] = records(book(["nik"], [6402010101010001]))
    assert not re.fullmatch(r"\d{16}", str(row["nik"]))


def test_p8_an_error_cell_is_no_empty_cell(records: Records) -> None:
    body = book(["a", "b"], ["#N/A", 1], [None, 2])
    assert records(body) == [{"a": "#N/A", "b": 1}, {"a": None, "b": 2}]
    strange = sheet_edited(body, b't="e"', b"t='e'")
    assert records(strange)[0]["a"] == "#N/A"


def test_empty_rows_and_columns_beside_the_table_are_passed_over(records: Records) -> None:
    body = book(["Laporan"], [], ["a", "b", None], [], [1, None, None], [None, None, None], [None, "x", None])
    assert records(body, header_row=3) == [{"a": 1, "b": None}, {"a": None, "b": "x"}]


def test_a_column_without_a_name_is_not_lost(records: Records) -> None:
    assert records(book(["a", None], [1, 2])) == [{"a": 1, "(kolom 2)": 2}]


def test_sheets_by_name_and_number(records: Records) -> None:
    body = book(["a"], [1], sheet="Agustus")
    assert records(body, sheet="Agustus") == records(body, sheet=0) == [{"a": 1}]
    assert "no sheet" in refused(records, body, sheet="Juli").what
    assert "1 sheets" in refused(records, body, sheet=3).what


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"PK\x03\x04",
        b"<!DOCTYPE html><html>login</html>",
        b"nik,berat\n1,2\n",
        book(["a"], [1])[:-100],
        book(["a"], [1])[: len(book(["a"], [1])) // 2],
        book(["a"], [1])[:-200] + b"\0" * 200,
    ],
)
def test_what_is_no_whole_workbook_is_damage_with_the_files_name(records: Records, body: bytes) -> None:
    refused(records, body)


def test_a_zip_without_a_workbook_and_a_broken_sheet_are_damage(records: Records) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.txt", "x")
    assert "no XLSX" in refused(records, packed.getvalue()).what
    refused(records, sheet_edited(book(["a"], [1]), b"</sheetData>", b"</sheetDat"))


def test_a_header_that_is_missing_or_ambiguous_is_damage(records: Records) -> None:
    assert "two columns" in refused(records, book(["a", " a "], [1, 2])).what
    assert "no row 5" in refused(records, book(["a"], [1]), header_row=5).what


# Traps --------------------------------------------------------------------------------------------------------------


@pytest.mark.fault(17)
def test_a_zip_bomb_is_refused_by_its_ratio_and_by_its_size() -> None:
    honest = book(["a"], ["x" * 50])
    bomb = edited(honest, lambda name, part: part + b" " * 30_000_000 if name.endswith("sheet1.xml") else part)
    assert len(bomb) < 100_000
    with pytest.raises(SourceError, match="packed more tightly"):
        safe_workbook(bomb, 100_000_000, "f.xlsx")
    with pytest.raises(SourceError, match="would unpack to"):
        safe_workbook(honest, 1000, "f.xlsx")
    assert safe_workbook(honest, 1_000_000, "f.xlsx") == honest


def test_a_directory_that_lies_about_sizes_is_found_out() -> None:
    honest = book(["a"], [1])
    with zipfile.ZipFile(io.BytesIO(honest)) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    lying = honest.replace(size.to_bytes(4, "little"), (size // 2).to_bytes(4, "little"))
    assert lying != honest
    with pytest.raises(SourceError):
        safe_workbook(lying, 1_000_000, "f.xlsx")


@pytest.mark.parametrize("place", [b'r="XFD1048576"', b"r = 'XFD1048576'", b'r="xfd1048576"', b't="n" r="ZZZ99999999"'])
def test_a_cell_at_the_end_of_the_world_does_not_fill_the_memory(records: Records, place: bytes) -> None:
    far = sheet_edited(book(["a"], [1]), b"</sheetData>", b"<row><c " + place + b"><v>1</v></c></row></sheetData>")
    assert "rows and" in refused(records, far).what


def test_a_row_at_the_end_of_the_world_does_not_either(records: Records) -> None:
    body = book(["a"] + [f"k{number}" for number in range(99)], [1])
    far = sheet_edited(body, b"</sheetData>", b'<row r="1048576"><c><v>1</v></c></row></sheetData>')
    refused(records, far)


@pytest.mark.parametrize(
    "cell",
    [
        b'<c x=">" r="XFD1048576"><v>1</v></c>',
        b"<c\nx='\"' r='XFD1048576'><v>1</v></c>",
        b'<c t="n" s="1" r="XFD1048576"/>',
        b'<c t="n"r="XFD1048576"/>',
    ],
)
def test_a_far_cell_cannot_hide_behind_other_attributes(cell: bytes) -> None:
    far = sheet_edited(book(["a"], [1]), b"</sheetData>", b"<row>" + cell + b"</row></sheetData>")
    with pytest.raises(SourceError, match="rows and"):
        safe_workbook(far, 1_000_000, "f.xlsx")


def test_a_sheet_may_not_hide_under_another_name_or_encoding() -> None:
    def elsewhere(name: str, part: bytes) -> bytes:
        return part.replace(b"</sheetData>", b'<row><c r="XFD1048576"/></row></sheetData>').replace(
            b"worksheets/sheet1.xml", b"other/part.xml"
        )

    moved = edited(book(["a"], [1]), elsewhere)
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(moved)) as old, zipfile.ZipFile(packed, "w") as new:
        for name in old.namelist():
            new.writestr(name.replace("worksheets/sheet1.xml", "other/part.xml"), old.read(name))
    wide_letters = edited(
        book(["a"], [1]), lambda name, part: part.decode().encode("utf-16") if "sheet1" in name else part
    )
    for body in (packed.getvalue(), wide_letters):
        with pytest.raises(SourceError):
            safe_workbook(body, 1_000_000, "f.xlsx")


def test_a_sheet_of_unclosed_tags_is_searched_in_linear_time() -> None:
    started = time.monotonic()
    junk = b"<c " * 700_000 + b"<c \" ' " * 50_000
    body = edited(book(["a"], [1]), lambda name, part: part + junk if "sheet1" in name else part)
    with pytest.raises(SourceError, match="packed more tightly"):
        safe_workbook(body, 10_000_000, "f.xlsx")
    assert xlsx_guard._PLACE.findall(junk) == []
    assert xlsx_guard._ERROR_CELL.search(junk) is None
    assert time.monotonic() - started < 5


def test_another_format_inside_is_refused() -> None:
    packed = io.BytesIO(book(["a"], [1]))
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("xl/workbook.bin", b"")
    with pytest.raises(SourceError):
        safe_workbook(packed.getvalue(), 1_000_000, "f.xlsx")


def test_two_parts_of_one_name_are_refused() -> None:
    packed = io.BytesIO(book(["a"], [1]))
    with zipfile.ZipFile(packed, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("xl/worksheets/sheet1.xml", "<x/>")
    with pytest.raises(SourceError, match="several of one name"):
        safe_workbook(packed.getvalue(), 1_000_000, "f.xlsx")


@pytest.mark.fault(17)
def test_entities_are_not_expanded(records: Records) -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'

    def change(name: str, part: bytes) -> bytes:
        if not name.startswith("xl/worksheets/"):
            return part
        head, _, rest = part.partition(b"<worksheet")
        return head + bomb + b"<worksheet" + rest.replace(b"<t>x</t>", b"<t>&b;&f;</t>")

    assert "no spreadsheet program" in refused(records, edited(book(["a"], ["x"]), change)).what


# A process of its own ------------------------------------------------------------------------------------------------


def test_a_workbook_is_read_by_a_process_that_holds_no_secret(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PILAR_CONN_DINKES", "kunci-rahasia")
    told = (
        "import json, os, sys; sys.stdin.read(); print(json.dumps({'damaged': str(sorted(os.environ)) + os.getcwd()}))"
    )
    monkeypatch.setattr(workbook, "_START", told)
    assert refused(records, book(["a"], [1])).what in {"[]/", "['LD_LIBRARY_PATH']/", "['LC_CTYPE']/"}


@pytest.mark.parametrize(
    ("instead", "what"),
    [
        ("import os; os.abort()", "breaks its reader"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "breaks its reader"),
        ("import time; time.sleep(60)", "not read within"),
        ("raise SystemExit(3)", "exit 3"),
        ("print('no JSON')", "breaks its reader"),
    ],
    ids=["crash", "killed", "endless", "error", "nonsense"],
)
def test_p3_a_reader_that_dies_takes_nobody_with_it(
    records: Records, monkeypatch: pytest.MonkeyPatch, instead: str, what: str
) -> None:
    monkeypatch.setattr(workbook, "_START", instead)
    assert what in refused(records, book(["a"], [1]), limits=Limits(total_s=0.5)).what


def test_a_workbook_may_not_take_all_memory(records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    body = book(["a"], *[[f"baris {row} {column}" for column in range(40)] for row in range(1500)])
    assert len(records(body)) == 1500
    monkeypatch.setattr(workbook, "_ROOM", 4 * 1024 * 1024)
    what = refused(records, body, max_unpacked=8_000_000).what
    assert "more memory" in what or "breaks its reader" in what


def test_footers_and_headers_of_two_rows(records: Records) -> None:
    body = book(
        ["Laporan"], ["Kode", "Balita", None], [None, "L", "P"], ["64.02", 1, 2], ["64.03", 3, 4], [],
        ["Jumlah", 4, 6], ["Sumber: e-PPGBM"],
    )  # fmt: skip
    found = [{"Kode": "64.02", "Balita: L": 1, "Balita: P": 2}, {"Kode": "64.03", "Balita: L": 3, "Balita: P": 4}]
    assert records(body, header_row=2, header_rows=2, footer_starts=["jumlah"]) == found
    assert "filled like a record" in refused(records, body, header_row=2, header_rows=2, footer_rows=2).what


# Wide sheets --------------------------------------------------------------------------------------------------------
