"""From what is in force to a publication: one run at a time, started by whatever was accepted since the last one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, PartitionedAssetTimetable, task
from airflow.sdk.exceptions import AirflowSkipException

from dags.common import ACCEPTED, PULL_TIMEOUT, one_line, tell_failure
from ledger.names import EVALUATE

DOC = """
Builds the candidates of the six pillars, gates each, computes and gates the scores, and publishes.

**Run it again**: trigger this DAG, or press *Clear* on the failed task. *Skipped* means that nothing was accepted since
the last publication. A pillar that does not pass its gate is not red here: it keeps its last good version and is shown
as held.

**Red** means that what is published stays as it is; the last line of the log says why and what to do.
"""

# A step that failed for a passing reason is tried once more; one that Pilar itself refused is not.
RETRIES = 1
STEP_TIMEOUT = timedelta(minutes=30)
STEPS = 3
# Every step may take its time twice, and pulls may hold every worker before. A run that hung for longer would hold up
# every later evaluation.
RUN_TIMEOUT = STEPS * (RETRIES + 1) * STEP_TIMEOUT + PULL_TIMEOUT


@task
def build_candidates() -> str:
    """Build and gate the pillars; skips the rest when nothing is new."""
    from pilar import steps

    with one_line():
        evaluation_id = steps.build_candidates()
    if evaluation_id is None:
        raise AirflowSkipException("nothing was accepted since the last publication")
    return evaluation_id


@task
def score(evaluation_id: str) -> str:
    """Compute and gate the scores."""
    from pilar import steps

    with one_line():
        return steps.score(evaluation_id)


@task
def publish(evaluation_id: str) -> str:
    """Publish the scores."""
    from pilar import steps

    with one_line():
        return steps.publish(evaluation_id)


with DAG(
    dag_id=EVALUATE,
    dag_display_name="Evaluate and publish",
    description="Builds and gates the pillars, scores them and publishes, whenever something new is in force",
    schedule=PartitionedAssetTimetable(assets=ACCEPTED),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=RUN_TIMEOUT,
    on_failure_callback=tell_failure,
    # The owner is the installation's: [operators] default_owner.
    default_args={
        # One writer of the warehouse at a time, whatever else may want it.
        "pool": "warehouse",
        "retries": RETRIES,
        "retry_delay": timedelta(seconds=10),
        "execution_timeout": STEP_TIMEOUT,
        "on_failure_callback": tell_failure,
    },
    tags=["evaluate"],
    doc_md=DOC,
):
    candidates: Any = build_candidates()
    scores: Any = score(candidates)
    publish(scores)
