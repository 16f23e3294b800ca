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
    "quota for 15 s": ["ingest", "quota for 15 s", 1, "a_source"],
    "quota for 16 s": ["ingest", "quota for 16 s", 1, "a_source"],
    "quota for 2 h": ["ingest", "quota for 2 h", 1, "a_source"],
    "quota for a day": ["ingest", "quota for a day", 1, "a_source"],
    "resting": ["ingest", "resting", 1, "a_source"],
    "resting: again": ["ingest", "resting", 2, "a_source"],
    "ledger": ["ingest", "ledger", 1, "a_source"],
    "auth": ["ingest", "auth", 1, "a_source"],
    "permanent": ["ingest", "permanent", 1, "a_source"],
    "config": ["ingest", "config", 1, "a_source"],
    "bug": ["ingest", "bug", 1, "a_source"],
    "no key": ["ingest", "new", 1, None],
    "new": ["ingest", "new", 1, "a_source"],
    "nothing": ["ingest", "nothing", 1, "a_source"],
    "nothing but due": ["ingest", "nothing but due", 1, "a_source"],
    "told: auth": ["told", "auth", 1, "a_source"],
    "told: quota": ["told", "quota", 1, "a_source"],
    "told: gate": ["told", "gate", 1, "all"],
    "told: bug with a person": ["told", "bug with a person", 1, "a_source"],
    "told: too slow": ["told", "too slow", 1, "a_source"],
    "told: lost": ["told", "lost", 1, "a_source"],
    "told: timed_out": ["told", "timed_out", 1, None],
    "told: task_failure": ["told", "task_failure", 1, "a_source"],
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
    assert ended[case]["ended"] == "Again"
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
        "wait": None,
    }


@pytest.mark.parametrize(
    ("case", "wait"),
    [
        ("retryable", None),
        ("quota", None),
        ("ledger", None),
        ("quota for 15 s", None),
        ("quota for 16 s", 16),
        ("quota for 2 h", 7200),
    ],
)
def test_a_task_waits_as_long_as_the_source_asked_and_never_shorter_than_usual(
    ended: dict[str, Any], case: str, wait: float | None
) -> None:
    assert (ended[case]["ended"], ended[case]["wait"]) == ("Again", wait)


def test_a_wait_of_a_day_ends_the_run_with_one_line(ended: dict[str, Any]) -> None:
    assert ended["quota for a day"]["ended"] == "AirflowFailException"
    assert ended["quota for a day"]["message"] == (
        "too many requests. No run waits that long: watch asks again when the time has come"
    )


def test_a_run_does_not_ask_a_source_for_which_another_one_waits(ended: dict[str, Any]) -> None:
    assert ended["resting"]["ended"] == "AirflowSkipException"
    assert ended["resting"]["message"] == "a_source asked to be left alone until 2025-03-01 14:30:00 UTC"
    assert ended["resting: again"]["message"] == "a_source has nothing new"


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


def test_p2_watch_rings_for_an_evaluation_that_nobody_asked_for(ended: dict[str, Any]) -> None:
    assert ended["watch: nothing"]["chosen"] == []
    assert ended["watch: source"]["chosen"] == ["ring__agency"]
    assert ended["watch: source"]["keys"] == {}
    assert ended["watch: source and due"]["chosen"] == ["ring__agency", "ring__evaluate"]
    assert ended["watch: source and due"]["keys"] == {"accepted": ["all"]}


@pytest.mark.parametrize(
    ("case", "why", "source"),
    [
        ("auth", "the password is wrong [a_source]. Ask the agency for a new one", "a_source"),
        ("quota", "too many requests [a_source]. It is asked again", "a_source"),
        ("gate", "the scores did not pass. Mend the rule", None),
        ("too slow", "the task took longer than it may. ", "a_source"),
        ("lost", "the task's process was lost ", "a_source"),
        ("timed_out", "the run took longer than it may. ", None),
    ],
)
def test_p10_who_watches_the_logs_is_told_in_one_line(
    ended: dict[str, Any], case: str, why: str, source: str | None
) -> None:
    [line] = ended[f"told: {case}"]["lines"]
    assert line["why"].startswith(why)
    assert "\n" not in line["why"]
    assert line.get("source") == source
    assert (line["event"], line["dag_id"], line["run_id"]) == ("failed", "a_dag", "a_run")


def test_p6_a_fault_of_the_code_is_told_without_its_text(ended: dict[str, Any]) -> None:
    [line] = ended["told: bug with a person"]["lines"]
    assert line["why"].startswith("internal error ValueError. ")
    assert not {"Siti", "9964020101230001"} & set(str(line).replace(".", " ").split())


def test_a_failed_task_is_told_of_once(ended: dict[str, Any]) -> None:
    assert ended["told: task_failure"]["lines"] == []
