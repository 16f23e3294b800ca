"""Maintenance: once a day, keep Airflow's own tables small. What comes meanwhile does not wait."""

from __future__ import annotations

import logging
from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable, task

from dags import airflow_tables
from dags.common import PULL_TIMEOUT, one_line, tell_failure
from ledger.names import MAINTENANCE

log = logging.getLogger(__name__)

DOC = """
Keeps Airflow's own tables small, each day at 20:17 UTC, which is night in Indonesia.

First the records of partitions whose run was made more than a day ago: Airflow never removes them while their run
exists, has no index on them, and looks through all of them at each event and at each look of its scheduler. A record
without a run is an event that waits, and is never touched. Then `airflow db clean` for runs, logs and events that are
older than `PILAR_AIRFLOW_KEEP_DAYS` (90). Nothing of Pilar's own is in these tables.

**Run it again**: trigger it at any time, also beside running DAGs. **Red** means that the tables grow: read the last
line, mend the cause, and trigger it. Nothing is lost meanwhile.
"""

RETRIES = 1
STEP_TIMEOUT = timedelta(hours=1)


@task
def thin_partitions() -> int:
    """Remove the records of partitions that have their run."""
    with one_line():
        removed = airflow_tables.thin_partitions(airflow_tables.database())
    log.info("removed %s records of partitions", removed)
    return removed


@task
def clean() -> None:
    """Remove what is older than Airflow is to remember, and say that the work is done."""
    from pilar import steps

    with one_line():
        airflow_tables.clean(airflow_tables.database(), airflow_tables.keep())
        steps.beat(MAINTENANCE)


with DAG(
    dag_id=MAINTENANCE,
    dag_display_name="Keep Airflow's tables small",
    description="Once a day: removes records of partitions that have their run, and what is older than it must be kept",
    schedule=CronTriggerTimetable("17 20 * * *", timezone="UTC", run_immediately=False),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=2 * (RETRIES + 1) * STEP_TIMEOUT + PULL_TIMEOUT,
    on_failure_callback=tell_failure,
    default_args={
        "retries": RETRIES,
        "retry_delay": timedelta(minutes=5),
        "execution_timeout": STEP_TIMEOUT,
        "on_failure_callback": tell_failure,
    },
    tags=["maintenance"],
    doc_md=DOC,
):
    thin_partitions() >> clean()
