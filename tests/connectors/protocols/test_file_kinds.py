"""Files that are something else than their name says: read where that can be, else called by what they are."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.http.client import HttpClient
from connectors.http.first_bytes import kind_of
from connectors.protocols import registry
from connectors.protocols.base import Page
from connectors.protocols.files.web import classify_file
from ledger.errors import SourceError
from ledger.settings import Connection
from tests.connectors.protocols.test_workbook_cells_landed import number, ods, xls, xlsb, xlsx
from tests.connectors.protocols.test_xlsx import edited

ROWS = (["Kode", "N"], ["35.07", 1], ["35.73", 2])
FOUND = [{"Kode": "35.07", "N": 1}, {"Kode": "35.73", "N": 2}]
TABLE = (
    "<table><tr><td colspan=2>Laporan</td></tr><tr><th>Kode</th><th>N</th></tr>"
    "<tr><td>35.07</td><td>1.234</td></tr><tr><td rowspan=2>35.73</td><td>2</td></tr><tr><td>3</td></tr></table>"
)
ODS = b"application/vnd.oasis.opendocument.spreadsheet"
SPREADSHEET_ML = (
    b'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n'
    b'<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"></Workbook>'
)
Read = Callable[..., Page]


def zipped(*files: tuple[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files:
            archive.writestr(name, body)
    return packed.getvalue()


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def make(name: str, body: bytes, **args: Any) -> Page:
        (tmp_path / "data.xls").write_bytes(body)
        connection = Connection(url=f"file://{tmp_path}")
        protocol = registry.get(name)
        checked = protocol.Args.model_validate({"pattern": r"data\.xls", **args})
        with HttpClient(connection) as http:
            reader = protocol(checked, connection, [], http)
            [page] = reader.pages()
            spans = reader.spans(page.body, page.request)
        assert page.body == body
        assert spans is not None
        assert len(spans) == len(json.loads(page.records))
        assert all(0 <= span.start < span.end <= len(body) and span.location for span in spans)
        return page

    return make


def refused(read: Read, name: str, body: bytes, **args: Any) -> SourceError:
    with pytest.raises(SourceError) as caught:
        read(name, body, **args)
    assert caught.value.kind == "damaged"
    assert caught.value.do
    return caught.value


@pytest.mark.parametrize(
    "body",
    [
        xlsx(*ROWS),
        xls(*ROWS),
        xlsb(*ROWS),
        gzip.compress(xlsx(*ROWS)),
        gzip.compress(xls(*ROWS)),
        zipped(("laporan/data.xlsx", xlsx(*ROWS))),
        zipped(("data.xls", xls(*ROWS)), ("__MACOSX/._data.xls", b"x")),
    ],
    ids=["xlsx", "xls", "xlsb", "xlsx.gz", "xls.gz", "xlsx in zip", "xls in zip"],
)
def test_workbooks_of_any_kind_and_packed_are_read(read: Read, body: bytes) -> None:
    assert json.loads(read("files.xlsx", body).records) == FOUND


def test_an_ods_is_read(read: Read) -> None:
    assert json.loads(read("files.xlsx", ods(number("float", "1", "1"))).records) == [{"Kode": "a", "Nilai": 1}]


@pytest.mark.parametrize(
    "page",
    [
        TABLE,
        f"<html><head><meta charset='utf-8'></head><body>{TABLE}</body></html>",
        f"\ufeff<!DOCTYPE html>\n<html>{TABLE}</html>",
        f'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">{TABLE}</html>',
    ],
)
def test_an_html_table_under_a_workbooks_name_is_read(read: Read, page: str) -> None:
    """The usual "Export Excel" of portals in PHP; merged cells stand in their first place, as in a sheet."""
    found = json.loads(read("files.xlsx", page.encode(), header_row=2).records)
    assert found == [{"Kode": "35.07", "N": "1.234"}, {"Kode": "35.73", "N": "2"}, {"Kode": None, "N": "3"}]


@pytest.mark.parametrize("hidden", ['style="display:none"', "hidden", 'style="height:0;mso-hide: all"'])
def test_p1_hidden_rows_of_an_html_table_are_told(read: Read, hidden: str) -> None:
    page = TABLE.replace("</table>", f"<tr {hidden}><td>x</td><td>9</td></tr></table>")
    assert [one.code for one in read("files.xlsx", page.encode()).noticed] == ["rows_hidden"]


def test_rows_of_an_html_table_may_be_short_or_long(read: Read) -> None:
    page = "<table><tr><td>Kode<td>N<tr><td>a<tr><td>b<td>2<td>x</table>"
    found = json.loads(read("files.xlsx", page.encode()).records)
    assert found == [{"Kode": "a", "N": None, "(kolom 3)": None}, {"Kode": "b", "N": "2", "(kolom 3)": "x"}]


@pytest.mark.parametrize("encoding", ["windows-1252", "iso-8859-1"])
def test_an_html_table_is_read_in_the_encoding_that_it_names(read: Read, encoding: str) -> None:
    page = f'<meta charset="{encoding}"><table><tr><th>Kode</th></tr><tr><td>Jalan é</td></tr></table>'
    assert json.loads(read("files.xlsx", page.encode("cp1252")).records) == [{"Kode": "Jalan é"}]
    assert "encoding" in refused(read, "files.xlsx", page.replace(encoding, "utf-8").encode("cp1252")).what


@pytest.mark.parametrize(
    ("name", "body", "what", "do"),
    [
        ("files.xlsx", b"Kode,N\n35.07,1\n", "text, as CSV is", "files.csv"),
        ("files.xlsx", SPREADSHEET_ML, "XML Spreadsheet 2003", ".xlsx"),
        ("files.xlsx", b'<?xml version="1.0"?><data/>', "is XML", "XLSX or CSV"),
        ("files.xlsx", b"%PDF-1.7 x", "PDF", "XLSX or CSV"),
        ("files.xlsx", b"Rar!\x1a\x07\x00", "RAR", "ZIP"),
        ("files.xlsx", zipped(("a.txt", b"x"), ("b.txt", b"y")), "ZIP with 2 files", "alone"),
        ("files.xlsx", gzip.compress(gzip.compress(b"x")), "packed twice", "once"),
        ("files.xlsx", gzip.compress(xlsx(*ROWS))[:-20], "gzip", "again"),
        ("files.xlsx", b"<html>login</html>", "is HTML, and no table", ".xlsx"),
        ("files.xlsx", zipped(("mimetype", ODS), ("content.xml", b"<x/>")), "an ODS workbook", "again"),
        ("files.xlsx", xls(*ROWS)[:600], "an XLS workbook", ".xlsx"),
        ("files.xlsx", zipped(("xl/workbook.bin", b"x")), "an XLSB workbook", "again"),
        ("files.csv", xlsx(*ROWS), "an XLSX workbook", "files.xlsx"),
        ("files.csv", xls(*ROWS), "an XLS workbook", "files.xlsx"),
        ("files.csv", ods(""), "an ODS workbook", "files.xlsx"),
        ("files.csv", TABLE.encode(), "is HTML", "files.xlsx"),
        ("files.csv", SPREADSHEET_ML, "XML Spreadsheet 2003", ".xlsx"),
        ("files.csv", zipped(("a.csv", b"x\n"), ("b.csv", b"y\n")), "ZIP with 2 files", "alone"),
        ("files.csv", gzip.compress(xlsx(*ROWS)), "an XLSX workbook", "files.xlsx"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_p10_a_file_is_called_by_what_it_is(read: Read, name: str, body: bytes, what: str, do: str) -> None:
    error = refused(read, name, body)
    assert what in error.what
    assert do in error.do


@pytest.mark.parametrize("pack", [gzip.compress, lambda body: zipped(("a.csv", body))], ids=["gzip", "zip"])
def test_a_packed_csv_is_read(read: Read, pack: Any) -> None:
    page = read("files.csv", pack(b"Kode,N\n35.07,1\n"))
    assert json.loads(page.records) == [{"Kode": "35.07", "N": "1"}]


@pytest.mark.parametrize("name", ["files.csv", "files.xlsx"])
@pytest.mark.parametrize("pack", [gzip.compress, lambda body: zipped(("a.csv", body))], ids=["gzip", "zip"])
def test_a_packed_file_may_not_fill_the_memory(read: Read, name: str, pack: Any) -> None:
    bomb = pack(b"Kode,N\n" + b"0" * 30_000_000)
    assert "packed" in refused(read, name, bomb).what
    assert "larger than 1000 bytes" in refused(read, name, pack(b"a,b\n" * 1000), max_unpacked=1000).what


@pytest.mark.parametrize("line", ["sep=;\r\n", '\ufeff"sep=;"\r\n', "SEP=;\n"])
def test_a_line_that_names_the_delimiter_is_no_header(read: Read, line: str) -> None:
    body = f"{line}kode;n\r\n35.07;1\r\n".encode()
    assert json.loads(read("files.csv", body, delimiter=";").records) == [{"kode": "35.07", "n": "1"}]
    assert json.loads(read("files.csv", body, delimiter=";", header_row=2).records)[0]["kode"] == "35.07"
    error = refused(read, "files.csv", body)
    assert "';'" in error.what
    assert "delimiter" in error.do


def strict(name: str, part: bytes) -> bytes:
    """A part of a workbook in the dialect "Strict Open XML"."""
    return part.replace(
        b"http://schemas.openxmlformats.org/spreadsheetml/2006/main", b"http://purl.oclc.org/ooxml/spreadsheetml/main"
    ).replace(
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
        b"http://purl.oclc.org/ooxml/officeDocument/relationships",
    )


def test_p7_a_strict_workbook_is_read_and_traced(read: Read) -> None:
    assert json.loads(read("files.xlsx", edited(xlsx(*ROWS), strict)).records) == FOUND


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"", "nothing"), (b"\0\1\2", "unknown"), (b"a,b\n", "text"), (b"PK\x03\x04 xl/", "xlsx"), (b"<3,b\n", "text")],
)
def test_the_kind_of_a_file_is_told_by_its_first_bytes(body: bytes, kind: str) -> None:
    assert kind_of(body) == kind


def test_a_table_that_is_sent_as_a_workbook_is_a_file_and_a_page_is_none() -> None:
    for sent_as in ("application/vnd.ms-excel", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"):
        assert classify_file(200, {"Content-Type": sent_as}, TABLE.encode()).kind == "ok"
        assert classify_file(503, {"Content-Type": sent_as}, TABLE.encode()).kind == "retryable"
    assert classify_file(200, {"Content-Type": "text/html"}, TABLE.encode()).kind == "damaged"
