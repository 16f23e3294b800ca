"""Every published table says in its own file what it and its columns are, and one table has all indicators."""

import json
from collections.abc import Iterator

import duckdb
import pytest
from pyarrow import parquet

from ledger import project
from ledger.project import mart_of, pillar_ids
from publication.build import Published
from publication.provenance import described
from publication.tables import ALL_INDICATORS, DUCKDB_FILE


@pytest.fixture
def tables(published: Published) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(published.path / DUCKDB_FILE), read_only=True) as connection:
        yield connection


def test_every_table_and_column_in_the_duckdb_file_has_a_comment(tables: duckdb.DuckDBPyConnection) -> None:
    [(number,)] = tables.execute("SELECT count(*) FROM duckdb_tables()").fetchall()
    assert number > 30
    silent = tables.execute(
        "SELECT table_name FROM duckdb_tables() WHERE comment IS NULL UNION ALL "
        "SELECT table_name || '.' || column_name FROM duckdb_columns() WHERE comment IS NULL AND NOT internal"
    ).fetchall()
    assert silent == []


def test_a_comment_speaks_both_languages_and_tells_unit_key_and_reference(tables: duckdb.DuckDBPyConnection) -> None:
    column = "SELECT comment FROM duckdb_columns() WHERE table_name = ? AND column_name = ?"
    [(score,)] = tables.execute(column, ["question_scores", "score"]).fetchall()
    assert score.startswith("Nilai dari rentang tempat angka itu berada")
    assert score.endswith("on the instrument's scale from 0 to 4. [skala 0 sampai 4 / scale 0 to 4]")
    [(indicator,)] = tables.execute(column, ["mart_living", "indicator_id"]).fetchall()
    assert indicator.endswith("-> indicators.id")
    [(bands,)] = tables.execute("SELECT comment FROM duckdb_tables() WHERE table_name = 'bands'").fetchall()
    assert bands.endswith("Key: question_key, score.")


def test_parquet_says_the_same_as_the_duckdb_file(published: Published, tables: duckdb.DuckDBPyConnection) -> None:
    said = dict(
        tables.execute("SELECT table_name, comment FROM duckdb_tables() WHERE schema_name <> 'meta'").fetchall()
    )
    files = sorted((published.path / "parquet").glob("*.parquet"))
    assert {path.stem for path in files} == said.keys()
    for path in files:
        metadata = parquet.read_schema(path).metadata
        assert metadata[b"description"].decode() == said[path.stem]
        columns = json.loads(metadata[b"columns"])
        assert list(columns) == parquet.read_schema(path).names
        assert all(columns.values())


def test_reference_tables_hold_their_primary_keys(tables: duckdb.DuckDBPyConnection) -> None:
    found = dict(
        tables.execute(
            "SELECT table_name, constraint_column_names FROM duckdb_constraints() WHERE constraint_type = 'PRIMARY KEY'"
        ).fetchall()
    )
    assert found["indicators"] == ["id"]
    assert {name: list(project.key(name)) for name in found} == found


def test_what_references_a_table_finds_it_there(tables: duckdb.DuckDBPyConnection) -> None:
    """A foreign key is declared where it holds: of every value there is a row."""
    places = {
        name: f"{schema}.{name}"
        for schema, name in tables.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE schema_name <> 'meta'"
        ).fetchall()
    }
    known = {
        place: project.table(f"published.{name}" if name == ALL_INDICATORS else name) for name, place in places.items()
    }
    meta = {f"meta.{name}": described(name) for name in ("pillars", "gate_checks", "pages", "evidence")}
    checked = 0
    for place, table in {**known, **meta}.items():
        for column in table.columns:
            if column.references is None:
                continue
            name, target = column.references
            at = places.get(name, f"meta.{name}")
            lost = tables.execute(
                f"SELECT DISTINCT {column.name} FROM {place} WHERE {column.name} IS NOT NULL "
                f"AND {column.name} NOT IN (SELECT {target} FROM {at})"
            ).fetchall()
            assert lost == [], f"{place}.{column.name}"
            checked += 1
    assert checked > 40


def test_a_region_has_a_text_that_begins_with_a_letter_wherever_it_is_named(tables: duckdb.DuckDBPyConnection) -> None:
    named = tables.execute(
        "SELECT schema_name, table_name FROM duckdb_columns() WHERE column_name = 'region_code' AND NOT internal"
    ).fetchall()
    assert len(named) > 20
    for schema, name in named:
        rows = tables.execute(f"SELECT DISTINCT region_code, region_id FROM {schema}.{name}").fetchall()
        assert all(text == (code and f"kemendagri-{code}") for code, text in rows), name


def test_one_table_has_every_indicator_of_every_pillar(tables: duckdb.DuckDBPyConnection) -> None:
    names = "region_code, pillar, indicator_id, period, value, unit, state, batch_ids"
    union = " UNION ALL ".join(f"SELECT {names} FROM pillars.{mart_of(pillar)}" for pillar in pillar_ids())
    found = tables.execute(f"SELECT {names} FROM pillars.all_indicators ORDER BY ALL").fetchall()
    assert found == tables.execute(f"FROM ({union}) ORDER BY ALL").fetchall()
    told = tables.execute(
        "SELECT region_name, province, pillar_name_en, indicator_name_id, year, state_name_id "
        "FROM pillars.all_indicators WHERE region_code = '64.02' AND indicator_id = 'liv_stunting_prevalence'"
    ).fetchall()
    assert told == [
        (
            "Kabupaten Kutai Kartanegara",
            "Kalimantan Timur",
            "Smart living",
            "Prevalensi stunting (e-PPGBM)",
            2024,
            "terukur",
        )
    ]
