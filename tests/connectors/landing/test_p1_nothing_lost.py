"""P1: rows received = rows landed + rows quarantined, and no cell lands as something else than it was."""

import json
import tempfile
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.landing import reader
from tests.connectors.landing.conftest import land_pages, page_of, source_of

COLUMNS: dict[str, Any] = {
    "id": {},
    "teks": {},
    "angka": {"type": "decimal(9,3)"},
    "bulat": {"type": "integer"},
    "tanggal": {"type": "date"},
    "pilihan": {"values": ["a", "b"]},
}
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.decimals(-(10**7), 10**7, places=4).map(float),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.sampled_from(
        ["13:09", "1.026", "1,5", "2024-02-30", "2024-08-31", " 7 ", "1e3", "0x1F", "1_000", "", "a", "12.50"]
    ),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
RECORD = st.fixed_dictionaries(
    {"id": st.one_of(st.integers(0, 9).map(str), ODD)}, optional={name: ODD for name in COLUMNS if name != "id"}
)
RECORDS = st.lists(st.one_of(RECORD, ODD), max_size=12)


def as_text(value: Any) -> str | None:
    """The text of a JSON value: what a column of texts must hold."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def same(given_value: Any, landed: Any, name: str) -> bool:
    """Whether a landed cell says what the record said; written without the code under test."""
    text = as_text(given_value)
    if text is None or not text.strip(" "):
        return landed is None
    if landed is None:
        return False
    if name in ("id", "teks", "pilihan"):
        return bool(landed == text) or _same_json(landed, given_value)
    if name == "tanggal":
        return bool(landed.isoformat() == text.strip(" "))
    try:
        return bool(Decimal(str(landed)) == Decimal(text.strip(" ")))
    except InvalidOperation:
        return False


def _same_json(landed: str, given_value: Any) -> bool:
    """Objects, lists and floats have several equal texts."""
    if isinstance(given_value, str | bool):
        return False
    try:
        return bool(json.loads(landed) == given_value)
    except ValueError:
        return False


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pages=st.lists(RECORDS, min_size=1, max_size=3))
def test_p1_nothing_lost_and_nothing_changed(pages: list[list[Any]]) -> None:
    source = source_of(COLUMNS, ["id"])
    with tempfile.TemporaryDirectory() as folder:
        result = land_pages(source, [page_of(records, seq) for seq, records in enumerate(pages)], Path(folder))
    records = [record for page in pages for record in page]
    assert len(result.rows) + len(result.quarantine) == len(records) == result.counts.received
    assert sorted(row["_row"] for row in [*result.rows, *result.quarantine]) == list(range(len(records)))
    for row in result.rows:
        record = records[row["_row"]]
        for name in COLUMNS:
            assert same(record.get(name), row[name], name), (name, record.get(name), row[name])
    for row in result.quarantine:
        assert row["reasons"]
        assert all(reason["rule"] and reason["expected"] for reason in row["reasons"])


def test_p1_chunks_lose_nothing(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(reader, "CHUNK_PAGES", 3)
    source = source_of({"id": {}, "n": {"type": "integer"}}, ["id"])
    pages = [page_of([{"id": f"{seq}-{row}", "n": row} for row in range(seq)], seq) for seq in range(20)]
    result = land_pages(source, pages, tmp_path)
    assert [(row["id"], row["_page"], row["_row"]) for row in result.rows] == [
        (f"{seq}-{row}", seq, number)
        for number, (seq, row) in enumerate((seq, row) for seq in range(20) for row in range(seq))
    ]


def test_p1_a_lost_row_is_noticed(tmp_path: Path, monkeypatch: Any) -> None:
    """The count of received rows does not come from the statement that stages them."""
    import pytest

    from connectors.landing.statement import Statement
    from ledger.errors import LedgerError

    rows = Statement.rows
    monkeypatch.setattr(Statement, "rows", lambda self, path, **how: f"{rows(self, path, **how)} LIMIT 1")
    with pytest.raises(LedgerError, match="rows received"):
        land_pages(source_of({"id": {}}, ["id"]), [page_of([{"id": 1}, {"id": 2}])], tmp_path)


def test_p2_the_same_pages_land_as_the_same_bytes(tmp_path: Path) -> None:
    source = source_of(
        {"id": {}, "nik": {"personal": "pseudonym", "pattern": "^.*$"}, "n": {"type": "integer"}}, ["id"]
    )
    pages = [page_of([{"id": f"{seq}-{row}", "nik": row, "n": "x" if row % 7 == 0 else row} for row in range(500)], seq)
             for seq in range(4)]  # fmt: skip
    first = land_pages(source, pages, tmp_path / "a")
    second = land_pages(source, pages, tmp_path / "b")
    assert [path.read_bytes() for path in first.files] == [path.read_bytes() for path in second.files]
    assert first.counts == second.counts
