"""What must hold for any file, header or listing at all."""

import csv
import io
import json
import string
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from connectors.http.client import HttpClient
from connectors.protocols.base import UNREADABLE
from connectors.protocols.files.csv_files import CsvArgs, CsvFiles
from connectors.protocols.files.header import named_columns
from connectors.protocols.records import dump_records
from ledger.errors import SourceError
from ledger.settings import Connection

QUICK = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
CELL = st.text("abc ,;\"\n\r'=\u00e9\u2028", max_size=6)


def read_csv(body: bytes, **args: Any) -> list[Any]:
    connection = Connection(url="file:///nowhere")
    with HttpClient(connection) as http:
        reader = CsvFiles(CsvArgs.model_validate({"pattern": "x", **args}), connection, [], http)
        return reader.records(body, {}, "x.csv")


def told(error: SourceError) -> None:
    """A refusal is one line about damage, or about a source that changed while it was read."""
    assert error.kind in ("damaged", "retryable")
    assert str(error).isprintable()


@QUICK
@given(
    rows=st.lists(st.lists(CELL, min_size=3, max_size=3), max_size=8),
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_p1_what_was_written_as_csv_is_read_as_it_was(
    rows: list[list[str]], delimiter: str, quoting: Any, end: str
) -> None:
    # Up to Python 3.12 the writer quotes a carriage return only where lines end in one: then nobody could read it back.
    assume(quoting != csv.QUOTE_MINIMAL or end == "\r\n" or not any("\r" in cell for row in rows for cell in row))
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, quoting=quoting, lineterminator=end)
    writer.writerows([["a", "b", "c"], *rows])
    found = read_csv(file.getvalue().encode(), delimiter=delimiter)
    assert [list(row.values()) for row in found] == [row for row in rows if any(cell.strip() for cell in row)]
    assert json.loads(dump_records(found)) == found


@QUICK
@given(body=st.text('ab,"\n\r\x00\ufeff\u00e9', max_size=40).map(str.encode) | st.binary(max_size=40))
def test_p10_any_bytes_are_read_as_the_standard_library_reads_them_or_refused(body: bytes) -> None:
    try:
        found = read_csv(body)
    except SourceError as error:
        told(error)
        return
    text = body.decode("utf-8-sig", "replace")
    header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    expected = [row if len(row) == len(header) else "unreadable" for row in rows if any(cell.strip() for cell in row)]
    assert ["unreadable" if UNREADABLE in row else list(row.values()) for row in found] == expected


@QUICK
@given(
    cells=st.lists(st.text(string.ascii_lowercase[:3] + " %\n\u00a0\u200b\"';", max_size=3), max_size=6),
    by_left=st.booleans(),
)
def test_p10_a_header_gives_every_column_a_name_of_its_own_or_is_refused(cells: list[str], by_left: bool) -> None:
    try:
        names = named_columns(cells, "x", by_left=by_left)
    except SourceError as error:
        told(error)
        return
    assert len(names) == len(cells) == len(set(names))
    for cell, name in zip(cells, names, strict=True):
        assert name.endswith(" ".join(cell.replace("\u200b", "").split()) or ")")


DATA = [{"id": number} for number in range(9)]
SIZE = 3
PAGINGS = {
    "page": {"mode": "page", "total_at": "$.total"},
    "pages": {"mode": "page", "pages": "$.pages", "total_at": "$.total"},
    "offset": {"mode": "offset", "size": SIZE, "total_at": "$.total"},
    "cursor": {"mode": "cursor", "param": "after", "next_at": "$.next"},
}


@pytest.mark.parametrize("manner", sorted(PAGINGS))
@QUICK
@given(order=st.lists(st.integers(0, 3), min_size=1, max_size=5))
def test_p1_pages_that_are_shuffled_doubled_or_dropped_give_all_rows_or_an_error(
    pull: Any, reply: Any, rows_of: Any, manner: str, order: list[int]
) -> None:
    """The service gives other pages than it was asked for (3 is one without rows). A cursor announces no total: what
    it never leads to cannot be missed, but nothing may come twice."""

    def handler(request: Any) -> Any:
        if manner == "offset":
            asked = int(request.params.get("offset", 0) or 0) // SIZE
        elif manner == "cursor":
            asked = int(request.params.get("after", 0) or 0)
        else:
            asked = int(request.params.get("page", 1)) - 1
        given_page = order[asked] if asked < len(order) else 3
        rows = DATA[given_page * SIZE : given_page * SIZE + SIZE]
        following = asked + 1 if asked + 1 < len(order) else None
        return reply({"data": rows, "total": len(DATA), "pages": 3, "next": following})

    run = pull("rest", {"path": "/a", "records": "$.data", "paging": PAGINGS[manner], "max_pages": 20}, handler)
    try:
        pages = run.pages()
    except SourceError as error:
        told(error)
        return
    found = sorted(row["id"] for row in rows_of(pages))
    assert len(set(found)) == len(found)
    if manner != "cursor":
        assert found == [row["id"] for row in DATA]
