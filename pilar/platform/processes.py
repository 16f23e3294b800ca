"""A small supervisor: starts processes, waits until they answer, starts again what ends, and always stops them all.

Waiting has no end while a process gets ahead: it lives, and its log or its state moves. A machine may be slow.

Every process leads a session of its own, so that a Ctrl-C in the terminal reaches only us (we then stop the others in
order) and so that nothing a process has started can be left behind: what shares its session is ended with it.
"""

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import structlog

from pilar.platform.errors import PlatformError
from pilar.platform.lives import Lives

log = structlog.get_logger()

POLL_SECONDS = 0.05
LOG_LINE_CHARACTERS = 300


@dataclass(frozen=True)
class Service:
    """A process to keep: its command, where it logs, and how to tell that it answers.

    ``progress`` gives anything that changes while the process gets ahead, beside its log. ``silent_seconds`` is for how
    long neither may move before it answers, ``grace_seconds`` how long it may take to end after SIGTERM.
    """

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(repr=False)
    ready: Callable[[], bool] = lambda: True
    progress: Callable[[], object] = lambda: None
    silent_seconds: float = 180.0
    grace_seconds: float = 15.0


@dataclass
class _Running:
    """A service and its process of now. ``told`` are the lines on its standard input, for the one that follows it."""

    service: Service
    process: subprocess.Popen[bytes]
    stdin: int
    log_start: int
    told: list[str] = field(default_factory=list, repr=False)
    lives: Lives = field(default_factory=Lives)


class Patience:
    """How long to wait for something: without end while its sign of progress changes, ``seconds`` while it does not."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._sign: object = None
        self._moved = clock()

    def over(self, sign: object) -> bool:
        """Whether the sign has been the same for too long."""
        now = self._clock()
        if sign != self._sign:
            self._sign, self._moved = sign, now
        return now - self._moved > self._seconds


class Supervisor:
    """The processes of one platform. Used as a context manager it stops them all on the way out."""

    def __init__(self) -> None:
        self._running: list[_Running] = []
        self._lock = threading.Lock()

    def __enter__(self) -> "Supervisor":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, service: Service) -> None:
        """Start a process without waiting for it. Its standard input stays open as long as we live: a process that
        reads the end of it knows that we are gone.

        Raises PlatformError when its command cannot be run.
        """
        running = _launched(service)
        with self._lock:
            self._running.append(running)

    def tell(self, name: str, line: str) -> None:
        """Write one line to a process's standard input. Raises PlatformError when it has ended."""
        running = self._find(name)
        running.told.append(line)
        try:
            _write(running, line)
        except OSError:
            raise self._ended(running) from None

    def wait_ready(self, name: str) -> None:
        """Wait until a process answers, for as long as it gets ahead.

        Raises PlatformError when it ends first, or is silent for too long.
        """
        running = self._find(name)
        service = running.service
        patience = Patience(service.silent_seconds)
        while not service.ready():
            if running.process.poll() is not None:
                raise self._ended(running)
            if patience.over((size_of(service.log), service.progress())):
                raise PlatformError(
                    f"{name} does not answer, and nothing of it moved for {service.silent_seconds:.0f} s: "
                    f"{_last_line(running)}",
                    where=str(service.log),
                    do="Read the log, mend the cause and start again",
                )
            time.sleep(POLL_SECONDS)

    def check(self) -> None:
        """Raise PlatformError when a process has ended by itself."""
        for running in tuple(self._running):
            if running.process.poll() is not None:
                raise self._ended(running)

    def tend(self) -> None:
        """Start again, after a wait, what has ended by itself. Raises PlatformError for what ends again and again.

        It is told what it was told before; whatever it had started is killed first.
        """
        for running in tuple(self._running):
            if running.process.poll() is None:
                continue
            first = not running.lives.dead
            if not running.lives.died():
                raise self._ended(running)
            if first:
                why = self._ended(running).what
                log.error("a part ended and is started again", part=running.service.name, why=why)
            if running.lives.due:
                self._start_again(running)

    def _start_again(self, running: _Running) -> None:
        end_session(running.process.pid)
        with _without_interrupts():  # a process that nobody knows would be left behind
            fresh = _launched(running.service)
            before, running.stdin = running.stdin, fresh.stdin
            running.process, running.log_start = fresh.process, fresh.log_start
        os.close(before)
        running.lives.reborn()
        with suppress(OSError):  # it ended at once: the next look sees that
            for line in running.told:
                _write(running, line)

    def pid(self, name: str) -> int:
        """The process id of a service."""
        return self._find(name).process.pid

    def stop(self) -> None:
        """End every process, the last started first; those that do not go are killed, with all they have started."""
        with self._lock:
            running, self._running = self._running, []
        with _without_interrupts():
            for item in reversed(running):
                _end(item)

    def _find(self, name: str) -> _Running:
        with self._lock:
            return next(item for item in self._running if item.service.name == name)

    def _ended(self, running: _Running) -> PlatformError:
        code = running.process.wait()
        return PlatformError(
            f"{running.service.name} ended by itself ({_exit_words(code)}): {_last_line(running)}",
            where=str(running.service.log),
            do="Read the log, mend the cause and start again",
        )


class _without_interrupts:  # noqa: N801 -- reads as a statement
    """Ctrl-C pressed again must not stop us from stopping the others."""

    def __enter__(self) -> None:
        self._before = None
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, signal.SIG_IGN)

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)


def size_of(path: Path) -> int:
    """The size of a file in bytes, 0 where it is not there."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def require_free_port(port: int, name: str) -> None:
    """Raise PlatformError when somebody listens on this port of 127.0.0.1 already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise PlatformError(
                f"port {port} for {name} is taken by another program",
                where=f"127.0.0.1:{port}",
                do="Stop that program (perhaps another `./run demo`), or choose another port",
            ) from None


def _launched(service: Service) -> _Running:
    service.log.parent.mkdir(parents=True, exist_ok=True)
    log_start = service.log.stat().st_size if service.log.exists() else 0
    their_end, our_end = os.pipe()
    with service.log.open("ab") as output, os.fdopen(their_end) as stdin:
        try:
            process = subprocess.Popen(
                list(service.command),
                stdin=stdin,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(service.environment),
                start_new_session=True,
            )
        except OSError as error:
            os.close(our_end)
            raise PlatformError(
                f"{service.name} cannot be started: {error.strerror}",
                where=service.command[0],
                do="Set up the environment again with `./run setup`",
            ) from None
    return _Running(service, process, our_end, log_start)


def _write(running: _Running, line: str) -> None:
    os.write(running.stdin, line.encode() + b"\n")


def end_session(session: int) -> None:
    """Kill whatever is left of a session (the processes that a service has started, however deep)."""
    for pid in psutil.pids():
        with suppress(ProcessLookupError, PermissionError):
            if os.getsid(pid) == session:
                os.kill(pid, signal.SIGKILL)


def _end(running: _Running) -> None:
    process = running.process
    if process.poll() is None:
        with suppress(ProcessLookupError):
            process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(running.service.grace_seconds)
    end_session(process.pid)
    process.wait()
    os.close(running.stdin)


def _last_line(running: _Running) -> str:
    """The last words of a process in this run, in one line."""
    if not running.service.log.exists():
        return "it said nothing"
    with running.service.log.open("rb") as log:
        log.seek(max(running.log_start, log.seek(0, os.SEEK_END) - 8192))
        lines = [line.strip() for line in log.read().decode(errors="replace").splitlines() if line.strip()]
    return lines[-1][-LOG_LINE_CHARACTERS:] if lines else "it said nothing"


def _exit_words(code: int) -> str:
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"
