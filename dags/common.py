"""What the DAGs share: the assets between them, how an error of Pilar's becomes a task's end, and who is told of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from airflow.sdk import Asset, RetryDecision, RetryPolicy
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowTaskTimeout

from ledger import names

if TYPE_CHECKING:
    from airflow.sdk import Context

log = structlog.get_logger()

ACCEPTED = Asset(names.ACCEPTED)

# How long one pull may take. The other DAGs reckon with it: while pulls hold every worker, their tasks wait.
PULL_TIMEOUT = timedelta(minutes=60)
# A source that is away for a moment is asked again after this long; the second time after four times as long.
RETRY_DELAY = timedelta(seconds=15)

# Airflow's own words for the end of a run; of a failed task the task itself has told.
_RUN_ENDS = {"timed_out": "the run took longer than it may", "all_tasks_deadlocked": "no task of the run can start"}
_LOST = "the task's process was lost (killed, or out of memory). See the scheduler's log, then clear the task"


def agencies() -> list[str]:
    """The agencies that have sources, by their folder's name. A listing only: this runs at every parse."""
    with os.scandir(_sources()) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir() and entry.name[0].isalpha())


def agency_of(source_id: str) -> str:
    """The agency whose folder holds a source. Raises StopIteration when no folder does."""
    return next(opd for opd in agencies() if (_sources() / opd / f"{source_id}.yaml").is_file())


def agency_asset(opd: str) -> Asset:
    """The asset whose events, keyed by a source's id, start the agency's ingest DAG."""
    return Asset(names.agency_asset(opd))


class Again(AirflowException):
    """What may pass by itself. ``wait``: how long the source asked to be left alone, None where it did not say."""

    def __init__(self, line: str, wait: timedelta | None = None) -> None:
        super().__init__(line)
        self.wait = wait


class WhenAsked(RetryPolicy):
    """Tries again when the source asked for it. The task holds no worker meanwhile, and its retries are counted."""

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,
        max_tries: int,
        context: Context | None = None,
    ) -> RetryDecision:
        """The wait that was asked for; the task's own delay where none was, or a shorter one."""
        wait = exception.wait if isinstance(exception, Again) else None
        if wait is None or wait <= RETRY_DELAY:
            return RetryDecision.default()
        until = datetime.now(UTC) + wait
        return RetryDecision.retry(wait, f"the source asked to be left alone until {until:%Y-%m-%d %H:%M:%S %Z}")


@contextmanager
def one_line() -> Iterator[None]:
    """Let a task end with Pilar's one clear line, and at once where trying again cannot help."""
    from pilar.platform.failures import verdict

    try:
        yield
    except Exception as error:
        found = verdict(error)
        if found is None:
            raise
        raise (Again(found.line, found.wait) if found.again else AirflowFailException(found.line)) from None


def tell_failure(context: Context) -> None:
    """Say in one structured line what failed, of which source, why and what to do. For every task and every DAG.

    Only Pilar's own lines are quoted: they name no person and no secret, which other errors' texts may.
    """
    why = _why(context)
    if why is None:
        return
    if context.get("exception") is not None:
        # Airflow's page folds whatever follows a task's end, up to this mark: the line is to be seen without a click.
        log.info("::endgroup::")
    log.error("failed", why=why, **_what(context))


def _why(context: Context) -> str | None:
    error = context.get("exception")
    if isinstance(error, Again | AirflowFailException):
        return str(error)
    if isinstance(error, AirflowTaskTimeout):
        return "the task took longer than it may. See what it waited for in the lines above, then clear it"
    if isinstance(error, BaseException):
        return f"internal error {type(error).__name__}. Show the lines above to whoever looks after Pilar"
    reason = context.get("reason")
    if reason is None:
        return _LOST
    if reason == "task_failure":
        return None
    return (
        f"{_RUN_ENDS.get(reason, reason)}. See what its last task waited for (no worker was free?), then clear the run"
    )


def _what(context: Context) -> dict[str, Any]:
    dag, task, run = context.get("dag"), context.get("task"), context.get("dag_run")
    key = getattr(run, "partition_key", None)
    told = {
        "dag_id": getattr(dag, "dag_id", None),
        "task_id": getattr(task, "task_id", None),
        "run_id": context.get("run_id"),
        "source": None if key == names.EVERYTHING else key,
    }
    return {name: value for name, value in told.items() if value is not None}


def _sources() -> Path:
    configured = os.environ.get("PILAR_SOURCES")
    return Path(configured) if configured else Path(__file__).resolve().parent.parent / "connectors" / "sources"
