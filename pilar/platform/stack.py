"""The whole platform on one machine, as a context: whatever happens inside, everything is stopped on the way out."""

import atexit
import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Protocol

import httpx
import structlog

from ledger.keys import Keys
from ledger.migrate import migrate
from ledger.names import dag_ids
from ledger.settings import Settings
from pilar.platform.airflow import DATABASE as AIRFLOW_DATABASE
from pilar.platform.airflow import Airflow
from pilar.platform.airflow_settings import LOOPBACK, base_environment
from pilar.platform.errors import PlatformError
from pilar.platform.lives import Lives
from pilar.platform.postgres import EmbeddedPostgres
from pilar.platform.processes import Service, Supervisor, require_free_port
from pilar.platform.relay import has_drops, queue_names
from pilar.platform.telling import Telling

log = structlog.get_logger()

LEDGER_DATABASE = "pilar"
SIMULATOR_DATABASE = "simulator"


class Systems(Protocol):
    """Simulated systems of agencies, running in this process."""

    def start(self) -> None:
        """Start, and return when they answer."""

    def stop(self) -> None:
        """Stop."""

    def connections(self) -> Mapping[str, Any]:
        """How each is reached: by name, the four fields of a connection."""


@dataclass(frozen=True)
class Ports:
    """Where the platform listens on 127.0.0.1. ``status`` None: no lookout, and so no alerts and no operator's page."""

    door: int = 8000
    airflow: int = 8080
    status: int | None = None


@dataclass
class Stack:
    """PostgreSQL, Airflow's services, the door and, if wanted, simulated systems: started together, stopped together.

    - ``settings`` names the folders. An empty ledger URL is that of the embedded server: ``stack.settings`` has it.
      Airflow's own state is always there.
    - ``systems`` makes the simulated systems from the URL of an empty database. Their connections are given to the
      tasks.
    - ``environment`` is for all processes: secrets of webhooks, connections of real systems.
    - ``telling`` is told what starts and what answers.

    A second start on the same home finds everything there and only starts processes. Raises PlatformError when anything
    cannot be started. What had been started is then stopped again.
    """

    settings: Settings
    ports: Ports = Ports()
    systems: Callable[[str], Systems] | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    telling: Telling = field(default_factory=Telling, repr=False)
    simulator: Systems | None = None
    timings: dict[str, float] = field(default_factory=dict)
    _open: ExitStack = field(default_factory=ExitStack, repr=False)
    _supervisor: Supervisor = field(default_factory=Supervisor, repr=False)
    _postgres: EmbeddedPostgres | None = field(default=None, repr=False)
    _postgres_lives: Lives = field(default_factory=Lives, repr=False)

    @property
    def door_url(self) -> str:
        """Where agencies post events and readers find what is published."""
        return f"http://{LOOPBACK}:{self.ports.door}"

    @property
    def airflow_url(self) -> str:
        """Airflow's pages and API."""
        return f"http://{LOOPBACK}:{self.ports.airflow}"

    def __enter__(self) -> "Stack":
        try:
            self._open.enter_context(_stop_on_sigterm())
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop everything, in the opposite order. A second call does nothing."""
        atexit.unregister(self.stop)
        self._open.close()

    def check(self) -> None:
        """Start again what has ended by itself, PostgreSQL first.

        Raises PlatformError for what ends again and again.
        """
        if self._postgres is not None and self._postgres.revive():
            log.error("a part ended and was started again", part="PostgreSQL")
            again = self._postgres_lives.died()
            self._postgres_lives.reborn()
            if not again:
                raise PlatformError(
                    f"PostgreSQL ended by itself {self._postgres_lives.count} times",
                    where=str(self.settings.home / "postgres" / "log"),
                    do="Read the log, mend the cause and start again",
                )
        self._supervisor.tend()

    def wait(self, seconds: float = float("inf")) -> None:
        """Stay until the time is over, and look after the parts meanwhile; see ``check``."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.check()
            time.sleep(min(0.5, max(0.0, end - time.monotonic())))

    def _start(self) -> None:
        began = time.monotonic()

        def lap(name: str) -> None:
            self.timings[name] = round(time.monotonic() - began, 2)

        require_free_port(self.ports.door, "the door")
        require_free_port(self.ports.airflow, "Airflow")
        if self.ports.status is not None:
            require_free_port(self.ports.status, "the operator's page")
        atexit.register(self.stop)
        self.settings.home.mkdir(parents=True, exist_ok=True)
        # Before the database runs: what was landed or kept was written with keys.
        used = any(any(folder.glob("*")) for folder in (self.settings.landing_dir, self.settings.pages_dir))
        Keys.ensure(self.settings.key_dir, used=used)
        postgres = EmbeddedPostgres(self.settings.home / "postgres")
        self._open.callback(postgres.stop)
        self.telling.starts("PostgreSQL", "" if postgres.exists else "its first start makes a database")
        postgres.start()
        self._postgres = postgres
        self.telling.answers("PostgreSQL")
        postgres.create(LEDGER_DATABASE, AIRFLOW_DATABASE)
        if not self.settings.ledger_url:
            self.settings = self.settings.model_copy(update={"ledger_url": postgres.url(LEDGER_DATABASE)})
        lap("postgres")
        self._open.enter_context(self._supervisor)
        airflow = Airflow(self.settings, self._supervisor, postgres, self.ports.airflow, self._dags(), self.telling)
        # Airflow's imports are the long pole: everything else is done beside them.
        self.telling.starts("Airflow", "the longest part: half a minute on a laptop")
        airflow.start()
        with ThreadPoolExecutor() as beside:
            connections = beside.submit(self._start_systems, postgres)
            migrate(self.settings.ledger_url)
            lap("ledger")
            self.telling.line("the ledger is up to date")
            self.telling.starts("the door")
            self._supervisor.start(self._door())
            for listener in self.listeners():
                self._supervisor.start(listener)
            airflow.go({**self.environment, **connections.result()})
            lap("systems")
        self._supervisor.wait_ready("door")
        lap("door")
        self.telling.answers("the door", self.door_url)
        airflow.wait()
        lap("airflow")
        self.telling.answers("Airflow", self.airflow_url)
        if self.ports.status is not None:
            self._supervisor.start(self._lookout(self.ports.status))

    def _start_systems(self, postgres: EmbeddedPostgres) -> Mapping[str, str]:
        if self.systems is None:
            return {}
        postgres.create(SIMULATOR_DATABASE)
        self.telling.starts("the simulator", "the agencies' systems")
        self.simulator = self.systems(postgres.url(SIMULATOR_DATABASE))
        self._open.callback(self.simulator.stop)
        self.simulator.start()
        found = self.simulator.connections()
        self.telling.answers("the simulator")
        return {f"PILAR_CONN_{name.upper()}": json.dumps(value) for name, value in found.items()}

    def listeners(self) -> Sequence[Service]:
        """What brings events beside the door: the relay, where queues are named or files announce a source."""
        if not (queue_names() or has_drops(self.settings)):
            return ()
        relay = Service(
            name="relay",
            command=(sys.executable, "-m", "pilar.platform.relay", "--with-parent"),
            log=self.settings.log_dir / "relay.log",
            environment={**base_environment(self.settings), **self.environment},
        )
        return (relay,)

    def _door(self) -> Service:
        def answers() -> bool:
            try:
                return httpx.get(f"{self.door_url}/health", trust_env=False, timeout=5).is_success
            except httpx.HTTPError:
                return False

        return Service(
            name="door",
            command=(sys.executable, "-m", "pilar.platform.door", str(self.ports.door), "--with-parent"),
            log=self.settings.log_dir / "door.log",
            environment={
                **base_environment(self.settings),
                **self.environment,
                "PILAR_AIRFLOW_URL": self.airflow_url,
            },
            ready=answers,
        )

    def _lookout(self, port: int) -> Service:
        return Service(
            name="alerts",
            command=(sys.executable, "-m", "pilar.platform.alerts", str(port), "--with-parent"),
            log=self.settings.log_dir / "alerts.log",
            environment={
                **base_environment(self.settings),
                **self.environment,
                "PILAR_AIRFLOW_URL": self.airflow_url,
                "PILAR_DOOR_URL": self.door_url,
            },
        )

    def _dags(self) -> frozenset[str]:
        agencies = {path.parent.name for path in self.settings.sources_dir.glob("*/*.yaml")}
        return dag_ids(agencies)


@contextmanager
def _stop_on_sigterm() -> Iterator[None]:
    """SIGTERM unwinds like Ctrl-C does, so that the context is left in order."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def unwind(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, unwind)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
