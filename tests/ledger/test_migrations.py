"""A ledger of an earlier version, with what it holds, brought to the shape of this one."""

import hashlib
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config

import ledger as package
from ledger.chain import GENESIS, canonical
from ledger.engine import make_engine
from ledger.errors import ConfigError
from ledger.migrate import migrate
from ledger.receipts import first_altered
from ledger.store import Ledger
from tests.conftest import database_url

# The fields of a receipt in the order of no importance, as the first version wrote them.
FIRST_FIELDS = [
    "batch_id",
    "source_id",
    "opd",
    "pull_id",
    "place",
    "coverage",
    "status",
    "event_id",
    "replay_of",
    "contract_sha256",
    "rows_received",
    "rows_landed",
    "rows_quarantined",
    "rows_known",
    "merge",
    "cursor",
    "by_rows",
    "landed_path",
    "landed_sha256",
    "files",
    "content_sha256",
    "context_sha256",
    "reasons",
    "findings",
    "synthetic",
]
MERGE = '{"key": ["id"], "cursor": "at"}'
WHOLE, DELTA, AGAIN = "20260101T000000000-aaaaaa", "20260102T000000000-bbbbbb", "20260103T000000000-cccccc"


@pytest.fixture
def old_url(postgres_url: str) -> Iterator[str]:
    """A ledger as the first migration left it: a whole read, a delta after it, and a replay of the whole read."""
    name = f"old_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    url = database_url(postgres_url, name)
    config = Config()
    config.set_main_option("script_location", str(Path(package.__file__).parent / "migrations"))
    with make_engine(url).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    with psycopg.connect(url, autocommit=True, row_factory=psycopg.rows.dict_row) as connection:
        previous = GENESIS
        held = [(WHOLE, WHOLE, None, None), (DELTA, DELTA, None, MERGE), (AGAIN, WHOLE, WHOLE, None)]
        for seq, (batch_id, place, replay_of, merge) in enumerate(held, start=1):
            row = connection.execute(
                "insert into batch (batch_id, source_id, opd, pull_id, place, coverage, status, contract_sha256, "
                "replay_of, merge, finished_at) values (%s, 's', 'o', %s, %s, 'all', 'accepted', 'f', %s, %s, now()) "
                "returning *",
                [batch_id, batch_id, place, replay_of, merge],
            ).fetchone()
            assert row is not None
            body = {field: row[field] for field in FIRST_FIELDS} | {"pages": []}
            body |= {at: _utc(row[at]) for at in ("started_at", "finished_at")}
            text = canonical(body)
            digest = hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()
            connection.execute(
                "insert into receipt (seq, batch_id, body, previous_sha256, sha256) values (%s, %s, %s, %s, %s)",
                [seq, batch_id, text, previous, digest],
            )
            previous = digest
    yield url
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


@pytest.mark.integration
def test_p1_a_migrated_ledger_has_in_force_what_it_had(old_url: str) -> None:
    migrate(old_url)
    ledger = Ledger(old_url)
    force = ledger.in_force("s")
    assert [batch.batch_id for batch in force] == [AGAIN, DELTA]
    assert [batch.fetched_by for batch in force] == [WHOLE, DELTA]


@pytest.mark.integration
def test_p7_receipts_of_an_earlier_version_still_hold(old_url: str) -> None:
    migrate(old_url)
    ledger = Ledger(old_url)
    assert len(list(ledger.witnesses())) == 3
    assert first_altered(ledger.witnesses()) is None
    with psycopg.connect(old_url, autocommit=True) as connection:
        connection.execute("update batch set fetched_by = %s where batch_id = %s", [DELTA, AGAIN])
    damage = first_altered(ledger.witnesses())
    assert damage is not None
    assert AGAIN in damage.where


@pytest.mark.integration
def test_p10_a_ledger_of_a_newer_version_is_refused(old_url: str) -> None:
    migrate(old_url)
    with psycopg.connect(old_url, autocommit=True) as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    with pytest.raises(ConfigError, match="a newer version of Pilar has migrated the ledger"):
        migrate(old_url)
