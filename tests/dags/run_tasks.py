"""Calls the functions of the DAGs' tasks as Airflow would, with steps that end as asked, and prints how they ended.

Takes on standard input ``{"name": ["ingest" | "evaluate" | "watch", how the step ends, try number, partition key]}``.
"""

import json
import sys
import types
from datetime import UTC, datetime
from typing import Any

from airflow.sdk.exceptions import AirflowTaskTimeout
from structlog.testing import capture_logs

from ledger.errors import ConfigError, GateError, LedgerError, SourceError

ENDS: dict[str, Exception] = {
    "retryable": SourceError("retryable", "the system is down", where="a_source", do="It is asked again"),
    "quota": SourceError("quota", "too many requests", where="a_source", do="It is asked again"),
    "quota for 15 s": SourceError("quota", "too many requests", retry_after=15),
    "quota for 16 s": SourceError("quota", "too many requests", retry_after=16),
    "quota for 2 h": SourceError("quota", "too many requests", retry_after=7200),
    "quota for a day": SourceError("quota", "too many requests", retry_after=86400),
    "auth": SourceError("auth", "the password is wrong", where="a_source", do="Ask the agency for a new one"),
    "permanent": SourceError("permanent", "the address is gone", where="a_source", do="Ask the agency"),
    "config": ConfigError("no such source", where="a_source", do="Check the file"),
    "ledger": LedgerError("the ledger cannot be reached", do="Is it running?"),
    "gate": GateError("the scores did not pass", do="Mend the rule"),
    "bug": ZeroDivisionError("division by zero"),
    "bug with a person": ValueError("cannot read Siti Contohwan 9964020101230001"),
}


class Events(dict[Any, Any]):
    """Outlet events that remember the partitions they were given."""

    def __missing__(self, asset: Any) -> Any:
        self[asset] = types.SimpleNamespace(keys=[])
        self[asset].add_partitions = self[asset].keys.append
        return self[asset]


def steps_that_end(how: str) -> types.ModuleType:
    steps = types.ModuleType("pilar.steps")

    def step(*_: object, **__: object) -> Any:
        if how in ENDS:
            raise ENDS[how]
        ended = how in ("new", "nothing", "nothing but due", "resting")
        return types.SimpleNamespace(batches=[], new=how == "new") if ended else None

    resting = datetime(2025, 3, 1, 14, 30, tzinfo=UTC) if how == "resting" else None
    steps.rests_until = lambda _source_id: resting  # type: ignore[attr-defined]
    steps.evaluation_due = lambda: how.endswith("due")  # type: ignore[attr-defined]
    steps.watch = lambda: ["a_source"] if how.startswith("source") else []  # type: ignore[attr-defined]
    for name in ("ingest", "build_candidates", "score", "publish"):
        setattr(steps, name, step)
    return steps


def told(how: str, key: str | None) -> dict[str, Any]:
    """The lines that are logged of a task that ended so, or of a run that Airflow ended for this reason."""
    import dags.common

    context: dict[str, Any] = {
        "dag": types.SimpleNamespace(dag_id="a_dag"),
        "run_id": "a_run",
        "dag_run": types.SimpleNamespace(partition_key=key),
    }
    if how in ENDS:
        context["exception"] = ending(how)
    elif how == "too slow":
        context["exception"] = AirflowTaskTimeout("Timeout, PID: 1")
    elif how != "lost":
        context["reason"] = how
    with capture_logs() as lines:
        dags.common.tell_failure(context)
    return {"lines": [line for line in lines if line["log_level"] == "error"]}


def ending(how: str) -> BaseException:
    """The error with which a task ends when its step ends so."""
    import dags.common

    try:
        with dags.common.one_line():
            raise ENDS[how]
    except Exception as error:
        return error


def asked_wait(error: Exception, try_number: int) -> float | None:
    """Seconds until the next try, as the ingest task's policy has it; None where the task's own delay counts."""
    import dags.common

    delay = dags.common.WhenAsked().evaluate(error, try_number, 2).retry_delay
    return delay and delay.total_seconds()


def run(dag: str, how: str, try_number: int, key: str | None) -> dict[str, Any]:
    if dag == "told":
        return told(how, key)
    sys.modules["pilar.steps"] = steps_that_end(how)
    events = Events()
    chosen: list[str] = []
    wait: float | None = None
    context = {
        "dag_run": types.SimpleNamespace(partition_key=key),
        "ti": types.SimpleNamespace(try_number=try_number),
        "outlet_events": events,
    }
    import dags.evaluate
    import dags.ingest
    import dags.watch

    try:
        if dag == "ingest":
            dags.ingest.ingest.function(**context)
        elif dag == "watch":
            context["ti"].xcom_push = lambda **_: None
            chosen = dags.watch.look.function(**context)
            if "ring__evaluate" in chosen:
                dags.watch.ring_evaluate.function(**context)
        else:
            dags.evaluate.build_candidates.function()
        ended, message = "success", ""
    except Exception as error:
        ended, message = type(error).__name__, str(error)
        wait = asked_wait(error, try_number)
    keys = {asset.name: item.keys for asset, item in events.items()}
    return {"ended": ended, "message": message, "chosen": chosen, "keys": keys, "wait": wait}


if __name__ == "__main__":
    cases = json.load(sys.stdin)
    sys.stdout.write("\n" + json.dumps({name: run(*case) for name, case in cases.items()}) + "\n")
