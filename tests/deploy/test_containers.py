"""docker-compose.yml, run in containers: built, brought up, used, killed, upgraded, and brought down and up again.

The tests are one story, in the order of the file. Docker and Compose are real. The two images that would be pulled are
made by tests/deploy/containers.py, since nothing can be pulled where tests run.
"""

import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from events.airflow_client import AirflowClient, AirflowError
from ledger.names import agency_asset, dag_ids
from ledger.settings import REPOSITORY
from pilar.platform.airflow_settings import POOL
from simulator.push import post_event
from simulator.server import Simulator
from tests.deploy import compose
from tests.deploy.containers import Place, engine, make_bases, make_place, why_not

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1500)]

SOURCE, AGENCY = "diskominfo_spbe", "diskominfo"
SECRET_NAME, SECRET = "PILAR_SECRET_DISKOMINFO_WEBHOOK", "whsec_cGlsYXIgdGVzdHMgb2YgY29udGFpbmVycw=="
UP = ("up", "--detach", "--wait", "--wait-timeout", "400")
SOON_SECONDS = 240
NEXT = "0.99.0"
NEXT_MIGRATION = """
revision = "9999"
down_revision = {head!r}
branch_labels = depends_on = None


def upgrade() -> None:
    from alembic import op

    op.execute("create table of_the_next_version (x int)")
"""


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """An installation in containers, made and started as docs/operations.md says."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    with engine(Path(tempfile.mkdtemp(prefix="pilar-containers-"))) as found:
        began = time.monotonic()
        make_bases(found)
        place = make_place(found, {"PILAR_CONN_DISKOMINFO": _connection()}, {SECRET_NAME: SECRET}, [SOURCE])
        based = time.monotonic()
        place.compose("build", seconds=900)
        built = time.monotonic()
        size = int(found.docker("image", "inspect", "--format", "{{.Size}}", _image(place)).stdout)
        try:
            place.compose(*UP, seconds=500)
            up = time.monotonic()
            told = (
                f"bases {based - began:.0f} s, image {built - based:.0f} s, up {up - built:.0f} s; {size / 1e6:.0f} MB"
            )
            sys.stdout.write(f"\nin containers: {told}\n")
            yield place
        except AssertionError as error:
            error.add_note(place.compose("logs", "--tail", "15", check=False).stdout[-8000:])
            raise
        finally:
            place.compose("down", "--volumes", "--timeout", "1", check=False)


def _connection() -> str:
    """How the scheduler reaches the simulated agency, which listens in its container."""
    with Simulator() as simulator:
        found = simulator.connections()[AGENCY]
        return json.dumps({**found, "url": found["url"].replace(simulator.base_url, "http://127.0.0.1:8100")})


def _image(place: Place) -> str:
    return f"pilar:{place.values['PILAR_VERSION']}"


def _services() -> Mapping[str, Mapping[str, Any]]:
    """Those that start without a profile."""
    return {name: raw for name, raw in compose.document()["services"].items() if "profiles" not in raw}


LASTING = tuple(name for name in _services() if name != "init")


def test_every_service_is_healthy_and_the_first_steps_have_ended(place: Place) -> None:
    for name in LASTING:
        state = place.inspect(name)["State"]
        assert state["Health"]["Status"] == "healthy", name  # type: ignore[index]
    assert place.inspect("init")["State"]["ExitCode"] == 0  # type: ignore[index]
    assert place.run("door", "pilar", "--version").stdout.startswith("pilar ")


def test_the_image_holds_what_the_lock_names_and_no_tool_of_the_tests(place: Place) -> None:
    code = "import importlib.metadata as m; print('\\n'.join(f\"{d.name}=={d.version}\" for d in m.distributions()))"
    found = {_folded(line) for line in place.run("door", "python", "-c", code).stdout.split()}
    locked = {
        _folded(line.split()[0])
        for line in (REPOSITORY / "requirements.lock").read_text().splitlines()
        if "==" in line and not line.startswith((" ", "#"))
    }
    assert {name for name in found if not name.startswith("pilar==")} <= locked
    assert not {"pytest", "playwright", "mypy", "ruff"} & {name.partition("==")[0] for name in found}


def _folded(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-", name.partition("==")[0].count("."))


def test_each_service_has_the_rights_and_limits_of_the_file(place: Place) -> None:
    for name in LASTING:
        raw, found = _services()[name], place.inspect(name)
        rights = place.run(name, "cat", "/proc/self/status").stdout
        assert dict(line.split(":\t") for line in rights.splitlines() if line[:3] in ("Cap", "NoN")) == {
            **dict.fromkeys(("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"), "0" * 16),
            "NoNewPrivs": "1",
        }, name
        assert place.run(name, "id", "-u").stdout.strip() == raw["user"].split(":")[0]
        limits, host = raw["deploy"]["resources"]["limits"], found["HostConfig"]
        assert isinstance(host, dict)
        assert host["PidsLimit"] == limits["pids"], name
        assert host["NanoCpus"] == int(limits["cpus"]) * 10**9, name
        assert host["Memory"] == _bytes(limits["memory"]), name
        assert host["ReadonlyRootfs"], name
        assert place.run(name, "touch", "/opt/x", check=False).returncode != 0, name


def _bytes(said: str) -> int:
    return int(said[:-1]) * {"m": 1024**2, "g": 1024**3}[said[-1]]


def test_a_service_writes_into_its_own_mounts_only(place: Place) -> None:
    writable = {
        "scheduler": ("/srv/pilar/data", "/srv/pilar/data/published", "/srv/airflow", "/srv/airflow/logs", "/tmp"),  # noqa: S108
        "postgres": ("/var/lib/postgresql", "/tmp"),  # noqa: S108
        "door": ("/tmp",),  # noqa: S108
    }
    read_only = {
        "scheduler": ("/srv/pilar/keys", "/srv/pilar", "/opt/pilar"),
        "postgres": ("/docker-entrypoint-initdb.d",),
        "door": ("/srv/pilar/data/published", "/srv/pilar/data", "/srv/pilar/keys"),
        "api": ("/srv/pilar/data/published",),
    }
    for folders, expected in ((writable, True), (read_only, False)):
        for name, paths in folders.items():
            for path in paths:
                done = place.run(name, "sh", "-c", f"touch {path}/x && rm {path}/x", check=False)
                assert (done.returncode == 0) is expected, f"{name}: {path}: {done.stderr}"
    assert place.run("scheduler", "sh", "-c", "cat /srv/pilar/keys/page.key | wc -c").stdout.strip() != "0"
    assert place.run("door", "ls", "/srv/pilar/keys").stdout == ""


def test_nobody_reaches_postgresql_from_outside(place: Place) -> None:
    settings = place.inspect("postgres")["NetworkSettings"]
    assert isinstance(settings, dict)
    assert not any(settings["Ports"].values())
    [network] = settings["Networks"]
    assert json.loads(place.engine.docker("network", "inspect", network).stdout)[0]["Internal"]


def test_each_database_lets_its_owner_in_and_nobody_else(place: Place) -> None:
    ledger, airflow = (place.values[f"{name}_PASSWORD"] for name in ("PILAR_LEDGER", "AIRFLOW_DATABASE"))
    assert _sql(place, "pilar", ledger, "pilar").returncode == 0
    for user, password, name in (("pilar", ledger, "airflow"), ("airflow", airflow, "pilar"), ("pilar", "x", "pilar")):
        refused = _sql(place, user, password, name)
        assert refused.returncode != 0
        assert "permission denied" in refused.stderr or "authentication failed" in refused.stderr


def _sql(place: Place, user: str, password: str, name: str, query: str = "select 1") -> "Any":
    who = ("--host", "postgres", "--username", user, "--dbname", name)
    words = ("exec", "--no-TTY", "--env", f"PGPASSWORD={password}", "postgres", "psql", "-XAt", *who, "-c", query)
    return place.compose(*words, check=False)


def _airflow(place: Place, user: str, password: str | None = None) -> AirflowClient:
    word = place.values[f"AIRFLOW_{user.upper()}_PASSWORD"] if password is None else password
    return AirflowClient(_url(place, "AIRFLOW"), username=user, password=word)


def _url(place: Place, which: str) -> str:
    return f"http://127.0.0.1:{place.values[f'{which}_PORT']}"


def test_the_door_may_post_events_and_nothing_else(place: Place) -> None:
    with _airflow(place, "door") as door:
        _soon(lambda: _posted(door))
        for path in ("/api/v2/dags", "/api/v2/variables", "/api/v2/connections"):
            with pytest.raises(AirflowError, match="403"):
                door.get(path)
    with _airflow(place, "door", "wrong") as stranger, pytest.raises(AirflowError, match="401"):
        stranger.get("/api/v2/assets")
    assert httpx.get(f"{_url(place, 'AIRFLOW')}/api/v2/assets", trust_env=False).status_code == 401


def _posted(door: AirflowClient) -> bool:
    """Airflow knows an asset when its DAG has been read."""
    try:
        door.post_event(agency_asset(AGENCY), "no_such_source")
    except AirflowError as error:
        if not error.unknown:
            raise
        return False
    return True


def test_every_dag_is_read(place: Place) -> None:
    with _airflow(place, "admin") as admin:
        assert admin.get("/api/v2/importErrors")["import_errors"] == []
        assert admin.get(f"/api/v2/pools/{POOL}")["slots"] == 1
        known = {dag["dag_id"] for dag in admin.get("/api/v2/dags", limit=100)["dags"]}
    assert known == dag_ids({AGENCY})


def test_a_signed_event_becomes_a_publication_that_readers_get(place: Place) -> None:
    assert _event(place) == 202
    _soon(lambda: _events(place) == {"done"})
    _soon(lambda: _published(place))
    answer = httpx.get(f"{_url(place, 'DOOR')}/published/", trust_env=False, follow_redirects=True)
    assert answer.status_code == 200
    assert "Kutai Kartanegara" in answer.text
    assert httpx.get(f"{_url(place, 'API')}/health", trust_env=False).status_code == 200
    place.run("scheduler", "pilar", "verify", "--pages")


def _event(place: Place) -> int:
    return post_event(f"{_url(place, 'DOOR')}/events", SOURCE, SECRET).status


def _events(place: Place) -> set[str]:
    """What became of the events of the source."""
    query = f"select status from event where source_id = '{SOURCE}'"
    return set(_sql(place, "pilar", place.values["PILAR_LEDGER_PASSWORD"], "pilar", query).stdout.split())


def _published(place: Place) -> str:
    """The id of the publication that readers get; empty where there is none."""
    done = place.run("door", "readlink", "/srv/pilar/data/published/current", check=False)
    return done.stdout.strip()


def _batches(place: Place) -> str:
    password = place.values["PILAR_LEDGER_PASSWORD"]
    return str(_sql(place, "pilar", password, "pilar", "select batch_id, status from batch order by 1").stdout)


def test_the_limits_suffice(place: Place) -> None:
    for name in LASTING:
        state = place.inspect(name)["State"]
        assert isinstance(state, dict)
        assert not state["OOMKilled"], name
        assert place.inspect(name)["RestartCount"] == 0, name


def test_the_first_steps_can_be_repeated(place: Place) -> None:
    keys = place.run("scheduler", "sha256sum", "/srv/pilar/keys/page.key").stdout
    done = place.compose("run", "--rm", "--no-TTY", "init")
    assert place.run("scheduler", "sha256sum", "/srv/pilar/keys/page.key").stdout == keys
    shown = done.stdout + done.stderr
    assert not [name for name, value in place.values.items() if len(value) > 40 and value in shown]


def test_a_killed_service_is_started_again(place: Place) -> None:
    before = _published(place)
    for name in LASTING:
        pid = place.inspect(name)["State"]["Pid"]  # type: ignore[index]
        os.kill(int(pid), signal.SIGKILL)
    for name in LASTING:
        _soon(lambda name=name: place.inspect(name)["State"]["Health"]["Status"] == "healthy")  # type: ignore[misc,index]
        assert place.inspect(name)["RestartCount"] == 1, name
    assert _published(place) == before
    assert _event(place) == 202


def test_the_next_version_starts_on_the_same_volumes_and_nothing_is_lost(place: Place) -> None:
    before, batches, old = _published(place), _batches(place), _image(place)
    versions = place.folder / "ledger" / "migrations" / "versions"
    head = max(path.name[:4] for path in versions.glob("0*.py"))
    (versions / "9999_next.py").write_text(NEXT_MIGRATION.format(head=head))
    place.values["PILAR_VERSION"] = NEXT
    place.write_env()
    place.compose("build", seconds=900)
    shared = [
        json.loads(place.engine.docker("image", "inspect", name).stdout)[0]["RootFS"]["Layers"]
        for name in (old, _image(place))
    ]
    # Packages are not built, shipped or stored again.
    assert shared[0][:5] == shared[1][:5]
    place.compose(*UP, seconds=500)
    assert place.inspect("door")["Config"]["Image"] == _image(place)  # type: ignore[index]
    password = place.values["PILAR_LEDGER_PASSWORD"]
    assert _sql(place, "pilar", password, "pilar", "select count(*) from of_the_next_version").stdout.strip() == "0"
    assert _published(place) == before
    assert batches.splitlines() == _batches(place).splitlines()[: len(batches.splitlines())]


def test_all_of_it_is_there_after_down_and_up(place: Place) -> None:
    before, batches = _published(place), _batches(place)
    place.compose("down")
    place.compose(*UP, "door", seconds=500)
    assert _published(place) == before
    assert _batches(place).startswith(batches)


def test_a_backup_is_restored_into_empty_volumes(place: Place) -> None:
    """As docs/operations.md says."""
    places = {name: place.engine.folder / name for name in ("backup", "backup-keys")}
    for folder in places.values():
        folder.mkdir(mode=0o700)
        os.chown(folder, 10001, 10001)
    mounts = [word for name, folder in places.items() for word in ("--volume", f"{folder}:/{name}")]
    once = ("run", "--rm", "--no-deps", "--no-TTY", *mounts)
    before, batches = _published(place), _batches(place)
    place.compose(*once, "scheduler", "pilar", "backup", "/backup", "--keys", "/backup-keys")
    assert not list(places["backup"].rglob("*.key"))
    place.compose("down", "--volumes")
    place.compose(*UP, "postgres")
    keys = ("--volume", f"{place.project}_keys:/srv/pilar/keys")
    place.compose(*once, *keys, "scheduler", "pilar", "restore", "/backup", "--keys", "/backup-keys")
    place.compose(*UP, seconds=500)
    assert _published(place) == before
    assert _batches(place).startswith(batches)
    place.run("scheduler", "pilar", "verify", "--pages")
    assert _event(place) == 202
    _soon(lambda: _batches(place) != batches)


def _soon(true: Callable[[], object], seconds: float = SOON_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not become so in time"
        time.sleep(1)
