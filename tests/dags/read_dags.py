"""Loads the DAG files as Airflow's parser does and prints what it found as one line of JSON.

A process of its own, because importing Airflow configures the process it is imported into.
"""

import importlib.util
import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.dag_processing.dagbag import DagBag

HEAVY = (
    "dbt",
    "great_expectations",
    "pandas",
    "duckdb",
    "duckdb_sqlalchemy",
    "openpyxl",
    "asyncssh",
    "pilar.steps",
    "pilar.evaluation.evaluate",
    "connectors",
    "expectations",
    "publication",
    "events",
    "simulator",
)


def described(task: Any) -> dict[str, Any]:
    return {
        "upstream": sorted(task.upstream_task_ids),
        "pool": task.pool,
        "retries": task.retries,
        "timeout": seconds(task.execution_timeout),
        "owner": task.owner,
        "told": callbacks(task),
        "outlets": [outlet.name for outlet in task.outlets],
    }


def seconds(timeout: timedelta | None) -> float | None:
    return timeout.total_seconds() if timeout else None


def callbacks(of: Any) -> list[str]:
    found = of.on_failure_callback or []
    return [callback.__name__ for callback in (found if isinstance(found, list | tuple) else [found])]


def input_assets(timetable: Any) -> list[str]:
    condition = getattr(timetable, "asset_condition", None)
    return [asset.name for asset in getattr(condition, "objects", [condition])] if condition else []


def added(folder: Path) -> list[str]:
    """Heavy modules that loading the files brings, beyond what Airflow itself has loaded."""
    before = set(sys.modules)
    for path in sorted(folder.glob("*.py")):
        spec = importlib.util.spec_from_file_location(f"loaded_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    return sorted({name for name in set(sys.modules) - before if name.startswith(HEAVY)})


def main(folder: Path) -> None:
    import airflow.sdk  # noqa: F401 -- what Airflow brings by itself is not ours to count

    heavy = added(folder)
    bag = DagBag(folder)
    dags = {
        dag_id: {
            "tasks": {task.task_id: described(task) for task in dag.tasks},
            "tags": sorted(dag.tags),
            "doc": dag.doc_md or "",
            "description": dag.description or "",
            "name": dag.dag_display_name,
            "owner": dag.owner,
            "timeout": seconds(dag.dagrun_timeout),
            "told": callbacks(dag),
            "catchup": dag.catchup,
            "max_active_runs": dag.max_active_runs,
            "timetable": type(dag.timetable).__name__,
            "assets": input_assets(dag.timetable),
        }
        for dag_id, dag in bag.dags.items()
    }
    sys.stdout.write("\n" + json.dumps({"errors": dict(bag.import_errors), "heavy": heavy, "dags": dags}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
