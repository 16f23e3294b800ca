"""Watch: every few minutes, pull what is due by the clock and what an event announced but no run fetched, and have
evaluated what was accepted but not announced.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, Asset, CronTriggerTimetable, task

from dags.common import ACCEPTED, PULL_TIMEOUT, agencies, agency_asset, agency_of, one_line, tell_failure
from ledger.names import EVERYTHING, WATCH

DOC = """
Asks the ledger which sources are due (by their own clock, or because an event about them found no run) and rings for
each. Rings for an evaluation too when something is in force that none was attempted with. Pushes the publication again
where the database of published tables lacks it.

**Run it again**: trigger it at any time. An event that was lost on its way is made good here, so a red run of an ingest
DAG whose source is back needs no hand: the next run asks again when the source's clock says so. A source that asked
to be left alone is not asked before its time.
"""


# Pulls may hold every worker for as long as one may take, and a run of watch takes minutes. One that hung for longer
# would stand in the way of all later ones.
RUN_TIMEOUT = PULL_TIMEOUT + timedelta(minutes=10)


@task.branch(retries=1, retry_delay=timedelta(seconds=10), execution_timeout=timedelta(minutes=2))
def look(**context: Any) -> list[str]:
    """Find what is due, and choose whom to ring for."""
    from pilar import steps

    with one_line():
        # Watch says last that it did its work: what fails before it is noticed as silence.
        evaluation_due = steps.evaluation_due()
        due = steps.watch()
    by_agency: dict[str, list[str]] = {}
    for source_id in due:
        by_agency.setdefault(agency_of(source_id), []).append(source_id)
    context["ti"].xcom_push(key="due", value=by_agency)
    return [f"ring__{opd}" for opd in by_agency] + (["ring__evaluate"] if evaluation_due else [])


def ring(opd: str, asset: Asset) -> Any:
    """The task that emits one event a due source of this agency."""

    @task(task_id=f"ring__{opd}", outlets=[asset], execution_timeout=timedelta(minutes=2))
    def emit(**context: Any) -> None:
        due = context["ti"].xcom_pull(task_ids="look", key="due")
        context["outlet_events"][asset].add_partitions(due[opd])

    return emit()


@task(retries=0, execution_timeout=timedelta(minutes=5))
def push() -> None:
    """Bring the database of published tables up to date. A task of its own: one that hangs keeps nobody waiting."""
    from pilar import steps

    with one_line():
        steps.push_again()


@task(task_id="ring__evaluate", outlets=[ACCEPTED], execution_timeout=timedelta(minutes=2))
def ring_evaluate(**context: Any) -> None:
    """Say what an ingest run should have said, had it not died."""
    context["outlet_events"][ACCEPTED].add_partitions(EVERYTHING)


with DAG(
    dag_id=WATCH,
    dag_display_name="Watch what is due",
    description="Every few minutes: rings for sources that are due and for events and evaluations that were missed",
    # Not at once on a new installation, where the first events are about to come and every source is due.
    schedule=CronTriggerTimetable("*/5 * * * *", timezone="UTC", run_immediately=False),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=RUN_TIMEOUT,
    on_failure_callback=tell_failure,
    # The owner is the installation's: [operators] default_owner.
    default_args={"on_failure_callback": tell_failure},
    tags=["watch"],
    doc_md=DOC,
):
    look() >> [*(ring(opd, agency_asset(opd)) for opd in agencies()), ring_evaluate()]
    push()
