"""A year of events on Airflow's own tables in PostgreSQL: they are kept small, and nothing that waits is lost."""

import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from dags import airflow_tables
from ledger.errors import ConfigError
from tests.conftest import database_url
from tests.dags.airflow_database import Tables, airflow_tables_at

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

A_YEAR_OF_EVENTS = 100_000


@pytest.fixture(scope="module")
def tables(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    name = f"airflow_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    url = database_url(postgres_url, name).replace("postgresql://", "postgresql+psycopg2://", 1)
    yield airflow_tables_at(url, tmp_path_factory.mktemp("maintenance"))
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")


def test_p4_no_event_that_waits_is_lost_while_a_years_records_are_removed(tables: Tables) -> None:
    tables.do(f"year {A_YEAR_OF_EVENTS} + events 40")
    told: list[Any] = []
    # Events come while the records go: the removal meets them in the same tables, in many small parts.
    coming = threading.Thread(target=lambda: told.append(tables.do("events 60 40")))
    coming.start()
    removed = airflow_tables.thin_partitions(tables.url, at_once=1_000)
    while coming.is_alive():
        removed += airflow_tables.thin_partitions(tables.url, at_once=1_000)
    coming.join()
    assert told
    assert removed > A_YEAR_OF_EVENTS * 0.99
    left, ran, after = tables.do("count + runs + count")
    assert left["waiting"] == sorted(f"source_{number}" for number in range(100))
    assert left["done"] == A_YEAR_OF_EVENTS - removed < 1_000  # of the last day
    assert (ran["made"], after["waiting"]) == (100, [])
    with psycopg.connect(tables.url.replace("+psycopg2", "")) as connection:
        logs = connection.execute("select count(*) from partitioned_asset_key_log").fetchone()
    assert logs == (left["done"] + 100,)
    assert airflow_tables.thin_partitions(tables.url) == 0  # twice is harmless


def test_what_is_older_than_it_must_be_kept_goes_by_airflows_own_command(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in tables.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "airflow-db-not-allowed:///")  # as a task finds it
    with psycopg.connect(tables.url.replace("+psycopg2", ""), autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")  # at once: without looking for what rests on them
        connection.execute("delete from dag_run where run_id like 'old__%' and id % 500 > 0")
        connection.execute("set session_replication_role = origin")
        old = "select count(*) from dag_run where start_date < now() - interval '90 days'"
        assert connection.execute(old).fetchone() != (0,)
        airflow_tables.clean(tables.url, timedelta(days=90))
        assert connection.execute(old).fetchone() == (0,)
        recent = connection.execute("select count(*) from dag_run where run_id like 'old__%'").fetchone()
        assert recent is not None
        assert recent[0] > 0


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    return monkeypatch.setenv


def test_p10_what_is_missing_or_wrong_in_the_environment_is_said(said: Callable[[str, str], None]) -> None:
    said(airflow_tables.DATABASE, "")
    with pytest.raises(ConfigError, match="Airflow's database is not known"):
        airflow_tables.database()
    said(airflow_tables.KEEP, "")
    assert airflow_tables.keep() == timedelta(days=90)
    for wrong in ("6", "-1", "a year"):
        said(airflow_tables.KEEP, wrong)
        with pytest.raises(ConfigError, match="no number of days"):
            airflow_tables.keep()
