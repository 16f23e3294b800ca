"""JSON that readers disagree about, deep and long values, and names that try to be something else."""

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from connectors.http.verdict import DamagedJsonError, parse_json
from ledger.errors import SourceError
from tests.connectors.landing.conftest import land_pages, page_of, source_of

TEXT = {"id": {}, "value": {}}
ROW = '{"id":"1","value":%s}'
LANDS: dict[str, Any] = {
    '"a"': "a",
    "1": "1",
    "-0.0": "-0.0",
    "1E2": "1E2",
    "1.50": "1.50",
    "1e-3": "1e-3",
    '"\\u0061\\/\\t"': "a/\t",
    '"\\ud834\\udd1e"': "\U0001d11e",
    "true": "true",
    "null": None,
    '""': None,
    '" "': None,
    "123456789012345678": "123456789012345678",
    "12345678901234567890123456789": "12345678901234567890123456789",
    "1.000000000000000000001": "1.000000000000000000001",
    '"\u2028"': None,
    '"\\u200b"': None,
    "[]": "[]",
    "{}": "{}",
    '"[1]"': "[1]",
    "1e999": "1e999",
    "-1e-999": "-1e-999",
}
REFUSED = [
    "01",
    "+1",
    "1.",
    ".5",
    "-",
    "-.5",
    "1e",
    "1e+",
    "0x1",
    "1_0",
    "1 000",
    "٣",
    "１",
    "'a'",
    "a",
    "True",
    "None",
    "undefined",
    '"\\x41"',
    '"\\u12"',
    '"\\ud"',
    '"a',
    'a"',
    '"\\"',
    "[1",
    "{",
    '{"a"}',
    '{"a":}',
    "{a:1}",
    '{"a":1 "b":2}',
    "[1 2]",
    "[,]",
    "/*c*/1",
    "1//c",
    "<b>1</b>",
    "--1",
    "++1",
    "1-",
    "\x00",
    "\x0b1",
    "\u00a01",
    "1\ufeff",
    '"\\',
]


@pytest.mark.parametrize("token", LANDS, ids=range(len(LANDS)))
def test_json_that_lands(tmp_path: Path, token: str) -> None:
    body = f"[{ROW % token}]".encode()
    assert isinstance(parse_json(body), list)
    result = land_pages(source_of(TEXT, ["id"]), [page_of(body)], tmp_path)
    assert [row["value"] for row in result.rows] == [LANDS[token]]


@pytest.mark.parametrize("token", REFUSED, ids=range(len(REFUSED)))
def test_json_that_is_none_is_refused_as_a_page_in_one_line(tmp_path: Path, token: str) -> None:
    body = f"[{ROW % token}]".encode()
    with pytest.raises(DamagedJsonError):
        parse_json(body)
    with pytest.raises(SourceError) as caught:
        land_pages(source_of(TEXT, ["id"]), [page_of(body)], tmp_path)
    assert (caught.value.kind, str(caught.value).isprintable()) == ("damaged", True)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"[",
        b"]",
        b'[{"id":"1"}]]',
        b'[{"id":"1"}] x',
        b'[{"id":"1"}][{"id":"2"}]',
        b'[{"id":"1"}{"id":"2"}]',
        b'[{"id":"1"}]\x00',
        b'\x00[{"id":"1"}]',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'"a"',
        b"1",
        b"null",
        b"\xff\xfe[\x00]\x00",
        '[{"id":"1"}]'.encode("utf-16"),
        '[{"id":"1"}]'.encode("utf-32"),
        b"id,value\n1,2\n",
        b"<html></html>",
        b"[1" + b"0" * 5000,
    ],
    ids=range(21),
)
def test_a_page_that_is_no_list_of_records_is_refused_in_one_line(tmp_path: Path, body: bytes) -> None:
    with pytest.raises(SourceError) as caught:
        land_pages(source_of(TEXT, ["id"]), [page_of(body)], tmp_path)
    assert (caught.value.kind, str(caught.value).isprintable()) == ("damaged", True)


def test_deep_and_long_values_beside_a_record_cost_nothing(tmp_path: Path) -> None:
    deep = "[" * 200_000 + "]" * 200_000
    names = {f"n{at}": at for at in range(3000)} | {
        "x" * 10_000: 1,
        '"; DROP TABLE staged; --': 2,
        "\x00": 3,
        "../..": 4,
    }
    records_text = json.dumps([{"id": "1", "value": "a"} | names])[:-2] + f',"deep":{deep}}}]'
    result = land_pages(source_of(TEXT, ["id"]), [page_of(records_text.encode())], tmp_path)
    assert [row["value"] for row in result.rows] == ["a"]
    assert len(result.counts.unknown) == len(names) + 1


@pytest.mark.fault(23)
def test_hostile_names_may_be_declared(tmp_path: Path) -> None:
    names = [
        "x" * 10_000,
        '"; DROP TABLE staged; --',
        "../../etc/passwd",
        "a'b",
        "a\\b",
        "\u202egnal",
        "=1+1",
        "$x",
        "a.b",
        "%s",
        "{0}",
    ]
    columns = {"id": {}} | {f"c{at}": {"from": name} for at, name in enumerate(names) if not name.startswith("$")}
    record = {"id": "1"} | {name: str(at) for at, name in enumerate(names)}
    (row,) = land_pages(source_of(columns, ["id"]), [page_of([record])], tmp_path).rows
    assert all(row[name] == name[1:] for name in columns if name != "id")


def test_letters_that_look_alike_are_not_folded(tmp_path: Path) -> None:
    """é in one sign and in two are two keys: nothing is normalised that was not declared."""
    given = [unicodedata.normalize(form, "café") for form in ("NFC", "NFD")]
    result = land_pages(source_of({"id": {}}, ["id"]), [page_of([{"id": name} for name in given])], tmp_path)
    assert [row["id"] for row in result.rows] == given
