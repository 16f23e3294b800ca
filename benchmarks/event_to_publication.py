"""From a signed event to a new publication, against an empty chain of DAGs of the same shape on the same Airflow.

``python -m benchmarks.event_to_publication --runs 20`` prints one Markdown table. Both chains run in turn, so that
whatever else the machine does meets both.
"""

import argparse
import base64
import contextlib
import json
import os
import platform
import secrets
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.dag_parsing import parse_seconds
from connectors.source.source import Source
from connectors.source.source_files import load_sources
from events.airflow_client import AirflowClient
from ledger.names import EVALUATE, ingest_dag
from ledger.settings import REPOSITORY, Settings, sources_dir
from ledger.store import Ledger
from pilar.commands.demo_progress import read_progress
from pilar.platform.senders import secret_variable
from pilar.platform.stack import Ports, Stack
from simulator.push import post_event
from simulator.regions import REGIONS
from simulator.server import Simulator
from tests.ports import free_port

T = TypeVar("T")

REVISED = "diskominfo_spbe"
EMPTY_DAGS = Path(__file__).parent / "dags"
REGION_CODES = tuple(region.kemendagri for region in REGIONS)
PATIENCE_SECONDS = 300.0
POLL_SECONDS = 0.2
# Between two measurements, for what the one before left to do (cleaning up, closing its runs).
QUIET_SECONDS = 2.0
TASKS = ("ingest", "build_candidates", "score", "publish")
BUNDLE = "airflow.dag_processing.bundles.local.LocalDagBundle"
# The demo's budget for an event as a multiple of the empty chain.
BUDGET = 1.5


@dataclass
class Chains:
    """Seconds of each run, and of each task in it; ``load`` is the machine's load average before each pair."""

    event: list[float] = field(default_factory=list)
    empty: list[float] = field(default_factory=list)
    event_tasks: list[Mapping[str, float]] = field(default_factory=list)
    empty_tasks: list[Mapping[str, float]] = field(default_factory=list)
    load: list[float] = field(default_factory=list)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print, also what was measured before it was cut short. Returns 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.event_to_publication", description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    runs: int = parser.parse_args(arguments).runs
    parsing, chains = parse_seconds(), Chains()
    try:
        measure(runs, chains)
    finally:
        if chains.empty:
            sys.stdout.write(report(chains, parsing) + "\n")
    return 0


def measure(runs: int, found: Chains) -> None:
    """Start the platform with simulated agencies, warm it up, and run both chains in turn.

    Raises PlatformError when it cannot be started, TimeoutError when a chain does not end.
    """
    sources = load_sources(sources_dir())
    with _platform(sources) as (stack, environment), AirflowClient(stack.airflow_url) as airflow:
        ledger = Ledger(stack.settings.ledger_url)
        _warm_up(stack, ledger, sources, environment)
        _empty_chain(airflow)
        for number in range(runs):
            _until(lambda: _is_quiet(airflow))
            time.sleep(QUIET_SECONDS)
            found.load.append(os.getloadavg()[0])
            found.event.append(_event_chain(stack, ledger, sources[REVISED], environment))
            _until(lambda: _is_quiet(airflow))
            found.event_tasks.append(_task_seconds(airflow, ingest_dag(sources[REVISED].opd), EVALUATE))
            time.sleep(QUIET_SECONDS)
            found.empty.append(_empty_chain(airflow))
            _until(lambda: _is_quiet(airflow))
            found.empty_tasks.append(_task_seconds(airflow, "benchmark__ingest", "benchmark__evaluate"))
            sys.stderr.write(f"{number + 1}: event {found.event[-1]:.2f} s, empty {found.empty[-1]:.2f} s\n")


def report(chains: Chains, parsing: Mapping[str, float]) -> str:
    """The figures as Markdown."""
    middle = statistics.median
    lines = [
        f"{len(chains.event)} runs each, in turn; {os.cpu_count()} processors, Python {platform.python_version()}; "
        f"load average before each run: median {middle(chains.load):.1f}, highest {max(chains.load):.1f}.",
        "",
        "| | median | p95 |",
        "|---|---|---|",
        f"| signed event to recorded publication | {middle(chains.event):.2f} s | {p95(chains.event):.2f} s |",
        f"| empty chain of the same shape | {middle(chains.empty):.2f} s | {p95(chains.empty):.2f} s |",
        f"| ratio (budget: {BUDGET}) | {middle(chains.event) / middle(chains.empty):.2f} | "
        f"{p95(chains.event) / p95(chains.empty):.2f} |",
        "",
        "| median seconds of | event | empty |",
        "|---|---|---|",
        *(
            f"| task `{task}` | {middle([run[task] for run in chains.event_tasks]):.2f} | "
            f"{middle([run[task] for run in chains.empty_tasks]):.2f} |"
            for task in TASKS
        ),
        f"| all that lies between | {middle(_between(chains.event, chains.event_tasks)):.2f} | "
        f"{middle(_between(chains.empty, chains.empty_tasks)):.2f} |",
        "",
        "| DAG file | seconds to parse |",
        "|---|---|",
        *(f"| {name} | {seconds:.2f} |" for name, seconds in parsing.items()),
    ]
    return "\n".join(lines)


def _between(whole: Sequence[float], tasks: Sequence[Mapping[str, float]]) -> list[float]:
    return [seconds - sum(own.values()) for seconds, own in zip(whole, tasks, strict=True)]


def p95(seconds: Sequence[float]) -> float:
    """The value that 95 of 100 do not exceed: the nearest rank, without interpolation."""
    ordered = sorted(seconds)
    return ordered[max(0, -(-95 * len(ordered) // 100) - 1)]


@contextlib.contextmanager
def _platform(sources: Mapping[str, Source]) -> Iterator[tuple[Stack, Mapping[str, str]]]:
    names = {secret_variable(name) for source in sources.values() for name in source.events.secrets}
    environment = {name: "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode() for name in names}
    bundles = [
        {"name": name, "classpath": BUNDLE, "kwargs": {"path": str(path)}}
        for name, path in (("dags-folder", REPOSITORY / "dags"), ("benchmark", EMPTY_DAGS))
    ]
    environment["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"] = json.dumps(bundles)
    folder = Path(tempfile.mkdtemp(prefix="pilar-benchmark-"))
    settings = Settings(home=folder / "home", ledger_url="", key_dir=folder / "keys", regions=REGION_CODES)
    ports = Ports(door=free_port(), airflow=free_port())
    stack = Stack(settings, ports, systems=lambda url: Simulator(postgres_url=url), environment=environment)
    try:
        with stack:
            yield stack, environment
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _warm_up(stack: Stack, ledger: Ledger, sources: Mapping[str, Source], environment: Mapping[str, str]) -> None:
    since = ledger.now()
    for source in sources.values():
        _post(stack, source, environment)

    def published() -> bool:
        stack.check()
        return read_progress(ledger, tuple(sources), since).complete

    _until(published)


def _event_chain(stack: Stack, ledger: Ledger, source: Source, environment: Mapping[str, str]) -> float:
    assert isinstance(stack.simulator, Simulator)
    stack.simulator.revise()
    known = {row.publication_id for row in ledger.publications()}
    began = time.time()
    _post(stack, source, environment)

    def new() -> list[datetime]:
        return [row.published_at for row in ledger.publications() if row.publication_id not in known]

    return _until(new)[0].timestamp() - began


def _empty_chain(airflow: AirflowClient) -> float:
    known = {run["dag_run_id"] for run in _runs(airflow, "benchmark__evaluate")}
    began = time.time()
    airflow.post_event("benchmark__announced", "nothing")

    def ended() -> list[float]:
        new = [run for run in _runs(airflow, "benchmark__evaluate") if run["dag_run_id"] not in known]
        return [moment for run in new if (moment := _end_of_last_task(airflow, run["dag_run_id"])) is not None]

    return _until(ended)[0] - began


def _end_of_last_task(airflow: AirflowClient, run_id: str) -> float | None:
    task = airflow.get(f"/api/v2/dags/benchmark__evaluate/dagRuns/{run_id}/taskInstances/publish")
    return datetime.fromisoformat(task["end_date"]).timestamp() if task["state"] == "success" else None


def _task_seconds(airflow: AirflowClient, *dag_ids: str) -> Mapping[str, float]:
    """How long each task of the newest runs ran."""
    found = {}
    for dag_id in dag_ids:
        run_id = _runs(airflow, dag_id)[0]["dag_run_id"]
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances"
        found |= {task["task_id"]: float(task["duration"]) for task in airflow.get(path)["task_instances"]}
    return found


def _is_quiet(airflow: AirflowClient) -> bool:
    runs: list[dict[str, Any]] = airflow.get("/api/v2/dags/~/dagRuns", limit=50, order_by="-run_after")["dag_runs"]
    return all(run["state"] in ("success", "failed") for run in runs)


def _runs(airflow: AirflowClient, dag_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = airflow.get(f"/api/v2/dags/{dag_id}/dagRuns", limit=5, order_by="-run_after")[
        "dag_runs"
    ]
    return found


def _post(stack: Stack, source: Source, environment: Mapping[str, str]) -> None:
    if source.events.secret is None:
        raise LookupError(f"{source.id} announces nothing")
    sent = post_event(f"{stack.door_url}/events", source.id, environment[secret_variable(source.events.secret)])
    if sent.status != 202:
        raise ConnectionError(f"the door refused the event of {source.id}: {sent.status} {sent.body}")


def _until(condition: Callable[[], T]) -> T:
    end = time.monotonic() + PATIENCE_SECONDS
    while not (found := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"it did not happen within {PATIENCE_SECONDS:.0f} s")
        time.sleep(POLL_SECONDS)
    return found


if __name__ == "__main__":
    sys.exit(main())
