"""Servers that nobody here wrote, on this machine only, with the real tables behind them."""

import asyncio
import csv
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import asyncssh
import psycopg
from psycopg import sql

LOGIN, PASSWORD = "pembaca", "sandi-berkas-9f2d"
_PATIENCE_S = 60


# -- a data portal ----------------------------------------------------------------------------------------------------


def load_sqlite(folder: Path, database: Path) -> None:
    """Every CSV of a folder as a table of texts, named like its file."""
    connection = sqlite3.connect(database)
    with connection:
        for path in sorted(folder.glob("*.csv")):
            header, *rows = read_csv(path)
            columns = ", ".join(f'"{name}" TEXT' for name in header)
            connection.execute(f'CREATE TABLE "{path.stem}" ({columns})')
            connection.executemany(f'INSERT INTO "{path.stem}" VALUES ({", ".join("?" * len(header))})', rows)
    connection.close()


@contextmanager
def datasette(database: Path, log: Path) -> Iterator[str]:
    """Datasette over a SQLite file, in a process of its own. Yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "datasette", "serve", str(database), "--host", "127.0.0.1", "--port", str(port)]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            _wait_for(f"{url}/-/versions.json", process, log)
            yield url
        finally:
            process.terminate()


def _wait_for(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    started = time.monotonic()
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own loopback address
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            late = time.monotonic() - started > _PATIENCE_S
            if late or process.poll() is not None:
                raise RuntimeError(f"datasette did not start: {log.read_text()[-2000:]}") from None
            time.sleep(0.1)


# -- a database -------------------------------------------------------------------------------------------------------


def load_budgets(folder: Path, url: str) -> None:
    """Every budget table as rows of text; folder and file name become columns, so do the lines' numbers."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "CREATE TABLE apbd (tahun text, pemda text, baris text, akun text, anggaran text, realisasi text, "
            "persentase text)"
        )
        with connection.cursor().copy("COPY apbd FROM STDIN") as copy:
            for path in sorted(folder.glob("[0-9][0-9][0-9][0-9]/*.csv")):
                _, *rows = read_csv(path)
                for number, row in enumerate(rows, start=1):
                    copy.write_row((path.parent.name, path.stem, str(number), *row))


@contextmanager
def database(server_url: str, name: str) -> Iterator[None]:
    """A database on a PostgreSQL server, gone afterwards."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


# -- a drop of files --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Drop:
    """Where an SFTP server listens, and the public half of its key."""

    url: str
    host_key: str


class _Login(asyncssh.SSHServer):
    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (LOGIN, PASSWORD)


class _Reading(asyncssh.SFTPServer):
    """Files can be opened for reading; the folder is somebody else's."""

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        if pflags & ~asyncssh.FXF_READ:
            self._deny()
        return super().open(path, pflags, attrs)

    def _deny(self, *_arguments: Any, **_named: Any) -> NoReturn:
        raise asyncssh.SFTPPermissionDenied("read only")

    remove = rename = posix_rename = mkdir = rmdir = symlink = link = setstat = _deny


@contextmanager
def sftp(folder: Path) -> Iterator[Drop]:
    """An SFTP server on a folder as it lies, in a thread."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    loop, ready, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    ports: list[int] = []

    async def serve() -> None:
        acceptor = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[key],
            server_factory=_Login,
            sftp_factory=lambda channel: _Reading(channel, chroot=str(folder).encode()),
            encoding=None,
        )
        ports.append(acceptor.get_port())
        ready.set()
        await stop.wait()
        acceptor.close()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert ready.wait(_PATIENCE_S)
    try:
        yield Drop(f"sftp://127.0.0.1:{ports[0]}", key.export_public_key().decode())
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(5)


def read_csv(path: Path, delimiter: str = ",") -> list[list[str]]:
    """The lines of a CSV file as texts, header first."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, delimiter=delimiter))
