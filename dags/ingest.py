"""One DAG an agency: pull a source that has something new, land it, and let its gate decide.

A run is started by an event of the agency's asset and is about the source that is the event's partition key. Any number
of events for one source that arrive before its run starts become one run: it drains whatever is new at the source.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, PartitionedAssetTimetable, task
from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException, AirflowSkipException

from dags.common import ACCEPTED, PULL_TIMEOUT, RETRY_DELAY, WhenAsked, agencies, agency_asset, one_line, tell_failure
from ledger.names import EVERYTHING, agency_name, ingest_dag
from pilar.platform.failures import LONGEST_WAIT

if TYPE_CHECKING:
    from airflow.sdk import Connection

log = logging.getLogger(__name__)

DOC = """
Pulls, lands and checks one source of **{name}** (`{opd}`). The source's id is the run's partition key.

**Run it again**: trigger this DAG with the source's id as *partition key*, or press *Clear* on a failed run. Running
twice is harmless: what is known already is recognised and nothing is published twice.

**Red** means that the source did not deliver; the last line of the log says why and what to do. *Skipped* means that it
had nothing new, or that it asked to be left alone for a while and another run waits for that. A held or rejected batch
is not red: what was good before stays in force (`pilar diagnose <source>`).

**Up for retry** means that the source is away, or asked to be left alone: the task runs again by itself, at the time
that the source named. No run waits longer than {longest} hours: it ends red, and `watch` rings when the time has come.
*Clear* asks at once.
"""

RETRIES = 2
# Every try may take its time, every wait between them may be the longest, and an hour may pass until a worker is free.
RUN_TIMEOUT = (RETRIES + 1) * PULL_TIMEOUT + RETRIES * LONGEST_WAIT + PULL_TIMEOUT


def airflow_connection(name: str) -> Connection | None:
    """A connection that is kept in Airflow; None when there is none of this name."""
    from airflow.sdk import Connection

    try:
        found: Connection = Connection.get(name)
    except AirflowNotFoundException:
        return None
    return found


@task(
    outlets=[ACCEPTED],
    # A source that is away for a moment is asked again after 15 s and a minute; watch asks later than that.
    retries=RETRIES,
    retry_delay=RETRY_DELAY,
    retry_exponential_backoff=4.0,
    retry_policy=WhenAsked(),
    execution_timeout=PULL_TIMEOUT,
)
def ingest(**context: Any) -> list[str]:
    """Pull the source that the run is about."""
    from pilar import steps
    from pilar.platform.connections import airflow_lookup

    source_id = context["dag_run"].partition_key
    if not source_id:
        raise AirflowFailException("no source was named. Trigger this DAG with the source's id as partition key")
    with one_line():
        # A later try is the one that was waited for, or a person's wish.
        until = steps.rests_until(source_id) if context["ti"].try_number == 1 else None
        if until is not None:
            raise AirflowSkipException(f"{source_id} asked to be left alone until {until:%Y-%m-%d %H:%M:%S %Z}")
        outcome = steps.ingest(source_id, lookup=airflow_lookup(airflow_connection))
        # Whoever accepted a batch before us may have died before it could say so.
        announce = outcome.new or steps.evaluation_due()
    batches = [f"{batch.batch_id} {batch.coverage} {batch.status}" for batch in outcome.batches]
    for line in batches:
        log.info("batch %s", line)
    if not announce:
        raise AirflowSkipException(f"{source_id} has nothing new")
    context["outlet_events"][ACCEPTED].add_partitions(EVERYTHING)
    return batches


for opd in agencies():
    with DAG(
        dag_id=ingest_dag(opd),
        dag_display_name=f"Ingest {agency_name(opd)}",
        description=f"Pulls, lands and checks the sources of {agency_name(opd)}, one a run",
        schedule=PartitionedAssetTimetable(assets=agency_asset(opd)),
        catchup=False,
        dagrun_timeout=RUN_TIMEOUT,
        on_failure_callback=tell_failure,
        default_args={"owner": opd, "on_failure_callback": tell_failure},
        tags=["ingest", opd],
        doc_md=DOC.format(opd=opd, name=agency_name(opd), longest=LONGEST_WAIT // timedelta(hours=1)),
    ):
        ingest()
