"""Incremental loads from real servers on this machine: a data portal (Datasette) and a database (PostgreSQL)."""

import json
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from psycopg import conninfo
from typer.testing import CliRunner

from connectors.pull.course import pull
from connectors.source.source import Source
from ledger.records import EventIn
from ledger.settings import Connection, Settings
from ledger.store import Ledger
from tests.connectors.deltas import COLUMNS, LOAD, make, seen
from tests.real import servers

pytestmark = pytest.mark.integration

ROWS = [(f"r{number:02}", number, f"2024-03-{number + 1:02}T08:00:00+00:00") for number in range(20)]
WHEN = {"type": "timestamp", "required": True}
Change = Callable[[str], None]


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[tuple[str, Change]]:
    """A portal with one table, and a way to change it."""
    path = tmp_path / "opd.db"
    with closing(sqlite3.connect(path)) as made, made:
        made.execute("CREATE TABLE izin (id TEXT PRIMARY KEY, nilai INTEGER, diubah TEXT)")
        made.executemany("INSERT INTO izin VALUES (?, ?, ?)", ROWS)

    def change(statement: str) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(statement)

    with servers.datasette(path, tmp_path / "portal.log") as url:
        yield url, change


@pytest.fixture
def database(postgres_url: str) -> Iterator[str]:
    """A database of an agency with one table."""
    name = f"opd_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f'create database "{name}"')
    url = conninfo.make_conninfo(postgres_url, dbname=name)
    with psycopg.connect(url) as made:
        made.execute("create table izin (id text primary key, nilai integer, diubah timestamptz)")
        made.cursor().executemany("insert into izin values (%s, %s, %s)", ROWS)
    yield url
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f'drop database "{name}" with (force)')


def follow(source: Source, link: Connection, change: Change, ledger: Ledger, settings: Settings) -> None:
    """A first pull, a quiet one, corrections and late rows, and a clock that went wrong at the agency."""

    def bring() -> tuple[str, int]:
        pull(source, ledger, settings, connection=link)
        batch = ledger.batches(source.id, 1)[0]
        return batch.status, batch.rows_received or 0

    assert bring() == ("accepted", 20)
    assert bring() == ("unchanged", 3)
    batch = ledger.batches(source.id, 1)[0]
    assert all("2024-03-18T08" in page.request for page in ledger.pages(batch.batch_id))
    change("UPDATE izin SET nilai = 500, diubah = '2024-03-21T09:00:00+00:00' WHERE id = 'r03'")
    change("INSERT INTO izin VALUES ('late', 77, '2024-03-19T12:00:00+00:00')")
    change("INSERT INTO izin VALUES ('wrong', 1, '2999-01-01T00:00:00+00:00')")
    assert bring() == ("accepted", 6)
    batch = ledger.batches(source.id, 1)[0]
    assert (batch.rows_known, batch.rows_landed, batch.rows_quarantined) == (3, 5, 1)
    expected = {name: value for name, value, _ in ROWS} | {"r03": 500, "late": 77}
    assert {row[0]: row[1] for row in seen(source, ledger, settings)} == expected
    change("UPDATE izin SET diubah = '2024-03-22T00:00:00+00:00' WHERE id = 'wrong'")
    assert bring()[0] == "accepted"
    assert {row[0]: row[1] for row in seen(source, ledger, settings)} == expected | {"wrong": 1}
    [revision] = ledger.revisions(source.id)
    assert (revision.changed, revision.added, revision.removed) == (1, 1, 0)


def test_p2_a_portal_is_followed_by_its_cursor(ledger: Ledger, settings: Settings, portal: tuple[str, Change]) -> None:
    url, change = portal
    args = {
        "path": "/opd/izin.json",
        "params": {"_shape": "objects", "_size": "5", "_sort": "diubah", "diubah__gte": "{cursor}"},
        "records": "$.rows",
        "paging": {"mode": "next_url", "next_at": "$.next_url", "total_at": "$.filtered_table_rows_count"},
    }
    load = {"incremental": LOAD["incremental"] | {"overlap": "2d", "format": "%Y-%m-%dT%H:%M:%S+00:00"}}
    source = make(args=args, load=load, columns=COLUMNS | {"diubah": WHEN})
    follow(source, Connection(url=url, extra={"private": True}), change, ledger, settings)


def test_p2_a_database_is_followed_by_its_cursor(
    ledger: Ledger, settings: Settings, database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Through the steps that DAGs and the command line call: the batch names the event it answers."""

    def change(statement: str) -> None:
        with psycopg.connect(database) as connection:
            connection.execute(statement)

    query = "select id, nilai, diubah from izin where diubah >= %(cursor)s::timestamptz order by diubah"
    load = {"incremental": LOAD["incremental"] | {"overlap": "2d"}}
    source = make(args={"query": query}, load=load, columns=COLUMNS | {"diubah": WHEN}, protocol="sql")
    link = Connection(url=database, extra={"private": True})
    follow(source, link, change, ledger, settings)

    install(source, link, settings, tmp_path, monkeypatch)
    events = [ledger.record_event(EventIn("x", str(number), "data.changed", source.id))[0] for number in range(2)]
    change("UPDATE izin SET nilai = 8, diubah = '2024-03-23' WHERE id = 'late'")
    from pilar import steps
    from pilar.cli import app

    assert [batch.event_id for batch in steps.ingest(source.id).batches] == [max(events)]
    assert [event.status for event in ledger.events_of(source.id)] == ["done", "done"]
    assert [batch.event_id for batch in steps.ingest(source.id).batches] == [None]
    told = CliRunner().invoke(app, ["revisions", source.id]).output
    assert "id=late" in told
    assert "77" in told
    assert "1 units changed" in CliRunner().invoke(app, ["diagnose", source.id]).output
    change("DELETE FROM izin WHERE id = 'late'")
    assert "accepted" in CliRunner().invoke(app, ["pull", source.id, "--full"]).output
    assert "late" not in {row[0] for row in seen(source, ledger, settings)}


def install(
    source: Source, link: Connection, settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The source as a file of an installation that the environment names."""
    path = folder / "sources" / source.opd / f"{source.id}.yaml"
    path.parent.mkdir(parents=True)
    given: dict[str, Any] = source.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    path.write_text(yaml.safe_dump(given))
    for name, value in {
        "PILAR_SOURCES": str(folder / "sources"),
        "PILAR_HOME": str(settings.home),
        "PILAR_LEDGER_URL": settings.ledger_url,
        "PILAR_KEYS": str(settings.key_dir),
        f"PILAR_CONN_{source.connection.upper()}": json.dumps({"url": link.url, "extra": {"private": True}}),
    }.items():
        monkeypatch.setenv(name, value)
