"""A year of keyed events on Airflow's real tables, and its own code that takes an event and makes runs.

``python partition_events.py STEP [NUMBER ...] + STEP ...`` with Airflow's environment; prints a list of what each step
came to, as one line of JSON. Steps:

- ``year COUNT``: as many records whose runs were made over the last year.
- ``events COUNT [FIRST]``: one event a source, each committed by itself. Prints the seconds they took, and the
  milliseconds of the quickest.
- ``runs``: make the runs of all that waits. Prints the seconds, and how many.
- ``look COUNT``: so many looks of the scheduler at nothing that waits. Prints the milliseconds of the quickest.
- ``count``: records that have their run, that wait, and keys that wait.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from airflow.assets.manager import asset_manager
from airflow.jobs.job import Job
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
from airflow.models.asset import AssetModel, AssetPartitionDagRun
from airflow.utils.session import create_session
from sqlalchemy import func, select, text

ASSET, DAG = "opd__agency", "ingest__agency"


def year(count: int) -> dict[str, Any]:
    """Runs and records, as Airflow leaves them: each run has one record, each record one event."""
    made = "now() - interval '1 year' * (1.0 - n::float / :count)"
    with create_session() as session:
        session.execute(
            text(
                f"""
                with runs as (
                    insert into dag_run (dag_id, run_id, run_type, state, run_after, queued_at, start_date, end_date,
                        partition_key, clear_number, log_template_id, updated_at)
                    select '{DAG}', 'old__' || n, 'asset_triggered', 'success', {made}, {made}, {made}, {made},
                        'source_' || n % 500, 0, 1, {made}
                    from generate_series(1, :count) n returning id, partition_key, run_after),
                records as (
                    insert into asset_partition_dag_run (target_dag_id, created_dag_run_id, partition_key, created_at,
                        updated_at)
                    select '{DAG}', id, partition_key, run_after, run_after from runs returning id, partition_key,
                        created_at)
                insert into partitioned_asset_key_log (asset_id, asset_event_id, asset_partition_dag_run_id,
                    source_partition_key, target_dag_id, target_partition_key, created_at)
                select (select id from asset where name = '{ASSET}'), 0, id, partition_key, '{DAG}', partition_key,
                    created_at
                from records
                """
            ),
            {"count": count},
        )
    return {}


def events(count: int, first: int = 0) -> dict[str, Any]:
    """One event for each of so many sources."""
    took = []
    for number in range(first, first + count):
        began = time.perf_counter()
        with create_session() as session:
            asset = session.scalar(select(AssetModel).where(AssetModel.name == ASSET))
            asset_manager.register_asset_change(asset=asset, partition_key=f"source_{number}", session=session)
        took.append(time.perf_counter() - began)
    return {"seconds": sum(took), "ms": 1000 * min(took)}


def look(count: int) -> dict[str, Any]:
    """What each look of the scheduler costs where nothing waits."""
    took = []
    with create_session() as session:
        runner = SchedulerJobRunner(job=Job())
        for _ in range(count):
            began = time.perf_counter()
            runner._create_dagruns_for_partitioned_asset_dags(session)
            took.append(time.perf_counter() - began)
    return {"ms": 1000 * min(took)}


def runs() -> dict[str, Any]:
    """What the scheduler does at each of its looks, until nothing waits."""
    made, began = 0, time.perf_counter()
    with create_session() as session:
        job = Job()
        session.add(job)
        session.flush()
        runner = SchedulerJobRunner(job=job)
        while waiting := _waiting(session):
            runner._create_dagruns_for_partitioned_asset_dags(session)
            session.flush()
            made += waiting - _waiting(session)
    return {"seconds": time.perf_counter() - began, "made": made}


def count() -> dict[str, Any]:
    """What stands in the table."""
    with create_session() as session:
        record = AssetPartitionDagRun
        keys = select(record.partition_key).where(record.created_dag_run_id.is_(None))
        done = select(func.count()).select_from(record).where(record.created_dag_run_id.is_not(None))
        return {"done": session.scalar(done), "waiting": sorted(session.scalars(keys))}


def _waiting(session: Any) -> int:
    query = select(func.count()).select_from(AssetPartitionDagRun)
    return int(session.scalar(query.where(AssetPartitionDagRun.created_dag_run_id.is_(None))))


if __name__ == "__main__":
    known: dict[str, Callable[..., dict[str, Any]]] = {
        "year": year,
        "events": events,
        "runs": runs,
        "look": look,
        "count": count,
    }
    asked = [words.split() for words in " ".join(sys.argv[1:]).split("+")]
    sys.stdout.write(json.dumps([known[name](*map(int, numbers)) for name, *numbers in asked]) + "\n")
