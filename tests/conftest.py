"""What every test may ask for: a real PostgreSQL, a ledger in a database of its own, settings in a folder too."""

import os
import shutil
import uuid
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
import structlog
from pytest_socket import disable_socket, enable_socket, socket_allow_hosts
from sqlalchemy.pool import QueuePool

from ledger import engine
from ledger.keys import Keys
from ledger.migrate import migrate
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.platform.postgres import EmbeddedPostgres
from simulator.regions import REGIONS
from tests.spread import NETWORKED, in_order, spread_tests

# Their asserts say what they compared, as those of tests do.
pytest.register_assert_rewrite("tests.integration.course", "tests.integration.whole_course")

LOOPBACK = ["127.0.0.1", "::1", "localhost"]
DEMO_REGIONS = tuple(region.kemendagri for region in REGIONS)
RUN_FOLDER = pytest.StashKey[Path]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest and what tells most comes first."""
    items.sort(key=in_order)


@pytest.hookimpl(trylast=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Unit tests reach no network at all; the others reach this machine only."""
    if any(item.get_closest_marker(name) for name in NETWORKED):
        enable_socket()
        socket_allow_hosts(LOOPBACK, allow_unix_socket=True)
    else:
        disable_socket(allow_unix_socket=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where CI runs, no test of a fault may be skipped."""
    report = yield
    if report.skipped and item.get_closest_marker("fault") and os.environ.get("CI"):
        report.outcome, report.longrepr = "failed", f"a test of a fault was skipped: {call.excinfo}"
    return report


def pytest_runtest_teardown() -> None:
    """Leave the interpreter as it was for pytest's own work between tests."""
    enable_socket()


@pytest.fixture(scope="session", autouse=True)
def _never_wait_for_the_disk() -> Iterator[None]:
    """Nothing here has to survive the machine's fall; what a killed process wrote is there without waiting, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", os.fstat)  # refuses what is not open, as fsync does
        yield


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """A command that runs within a test says what is logged, and no later test is to hear of it."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture(scope="session", autouse=True)
def _the_regions_of_the_demo() -> Iterator[None]:
    """The installation of every test is about the demo's three regencies, unless it chooses its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PILAR_REGIONS", ",".join(DEMO_REGIONS))
        yield


def pytest_configure(config: pytest.Config) -> None:
    """Make a folder for the whole run, with the one PostgreSQL in it that the first test that asks starts."""
    config.stash[RUN_FOLDER] = spread_tests(config)
    # Two workers that ask at once would both make it, and one of them would fail.
    (config.stash[RUN_FOLDER] / "postgres").mkdir(exist_ok=True)


def pytest_unconfigure(config: pytest.Config) -> None:
    """The last process to leave stops the server. Where one was killed, it has not: stop it here."""
    if hasattr(config, "workerinput"):
        return
    folder = config.stash[RUN_FOLDER]
    if (folder / "postgres" / "postmaster.pid").exists():
        with EmbeddedPostgres(folder / "postgres"):
            pass
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of the PostgreSQL server of this run, shared by its workers (a unix socket: no network)."""
    with EmbeddedPostgres(request.config.stash[RUN_FOLDER] / "postgres") as server:
        url = server.url("postgres")
        hurry(url)
        yield url


def hurry(url: str) -> None:
    """Let a server commit without waiting for the disk, too."""
    with psycopg.connect(url, autocommit=True) as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum"):
            connection.execute(f"alter system set {name} = off")
        connection.execute("select pg_reload_conf()")


@pytest.fixture(scope="session")
def ledger_template(postgres_url: str) -> str:
    """A migrated database that each test's own is copied from: 20 times quicker than migrating each."""
    name, draft = "ledger_template", "ledger_draft"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        # The first worker makes it, the others wait.
        connection.execute("select pg_advisory_lock(1)")
        if connection.execute("select from pg_database where datname = %s", [name]).fetchone() is None:
            connection.execute(f"create database {draft}")
            migrate(database_url(postgres_url, draft))
            connection.execute(f"alter database {draft} rename to {name}")
    return name


@pytest.fixture
def ledger_url(postgres_url: str, ledger_template: str) -> Iterator[str]:
    """An empty ledger of this test's own."""
    name = f"ledger_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        # Copied by file, not block by block through the log: half the work.
        connection.execute(f"create database {name} template {ledger_template} strategy file_copy")
    url = database_url(postgres_url, name)
    with kept_connections(url):
        yield url
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")


@contextmanager
def kept_connections(url: str) -> Iterator[None]:
    """Ledgers at this address share connections. A pull asks some sixty times, and connecting costs more than asking.

    Processes that a test starts connect each time, as the platform's do.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "NullPool", QueuePool)
        shared = engine.make_engine(url)
    os.register_at_fork(after_in_child=partial(shared.dispose, close=False))
    each_time = engine.make_engine

    def make_engine(asked: str) -> sa.Engine:
        return shared if asked == url else each_time(asked)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "make_engine", make_engine)
        yield
    shared.dispose()


@pytest.fixture
def ledger(ledger_url: str) -> Ledger:
    """The ledger in this test's database."""
    return Ledger(ledger_url)


@pytest.fixture
def settings(tmp_path: Path, ledger_url: str) -> Settings:
    """An installation in this test's folder, with keys."""
    key_dir = tmp_path / "keys"
    Keys.ensure(key_dir)
    home = tmp_path / "home"
    home.mkdir()
    return Settings(home=home, ledger_url=ledger_url, key_dir=key_dir, regions=DEMO_REGIONS)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real public tables; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("PILAR_REAL_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("no real tables here: set PILAR_REAL_DATA to the folder that holds them")
    return folder


def database_url(server_url: str, database: str) -> str:
    """The address of another database on the same server."""
    head, _, query = server_url.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{database}?{query}" if query else f"{head.rsplit('/', 1)[0]}/{database}"
