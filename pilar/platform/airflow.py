"""Airflow's services as one thing to start: its database brought up to date, its four processes, and how they feel."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from events.airflow_client import AirflowClient, AirflowError
from ledger.settings import Settings
from pilar.platform.airflow_host import Orders
from pilar.platform.airflow_settings import LOOPBACK, POOL, airflow_environment, airflow_version, prepare_home
from pilar.platform.errors import PlatformError
from pilar.platform.postgres import EmbeddedPostgres
from pilar.platform.processes import Service, Supervisor, size_of
from pilar.platform.telling import Telling

DATABASE = "airflow"
NAME = "airflow"
PARTS = ("scheduler", "dag_processor", "triggerer")
# The API first: the others report to it, and it is stopped last. Logs are read from the disk, so nobody serves them.
SERVICES = (("api-server",), ("scheduler", "--skip-serve-logs"), ("dag-processor",), ("triggerer", "--skip-serve-logs"))
# What is written at a start, and not for our own questions: the API writes a line for each.
LOGS = tuple(f"airflow-{name}.log" for name, *_ in SERVICES[1:])
# A machine that is 20 times slower than a laptop forks, imports and parses for that long without a word.
SILENT_SECONDS = 300.0
FIRST_START = (("db", "migrate"), ("pools", "set", POOL, "1", "one writer of the warehouse at a time"))


@dataclass
class Airflow:
    """Airflow on one machine. ``start`` returns at once, ``wait`` when everything is healthy and every DAG is known."""

    settings: Settings
    supervisor: Supervisor
    postgres: EmbeddedPostgres
    port: int
    expected_dags: frozenset[str]
    telling: Telling = field(default_factory=Telling, repr=False)
    _state: str = "imports"
    _began: datetime = field(default_factory=lambda: datetime.now(UTC))
    _warm: bool = False
    _client: AirflowClient = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._client = AirflowClient(self.url)

    @property
    def url(self) -> str:
        """The address of Airflow's pages and of its API."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def log_dir(self) -> Path:
        """Where each service writes its own log."""
        return self.settings.log_dir

    def start(self) -> None:
        """Start importing; the services wait for ``go``."""
        prepare_home(self.settings.home / "airflow")
        self._began = datetime.now(UTC)
        self.supervisor.start(
            Service(
                name=NAME,
                command=(sys.executable, "-m", "pilar.platform.airflow_host"),
                log=self.log_dir / "airflow.log",
                environment=airflow_environment(self.settings, self.postgres.url(DATABASE), self.port),
                ready=self._is_ready,
                progress=self._progress,
                silent_seconds=SILENT_SECONDS,
                grace_seconds=25,
            )
        )

    def go(self, environment: Mapping[str, str]) -> None:
        """Start the services, with more environment for the tasks; migrates first where the database is older."""
        migrated = self.postgres.label(DATABASE) == airflow_version()
        orders = Orders(
            environment=dict(environment),
            first=() if migrated else FIRST_START,
            services=SERVICES,
            log_dir=str(self.log_dir),
        )
        self.supervisor.tell(NAME, orders.line())

    def wait(self) -> None:
        """Wait until all is healthy. Raises PlatformError that quotes what went wrong, also for a DAG file that cannot
        be loaded.
        """
        with self._client:
            self.supervisor.wait_ready(NAME)
        self.postgres.set_label(DATABASE, airflow_version())

    def _is_ready(self) -> bool:
        try:
            if not self._warm:
                # The first request makes Airflow build its interface for tasks, which takes 2 s and more: now, while
                # the scheduler is still importing, and not when the first task asks.
                self._client.get("/execution/health")
                self._warm = True
            reported = self._reported(self._client.get("/api/v2/monitor/health"))
            if len(reported) < len(PARTS):
                return self._is_at(f"its API answers, {len(reported)} of its {len(PARTS)} other parts report")
            self._refuse_broken_files(self._client.get("/api/v2/importErrors"))
            dags = {dag["dag_id"] for dag in self._client.get("/api/v2/dags", limit=1000)["dags"]}
        except AirflowError:
            return False
        known = len(self.expected_dags & dags)
        self._is_at(f"all parts report, {known} of {len(self.expected_dags)} DAGs are known")
        return known == len(self.expected_dags)

    def _is_at(self, state: str) -> bool:
        """Note how far it is. False: not ready."""
        if state != self._state:
            self._state = state
            self.telling.state(NAME.title(), state)
        return False

    def _progress(self) -> object:
        return self._state, [size_of(self.log_dir / name) for name in LOGS]

    def _reported(self, health: Mapping[str, Any]) -> Sequence[str]:
        """The healthy parts that have reported since the start: a killed one counts as healthy for half a minute."""
        return [part for part in PARTS if health[part]["status"] == "healthy" and self._beat_since(health[part], part)]

    def _beat_since(self, told: Mapping[str, Any], part: str) -> bool:
        heartbeat = told[f"latest_{part}_heartbeat"]
        return heartbeat is not None and datetime.fromisoformat(heartbeat) >= self._began

    def _refuse_broken_files(self, errors: Mapping[str, Any]) -> None:
        for error in errors["import_errors"]:
            last = error["stack_trace"].strip().splitlines()[-1]
            raise PlatformError(f"a DAG file cannot be loaded: {last}", where=error["filename"], do="Mend the file")
