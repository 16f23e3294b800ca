"""Every service of docker-compose.yml, run as a process with exactly the environment that the file declares.

What this cannot show, because there is no container: the image, Compose's own reading of the file, and the limits.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest

from events.airflow_client import AirflowClient, AirflowError
from ledger.names import agency_asset, dag_ids
from ledger.settings import REPOSITORY
from pilar.platform.airflow_settings import POOL
from pilar.platform.processes import Service as Process
from pilar.platform.processes import Supervisor
from tests.deploy import compose
from tests.deploy.native import PORTS, Machine
from tests.ports import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

TASK_SECONDS = 120
# Asking all the time would slow down what is starting.
HEALTH_CHECK_SECONDS = 0.5


@dataclass(frozen=True)
class Installation:
    """What was started, and what it was started with."""

    machine: Machine
    services: Mapping[str, compose.Service]
    values: Mapping[str, str]

    def airflow(self, user: str, password: str | None = None) -> AirflowClient:
        """Airflow's API as one of its two users."""
        word = self.values[f"AIRFLOW_{user.upper()}_PASSWORD"] if password is None else password
        return AirflowClient(self.url("8080"), username=user, password=word)

    def url(self, port: str) -> str:
        """Where the service with this port listens here."""
        return f"http://127.0.0.1:{self.machine.ports[port]}"

    def database(self, user: str, password: str, name: str) -> str:
        """The address of a database, as the services use it."""
        return f"postgresql://{user}:{password}@127.0.0.1:{self.machine.ports['5432']}/{name}"


@pytest.fixture(scope="module")
def installation(postgres_url: str) -> Iterator[Installation]:
    """All services, started in their order. (``postgres_url``: the wheel makes its user and opens its own folders.)"""
    written = subprocess.run(
        [REPOSITORY / "deploy" / "new-env", "35.07,64.02"], capture_output=True, text=True, check=True
    ).stdout
    values = dict(re.findall(r"^([A-Z_]+)=(.*)$", written, re.MULTILINE))
    root = Path(tempfile.mkdtemp(prefix="pilar-deploy-"))
    found = Installation(Machine(root, {port: free_port() for port in PORTS}), compose.services(values), values)
    try:
        with Supervisor() as supervisor:
            started: set[str] = set()
            for service in found.services.values():
                assert set(service.needs) <= started, f"{service.name} stands before what it needs"
                _start(found, supervisor, service)
                started.add(service.name)
            began = time.monotonic()
            for service in found.services.values():
                if service.health:
                    supervisor.wait_ready(service.name)
            sys.stdout.write(f"\nevery service is healthy {time.monotonic() - began:.0f} s after its start\n")
            yield found
            supervisor.check()
            # As Compose does: what others do not need is stopped at the same time.
            needed = {name for service in found.services.values() for name in service.needs}
            for service in found.services.values():
                if service.health and service.name not in needed:
                    os.kill(supervisor.pid(service.name), signal.SIGTERM)
    finally:
        found.machine.remove()


def _start(found: Installation, supervisor: Supervisor, service: compose.Service) -> None:
    machine = found.machine
    machine.prepare(service)
    if not service.health:
        done = machine.run(service, service.command, seconds=300)
        assert done.returncode == 0, done.stdout + done.stderr
        return
    if service.name == "postgres":
        machine.first_start_of_postgres(service)
    supervisor.start(
        Process(
            name=service.name,
            command=machine.command(service, service.command),
            log=machine.root / f"{service.name}.log",
            environment=machine.environment(service),
            ready=lambda: _is_healthy(machine, service),
            silent_seconds=service.patience_seconds,
            grace_seconds=service.grace_seconds,
        )
    )
    if service.name == "postgres":
        supervisor.wait_ready("postgres")
        machine.run_first_sql(service)


def _is_healthy(machine: Machine, service: compose.Service) -> bool:
    healthy = machine.run(service, service.health).returncode == 0
    if not healthy:
        time.sleep(HEALTH_CHECK_SECONDS)
    return healthy


def test_every_service_passes_its_own_health_check(installation: Installation) -> None:
    for service in installation.services.values():
        said = ""
        for _ in range(service.retries):
            done = installation.machine.run(service, service.health)
            said = done.stderr
            if done.returncode == 0:
                break
        else:
            assert not service.health, f"{service.name}: {said}"


def test_a_service_writes_into_its_mounts_only(installation: Installation) -> None:
    scheduler = installation.services["scheduler"]
    for path in ("/srv/pilar/data/x", "/srv/airflow/x", "/tmp/x"):  # noqa: S108 -- the service's own
        assert installation.machine.run(scheduler, ["touch", path]).returncode == 0, path
    for path in ("/srv/x", "/srv/pilar/x"):
        assert installation.machine.run(scheduler, ["touch", path]).returncode != 0, path


def test_each_database_lets_its_owner_in_and_nobody_else(installation: Installation) -> None:
    ledger, airflow = (installation.values[f"{name}_PASSWORD"] for name in ("PILAR_LEDGER", "AIRFLOW_DATABASE"))
    with psycopg.connect(installation.database("pilar", ledger, "pilar")) as connection:
        assert connection.execute("select count(*) from event").fetchone() is not None
    refused = [("pilar", ledger, "airflow"), ("airflow", airflow, "pilar"), ("pilar", "wrong", "pilar")]
    for user, password, name in refused:
        with pytest.raises(psycopg.OperationalError, match=r"permission denied|authentication failed"):
            psycopg.connect(installation.database(user, password, name))


def test_the_door_may_post_events_and_nothing_else(installation: Installation) -> None:
    opd = next(path.name for path in sorted((REPOSITORY / "connectors" / "sources").iterdir()) if path.is_dir())
    with installation.airflow("door") as door:
        _soon(lambda: door.post_event(agency_asset(opd), "no_such_source"))
        for path in ("/api/v2/dags", "/api/v2/variables", "/api/v2/connections"):
            with pytest.raises(AirflowError, match="403"):
                door.get(path)
    with installation.airflow("door", "wrong") as stranger, pytest.raises(AirflowError, match="401"):
        stranger.get("/api/v2/assets")
    assert httpx.get(f"{installation.url('8080')}/api/v2/assets", trust_env=False).status_code == 401


def test_every_dag_is_read_and_a_task_reaches_the_ledger(installation: Installation) -> None:
    with installation.airflow("admin") as admin:
        assert admin.get("/api/v2/importErrors")["import_errors"] == []
        agencies = {path.parent.name for path in (REPOSITORY / "connectors" / "sources").glob("*/*.yaml")}
        assert admin.get(f"/api/v2/pools/{POOL}")["slots"] == 1
        known = {dag["dag_id"] for dag in admin.get("/api/v2/dags", limit=100)["dags"]}
        assert known == dag_ids(agencies)
    login = {"username": "admin", "password": installation.values["AIRFLOW_ADMIN_PASSWORD"]}
    with httpx.Client(base_url=installation.url("8080"), trust_env=False, timeout=20) as browser:
        token = browser.post("/auth/token", json=login).json()["access_token"]
        browser.headers["Authorization"] = f"Bearer {token}"
        run = browser.post("/api/v2/dags/watch/dagRuns", json={"logical_date": None})
        assert run.is_success, run.text
        path = f"/api/v2/dags/watch/dagRuns/{run.json()['dag_run_id']}/taskInstances/look"
        deadline = time.monotonic() + TASK_SECONDS
        while (state := browser.get(path).json().get("state")) not in ("success", "failed", "upstream_failed"):
            assert time.monotonic() < deadline, state
            time.sleep(0.5)
        assert state == "success"


def test_the_first_steps_can_be_repeated(installation: Installation) -> None:
    init = installation.services["init"]
    keys = installation.machine.root / "volumes" / "keys" / "page.key"
    before = keys.read_text()
    done = installation.machine.run(init, init.command, seconds=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert keys.read_text() == before
    shown = done.stdout + done.stderr
    assert not [name for name, value in installation.values.items() if len(value) > 40 and value in shown]


def test_the_ledger_can_be_backed_up_and_restored(installation: Installation) -> None:
    postgres, run = installation.services["postgres"], installation.machine.run
    dump = "/tmp/pilar.dump"  # noqa: S108 -- the service's own
    who = ["--host", "/var/run/postgresql", "--username", "postgres"]
    steps = [
        ["pg_dump", *who, "--format", "custom", "--file", dump, "pilar"],
        ["pg_restore", *who, "--dbname", "pilar", "--clean", "--if-exists", dump],
    ]
    for words in steps:
        done = run(postgres, words)
        assert done.returncode == 0, done.stderr
    password = installation.values["PILAR_LEDGER_PASSWORD"]
    with psycopg.connect(installation.database("pilar", password, "pilar")) as connection:
        assert connection.execute("select count(*) from event").fetchone() is not None


def _soon(act: Callable[[], None], seconds: float = 60) -> None:
    """Airflow knows an asset when its DAG has been read."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return act()
        except AirflowError as error:
            if not error.unknown or time.monotonic() > deadline:
                raise
        time.sleep(0.5)
