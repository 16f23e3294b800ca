"""The published tables in a real PostgreSQL: whole or not at all, described, and read by whom they are meant for."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

from api.resources import resources
from ledger.errors import NoPublicationError, PublicationError
from ledger.settings import Settings
from pilar.evaluation.publish import behind, push, push_again
from publication import postgres
from publication.build import Published, publish
from publication.postgres import MINISTRY, PUBLIC, REGENCY, swap_tables
from publication.tables import DUCKDB_FILE
from tests.conftest import database_url
from tests.publication.sample_meta import sample_meta
from tests.publication.spoilt import spoil

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def url(postgres_url: str) -> Iterator[str]:
    """A database of its own; its roles are the whole server's, and stay."""
    name = f"published_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    yield database_url(postgres_url, name)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")


@pytest.fixture(scope="module")
def filled(url: str, published: Published) -> str:
    assert swap_tables(url, lambda: published.path) == published.id
    return url


def rows(url: str, query: str, role: str | None = None) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        if role is not None:
            connection.execute(f"set role {role}")
        return connection.execute(query).fetchall()


@pytest.fixture
def consumer(filled: str) -> Iterator[str]:
    """A dashboard of the regency of Kutai Kartanegara."""
    name = f"consumer_{uuid.uuid4().hex}"
    with psycopg.connect(filled) as connection:
        connection.execute(f"create role {name} in role {REGENCY}")
        connection.execute("insert into pilar_access.regions values (%s, '64.02')", [name])
    yield name
    with psycopg.connect(filled) as connection:
        connection.execute(f"drop role {name}")


def test_every_table_has_the_same_rows_as_the_duckdb_file(filled: str, published: Published) -> None:
    with duckdb.connect(str(published.path / DUCKDB_FILE), read_only=True) as file:
        tables = file.execute("select schema_name, table_name from duckdb_tables() order by all").fetchall()
        assert len(tables) > 30
        for schema, name in tables:
            file.execute("set timezone = 'UTC'")
            expected = file.execute(f"from {schema}.{name}").fetchall()
            found = rows(filled, f"select * from {schema}.{name}")
            assert sorted(map(repr, map(_plain, found))) == sorted(map(repr, map(_plain, expected))), name


def _plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(value.timestamp() if hasattr(value, "timestamp") else value for value in row)


def test_tables_and_columns_are_described_and_hold_their_keys(filled: str) -> None:
    silent = rows(
        filled,
        "select c.relname, a.attname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "join pg_attribute a on a.attrelid = c.oid and a.attnum >= 0 and not a.attisdropped "
        "where n.nspname in ('pillars', 'scores', 'reference', 'quality', 'meta') and c.relkind = 'r' "
        "and col_description(c.oid, a.attnum) is null",
    )
    assert silent == []
    keys = dict(
        rows(filled, "select contype::text, count(*) from pg_constraint where contype in ('p', 'f') group by 1")
    )
    assert keys["p"] > 25
    assert keys["f"] > 40


@pytest.mark.parametrize(
    "place", ["pillars.mart_living", "scores.index_scores", "scores.readiness", "pillars.all_indicators"]
)
def test_a_regency_reads_the_rows_of_its_regions_only(consumer: str, filled: str, place: str) -> None:
    assert rows(filled, f"select distinct region_code from {place}", consumer) == [("64.02",)]


def test_every_table_of_regions_has_its_rows_guarded(filled: str) -> None:
    open_to_all = rows(
        filled,
        "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a "
        "on a.attrelid = c.oid and a.attname = 'region_code' where c.relkind = 'r' and not c.relrowsecurity "
        "and n.nspname in ('pillars', 'scores', 'reference', 'quality', 'meta')",
    )
    assert open_to_all == []


@pytest.mark.parametrize("place", ["quality.findings", "scores.readiness"])
def test_p6_a_regency_that_reads_what_is_public_too_reads_no_more_of_what_is_not(
    consumer: str, filled: str, place: str
) -> None:
    """Policies of several roles add up: that of the public is for public tables alone."""
    assert len(rows(filled, f"select distinct region_code from {place}", MINISTRY)) > 1
    with psycopg.connect(filled) as connection:
        connection.execute(f"grant {PUBLIC} to {consumer}")
    assert rows(filled, f"select distinct region_code from {place}", consumer) == [("64.02",)]


@pytest.mark.parametrize("place", ["meta.batches", "meta.pages"])
def test_p6_a_regency_reads_of_the_batches_behind_its_own_figures_only(consumer: str, filled: str, place: str) -> None:
    own = "select distinct unnest(batch_ids) from pillars.all_indicators where region_code = '64.02'"
    everything = {batch for (batch,) in rows(filled, f"select distinct batch_id from {place}")}
    seen = {batch for (batch,) in rows(filled, f"select distinct batch_id from {place}", consumer)}
    assert seen == everything & {batch for (batch,) in rows(filled, own)}
    assert seen < everything
    with psycopg.connect(filled) as connection:
        connection.execute(f"grant {PUBLIC} to {consumer}")
    assert {batch for (batch,) in rows(filled, f"select distinct batch_id from {place}", consumer)} == seen


def test_p6_no_regency_reads_what_gates_found(consumer: str, filled: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        rows(filled, "select * from meta.gate_checks", consumer)


def test_the_public_reads_the_same_columns_here_and_over_http(filled: str) -> None:
    """One list says for both what is a detail."""
    may = f"has_column_privilege('{PUBLIC}', attrelid, attnum, 'select')"
    for resource in resources():
        for table in resource.tables:
            query = f"select attname, {may} from pg_attribute where attrelid = '{table}'::regclass and attnum > 0"
            for column, readable in rows(filled, query):
                assert readable is (column not in resource.details), (table, column)


def test_a_consumer_without_regions_reads_none(consumer: str, filled: str) -> None:
    with psycopg.connect(filled) as connection:
        connection.execute("delete from pilar_access.regions where consumer = %s", [consumer])
    assert rows(filled, "select * from scores.index_scores", consumer) == []


@pytest.mark.parametrize("place", ["scores.readiness", "scores.answer_evidence", "quality.findings", "meta.evidence"])
def test_what_is_the_houses_own_is_not_public(filled: str, place: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        rows(filled, f"select * from {place}", PUBLIC)
    assert rows(filled, f"select * from {place}", MINISTRY)


def test_the_public_reads_scores_of_all_regions(filled: str) -> None:
    assert len(rows(filled, "select distinct region_code from scores.index_scores", PUBLIC)) == 3


@pytest.mark.parametrize("role", [PUBLIC, REGENCY, MINISTRY])
@pytest.mark.parametrize(
    "statement",
    [
        "update scores.index_scores set index_value = 4 returning 1",
        "delete from pillars.mart_living returning 1",
        "insert into pilar_access.regions values (current_user, '64.02') returning 1",
        "drop schema scores cascade",
        "create table scores.mine (x int)",
    ],
)
def test_no_consumer_changes_anything(filled: str, role: str, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        rows(filled, statement, role)


@pytest.mark.fault(27)
def test_a_swap_shows_the_new_publication_and_keeps_who_may_read_what(
    consumer: str, filled: str, published: Published, sample_file: Path, tmp_path: Path
) -> None:
    spoilt = spoil(sample_file, tmp_path, "UPDATE scores.index_scores SET index_value = 1.11")
    other = publish(spoilt, sample_meta(), tmp_path / "published")
    try:
        swap_tables(filled, lambda: other.path)
        found = rows(filled, "select distinct region_code, index_value::text from scores.index_scores", consumer)
        assert found == [("64.02", "1.11")]
    finally:
        swap_tables(filled, lambda: published.path)


@pytest.mark.fault(29)
@pytest.mark.parametrize("fails", ["_rename", "_references", "_about"])
def test_p3_a_swap_that_fails_leaves_the_old_tables(
    filled: str, published: Published, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    before = rows(filled, "select * from scores.index_scores order by 1, 2, 3, 4, 5, 6")

    def died(connection: Any, *_: Any) -> list[str]:
        if fails == "_rename":
            for schema in ("reference", "pillars", "scores"):
                connection.execute(f"drop schema {schema} cascade")
            connection.execute("select 1 / 0")
        return ["select 1 / 0"]

    monkeypatch.setattr(postgres, fails, died)
    with pytest.raises(PublicationError, match=r"was not changed.*division by zero"):
        swap_tables(filled, lambda: published.path)
    assert rows(filled, "select * from scores.index_scores order by 1, 2, 3, 4, 5, 6") == before
    assert rows(filled, "select nspname from pg_namespace where nspname like '%__next'") == []


@pytest.mark.fault(29)
def test_a_database_that_is_away_is_told_without_its_password(published: Published) -> None:
    with pytest.raises(PublicationError) as told:
        swap_tables("postgresql://pilar:rahasia@127.0.0.1:1/none", lambda: published.path)
    assert "rahasia" not in str(told.value)


def test_the_publication_that_is_pushed_is_the_current_one(filled: str, published: Published, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, ledger_url="", key_dir=tmp_path, published_database=filled)
    with pytest.raises(NoPublicationError):
        push(settings)
    settings.published_dir.mkdir()
    (settings.published_dir / published.id).symlink_to(published.path)
    (settings.published_dir / "current").symlink_to(published.id)
    assert push(settings) == published.id
    assert rows(filled, "select publication_id from meta.publication") == [(published.id,)]
    assert push(settings.model_copy(update={"published_database": None})) is None
    assert filled not in repr(settings)


def test_a_push_that_failed_is_told_and_done_again(url: str, published: Published, tmp_path: Path) -> None:
    """Else a region that was withheld since would stay in the database until the next evaluation."""
    settings = Settings(home=tmp_path, ledger_url="", key_dir=tmp_path, published_database=url)
    assert push_again(settings) is None  # nothing is published yet
    settings.published_dir.mkdir()
    (settings.published_dir / published.id).symlink_to(published.path)
    (settings.published_dir / "current").symlink_to(published.id)
    with psycopg.connect(url) as connection:
        connection.execute("drop schema if exists meta cascade")
    assert behind(settings) == ""
    assert push_again(settings) == published.id
    assert behind(settings) is None
    with psycopg.connect(url) as connection:
        connection.execute("update meta.publication set publication_id = 'older'")
    assert behind(settings) == "older"
    assert push_again(settings) == published.id
    assert push_again(settings) is None
    with pytest.raises(PublicationError):
        behind(settings.model_copy(update={"published_database": "postgresql://pilar@127.0.0.1:1/none"}))
