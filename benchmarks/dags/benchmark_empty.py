"""The shape of Pilar's chain with steps that do nothing: event, one task, event, three tasks one after the other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, Asset, PartitionedAssetTimetable, task

ANNOUNCED = Asset("benchmark__announced")
ACCEPTED = Asset("benchmark__accepted")


@task(outlets=[ACCEPTED], retries=2, execution_timeout=timedelta(minutes=60))
def ingest(**context: Any) -> list[str]:
    """Accept nothing, and say so."""
    context["outlet_events"][ACCEPTED].add_partitions("all")
    return []


@task
def step(before: str) -> str:
    """Hand over what came."""
    return before


with DAG(
    dag_id="benchmark__ingest",
    schedule=PartitionedAssetTimetable(assets=ANNOUNCED),
    catchup=False,
    tags=["benchmark"],
):
    ingest()


with DAG(
    dag_id="benchmark__evaluate",
    schedule=PartitionedAssetTimetable(assets=ACCEPTED),
    catchup=False,
    max_active_runs=1,
    default_args={"pool": "warehouse", "retries": 1, "execution_timeout": timedelta(minutes=30)},
    tags=["benchmark"],
):
    first: Any = step.override(task_id="build_candidates")("nothing")
    second: Any = step.override(task_id="score")(first)
    step.override(task_id="publish")(second)
