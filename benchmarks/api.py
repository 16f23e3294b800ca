"""The interface against datasette with the same rows and nginx with the same bytes, on one core each.

``python -m benchmarks.api`` prints a Markdown table. It needs ``nginx`` and ``wrk`` (Debian: nginx-light, wrk). Load
comes over 100 connections from the other core, to all servers in turn, several rounds; medians are told.
"""

import argparse
import json
import os
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

import duckdb

from publication.build import publish
from publication.pointer import swap
from publication.tables import DUCKDB_FILE
from tests.ports import free_port

CONNECTIONS = 100
SERVER_CORE, LOAD_CORE = "0", "1"
SCORES = "scores/questions?region_code=35.07"
REGION = "regions/35.07"
HISTORY = "values?region_code=35.07&format=parquet"

SERVE = """
import sys
from pathlib import Path
from api import server
from api.answers import AnswerCache
from api.app import create_app
from api.audit import Audit
from api.front import Desk
from api.identity import Bearers
from api.keys import Keyring
from api.library import Library
from api.rates import Rates
from tests.ports import free_port
desk = Desk(Library(Path(sys.argv[1])), Bearers(Keyring(lambda key: None)), Rates(), Audit(lambda counts: None),
            AnswerCache())
server.serve(create_app(desk), desk.quick, "127.0.0.1", int(sys.argv[2]))
"""
NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log stderr error;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; open_file_cache max=1000;
  default_type application/json;
  server {{ listen 127.0.0.1:{port}; root {folder}/files; }}
}}
"""


@dataclass(frozen=True)
class Measured:
    """Requests a second and the 99th percentile in milliseconds."""

    rate: float
    p99: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. Returns 0, or 2 where a program is missing."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.api", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    chosen = parser.parse_args(arguments)
    missing = [name for name in ("nginx", "wrk", "taskset") if shutil.which(name) is None]
    if missing:
        sys.stderr.write(f"{', '.join(missing)}: not installed (Debian: nginx-light, wrk, util-linux)\n")
        return 2
    with tempfile.TemporaryDirectory(prefix="pilar-benchmark-") as place:
        sys.stdout.write(report(measured(Path(place), chosen.rounds, chosen.seconds)) + "\n")
    return 0


def measured(place: Path, rounds: int, seconds: int) -> dict[str, list[Measured]]:
    """Every way in turn, round after round."""
    folder = place / "published"
    published = _published(place, folder)
    files = place / "files"
    files.mkdir()
    rows = place / "rows.db"
    _sqlite(published, rows)
    with ExitStack() as servers:
        ours = servers.enter_context(_server([sys.executable, "-c", SERVE, str(folder)], "/health"))
        same = {"scores.json": SCORES, "region.json": REGION, "history.parquet": HISTORY}
        for name, asked in same.items():
            (files / name).write_bytes(_get(f"{ours}/v1/{asked}"))
        nginx = servers.enter_context(_nginx(place))
        arguments = [sys.executable, "-m", "datasette", "serve", "--immutable", str(rows), "--setting"]
        datasette = servers.enter_context(_server([*arguments, "num_sql_threads", "3", "--port"], "/-/versions.json"))
        ways = {
            "scores, interface": f"{ours}/v1/{SCORES}",
            "scores, nginx": f"{nginx}/scores.json",
            "scores, datasette": f"{datasette}/rows/question_scores.json?region_code=35.07&_shape=array",
            "region, interface": f"{ours}/v1/{REGION}",
            "region, nginx": f"{nginx}/region.json",
            "history, interface": f"{ours}/v1/{HISTORY}",
            "history, nginx": f"{nginx}/history.parquet",
        }
        _same(ways)
        found: dict[str, list[Measured]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, url in ways.items():
                found[name].append(_load(url, seconds))
    return found


def _same(ways: dict[str, str]) -> None:
    """What is compared must be the same: bytes beside nginx, and the same questions beside datasette."""
    for what in ("scores", "region", "history"):
        assert _get(ways[f"{what}, interface"]) == _get(ways[f"{what}, nginx"]), what
    rows = json.loads(_get(ways["scores, datasette"]))
    told = json.loads(_get(ways["scores, interface"]))["rows"]
    assert [row["question_key"] for row in told] == sorted(row["question_key"] for row in rows)


def report(found: dict[str, list[Measured]]) -> str:
    """A Markdown table, and the aims."""
    rate = {name: statistics.median(one.rate for one in all_) for name, all_ in found.items()}
    p99 = {name: statistics.median(one.p99 for one in all_) for name, all_ in found.items()}
    lines = ["| what | requests a second | p99, ms |", "|---|---|---|"]
    lines += [f"| {name} | {rate[name]:,.0f} | {p99[name]:.1f} |" for name in found]
    aims = {
        "scores: times datasette (aim: 20)": (rate["scores, interface"] / rate["scores, datasette"], 20.0),
        "scores: of nginx (aim: 0.25)": (rate["scores, interface"] / rate["scores, nginx"], 0.25),
        "region: of nginx (aim: 0.25)": (rate["region, interface"] / rate["region, nginx"], 0.25),
        "history as Parquet: of nginx (aim: 0.5)": (rate["history, interface"] / rate["history, nginx"], 0.5),
    }
    told = [f"{name}: {is_:.2f}{'' if is_ >= aim else ' MISSED'}" for name, (is_, aim) in aims.items()]
    for what in ("scores", "region"):
        slower = p99[f"{what}, interface"] / p99[f"{what}, nginx"]
        told.append(f"p99 of {what}, times nginx's (aim: at most 3): {slower:.2f}{'' if slower <= 3 else ' MISSED'}")
    return "\n".join([*lines, "", *told, f"load average: {os.getloadavg()[0]:.1f}"])


def _published(place: Path, folder: Path) -> Path:
    from tests.publication.sample_meta import sample_meta
    from tests.publication.sample_warehouse import build

    made = publish(build(place / "evaluation.duckdb"), sample_meta(), folder)
    swap(folder, made.id)
    return made.path


def _sqlite(published: Path, file: Path) -> None:
    """The scores of questions as datasette serves them, with an index on their key."""
    copy = file.with_suffix(".duckdb")
    shutil.copy(published / DUCKDB_FILE, copy)
    with duckdb.connect(str(copy), read_only=True) as connection:
        found = connection.execute("SELECT * EXCLUDE (batch_ids) FROM scores.question_scores")
        names = [column[0] for column in found.description or ()]
        rows = [[str(value) if value is not None else None for value in row] for row in found.fetchall()]
    with sqlite3.connect(file) as database:
        database.execute(f"CREATE TABLE question_scores ({', '.join(names)})")
        database.executemany(f"INSERT INTO question_scores VALUES ({', '.join('?' * len(names))})", rows)
        database.execute("CREATE INDEX of_a_region ON question_scores (region_code)")


def _get(url: str) -> bytes:
    with urlopen(Request(url), timeout=10) as answer:  # noqa: S310 (an address of this machine)
        body: bytes = answer.read()
        return body


@contextmanager
def _server(command: list[str], health: str) -> Iterator[str]:
    """A server on one core, told its port as the last word."""
    port = free_port()
    with _started([*command, str(port)], f"http://127.0.0.1:{port}", health) as address:
        yield address


@contextmanager
def _nginx(place: Path) -> Iterator[str]:
    port = free_port()
    (place / "nginx.conf").write_text(NGINX.format(folder=place, port=port))
    place.chmod(0o755)
    command = ["nginx", "-c", str(place / "nginx.conf")]
    with _started(command, f"http://127.0.0.1:{port}", "/scores.json") as address:
        yield address


@contextmanager
def _started(command: list[str], address: str, health: str) -> Iterator[str]:
    process = subprocess.Popen(["taskset", "-c", SERVER_CORE, *command], stdout=subprocess.DEVNULL)
    try:
        _wait(f"{address}{health}")
        yield address
    finally:
        process.terminate()
        process.wait(10)


def _wait(url: str) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            _get(url)
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def _load(url: str, seconds: int) -> Measured:
    """wrk on the other core. Raises RuntimeError where an answer was no 200."""
    command = ["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", url]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in told or "Socket errors" in told:
        raise RuntimeError(told)
    rate, p99 = re.search(r"Requests/sec:\s+([0-9.]+)", told), re.search(r"99%\s+([0-9.]+)(us|ms|s)", told)
    assert rate is not None
    assert p99 is not None
    return Measured(float(rate[1]), float(p99[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[p99[2]])


if __name__ == "__main__":
    sys.exit(main())
