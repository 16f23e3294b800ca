"""The real platform: PostgreSQL, Airflow's four services and the door, from a signed event to a publication.

The steps are stand-ins that note their calls (``platform_stub``); everything between them is real.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from events.airflow_client import AirflowError
from ledger.names import WATCH, ingest_dag
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.platform.errors import PlatformError
from pilar.platform.stack import Ports, Stack
from tests.pilar.platform.running_platform import (
    SECRET,
    FakeSystems,
    Platform,
    message_of_failed,
    quiet,
    records_of_failed,
    run_watch,
    task_states,
    until,
)
from tests.pilar.platform.sources_of_tests import write_sources
from tests.pilar.platform.test_processes import REPOSITORY, eventually_gone
from tests.ports import free_port

pytestmark = pytest.mark.e2e

STUB = Path(__file__).parent / "platform_stub"
# How long Airflow waits for a killed task to report is a setting (60 s); that it then runs it again is what is tested.
IMPATIENT = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "20",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="pilar-e2e-"))
    write_sources(made / "sources")
    (made / "notes").mkdir()
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def stack(folder: Path) -> Iterator[Stack]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(STUB))
        patch.setenv("PILAR_STUB_LOG", str(folder / "notes" / "log"))
        with a_stack(folder) as running:
            yield running


def a_stack(folder: Path) -> Stack:
    settings = Settings(home=folder / "home", ledger_url="", sources_dir=folder / "sources", key_dir=folder / "keys")
    ports = Ports(door=free_port(), airflow=free_port())
    return Stack(settings, ports, systems=FakeSystems, environment={"PILAR_SECRET_TEST_HOOK": SECRET, **IMPATIENT})


@pytest.fixture
def platform(stack: Stack, folder: Path) -> Platform:
    return Platform(stack, folder / "notes")


def test_a_signed_event_becomes_a_publication(
    platform: Platform, record_property: Callable[[str, object], None]
) -> None:
    since = len(platform.notes())
    began = time.monotonic()
    platform.send("births")
    until(lambda: platform.called("publish", since=since))
    # What the door says is on the disk while it runs.
    assert "event stored" in (platform.stack.settings.log_dir / "door.log").read_text()
    record_property("seconds", round(time.monotonic() - began, 2))
    chain = [note[2:4] for note in platform.notes()[since:] if note[2] != "watch"]
    assert chain == [["ingest", "births"], ["build_candidates"], ["score", "E1"], ["publish", "E1"]]
    # The tasks were given the connections of the simulated systems.
    assert "127.0.0.1" in " ".join(platform.called("ingest", "births", since=since)[0])
    until(lambda: platform.states(ingest_dag("health"), "births") == ["success"])
    until(lambda: Ledger(platform.stack.settings.ledger_url).events_of("births")[0].status == "done")


@pytest.mark.fault(30)
def test_p4_every_event_of_a_burst_is_followed_by_a_run(platform: Platform) -> None:
    ledger = Ledger(platform.stack.settings.ledger_url)
    last: dict[str, float] = {}
    for number in range(12):
        source = ("births", "children", "vaccines", "revenue")[number % 4]
        platform.send(source)
        last[source] = time.time()
    for source, moment in last.items():
        until(
            lambda source=source, moment=moment: any(  # type: ignore[misc]
                float(note[0]) >= moment - 0.5 for note in platform.called("ingest", source)
            )
        )
        until(lambda source=source: {event.status for event in ledger.events_of(source)} == {"done"})  # type: ignore[misc]


def test_nothing_new_ends_in_a_skip_and_no_evaluation(platform: Platform) -> None:
    quiet(platform)
    (platform.folder / "spending").write_text("nothing")
    since = len(platform.notes())
    platform.send("spending")
    until(lambda: platform.states(ingest_dag("budget"), "spending") == ["success"])
    time.sleep(2)
    assert platform.called("ingest", "spending", since)
    assert not platform.called("build_candidates", since=since)


def test_a_source_that_is_down_is_asked_again_and_one_that_refuses_is_not(platform: Platform) -> None:
    quiet(platform)
    since = len(platform.notes())
    for source, order in (("children", "retryable"), ("vaccines", "auth")):
        (platform.folder / source).write_text(order)
        platform.send(source)
    until(lambda: "failed" in platform.states(ingest_dag("health"), "vaccines"))
    until(lambda: len(platform.called("ingest", "children", since)) == 2, seconds=90)
    assert len(platform.called("ingest", "vaccines", since)) == 1
    assert message_of_failed(platform, "vaccines").endswith("the system refused [vaccines]. Call the agency")


def test_a_source_is_asked_again_when_it_asked_for_it(platform: Platform) -> None:
    quiet(platform)
    since = len(platform.notes())
    # Longer than the task's own delay, which is at most 30 s with what Airflow adds to it.
    (platform.folder / "children").write_text("quota 40")
    platform.send("children")
    until(lambda: "up_for_retry" in task_states(platform, "children"))
    [first] = platform.called("ingest", "children", since)
    until(lambda: not psutil.pid_exists(int(first[1])), seconds=20)  # the wait holds no worker
    until(lambda: len(platform.called("ingest", "children", since)) == 2, seconds=90)
    _, second = platform.called("ingest", "children", since)
    assert float(second[0]) - float(first[0]) >= 40


def test_a_wait_that_is_too_long_for_a_run_ends_it_with_a_line_that_says_so(platform: Platform) -> None:
    quiet(platform)
    since = len(platform.notes())
    (platform.folder / "revenue").write_text("quota 86400")
    platform.send("revenue")
    until(lambda: platform.states(ingest_dag("budget"), "revenue")[-1:] == ["failed"])
    assert len(platform.called("ingest", "revenue", since)) == 1
    *_, told = (line for line in records_of_failed(platform, ingest_dag("budget"), "revenue") if "why" in line)
    assert told["why"].startswith("too many questions [revenue]. Ask for more. No run waits that long: watch asks")
    assert (told["level"], told["event"], told["source"]) == ("error", "failed", "revenue")
    assert (told["dag_id"], told["task_id"]) == (ingest_dag("budget"), "ingest")


def test_p4_watch_rings_for_what_is_due(platform: Platform) -> None:
    quiet(platform)
    (platform.folder / "due").write_text("revenue vaccines")
    since = len(platform.notes())
    run_watch(platform)
    until(lambda: platform.called("ingest", "revenue", since) and platform.called("ingest", "vaccines", since))
    (platform.folder / "due").unlink()
    assert not platform.called("ingest", "births", since)


def test_p2_watch_has_evaluated_what_nobody_announced(platform: Platform) -> None:
    quiet(platform)
    since = len(platform.notes())
    (platform.folder / "evaluation").touch()
    run_watch(platform)
    until(lambda: platform.called("publish", since=since))
    assert not platform.called("ingest", since=since)


@pytest.mark.fault(5)
def test_p2_a_killed_task_is_noticed_and_run_again(platform: Platform) -> None:
    quiet(platform)
    (platform.folder / "births").write_text("sleep")
    since = len(platform.notes())
    platform.send("births")
    until(lambda: platform.called("ingest", "births", since))
    task = psutil.Process(int(platform.called("ingest", "births", since)[0][1]))
    supervisor = task.parent()
    assert supervisor is not None
    # Both at once, as when a machine dies: nobody is left to report the end.
    supervisor.kill()
    task.kill()
    until(lambda: len(platform.called("ingest", "births", since)) == 2, seconds=150)
    until(lambda: platform.called("publish", since=since))


def postmaster(platform: Platform) -> psutil.Process:
    folder = platform.stack.settings.home / "postgres"
    return psutil.Process(int((folder / "postmaster.pid").read_text().split()[0]))


def door(platform: Platform) -> psutil.Process:
    return psutil.Process(platform.stack._supervisor.pid("door"))


def scheduler(platform: Platform) -> psutil.Process:
    host = psutil.Process(platform.stack._supervisor.pid("airflow"))
    return next(child for child in host.children() if log_of(child) == "airflow-scheduler.log")


def log_of(process: psutil.Process) -> str:
    return Path(f"/proc/{process.pid}/fd/1").readlink().name


def host(platform: Platform) -> psutil.Process:
    return psutil.Process(platform.stack._supervisor.pid("airflow"))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", [door, scheduler, postmaster, host])
def test_a_killed_part_is_started_again_and_the_next_event_becomes_a_publication(
    platform: Platform, part: Callable[[Platform], psutil.Process]
) -> None:
    quiet(platform)
    killed = part(platform)
    killed.kill()
    assert eventually_gone(killed.pid)

    def again() -> bool:
        platform.stack.check()
        try:
            return part(platform).pid != killed.pid and answers(platform)
        except (psutil.NoSuchProcess, StopIteration, OSError, ValueError, IndexError):
            return False

    until(again, seconds=120)
    since = len(platform.notes())
    platform.send("births")
    until(lambda: platform.stack.check() or platform.called("publish", since=since), seconds=120)


def answers(platform: Platform) -> bool:
    """Whether the door and Airflow can be asked."""
    try:
        return httpx.get(f"{platform.stack.door_url}/health").is_success and platform.runs(WATCH) is not None
    except (httpx.HTTPError, AirflowError):
        return False


def test_every_service_of_airflow_is_a_process_with_a_log_of_its_own(platform: Platform) -> None:
    logs = platform.stack.settings.log_dir
    for name in ("api-server", "scheduler", "dag-processor", "triggerer"):
        assert (logs / f"airflow-{name}.log").stat().st_size > 0
    platform.stack.check()


def test_the_whole_platform_is_stopped(stack: Stack, platform: Platform) -> None:
    quiet(platform)
    session = members(stack)
    assert len(session) > 8
    systems = stack.simulator
    stack.stop()
    assert eventually_gone(*session)
    assert isinstance(systems, FakeSystems)
    assert not systems.running


def test_it_is_found_again_and_nothing_is_left_when_whoever_started_it_is_killed(folder: Path, stack: Stack) -> None:
    stack.stop()
    again = a_stack(folder)
    code = f"""
        import time
        from pathlib import Path
        from tests.pilar.platform import test_e2e as module
        module.SECRET = {SECRET!r}
        stack = module.a_stack(Path({str(folder)!r}))
        stack.ports = module.Ports({again.ports.door}, {again.ports.airflow})
        with stack:
            print(stack.settings.ledger_url, flush=True)
            input()
            print(*module.members(stack), flush=True)
            time.sleep(600)
    """
    started = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert started.stdin is not None
    assert started.stdout is not None
    events = Ledger(started.stdout.readline().strip()).events_of("births")
    assert {event.status for event in events} == {"done"}
    second = Platform(again, folder / "notes")
    since = len(second.notes())
    second.send("births")
    until(lambda: second.called("publish", since=since))
    started.stdin.write("\n")
    started.stdin.flush()
    session = [int(word) for word in started.stdout.readline().split()]
    assert len(session) > 8
    started.send_signal(signal.SIGKILL)
    started.wait()
    assert eventually_gone(*session, seconds=40)


def test_p10_a_taken_port_is_refused_before_anything_starts(folder: Path, stack: Stack) -> None:
    import socket

    stack.stop()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        second = a_stack(folder)
        second.ports = Ports(door=taken.getsockname()[1], airflow=free_port())
        with pytest.raises(PlatformError, match="taken by another program"), second:
            pass
    assert "postgres" not in second.timings


def test_p10_a_dag_file_that_cannot_be_loaded_is_named(
    folder: Path, stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.stop()
    (tmp_path / "broken.py").write_text("# a dag of airflow\nraise RuntimeError('not like this')\n")
    monkeypatch.setattr("pilar.platform.airflow_settings.REPOSITORY", tmp_path)
    (tmp_path / "dags").mkdir()
    (tmp_path / "broken.py").rename(tmp_path / "dags" / "broken.py")
    monkeypatch.setenv("PYTHONPATH", f"{REPOSITORY}{os.pathsep}{STUB}")
    with pytest.raises(PlatformError, match="not like this") as failed, a_stack(folder):
        pass
    assert "broken.py" in str(failed.value)


def members(stack: Stack) -> list[int]:
    """Every process that the stack has started, however deep."""
    tops = {stack._supervisor.pid(name) for name in ("airflow", "door")}
    found = []
    for pid in psutil.pids():
        try:
            if os.getsid(pid) in tops:
                found.append(pid)
        except ProcessLookupError:
            continue
    return found
