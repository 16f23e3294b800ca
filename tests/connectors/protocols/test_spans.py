"""P7: every record is found again in the bytes of its page, to the byte."""

import io
import json
import zlib
from typing import Any

import pytest
from openpyxl import Workbook

from connectors.http.client import HttpClient
from connectors.protocols import registry
from connectors.protocols.base import ProtocolBase
from connectors.protocols.json_path import select
from connectors.protocols.spans import Span, json_spans, line_spans, member_spans
from ledger.settings import Connection
from tests.connectors.protocols.systems import SYSTEMS, healthy_pages

ROWS = '[ {"id":"a","n":1.50} ,\n{"id":"é, \\"ü\\" 😀","n":[1,{"x":"]"}]},{"id":"c"}]'
PIECES = ['{"id":"a","n":1.50}', '{"id":"é, \\"ü\\" 😀","n":[1,{"x":"]"}]}', '{"id":"c"}']
LINES = '\n{"id":"a","n":1.50}\r\n\n{"id":"é"}'
ENTRIES = '{"entry":[{"resource":{"id":1}},{"search":{"mode":"include"},"resource":{"id":2}},{"resource":{"id":3}}]}'
CELLS = {
    "vervar": [{"val": 64, "label": "A"}, {"val": 35, "label": "B"}],
    "var": [{"val": 1}],
    "turvar": [{"val": 0}],
    "tahun": [{"val": 124, "label": "2024"}],
    "turtahun": [{"val": 0}],
    "datacontent": {"35101240": 7.5, "64101240": 8},
}
TABLE = json.dumps({"table": "<table><tr><th>a</th></tr><tr><td>1</td></tr><tr><td>2</td></tr></table>"})
CSV = 'judul\nid;nama\n1;"dua\r\nbaris"\n\n2;é\r\n3;x'

# Per protocol: its arguments, a page, and what stands where each record is.
CASES: dict[str, list[tuple[dict[str, Any], str, list[str]]]] = {
    "rest": [
        ({"path": "/", "records": "$.data"}, f'{{"x":[0],"data":{ROWS}}}', PIECES),
        ({"path": "/"}, "\ufeff" + ROWS, PIECES),
        ({"path": "/", "records": "$.data"}, '{"data":{"id":1}}', ['{"id":1}']),
        ({"path": "/", "records": "$.data"}, '{"data":null}', []),
        ({"path": "/", "records": "$.a[*].b"}, '{"a":[{"b":{"c":1}},{"b":{"c":2}}]}', ['{"c":1}', '{"c":2}']),
    ],
    "sipd": [({"path": "/"}, ROWS, PIECES), ({"path": "/"}, f'{{"data":{ROWS}}}', PIECES)],
    "dapodik": [({"method": "getGtk"}, f'{{"rows":{ROWS}}}', PIECES), ({"method": "getGtk"}, '{"rows":{}}', ["{}"])],
    "ckan": [({"resource_id": "r"}, f'{{"result":{{"records":{ROWS}}}}}', PIECES)],
    "oss": [
        (
            {"method": "inqueryProyek"},
            f'{{"responINQUERYPROYEK":{{"kode":200,"dataProyek":{{"data_proyek":{ROWS}}}}}}}',
            PIECES,
        )
    ],
    "bpjs": [
        ({"path": "a", "records": "$.list"}, f'{{"metadata":{{"code":1}},"response":{{"list":{ROWS}}}}}', PIECES),
        ({"path": "a"}, '{"metaData":{"code":"200"},"response":null}', []),
    ],
    "sicantik": [
        ({"method": "listpermohonanterbit"}, ROWS, PIECES),
        ({"method": "listpermohonanterbit"}, '{"total":9,"terbit":3}', []),
        ({"method": "jumlahPerizinan"}, '{"total":9}', ['{"total":9}']),
    ],
    "satusehat": [({"resource": "Encounter"}, ENTRIES, ['{"id":1}', '{"id":3}'])],
    "bps": [({}, json.dumps(CELLS), ['"64101240": 8', '"35101240": 7.5'])],
    "sipsn": [
        ({"columns": ["a", "b"]}, '{"markers":[[1,"x"],[2,"y"]]}', ['[1,"x"]', '[2,"y"]']),
        ({"columns": ["a"], "kind": "table"}, TABLE, [TABLE[1:-1]] * 2),
    ],
    "sql": [
        ({"query": "select 1"}, '[{"id":"a","n":1.50},\n{"id":"é"}]', ['{"id":"a","n":1.50}', '{"id":"é"}']),
        ({"query": "select 1"}, '[{"id":"a"}]', ['{"id":"a"}']),
        ({"query": "select 1"}, LINES, ['{"id":"a","n":1.50}\r', '{"id":"é"}']),
        ({"query": "select 1"}, "[]", []),
    ],
    "files.csv": [
        (
            {"pattern": "x", "delimiter": ";", "header_row": 2, "encoding": encoding},
            CSV,
            ['1;"dua\r\nbaris"\n', "2;é\r\n", "3;x"],
        )
        for encoding in ("utf-8", "latin-1", "utf-16")
    ],
}


def spans_of(name: str, args: dict[str, Any], body: bytes) -> list[Span] | None:
    connection = Connection(url="https://kept-pages.invalid")
    protocol = registry.get(name)
    found = protocol(protocol.Args.model_validate(args), connection, (), HttpClient(connection)).spans(body, "GET x")
    return list(found) if found is not None else None


@pytest.mark.parametrize("name", sorted(CASES))
def test_p7_each_record_stands_where_it_is_said_to(name: str) -> None:
    for args, text, pieces in CASES[name]:
        encoding = args.get("encoding", "utf-8")
        body = text.encode(encoding)
        spans = spans_of(name, args, body)
        assert spans is not None
        plain = "utf-16-le" if encoding == "utf-16" else encoding
        assert [body[span.start : span.end].decode(plain) for span in spans] == pieces


@pytest.mark.parametrize("name", registry.names())
def test_p7_every_protocol_answers_where_its_records_are_or_that_it_cannot_tell(name: str) -> None:
    """One that says nothing of its bytes gives the page (None); one that says something is proved here."""
    says = registry.get(name).spans is not ProtocolBase.spans
    assert says == (name in {*CASES, *SYSTEMS, "files.xlsx"}), f"{name}: add a case, or say where its records are"


@pytest.mark.integration
@pytest.mark.parametrize("name", sorted(SYSTEMS))
def test_p7_every_record_of_a_system_is_found_in_its_page(name: str) -> None:
    asked, found = SYSTEMS[name], 0
    with HttpClient(Connection(url="https://opd.example")) as http:
        protocol = registry.get(name)
        reader = protocol(protocol.Args.model_validate(asked.args), http.connection, asked.for_each, http)
    for page in healthy_pages(name):
        spans = reader.spans(page.body, page.request)
        assert spans is not None
        records = select(json.loads(page.records), page.records_path) if spans else []
        for span, record in zip(spans, records, strict=True):
            assert record[asked.columns["nama"]] in page.body[span.start : span.end].decode()
            found += 1
    assert found == 4


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_csv_with_a_byte_order_mark_is_counted_from_its_first_byte(encoding: str) -> None:
    body = "id,n\na,1\nb,2\n".encode(encoding)
    spans = spans_of("files.csv", {"pattern": "x"}, body) or []
    assert [body[span.start : span.end] for span in spans] == [b"a,1\n", b"b,2\n"]
    assert [span.location for span in spans] == ["line 2", "line 3"]


def test_p7_a_row_of_a_workbook_is_named_with_the_bytes_of_its_packed_sheet() -> None:
    book = Workbook()
    book.create_sheet("Data")
    for row in (["id", "JULI_N", "AGUSTUS_N"], ["a", 1, 2], [], ["b", None, 3], ["c", 4, None]):
        book["Data"].append(row)
    packed = io.BytesIO()
    book.save(packed)
    body = packed.getvalue()
    wide = {"id_columns": ["id"], "group": ["N"], "separator": "_"}
    spans = spans_of("files.xlsx", {"pattern": "x", "sheet": "Data", "wide": wide}, body) or []
    assert [span.location.split(" of ")[0] for span in spans] == ["row 2", "row 2", "row 4", "row 5"]
    sheet = zlib.decompress(body[spans[0].start : spans[0].end], wbits=-15)
    assert b"<sheetData>" in sheet
    assert "xl/worksheets/sheet2.xml" in spans[0].location


def test_of_two_members_of_one_name_the_records_are_in_the_last() -> None:
    body = b'{"d": {"r": [{"a": 1}]}, "d": {"r": [{"a": 2}, {"a": 3}]}}'
    assert [body[s.start : s.end] for s in json_spans(body, "$.d.r")] == [b'{"a": 2}', b'{"a": 3}']


def test_bytes_that_are_no_utf_8_keep_their_places() -> None:
    body = b'[{"a":"\xff\xfe"},{"b":1}]'
    assert [body[s.start : s.end] for s in json_spans(body, "$")] == [b'{"a":"\xff\xfe"}', b'{"b":1}']
    assert member_spans(b'{"a": 1}')["a"] == Span(1, 7)
    assert line_spans(b"") == []
