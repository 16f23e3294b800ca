"""The DAGs as Airflow reads them: all of them, light, and no longer than promised."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
AGENCIES = ("agency_one", "agency_two")


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("dags")
    sources = folder / "sources"
    for opd in AGENCIES:
        (sources / opd).mkdir(parents=True)
        # Unreadable on purpose: what stands in a source's file is not read at parse time.
        (sources / opd / f"{opd}_source.yaml").write_text("{not yaml")
    (sources / "__pycache__").mkdir()
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "PILAR_SOURCES": str(sources),
        "PYTHONPATH": str(REPOSITORY),
    }
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("read_dags.py")), str(REPOSITORY / "dags")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def test_every_file_loads_and_there_is_one_dag_an_agency(read: dict[str, Any]) -> None:
    assert read["errors"] == {}
    assert set(read["dags"]) == {"evaluate", "watch"} | {f"ingest__{opd}" for opd in AGENCIES}


def test_parsing_loads_nothing_heavy(read: dict[str, Any]) -> None:
    assert read["heavy"] == []


def test_every_partitioned_dag_has_exactly_one_input_asset(read: dict[str, Any]) -> None:
    # With several, Airflow may make two runs of one key.
    for opd in AGENCIES:
        assert read["dags"][f"ingest__{opd}"]["assets"] == [f"opd__{opd}"]
        assert read["dags"][f"ingest__{opd}"]["timetable"] == "PartitionedAssetTimetable"
    assert read["dags"]["evaluate"]["assets"] == ["accepted"]
    assert read["dags"]["evaluate"]["timetable"] == "PartitionedAssetTimetable"


def longest(tasks: dict[str, Any], task: str) -> int:
    return 1 + max((longest(tasks, upstream) for upstream in tasks[task]["upstream"]), default=0)


def test_at_most_four_tasks_lie_between_an_event_and_a_publication(read: dict[str, Any]) -> None:
    ingest = read["dags"][f"ingest__{AGENCIES[0]}"]["tasks"]
    evaluate = read["dags"]["evaluate"]["tasks"]
    assert [task for task in ingest if "accepted" in ingest[task]["outlets"]] == ["ingest"]
    assert longest(ingest, "ingest") + longest(evaluate, "publish") <= 4


def test_the_evaluation_has_one_writer(read: dict[str, Any]) -> None:
    assert read["dags"]["evaluate"]["max_active_runs"] == 1
    assert {task["pool"] for task in read["dags"]["evaluate"]["tasks"].values()} == {"warehouse"}


def test_the_sweep_rings_each_agency_by_its_own_asset_only(read: dict[str, Any]) -> None:
    tasks = read["dags"]["watch"]["tasks"]
    assert tasks.pop("look")["outlets"] == []
    assert {task: item["outlets"] for task, item in tasks.items()} == {
        **{f"ring__{opd}": [f"opd__{opd}"] for opd in AGENCIES},
        "ring__evaluate": ["accepted"],
    }
    assert all(item["upstream"] == ["look"] for item in tasks.values())


def test_every_dag_can_be_run_by_who_does_not_know_it(read: dict[str, Any]) -> None:
    for dag_id, dag in read["dags"].items():
        assert "Run it again" in dag["doc"], dag_id
        assert dag["tags"], dag_id
        assert dag["catchup"] is False, dag_id
        assert all(task["timeout"] for task in dag["tasks"].values()), dag_id
