"""Rows gather in parts on disk: in order, without clear persons, and gone afterwards."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.landing import reader, staging
from connectors.landing.comparing import Baseline
from connectors.landing.landing import Landing
from connectors.protocols.base import Page
from ledger.errors import SourceError
from tests.connectors.landing.conftest import KEYS, land_pages, page_of, source_of

NIK = "6402011203850001"
COLUMNS: dict[str, Any] = {
    "id": {},
    "nik": {"personal": "pseudonym", "pattern": "^.*$"},
    "n": {"type": "integer"},
    "t": {},
}


def pages_of(count: int, rows: int) -> list[Page]:
    """Every fifth row is refused; every third page holds a number that makes it be rewritten first."""
    return [
        page_of(
            [
                {"id": f"{seq}-{row}", "nik": NIK, "n": "x" if row % 5 == 4 else row, "t": 1.5 if seq % 3 == 0 else "a"}
                for row in range(rows)
            ],
            seq,
        )
        for seq in range(count)
    ]


def test_rows_stand_in_the_order_in_which_they_came(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "CHUNK_PAGES", 4)
    result = land_pages(source_of(COLUMNS, ["id"]), pages_of(30, 10), tmp_path)
    for file, rows in zip(result.files, (result.rows, result.quarantine), strict=True):
        duckdb.execute("SET threads = 1")
        found = [row[0] for row in duckdb.execute("SELECT _row FROM read_parquet(?)", [str(file)]).fetchall()]
        assert found == [row["_row"] for row in rows]
    assert len(result.rows) == 240
    assert len(result.quarantine) == 60


def test_p6_what_is_staged_holds_no_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "CHUNK_PAGES", 2)
    with Landing(source_of(COLUMNS, ["id"]), KEYS, tmp_path) as landing:
        for page in pages_of(6, 10):
            landing.add(page, "all", hashlib.sha256(page.body).hexdigest())
        landing.finish()
        parts = list(tmp_path.rglob("*.parquet"))
        assert len(parts) == 4
        found = duckdb.execute("SELECT * FROM read_parquet(?)", [[str(part) for part in parts]]).fetchall()
        assert len(found) == 60
        assert NIK not in repr(found)
    assert list(tmp_path.iterdir()) == []


def test_a_landing_that_fails_leaves_no_part_behind(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        land_pages(source_of(COLUMNS, ["id"]), [*pages_of(3, 2), page_of(b"<html>", 3)], tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("bucket_rows", [1, 7, 500_000])
def test_duplicates_are_found_across_pages_whatever_is_compared_at_once(
    bucket_rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "BUCKET_ROWS", bucket_rows)
    monkeypatch.setattr(reader, "CHUNK_PAGES", 1)
    records: Sequence[Any] = [
        [{"id": "a", "n": 1}, {"id": "b", "n": 2}],
        [{"id": "c", "n": 3}, {"id": "a", "n": 1}],
        [{"id": "b", "n": 9}, {"id": "d", "n": 4}],
    ]
    pages = [page_of(rows, seq) for seq, rows in enumerate(records)]
    result = land_pages(source_of({"id": {}, "n": {"type": "integer"}}, ["id"]), pages, tmp_path)
    assert [(row["id"], row["_row"]) for row in result.rows] == [("a", 0), ("c", 2), ("d", 5)]
    assert [(row["_row"], row["record"]) for row in result.quarantine] == [
        (1, '{"id":"b","n":2}'),
        (3, '{"id":"a","n":1}'),
        (4, '{"id":"b","n":9}'),
    ]
    assert result.counts.quarantined == 3


@pytest.mark.parametrize("bucket_rows", [1, 2, 500_000])
def test_a_batch_is_compared_with_the_one_in_force_whatever_is_compared_at_once(
    bucket_rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "BUCKET_ROWS", bucket_rows)
    source = source_of({"id": {}, "n": {"type": "integer"}}, ["id"])
    before = land_pages(source, [page_of([{"id": str(row), "n": row} for row in range(6)])], tmp_path).files[0]
    with Landing(source, KEYS, tmp_path) as landing:
        landing.add(page_of([{"id": str(row), "n": row * (1 + row % 2)} for row in range(2, 9)]), "all", "")
        landing.finish()
        found = landing.compare("all", Baseline((("before", before),), None, whole=True))
    assert found is not None
    assert (found.in_force, found.added, found.changed, found.removed, found.known) == (6, 3, 2, 2, 2)


def test_a_duplicate_of_one_period_touches_no_row_of_another(tmp_path: Path) -> None:
    """Rows are numbered within their coverage."""
    columns = {"id": {}, "tahun": {"type": "integer", "context": "tahun"}}
    source = source_of(columns, ["id"], coverage={"from": "tahun", "grain": "year"})
    pages = [
        page_of([{"id": "a"}, {"id": "a"}], 0, context={"tahun": "2023"}),
        page_of([{"id": "b"}, {"id": "c"}], 1, context={"tahun": "2024"}),
    ]
    assert [row["_row"] for row in land_pages(source, pages, tmp_path / "x", "2023").quarantine] == [1]
    assert [row["id"] for row in land_pages(source, pages, tmp_path / "y", "2024").rows] == ["b", "c"]


def test_a_folder_named_like_a_column_changes_no_value(tmp_path: Path) -> None:
    source = source_of({"id": {}, "n": {"type": "integer"}}, ["id"])
    pages = [page_of([{"id": "a", "n": 1}, {"id": "b", "n": 2}, {"id": "b", "n": 2}])]
    result = land_pages(source, pages, tmp_path / "n=7")
    written = duckdb.execute("SELECT n FROM read_parquet(?, hive_partitioning = false)", [str(result.files[0])])
    assert written.fetchall() == [(1,), (2,)]


def test_a_column_may_be_called_filename(tmp_path: Path) -> None:
    source = source_of({"id": {}, "filename": {}}, ["id"])
    result = land_pages(source, [page_of([{"id": "a", "filename": "x"}, {"id": "a", "filename": "x"}])], tmp_path)
    assert [(row["id"], row["filename"]) for row in result.rows] == [("a", "x")]
    assert result.quarantine[0]["record"] == '{"id":"a","filename":"x"}'


@pytest.mark.parametrize(
    ("zone", "moment", "month"),
    [
        ("Asia/Jakarta", "2024-09-01T03:00:00", "2024-09"),
        ("Asia/Jakarta", "2025-01-01T00:30:00+07:00", "2025-01"),
        ("Asia/Makassar", "2024-12-31T16:30:00Z", "2025-01"),
    ],
)
def test_a_moment_belongs_to_the_month_of_its_own_place(tmp_path: Path, zone: str, moment: str, month: str) -> None:
    columns = {"id": {}, "t": {"type": "timestamp", "timezone": zone}}
    source = source_of(columns, ["id"], coverage={"from": "t", "grain": "month"})
    assert land_pages(source, [page_of([{"id": "a", "t": moment}])], tmp_path, month).counts.landed == 1
