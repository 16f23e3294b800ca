"""A real MariaDB of the tests' own: a private instance on loopback, with TLS, gone with the test session."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pymysql

from tests.connectors.certificates import certificate

BINARIES = ("mariadbd", "mariadb-install-db")
_START_S = 30


@dataclass(frozen=True)
class Server:
    """Where it listens, whom it trusts, and its superuser's socket."""

    port: int
    ca: str
    socket: str
    folder: Path

    def run(self, *statements: str) -> None:
        """Statements of the superuser."""
        with pymysql.connect(unix_socket=self.socket, user="root", autocommit=True) as session, session.cursor() as at:
            for statement in statements:
                at.execute(statement)


def binary(name: str) -> str | None:
    """The path of one of the server's programs, None where the package is not installed."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """A server on an empty data folder. Raises TimeoutError with its log when it does not start."""
    data, log, place = folder / "data", folder / "log", folder / "s"
    cert, key = certificate(folder)
    small = ["--no-defaults", f"--datadir={data}", "--user=root", "--innodb-buffer-pool-size=16M"]
    small += ["--innodb-log-file-size=4M", "--innodb-flush-log-at-trx-commit=0", "--performance-schema=OFF"]
    install = [str(binary("mariadb-install-db")), *small, "--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run(install, check=True, capture_output=True, timeout=60)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    secure = [f"--ssl-cert={cert}", f"--ssl-key={key}", f"--ssl-ca={cert}"]
    listen = [f"--port={port}", "--bind-address=127.0.0.1", f"--socket={place}", f"--pid-file={folder / 'pid'}"]
    command = [str(binary("mariadbd")), *small, *secure, *listen, f"--log-error={log}", "--skip-name-resolve"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait(place, process, log)
            yield Server(port, str(cert), str(place), folder)
        finally:
            process.kill()


def _wait(place: Path, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until and process.poll() is None:
        try:
            pymysql.connect(unix_socket=str(place), user="root").close()
        except pymysql.MySQLError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"MariaDB did not start: {log.read_text()[-2000:] if log.exists() else 'no log'}")
