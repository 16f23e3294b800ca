"""The supervisor: what it starts it notices and stops, whatever the process does."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from structlog.testing import capture_logs

from pilar.platform import lives, processes
from pilar.platform.errors import PlatformError
from pilar.platform.processes import Patience, Service, Supervisor, require_free_port
from tests.ports import free_port

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    made = Supervisor()
    yield made
    made.stop()


def service(folder: Path, code: str, name: str = "child", **options: object) -> Service:
    return Service(
        name=name,
        command=(sys.executable, "-c", textwrap.dedent(code)),
        log=folder / f"{name}.log",
        environment=os.environ,
        **options,  # type: ignore[arg-type]
    )


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def eventually_gone(*pids: int, seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while not all(gone(pid) for pid in pids) and time.monotonic() < end:
        time.sleep(0.02)
    return all(gone(pid) for pid in pids)


def pids_in(file: Path, count: int = 1) -> list[int]:
    end = time.monotonic() + 10
    while time.monotonic() < end and (not file.exists() or len(file.read_text().split()) < count):
        time.sleep(0.02)
    return [int(word) for word in file.read_text().split()]


def test_a_process_is_started_told_and_stopped(supervisor: Supervisor, tmp_path: Path) -> None:
    marker = tmp_path / "told"
    code = f"""
        import pathlib, sys, time
        pathlib.Path({str(marker)!r}).write_text(sys.stdin.readline())
        time.sleep(60)
    """
    supervisor.start(service(tmp_path, code, ready=marker.exists))
    supervisor.tell("child", "hello")
    supervisor.wait_ready("child")
    assert marker.read_text() == "hello\n"
    supervisor.check()
    pid = supervisor.pid("child")
    supervisor.stop()
    assert gone(pid)


def test_the_last_started_is_stopped_first(supervisor: Supervisor, tmp_path: Path) -> None:
    order = tmp_path / "order"
    code = f"""
        import pathlib, signal, sys
        def stop(*_):
            with open({str(order)!r}, "a") as file:
                file.write("%s\\n")
            sys.exit()
        signal.signal(signal.SIGTERM, stop)
        pathlib.Path("{tmp_path}/%s.up").touch()
        signal.pause()
    """
    for name in ("first", "second"):
        supervisor.start(service(tmp_path, code % (name, name), name, ready=(tmp_path / f"{name}.up").exists))
        supervisor.wait_ready(name)
    supervisor.stop()
    assert order.read_text().split() == ["second", "first"]


def test_a_stubborn_process_and_its_children_are_killed(supervisor: Supervisor, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = f"""
        import os, signal, subprocess, sys
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen([sys.executable, "-c", "import os, time; os.setpgid(0, 0); time.sleep(60)"])
        open({str(pids)!r}, "w").write(f"{{os.getpid()}} {{child.pid}}")
        signal.pause()
    """
    supervisor.start(service(tmp_path, code, grace_seconds=0.3))
    parent, child = pids_in(pids, 2)
    supervisor.stop()
    assert eventually_gone(parent, child)


def test_children_left_by_a_crashed_process_are_killed_too(supervisor: Supervisor, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = f"""
        import os, subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        open({str(pids)!r}, "w").write(str(child.pid))
        os._exit(9)
    """
    supervisor.start(service(tmp_path, code))
    (child,) = pids_in(pids)
    supervisor.stop()
    assert eventually_gone(child)


def test_p10_a_process_that_ends_by_itself_is_one_line_with_its_last_words(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    supervisor.start(service(tmp_path, "import sys; sys.exit('no such table\\n')", ready=lambda: False))
    with pytest.raises(PlatformError) as ended:
        supervisor.wait_ready("child")
    assert str(ended.value).startswith(f"child ended by itself (exit code 1): no such table [{tmp_path}/child.log]")
    assert "\n" not in str(ended.value)
    with pytest.raises(PlatformError, match="no such table"):
        supervisor.check()


def test_the_last_words_of_an_earlier_run_are_not_quoted(supervisor: Supervisor, tmp_path: Path) -> None:
    (tmp_path / "child.log").write_text("trouble of yesterday\n")
    supervisor.start(service(tmp_path, "import os; os._exit(3)", ready=lambda: False))
    with pytest.raises(PlatformError, match=r"exit code 3.*said nothing"):
        supervisor.wait_ready("child")


def test_a_process_that_is_silent_for_too_long_is_an_error(supervisor: Supervisor, tmp_path: Path) -> None:
    code = "import time; print('still reading', flush=True); time.sleep(60)"
    supervisor.start(service(tmp_path, code, ready=lambda: False, silent_seconds=1))
    with pytest.raises(PlatformError, match="does not answer, and nothing of it moved for 1 s: still reading"):
        supervisor.wait_ready("child")


@pytest.mark.parametrize("sign", ["log", "state"])
def test_a_slow_process_is_waited_for_while_its_log_or_its_state_moves(
    supervisor: Supervisor, tmp_path: Path, sign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    signs: set[object] = set()

    class Noted(Patience):
        def over(self, sign: object) -> bool:
            signs.add(sign)
            return super().over(sign)

    monkeypatch.setattr(processes, "Patience", Noted)
    steps = tmp_path / "steps"
    said = "print(nth, flush=True)" if sign == "log" else f"pathlib.Path({str(steps)!r}).write_text(str(nth))"
    code = f"""
        import pathlib, time
        for nth in range(10_000):
            {said}
            time.sleep(0.02)
    """
    progress = (lambda: steps.exists() and steps.read_text()) if sign == "state" else (lambda: None)
    supervisor.start(service(tmp_path, code, ready=lambda: len(signs) > 5, progress=progress))
    supervisor.wait_ready("child")
    assert len(signs) > 5


def test_patience_ends_when_nothing_has_moved_for_long_enough_and_not_before() -> None:
    now = [0.0]
    patience = Patience(10, clock=lambda: now[0])
    for moment, sign, over in [(9, None, False), (11, None, True), (12, 1, False), (22, 1, False), (22.1, 1, True)]:
        now[0] = moment
        assert patience.over(sign) is over, moment
    for moment in range(30, 300, 9):
        now[0] = moment
        assert not patience.over(moment)


def test_a_command_that_does_not_exist_is_an_error(supervisor: Supervisor, tmp_path: Path) -> None:
    missing = Service("child", ("/no/such/program",), tmp_path / "log", {})
    with pytest.raises(PlatformError, match="child cannot be started"):
        supervisor.start(missing)


def test_when_we_are_killed_a_process_reads_the_end_of_its_input(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    child = f"import os, sys; open({str(pids)!r}, 'w').write(str(os.getpid())); sys.stdin.read()"
    parent = f"""
        import os, sys, time
        from pathlib import Path
        from pilar.platform.processes import Service, Supervisor
        command = (sys.executable, "-c", {child!r})
        Supervisor().start(Service("child", command, Path({str(tmp_path)!r}) / "log", os.environ))
        time.sleep(60)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(parent)], cwd=REPOSITORY)
    (pid,) = pids_in(pids)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert eventually_gone(pid)


def tended(supervisor: Supervisor, condition: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        supervisor.tend()
        time.sleep(0.02)


def test_a_killed_process_is_started_again_told_what_it_was_told_and_everything_of_it_is_gone(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    pids = tmp_path / "pids"
    code = f"""
        import os, subprocess, sys, time
        word = sys.stdin.readline().strip()
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        with open({str(pids)!r}, "a") as file:
            file.write(f"{{os.getpid()}} {{child.pid}} {{word}}\\n")
        time.sleep(60)
    """
    supervisor.start(service(tmp_path, code, "first"))
    supervisor.start(service(tmp_path, "import time; time.sleep(60)", "second"))
    supervisor.tell("first", "hello")
    tended(supervisor, lambda: pids.exists() and pids.read_text().count("hello") == 1)
    parent, child = (int(word) for word in pids.read_text().split()[:2])
    untouched = supervisor.pid("second")
    os.kill(parent, signal.SIGKILL)
    with capture_logs() as logged:
        tended(supervisor, lambda: pids.read_text().count("hello") == 2)
    assert eventually_gone(parent, child)
    assert supervisor.pid("first") == int(pids.read_text().split()[3]) != parent
    assert supervisor.pid("second") == untouched
    [told] = [line for line in logged if line["log_level"] == "error"]
    assert (told["part"], "killed by SIGKILL" in told["why"]) == ("first", True)


def test_p10_a_process_that_ends_again_and_again_is_given_up_with_its_last_words(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lives, "FIRST_WAIT_SECONDS", 0.01)
    supervisor.start(service(tmp_path, "import sys; print('started'); sys.exit('no such table')"))
    with pytest.raises(PlatformError, match=r"child ended by itself \(exit code 1\): no such table"):
        tended(supervisor, lambda: False)
    assert (tmp_path / "child.log").read_text().count("started") == lives.MOST + 1


def test_a_death_is_forgotten_after_a_while_and_each_wait_is_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(lives.time, "monotonic", lambda: now[0])
    part, waits = lives.Lives(), []
    for _ in range(lives.MOST):
        assert part.died()
        assert part.died()  # asked again, it is the same death
        began = now[0]
        while not part.due:
            now[0] += 0.25
        waits.append(now[0] - began)
        part.reborn()
        assert not part.due
    assert waits == [lives.FIRST_WAIT_SECONDS * 2**nth for nth in range(lives.MOST)]
    assert not part.died()
    now[0] += lives.WITHIN_SECONDS + 1
    part.reborn()
    assert part.died()


@pytest.mark.integration
def test_p10_a_taken_port_is_one_clear_line() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PlatformError, match=f"port {port} for the door is taken") as refused:
            require_free_port(port, "the door")
    assert "choose another port" in str(refused.value)
    require_free_port(free_port(), "the door")


def test_what_a_process_was_told_is_in_no_text_of_its_supervisor(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(service(tmp_path, "import sys; sys.stdin.read()"))
    supervisor.tell("child", "kata-sandi-dinas")
    assert "kata-sandi-dinas" not in repr(vars(supervisor))


def test_what_cannot_be_started_again_keeps_nobody_from_being_stopped(supervisor: Supervisor, tmp_path: Path) -> None:
    command = tmp_path / "program"
    command.symlink_to(sys.executable)
    supervisor.start(service(tmp_path, "import sys; sys.stdin.read()", "first"))
    supervisor.start(replace(service(tmp_path, "", "second"), command=(str(command), "-c", "")))
    first, second = supervisor.pid("first"), supervisor.pid("second")
    assert eventually_gone(second)
    command.unlink()
    with pytest.raises(PlatformError, match="second cannot be started"):
        tended(supervisor, lambda: False)
    supervisor.stop()
    assert eventually_gone(first)
