"""How long Airflow takes to parse each DAG file, in a process that has imported Airflow, as its processor has."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping

from ledger.settings import REPOSITORY

FILES = ("ingest", "evaluate", "watch")
# Each file in a process of its own: what one imports, the next would find.
PARSE = """
import json, sys, time
import airflow.sdk.definitions.dag, airflow.sdk.definitions.timetables.assets
from airflow.dag_processing.dagbag import DagBag
began = time.perf_counter()
bag = DagBag(dag_folder=sys.argv[1], bundle_path=None, bundle_name="dags-folder")
print(json.dumps([time.perf_counter() - began, len(bag.dags), dict(bag.import_errors)]))
"""


def parse_seconds() -> Mapping[str, float]:
    """Seconds a file. Raises RuntimeError when one cannot be parsed."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="pilar-benchmark-") as home:
        environment = os.environ | {
            "AIRFLOW_HOME": home,
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "PYTHONPATH": str(REPOSITORY),
        }
        for name in FILES:
            path = REPOSITORY / "dags" / f"{name}.py"
            done = subprocess.run(
                [sys.executable, "-c", PARSE, str(path)],
                capture_output=True,
                text=True,
                env=environment,
                timeout=120,
                check=False,
            )
            if done.returncode != 0:
                raise RuntimeError(done.stderr[-500:])
            seconds, dags, errors = json.loads(done.stdout.splitlines()[-1])
            if errors or not dags:
                raise RuntimeError(f"{path} was not parsed: {errors}")
            found[f"dags/{name}.py"] = float(seconds)
    return found
