"""How a task ends: retried, failed for good, skipped, or followed by an evaluation."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
CASES: dict[str, list[Any]] = {
    "retryable": ["ingest", "retryable", 1, "a_source"],
    "quota": ["ingest", "quota", 1, "a_source"],
    "ledger": ["ingest", "ledger", 1, "a_source"],
    "auth": ["ingest", "auth", 1, "a_source"],
    "permanent": ["ingest", "permanent", 1, "a_source"],
    "config": ["ingest", "config", 1, "a_source"],
    "bug": ["ingest", "bug", 1, "a_source"],
    "no key": ["ingest", "new", 1, None],
    "new": ["ingest", "new", 1, "a_source"],
    "nothing": ["ingest", "nothing", 1, "a_source"],
    "nothing but due": ["ingest", "nothing but due", 1, "a_source"],
    "evaluate: gate": ["evaluate", "gate", 1, None],
    "evaluate: nothing": ["evaluate", "none", 1, None],
    "watch: nothing": ["watch", "none", 1, None],
    "watch: source": ["watch", "source", 1, None],
    "watch: source and due": ["watch", "source and due", 1, None],
}


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("tasks")
    (folder / "sources" / "agency").mkdir(parents=True)
    (folder / "sources" / "agency" / "a_source.yaml").touch()
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("run_tasks.py"))],
        input=json.dumps(CASES),
        env={
            **os.environ,
            "AIRFLOW_HOME": str(folder / "airflow"),
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
            "PILAR_SOURCES": str(folder / "sources"),
            "PYTHONPATH": str(REPOSITORY),
        },
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


@pytest.mark.parametrize("case", ["retryable", "quota", "ledger"])
def test_what_may_pass_by_itself_is_tried_again(ended: dict[str, Any], case: str) -> None:
    assert ended[case]["ended"] == "AirflowException"
    assert ended[case]["keys"] == {}


@pytest.mark.parametrize("case", ["auth", "permanent", "config", "evaluate: gate"])
def test_what_needs_a_person_fails_at_once(ended: dict[str, Any], case: str) -> None:
    assert ended[case]["ended"] == "AirflowFailException"
    assert ended[case]["keys"] == {}


def test_p10_the_message_is_pilars_one_clear_line(ended: dict[str, Any]) -> None:
    assert ended["auth"]["message"] == "the password is wrong [a_source]. Ask the agency for a new one"
    assert ended["no key"] == {
        "ended": "AirflowFailException",
        "message": "no source was named. Trigger this DAG with the source's id as partition key",
        "chosen": [],
        "keys": {},
    }


def test_a_fault_of_the_code_is_not_dressed_up(ended: dict[str, Any]) -> None:
    assert ended["bug"]["ended"] == "ZeroDivisionError"


def test_an_evaluation_follows_only_what_is_new(ended: dict[str, Any]) -> None:
    assert ended["new"]["ended"] == "success"
    assert ended["new"]["keys"] == {"accepted": ["all"]}
    assert ended["nothing"]["ended"] == "AirflowSkipException"
    assert ended["nothing"]["message"] == "a_source has nothing new"
    assert ended["nothing"]["keys"] == {}
    assert ended["evaluate: nothing"]["ended"] == "AirflowSkipException"


def test_p2_a_run_after_a_death_announces_what_the_dead_one_accepted(ended: dict[str, Any]) -> None:
    assert ended["nothing but due"]["ended"] == "success"
    assert ended["nothing but due"]["keys"] == {"accepted": ["all"]}


def test_p2_the_sweep_rings_for_an_evaluation_that_nobody_asked_for(ended: dict[str, Any]) -> None:
    assert ended["watch: nothing"]["chosen"] == []
    assert ended["watch: source"]["chosen"] == ["ring__agency"]
    assert ended["watch: source"]["keys"] == {}
    assert ended["watch: source and due"]["chosen"] == ["ring__agency", "ring__evaluate"]
    assert ended["watch: source and due"]["keys"] == {"accepted": ["all"]}
