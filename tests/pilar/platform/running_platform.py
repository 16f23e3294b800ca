"""A running platform whose steps are stand-ins (``platform_stub``), and what its tests ask of it."""

import base64
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from events.airflow_client import AirflowClient
from ledger.names import dag_ids, ingest_dag
from pilar.platform.stack import Stack
from simulator.push import post_event
from tests.pilar.platform.sources_of_tests import AGENCIES

SECRET = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


class FakeSystems:
    """Simulated systems of which only the connection matters."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.running = False

    def start(self) -> None:
        self.running = True

    def stop(self) -> None:
        self.running = False

    def connections(self) -> dict[str, Any]:
        return {"fake": {"url": "http://127.0.0.1:1"}}


@dataclass
class Platform:
    """A running stack, and what its stand-in steps noted."""

    stack: Stack
    folder: Path

    def send(self, source: str) -> None:
        sent = post_event(f"{self.stack.door_url}/events", source, SECRET)
        assert sent.status == 202, sent.body

    def notes(self) -> list[list[str]]:
        log = self.folder / "log"
        return [line.split() for line in log.read_text().splitlines()] if log.exists() else []

    def called(self, step: str, argument: str | None = None, since: int = 0) -> list[list[str]]:
        return [note for note in self.notes()[since:] if note[2] == step and (argument is None or note[3] == argument)]

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        with AirflowClient(self.stack.airflow_url) as airflow:
            found: list[dict[str, Any]] = airflow.get(f"/api/v2/dags/{dag_id}/dagRuns", limit=100)["dag_runs"]
        return found

    def states(self, dag_id: str, key: str) -> list[str]:
        return [run["state"] for run in self.runs(dag_id) if run["partition_key"] == key]


def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def quiet(platform: Platform) -> None:
    """Wait until no run is under way."""
    until(
        lambda: all(
            run["state"] in ("success", "failed") for dag_id in dag_ids(AGENCIES) for run in platform.runs(dag_id)
        ),
        seconds=90,
    )


def run_watch(platform: Platform) -> None:
    """Trigger the watch DAG."""
    token = httpx.get(f"{platform.stack.airflow_url}/auth/token").json()["access_token"]
    started = httpx.post(
        f"{platform.stack.airflow_url}/api/v2/dags/watch/dagRuns",
        json={"logical_date": None},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert started.is_success, started.text


def task_states(platform: Platform, key: str) -> list[str]:
    """The states of the tasks that pull a source of the health agency."""
    runs = [run["dag_run_id"] for run in platform.runs(ingest_dag("health")) if run["partition_key"] == key]
    path = f"/api/v2/dags/{ingest_dag('health')}/dagRuns"
    with AirflowClient(platform.stack.airflow_url) as airflow:
        return [airflow.get(f"{path}/{run}/taskInstances/ingest")["state"] for run in runs]


def message_of_failed(platform: Platform, key: str) -> str:
    """The last error line in the log of the failed run of a source of the health agency."""
    records = records_of_failed(platform, ingest_dag("health"), key)
    values = [item["exc_value"] for record in records for item in record.get("error_detail") or []]
    return str(values[-1]) if values else ""


def records_of_failed(platform: Platform, dag_id: str, key: str) -> list[dict[str, Any]]:
    """What stands in the log of the task of the failed run of a source, in order."""
    failed = [run for run in platform.runs(dag_id) if run["state"] == "failed"]
    run = next(run for run in failed if run["partition_key"] == key)
    logs = platform.stack.settings.home / "airflow" / "logs" / f"dag_id={dag_id}" / f"run_id={run['dag_run_id']}"
    return [json.loads(line) for file in sorted(logs.rglob("*.log")) for line in file.read_text().splitlines()]
