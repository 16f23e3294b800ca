"""Airflow's own tables, kept small beside live events: by SQL where Airflow has no command for it.

In Airflow 3.3 a task reaches no table of Airflow's by Airflow's own code. Its database is named to these tasks alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from ledger.errors import ConfigError, MachineError

DATABASE = "PILAR_AIRFLOW_DATABASE"
KEEP = "PILAR_AIRFLOW_KEEP_DAYS"
KEEP_DAYS = 90
PARTITIONS_KEPT = timedelta(days=1)
AT_ONCE = 5_000
CLEAN_SECONDS = 3600

# A record whose run exists is read by nobody any more. One without a run is an event that waits: it is never touched,
# and neither is one that the scheduler holds now. What a record rests on goes with it, in the same statement.
_THIN = sa.text(
    """
    with gone as (
        delete from asset_partition_dag_run where id in (
            select id from asset_partition_dag_run
            where created_dag_run_id is not null and updated_at < now() - :kept
            order by id limit :at_once for update skip locked)
        returning id),
    logs as (
        delete from partitioned_asset_key_log where asset_partition_dag_run_id in (select id from gone))
    select count(*) from gone
    """
)


def database() -> str:
    """The address of Airflow's database. Raises ConfigError where it is not named."""
    url = os.environ.get(DATABASE, "")
    if not url:
        raise ConfigError(
            "the address of Airflow's database is not known", where=DATABASE, do="Set it as docker-compose.yml does"
        )
    return url


def keep() -> timedelta:
    """For how long Airflow's runs, logs and events are kept: PILAR_AIRFLOW_KEEP_DAYS. Raises ConfigError."""
    said = os.environ.get(KEEP, "") or str(KEEP_DAYS)
    if not said.isdecimal() or not 7 <= int(said) <= 36_500:
        raise ConfigError("this is no number of days from 7 on", where=KEEP, do=f"Write it like {KEEP_DAYS}")
    return timedelta(days=int(said))


def thin_partitions(url: str, kept: timedelta = PARTITIONS_KEPT, at_once: int = AT_ONCE) -> int:
    """Remove the records of partitions whose run was made longer ago than ``kept``. Returns how many.

    Each part of ``at_once`` is a transaction of its own: events that come meanwhile do not wait. May run twice.
    """
    engine = sa.create_engine(url, poolclass=NullPool)
    removed = 0
    while True:
        with engine.begin() as connection:
            count = int(connection.execute(_THIN, {"kept": kept, "at_once": at_once}).scalar_one())
        removed += count
        if count < at_once:
            break
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("vacuum (analyze) asset_partition_dag_run, partitioned_asset_key_log"))
    return removed


def clean(url: str, kept: timedelta) -> None:
    """Remove runs, logs and events of Airflow's that are older, by ``airflow db clean``; without an archive.

    The partitions must be thin by then: no index leads from a run to its record, and each run that goes looks for it.
    Raises MachineError with the last line where it does not succeed.
    """
    before = datetime.now(UTC) - kept
    done = subprocess.run(
        [
            *(sys.executable, "-m", "airflow", "db", "clean", "--yes", "--skip-archive"),
            *("--clean-before-timestamp", before.isoformat(timespec="seconds"), "--error-on-cleanup-failure"),
        ],
        env={**os.environ, "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url},
        capture_output=True,
        text=True,
        timeout=CLEAN_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        raise MachineError(
            f"airflow db clean ended with {done.returncode}: {lines[-1][:200] if lines else 'it said nothing'}",
            where="maintenance",
            do="Run it by hand and read what it says",
        )
