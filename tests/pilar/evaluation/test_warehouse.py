"""The DuckDB file of an evaluation."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from ledger.project import columns
from ledger.records import Batch, Merge, Promotion
from pilar.evaluation.warehouse import export_marts, landing_views, opened, write_promoted, write_views

CONTRACT = {"kode_daerah": "VARCHAR", 'nilai "a"': "DECIMAL(4,2)"}
BATCH = Batch(
    batch_id="b1",
    source_id="s",
    opd="o",
    coverage="2024",
    status="accepted",
    contract_sha256="f" * 64,
    rows_received=1,
    rows_landed=1,
    rows_quarantined=0,
    landed_path="landing/s/b1/rows.parquet",
    landed_sha256="a" * 64,
    content_sha256="c" * 64,
    synthetic=True,
    started_at=datetime(2024, 1, 1, tzinfo=UTC),
    finished_at=None,
)


def landed(home: Path, path: str, code: str) -> None:
    (home / path).parent.mkdir(parents=True, exist_ok=True)
    duckdb.sql(
        f"""copy (select '{code}' as kode_daerah, 1.25::decimal(4,2) as "nilai ""a""\", 0 as _page, 0::bigint as _row,
        '2024' as _coverage, ['nilai <= 1'] as _flags) to '{home / path}' (format parquet)"""
    )


def rows(warehouse: Path, query: str) -> list[tuple[object, ...]]:
    with opened(warehouse) as connection:
        return connection.execute(query).fetchall()


def test_every_batch_in_force_is_in_the_view_with_its_name(tmp_path: Path) -> None:
    other = replace(BATCH, batch_id="b2", synthetic=False, landed_path="landing/s/b2/rows.parquet")
    for batch, code in ((BATCH, "64.02"), (other, "62.02")):
        assert batch.landed_path is not None
        landed(tmp_path, batch.landed_path, code)
    warehouse = tmp_path / "w.duckdb"
    write_views(warehouse, landing_views(tmp_path, {"s": CONTRACT}, [BATCH, other]))
    found = rows(warehouse, "select kode_daerah, _batch, _synthetic, _flags from landing.s order by _batch")
    assert found == [("64.02", "b1", True, ["nilai <= 1"]), ("62.02", "b2", False, ["nilai <= 1"])]


def test_p3_a_column_that_the_contract_gained_is_empty_in_older_batches(tmp_path: Path) -> None:
    assert BATCH.landed_path is not None
    landed(tmp_path, BATCH.landed_path, "64.02")
    warehouse = tmp_path / "w.duckdb"
    write_views(warehouse, landing_views(tmp_path, {"s": CONTRACT | {"baru": "DATE"}}, [BATCH]))
    assert rows(warehouse, "select kode_daerah, baru, _row, _batch from landing.s") == [("64.02", None, 0, "b1")]


@pytest.mark.parametrize("content", [None, b"", b"PAR1 no longer"], ids=["gone", "empty", "damaged"])
def test_p3_one_sources_lost_file_holds_up_no_other(tmp_path: Path, content: bytes | None) -> None:
    other = replace(BATCH, source_id="z", batch_id="b2", landed_path="landing/z/b2/rows.parquet")
    landed(tmp_path, other.landed_path or "", "62.02")
    if content is not None:
        lost = tmp_path / (BATCH.landed_path or "")
        lost.parent.mkdir(parents=True)
        lost.write_bytes(content)
    warehouse = tmp_path / "w.duckdb"
    write_views(warehouse, landing_views(tmp_path, {"s": CONTRACT, "z": CONTRACT}, [BATCH, other]))
    assert rows(warehouse, "select kode_daerah from landing.z") == [("62.02",)]
    with pytest.raises(duckdb.Error, match="cannot be read"):
        rows(warehouse, "select * from landing.s")


def test_p8_a_source_without_data_is_an_empty_view_of_the_same_columns(tmp_path: Path) -> None:
    warehouse = tmp_path / "w.duckdb"
    write_views(warehouse, landing_views(tmp_path, {"s": CONTRACT}, []))
    assert rows(warehouse, "select * from landing.s") == []
    described = {row[0]: row[1] for row in rows(warehouse, "describe landing.s")}
    assert described == {
        **CONTRACT,
        "_page": "INTEGER",
        "_row": "BIGINT",
        "_coverage": "VARCHAR",
        "_flags": "VARCHAR[]",
        "_batch": "VARCHAR",
        "_synthetic": "BOOLEAN",
        "_maturity": "VARCHAR",
    }


@pytest.mark.parametrize("columns", [{"s": CONTRACT}, {}], ids=["readable", "source file unreadable"])
def test_p3_deltas_join_by_the_key_that_the_ledger_knows(tmp_path: Path, columns: dict[str, dict[str, str]]) -> None:
    merge = Merge(("kode_daerah",), 'nilai "a"')
    delta = replace(BATCH, batch_id="b2", merge=merge, landed_path="landing/s/b2/rows.parquet")
    for batch in (BATCH, delta):
        assert batch.landed_path is not None
        landed(tmp_path, batch.landed_path, "64.02")
    warehouse = tmp_path / "w.duckdb"
    write_views(warehouse, landing_views(tmp_path, columns, [BATCH, delta], {"b2": "final"}))
    assert rows(warehouse, "select kode_daerah, _batch, _maturity from landing.s") == [("64.02", "b2", "final")]


@pytest.fixture
def candidate(tmp_path: Path) -> Path:
    warehouse = tmp_path / "w.duckdb"
    fields = ", ".join(f'null::{column.type} as "{column.name}"' for column in columns("mart_living"))
    with opened(warehouse) as connection:
        connection.execute("create schema candidate")
        connection.execute(f"create table candidate.mart_living as select {fields}")
        connection.execute("update candidate.mart_living set region_code = '64.02', value = 84.22")
    return warehouse


def promoted(tmp_path: Path, warehouse: Path) -> Promotion:
    path = "promoted/living/e1.parquet"
    mart = export_marts(warehouse, {"living": tmp_path / path, "economy": tmp_path / "promoted/economy/e1.parquet"})
    assert set(mart) == {"living"}  # the other was not built
    mart["living"].keep()
    return Promotion("e1", "living", True, path, mart["living"].sha256, None, datetime(2024, 5, 1, tzinfo=UTC))


def test_p3_a_held_pillar_shows_its_last_good_values_with_since_and_why(tmp_path: Path, candidate: Path) -> None:
    good = promoted(tmp_path, candidate)
    held = Promotion("e2", "living", False, None, None, "it's above 100", datetime(2024, 6, 1, tzinfo=UTC))
    with opened(candidate) as connection:
        connection.execute("update candidate.mart_living set value = 999")
    write_promoted(candidate, tmp_path, ["living", "economy"], {"living": good}, {"living": held})
    found = rows(
        candidate,
        "select value::varchar, evaluation_id, held_since::varchar, held_reason from promoted.mart_living",
    )
    assert found == [("84.2200", "e1", "2024-06-01 00:00:00+00", "it's above 100")]
    assert rows(candidate, "select * from promoted.mart_economy") == []


def test_p3_a_mart_in_force_that_is_lost_stops_only_who_reads_it(tmp_path: Path, candidate: Path) -> None:
    good = promoted(tmp_path, candidate)
    assert good.path is not None
    (tmp_path / good.path).unlink()
    write_promoted(candidate, tmp_path, ["living", "economy"], {"living": good}, {})
    assert rows(candidate, "select * from promoted.mart_economy") == []
    with pytest.raises(duckdb.Error, match="the mart of living in force cannot be read: see pilar verify"):
        rows(candidate, "select region_code from promoted.mart_living where value > 0")


def test_p2_a_mart_is_exported_whole_and_the_same_again(tmp_path: Path, candidate: Path) -> None:
    first = promoted(tmp_path, candidate)
    again = promoted(tmp_path, candidate)
    assert first.sha256 == again.sha256
    assert [path.name for path in (tmp_path / "promoted" / "living").iterdir()] == ["e1.parquet"]


def test_p3_a_mart_that_is_not_kept_leaves_nothing(tmp_path: Path, candidate: Path) -> None:
    (mart,) = export_marts(candidate, {"living": tmp_path / "promoted/living/e1.parquet"}).values()
    mart.drop()
    assert list((tmp_path / "promoted" / "living").iterdir()) == []


def test_p3_a_mart_promoted_before_its_contract_gained_a_column_is_shown_with_it_empty(
    tmp_path: Path, candidate: Path
) -> None:
    good = promoted(tmp_path, candidate)
    assert good.path is not None
    path = tmp_path / good.path
    older = path.with_name("older.parquet")
    duckdb.sql(f"copy (select * exclude (unit), 1 as gone from '{path}') to '{older}'")
    older.replace(path)
    write_promoted(candidate, tmp_path, ["living", "economy"], {"living": good}, {})
    assert rows(candidate, "select value::varchar, unit, evaluation_id from promoted.marts") == [
        ("84.2200", None, "e1")
    ]
    with opened(candidate) as connection:
        shown = [item[0] for item in connection.execute("from promoted.mart_living").description or ()]
    assert shown == [column.name for name in ("mart_living", "promoted.marts") for column in columns(name)]
