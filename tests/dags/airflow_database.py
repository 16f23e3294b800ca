"""Airflow's own tables in a database of PostgreSQL, with the DAGs of one agency: for tests and benchmarks."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]


class Tables:
    """Airflow's database, migrated, with one agency's DAG in it."""

    def __init__(self, url: str, environment: Mapping[str, str]) -> None:
        self.url = url
        self.environment = environment

    def airflow(self, *words: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "airflow", *words],
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]

    def do(self, steps: str) -> list[dict[str, Any]]:
        """Steps of ``partition_events``."""
        script = Path(__file__).with_name("partition_events.py")
        done = subprocess.run(
            [sys.executable, str(script), *steps.split()],
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        found: list[dict[str, Any]] = json.loads(done.stdout.strip().splitlines()[-1])
        return found


def airflow_tables_at(url: str, folder: Path) -> Tables:
    """Airflow's tables in an empty database: migrated, with the DAGs of one agency."""
    (folder / "sources" / "agency").mkdir(parents=True)
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url,
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "PILAR_SOURCES": str(folder / "sources"),
        "PYTHONPATH": str(REPOSITORY),
    }
    tables = Tables(url, environment)
    tables.airflow("db", "migrate")
    tables.airflow("dags", "reserialize")
    return tables
