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

from dags.common import ACCEPTED, EVERYTHING, agencies, agency_asset, one_line

if TYPE_CHECKING:
    from airflow.sdk import Connection

log = logging.getLogger(__name__)

DOC = """
Pulls, lands and checks one source of **{opd}** (its id is the run's partition key).

**Run it again**: trigger this DAG with the source's id as *partition key*, or press *Clear* on a failed run. Running
twice is harmless: what is known already is recognised and nothing is published twice.

**Red** means that the source did not deliver; the last line of the log says why and what to do. *Skipped* means that it
had nothing new. A held or rejected batch is not red: what was good before stays in force (`pilar diagnose <source>`).
"""


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
    # A source that is away for a moment is asked again after 15 s and a minute; the sweep asks later than that.
    retries=2,
    retry_delay=timedelta(seconds=15),
    retry_exponential_backoff=4.0,
    execution_timeout=timedelta(minutes=60),
)
def ingest(**context: Any) -> list[str]:
    """Pull the source that the run is about."""
    from pilar import steps
    from pilar.platform.connections import airflow_lookup

    source_id = context["dag_run"].partition_key
    if not source_id:
        raise AirflowFailException("no source was named. Trigger this DAG with the source's id as partition key")
    with one_line():
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
        dag_id=f"ingest__{opd}",
        schedule=PartitionedAssetTimetable(assets=agency_asset(opd)),
        catchup=False,
        tags=["ingest", opd],
        doc_md=DOC.format(opd=opd),
    ):
        ingest()
