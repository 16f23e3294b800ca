"""The DAGs as Airflow reads them: all of them, light, and no longer than promised."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ledger.names import EVALUATE, MAINTENANCE, WATCH, agency_asset, dag_ids, ingest_dag
from pilar.platform.failures import LONGEST_WAIT

REPOSITORY = Path(__file__).resolve().parents[2]
AGENCIES = ("agency_one", "agency_two")
STEWARD = "the_steward"


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
        "AIRFLOW__OPERATORS__DEFAULT_OWNER": STEWARD,
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
    assert set(read["dags"]) == dag_ids(AGENCIES)


def test_parsing_loads_nothing_heavy(read: dict[str, Any]) -> None:
    assert read["heavy"] == []


def test_every_partitioned_dag_has_exactly_one_input_asset(read: dict[str, Any]) -> None:
    # With several, Airflow may make two runs of one key.
    for opd in AGENCIES:
        assert read["dags"][ingest_dag(opd)]["assets"] == [agency_asset(opd)]
        assert read["dags"][ingest_dag(opd)]["timetable"] == "PartitionedAssetTimetable"
    assert read["dags"][EVALUATE]["assets"] == ["accepted"]
    assert read["dags"][EVALUATE]["timetable"] == "PartitionedAssetTimetable"


def longest(tasks: dict[str, Any], task: str) -> int:
    return 1 + max((longest(tasks, upstream) for upstream in tasks[task]["upstream"]), default=0)


def test_at_most_four_tasks_lie_between_an_event_and_a_publication(read: dict[str, Any]) -> None:
    ingest = read["dags"][ingest_dag(AGENCIES[0])]["tasks"]
    evaluate = read["dags"][EVALUATE]["tasks"]
    assert [task for task in ingest if "accepted" in ingest[task]["outlets"]] == ["ingest"]
    assert longest(ingest, "ingest") + longest(evaluate, "publish") <= 4


def test_the_evaluation_has_one_writer(read: dict[str, Any]) -> None:
    assert read["dags"][EVALUATE]["max_active_runs"] == 1
    assert {task["pool"] for task in read["dags"][EVALUATE]["tasks"].values()} == {"warehouse"}


def test_watch_rings_each_agency_by_its_own_asset_only(read: dict[str, Any]) -> None:
    tasks = dict(read["dags"][WATCH]["tasks"])
    assert tasks.pop("look")["outlets"] == []
    # A database of published tables that hangs keeps nobody from being rung for.
    assert (tasks["push"]["outlets"], tasks.pop("push")["upstream"]) == ([], [])
    assert {task: item["outlets"] for task, item in tasks.items()} == {
        **{f"ring__{opd}": [agency_asset(opd)] for opd in AGENCIES},
        "ring__evaluate": ["accepted"],
    }
    assert all(item["upstream"] == ["look"] for item in tasks.values())


def lacking(dag_id: str, dag: dict[str, Any]) -> list[str]:
    """What a DAG lacks of all that whoever is called at night, and does not know it, needs of it."""
    tasks = dag["tasks"].values()
    has = {
        "an owner": dag["owner"] and all(task["owner"] == dag["owner"] != "airflow" for task in tasks),
        "a name": dag["name"] != dag_id,
        "a description": dag["description"],
        "docs": "Run it again" in dag["doc"],
        "tags": dag["tags"],
        "no catching up": dag["catchup"] is False,
        "a bound for its tasks": all(task["timeout"] for task in tasks),
        # A run that is ended before its tasks may have used up their tries ends what was well.
        "a bound for its runs": dag["timeout"] and dag["timeout"] > longest_seconds(dag["tasks"]),
        "a callback": "tell_failure" in dag["told"] and all("tell_failure" in task["told"] for task in tasks),
    }
    return [name for name, given in has.items() if not given]


def longest_seconds(tasks: dict[str, Any], after: str | None = None) -> float:
    """How long the tasks behind one may take, one after the other, in all their tries."""
    behind = [name for name, task in tasks.items() if (after in task["upstream"] if after else not task["upstream"])]
    return max(
        (
            (tasks[name]["timeout"] or 0) * (tasks[name]["retries"] + 1) + longest_seconds(tasks, name)
            for name in behind
        ),
        default=0,
    )


def test_no_dag_lacks_what_its_reader_needs(read: dict[str, Any]) -> None:
    assert [(dag_id, lacks) for dag_id, dag in read["dags"].items() if (lacks := lacking(dag_id, dag))] == []


@pytest.mark.parametrize(
    ("change", "lacks"),
    [
        ({"owner": ""}, "an owner"),
        ({"name": WATCH}, "a name"),
        ({"description": ""}, "a description"),
        ({"doc": "Pulls."}, "docs"),
        ({"tags": []}, "tags"),
        ({"catchup": True}, "no catching up"),
        ({"timeout": None}, "a bound for its runs"),
        ({"timeout": 240}, "a bound for its runs"),
        ({"told": []}, "a callback"),
    ],
)
def test_a_dag_that_lacks_something_is_named(read: dict[str, Any], change: dict[str, Any], lacks: str) -> None:
    assert lacking(WATCH, {**read["dags"][WATCH], **change}) == [lacks]


@pytest.mark.parametrize(
    ("change", "lacks"),
    [({"owner": "airflow"}, "an owner"), ({"timeout": None}, "a bound for its tasks"), ({"told": []}, "a callback")],
)
def test_a_task_that_lacks_something_is_named(read: dict[str, Any], change: dict[str, Any], lacks: str) -> None:
    watch = read["dags"][WATCH]
    tasks = {**watch["tasks"], "look": {**watch["tasks"]["look"], **change}}
    assert lacking(WATCH, {**watch, "tasks": tasks}) == [lacks]


def test_a_dag_belongs_to_the_agency_whose_data_it_pulls_and_the_others_to_the_steward(read: dict[str, Any]) -> None:
    owners = {dag_id: dag["owner"] for dag_id, dag in read["dags"].items()}
    assert owners == {EVALUATE: STEWARD, WATCH: STEWARD, MAINTENANCE: STEWARD} | {
        ingest_dag(opd): opd for opd in AGENCIES
    }
    assert read["dags"][ingest_dag("agency_one")]["name"] == "Ingest Agency One"


def test_a_run_may_wait_as_long_as_it_is_asked_to_between_all_its_tries(read: dict[str, Any]) -> None:
    dag = read["dags"][ingest_dag(AGENCIES[0])]
    waits = dag["tasks"]["ingest"]["retries"] * LONGEST_WAIT.total_seconds()
    assert dag["timeout"] > longest_seconds(dag["tasks"]) + waits
