"""Calls the functions of the DAGs' tasks as Airflow would, with steps that end as asked, and prints how they ended.

Takes on standard input ``{"name": ["ingest" | "evaluate" | "watch", how the step ends, try number, partition key]}``.
"""

import json
import sys
import types
from typing import Any

from ledger.errors import ConfigError, GateError, LedgerError, SourceError

ENDS: dict[str, Exception] = {
    "retryable": SourceError("retryable", "the system is down", where="a_source", do="It is asked again"),
    "quota": SourceError("quota", "too many requests", where="a_source", do="It is asked again"),
    "auth": SourceError("auth", "the password is wrong", where="a_source", do="Ask the agency for a new one"),
    "permanent": SourceError("permanent", "the address is gone", where="a_source", do="Ask the agency"),
    "config": ConfigError("no such source", where="a_source", do="Check the file"),
    "ledger": LedgerError("the ledger cannot be reached", do="Is it running?"),
    "gate": GateError("the scores did not pass", do="Mend the rule"),
    "bug": ZeroDivisionError("division by zero"),
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
        ended = how in ("new", "nothing", "nothing but due")
        return types.SimpleNamespace(batches=[], new=how == "new") if ended else None

    steps.evaluation_due = lambda: how.endswith("due")  # type: ignore[attr-defined]
    steps.watch = lambda: ["a_source"] if how.startswith("source") else []  # type: ignore[attr-defined]
    for name in ("ingest", "build_candidates", "score", "publish"):
        setattr(steps, name, step)
    return steps


def run(dag: str, how: str, try_number: int, key: str | None) -> dict[str, Any]:
    sys.modules["pilar.steps"] = steps_that_end(how)
    events = Events()
    chosen: list[str] = []
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
    keys = {asset.name: item.keys for asset, item in events.items()}
    return {"ended": ended, "message": message, "chosen": chosen, "keys": keys}


if __name__ == "__main__":
    cases = json.load(sys.stdin)
    sys.stdout.write("\n" + json.dumps({name: run(*case) for name, case in cases.items()}) + "\n")
