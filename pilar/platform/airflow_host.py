"""Starts Airflow's four services from one process that has imported Airflow once.

Importing Airflow costs 4 to 5 s of processor time in *each* process. Forked from here, the services share that work and
most of the memory. Each is still a process of its own, with a log of its own. It runs exactly what ``airflow <name>``
runs, and can be stopped alone.

Orders come as one JSON line on standard input. When standard input ends, whoever started us is gone, and everything is
stopped.

Run as ``python -m pilar.platform.airflow_host``. Airflow is loaded by name, as ``python -m airflow`` would.
"""

import gc
import importlib
import json
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

from pilar.platform.lives import Lives
from pilar.platform.preload import preload

POLL_SECONDS = 0.2
# How long a service may take to end before it is killed. The scheduler waits for running tasks; what is cut off is run
# again after the next start. The others have nothing to lose, and the triggerer sometimes waits 5 s for nothing.
GRACE_SECONDS = {"scheduler": 10.0}
DEFAULT_GRACE_SECONDS = 2.5
PR_SET_PDEATHSIG = 1
# Rarer than Python's own (700, 10, 10), for the same reason as in main(); full collections still happen.
GC_THRESHOLDS = (50_000, 20, 20)


@dataclass(frozen=True)
class Orders:
    """What to do: commands to run first, one after the other (``airflow db migrate``), then services to keep.

    ``services`` are Airflow commands in the order of their start; the first one is stopped last.
    """

    environment: Mapping[str, str]
    first: Sequence[Sequence[str]]
    services: Sequence[Sequence[str]]
    log_dir: str

    @classmethod
    def read(cls) -> "Orders":
        """One line of JSON from standard input."""
        return cls(**json.loads(_read_line(sys.stdin.fileno())))

    def line(self) -> str:
        """The orders as ``read`` takes them."""
        return json.dumps(self.__dict__)


def main() -> int:
    """Import, migrate, fork, then watch until told to stop. Returns the exit code."""
    # Garbage collection during the imports looks at a million objects again and again, and frees none of them: a
    # quarter of the time.
    gc.disable()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        _import_airflow()
        orders = Orders.read()
        os.environ.update(orders.environment)
        for command in orders.first:
            _say(f"runs airflow {' '.join(command[:2])}")
            _run_child(command)
        _say(f"starts {', '.join(command[0] for command in orders.services)}")
        gc.collect()
        gc.freeze()
        return Services(orders.services, Path(orders.log_dir)).watch()
    except (KeyboardInterrupt, EOFError):
        return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _import_airflow() -> None:
    _say("imports Airflow")
    importlib.import_module("airflow.__main__")
    _say("imports its models")
    importlib.import_module("airflow.models").import_all_models()
    importlib.import_module("sqlalchemy.orm").configure_mappers()
    _say("imports its providers")
    importlib.import_module("airflow.providers_manager").ProvidersManager().initialize_providers_configuration()


def _say(step: str) -> None:
    """A line in the log: whoever waits sees that we get ahead."""
    sys.stderr.write(f"{step}\n")
    sys.stderr.flush()


def _run_child(command: Sequence[str]) -> None:
    """Run one Airflow command to its end in a fork, so that what it leaves in memory stays out of the services."""
    pid = os.fork()
    if pid == 0:
        _become(command)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code != 0:
        raise SystemExit(f"airflow {' '.join(command)} ended with exit code {code}")


def _fork(command: Sequence[str], log_dir: Path) -> int:
    pid = os.fork()
    if pid == 0:
        _be_service(command, log_dir)
    return pid


def _be_service(command: Sequence[str], log_dir: Path) -> NoReturn:
    log_dir.mkdir(parents=True, exist_ok=True)
    log = os.open(log_dir / f"airflow-{command[0]}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    with suppress(OSError, AttributeError):
        # On Linux, a service also ends when we are killed without a chance to end it.
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    _become(command)


def _become(command: Sequence[str]) -> NoReturn:
    """Be ``airflow <command>`` from here on; never returns."""
    code = 1
    try:
        os.setpgid(0, 0)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        if command[0] == "scheduler":
            preload()
        gc.set_threshold(*GC_THRESHOLDS)
        gc.enable()
        sys.argv = ["airflow", *command]
        importlib.import_module("airflow.__main__").main()
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


class Services:
    """The services, each a fork: one that ends by itself is forked again, a few times."""

    def __init__(self, commands: Sequence[Sequence[str]], log_dir: Path) -> None:
        self._log_dir = log_dir
        self._commands = {command[0]: command for command in commands}
        self._lives = {name: Lives() for name in self._commands}
        # In the order of their start; the name of a dead one has no process.
        self._pids: dict[str, int] = {name: _fork(command, log_dir) for name, command in self._commands.items()}

    def watch(self) -> int:
        """Wait until standard input ends, we are told to stop, or a service ends again and again (exit code 1)."""
        lost: str | None = None
        try:
            while lost is None:
                readable, _, _ = select.select([sys.stdin], [], [], POLL_SECONDS)
                if readable and not os.read(sys.stdin.fileno(), 4096):
                    break
                lost = self._tend()
        except KeyboardInterrupt:
            pass
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self._stop()
        if lost:
            sys.stderr.write(f"{lost} once too often; see airflow-{lost.split()[0]}.log\n")
        return int(lost is not None)

    def _tend(self) -> str | None:
        """Start again what has ended. Returns what ended and is given up."""
        for name, code in self._reap():
            del self._pids[name]
            ended = f"{name} ended with exit code {code}"
            if not self._lives[name].died():
                return ended
            sys.stderr.write(f"{ended} and is started again; see airflow-{name}.log\n")
            sys.stderr.flush()
        for name, lives in self._lives.items():
            if lives.due:
                self._pids[name] = _fork(self._commands[name], self._log_dir)
                lives.reborn()
        return None

    def _reap(self) -> list[tuple[str, int]]:
        found = []
        for name, pid in self._pids.items():
            with suppress(ChildProcessError):
                done, status = os.waitpid(pid, os.WNOHANG)
                if done:
                    found.append((name, os.waitstatus_to_exitcode(status)))
        return found

    def _stop(self) -> None:
        """End the services; the first one (the API, to which running tasks report) after the others."""
        first = next(iter(self._commands))
        _end({pid: name for name, pid in self._pids.items() if name != first})
        _end({pid: name for name, pid in self._pids.items() if name == first})


def _end(services: Mapping[int, str]) -> None:
    began = time.monotonic()
    _signal(services, signal.SIGTERM)
    left = dict(services)
    while left:
        time.sleep(POLL_SECONDS / 4)
        left = {pid: name for pid, name in left.items() if _lives(pid)}
        waited = time.monotonic() - began
        late = {pid: name for pid, name in left.items() if waited > GRACE_SECONDS.get(name, DEFAULT_GRACE_SECONDS)}
        for name in late.values():
            sys.stderr.write(f"{name} did not end within {waited:.0f} s and is killed\n")
        _signal(late, signal.SIGKILL)


def _signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _lives(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == 0
    except ChildProcessError:
        return False


def _read_line(descriptor: int) -> bytes:
    """A line, read byte by byte so that nothing after it is taken. Raises EOFError when the input ends before."""
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = os.read(descriptor, 1)
        if not byte:
            raise EOFError
        line += byte
    return bytes(line)


if __name__ == "__main__":
    sys.exit(main())
