"""The first hour of somebody who is not the demo: an installation, one real source, and a publication that verifies."""

import json
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import duckdb
import psycopg
import pytest

from ledger.regions import all_regions
from ledger.settings import REPOSITORY
from tests.conftest import database_url

pytestmark = pytest.mark.integration

KOTA_MALANG = "35.73"


@dataclass(frozen=True)
class Own:
    """An installation that `pilar init` made, and how it is spoken to: as a person would, in processes of its own."""

    home: Path

    def run(self, *words: str, code: int = 0, **more: str) -> str:
        """A command on it; what it said on standard output."""
        return pilar(*words, code=code, PILAR_HOME=str(self.home), **more)

    def published(self, sql: str) -> list[tuple[object, ...]]:
        """Rows of the current publication."""
        with duckdb.connect(str(self.home / "published" / "current" / "marts.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()


def pilar(*words: str, code: int = 0, **more: str) -> str:
    """Run `pilar` with nothing of this process's own installation."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PILAR_")}
    done = subprocess.run(
        [Path(sys.executable).parent / "pilar", *words],
        env={**environment, "COLUMNS": "200", **more},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == code, (words, done.stdout, done.stderr)
    return done.stdout if code == 0 else done.stderr


def lines_of(document: str) -> list[str]:
    """The commands with which a README begins an installation, without their remarks."""
    text = (REPOSITORY / document).read_text(encoding="utf-8")
    (block,) = [found for found in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) if "./run init" in found]
    return [line.partition("   #")[0].rstrip() for line in block.splitlines()]


@pytest.fixture(scope="module")
def first_hour(postgres_url: str) -> Iterator[tuple[Own, str]]:
    """What the README says, done by somebody who has nothing yet: the installation, and what was said on the way.

    (``postgres_url``: the wheel makes its user and opens its own folders.)
    """
    *lines, last = lines_of("README.md")
    assert last == "./run up"
    # A short path: PostgreSQL's user must be able to enter it, and pytest's own folder is closed to others.
    home = Path(tempfile.mkdtemp(prefix="pilar-somebody-"))
    home.chmod(0o711)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PILAR_")}
    done = subprocess.run(
        ["bash", "-e", "-c", "\n".join(lines)],
        cwd=REPOSITORY,
        env={**environment, "COLUMNS": "200", "HOME": str(home)},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    try:
        assert done.returncode == 0, (done.stdout, done.stderr)
        yield Own(home / "pilar"), done.stdout
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def own(first_hour: tuple[Own, str]) -> Own:
    """The installation."""
    return first_hour[0]


def test_both_readmes_begin_alike() -> None:
    assert lines_of("README.md") == lines_of("README.id.md")


def test_what_was_made_is_told_with_what_comes_next(first_hour: tuple[Own, str]) -> None:
    own, said = first_hour
    assert "The installation of Kota Malang is made." in said
    assert f"export PILAR_HOME={own.home}" in said


def test_an_installation_is_about_the_region_that_was_named(own: Own) -> None:
    settings = (own.home / "pilar.env").read_text(encoding="utf-8")
    assert "\nPILAR_REGIONS=35.73\n" in settings
    assert "Kota Malang, Jawa Timur (35.73, BPS 3573)" in settings
    assert "\nPILAR_TIMEZONE=Asia/Jakarta\n" in settings


def test_p6_keys_and_secrets_lie_beside_the_folder_and_are_the_owners_alone(own: Own) -> None:
    keys = own.home.with_name(own.home.name + "-keys")
    assert {path.name for path in keys.iterdir()} == {"pseudonym.key", "page.key", "secrets.env"}
    assert [path.name for path in keys.iterdir() if path.stat().st_mode & 0o077] == []
    secret = next(
        line.partition("=")[2] for line in (keys / "secrets.env").read_text().splitlines() if "WEBHOOK=" in line
    )
    assert secret.startswith("whsec_")
    files = [path for path in own.home.rglob("*") if path.is_file() and "postgres" not in path.parts]
    assert [path for path in files if secret.encode() in path.read_bytes()] == []


def test_p10_nothing_is_made_twice_and_nothing_in_the_project(own: Own) -> None:
    before = (own.home / "pilar.env").read_bytes()
    assert "an installation in this folder already" in pilar("init", str(own.home), "--region", "Kota Batu", code=2)
    assert (own.home / "pilar.env").read_bytes() == before
    inside = REPOSITORY / "somewhere"
    assert "does not lie in the project" in pilar("init", str(inside), "--region", "Kota Batu", code=2)
    assert not inside.exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--region", "malang"), "is the name of 2"),
        ((), "no region was given"),
        (("--region", "Kota Malang", "--timezone", "Asia/Nowhere"), "no time zone"),
        (("--region", "Kota Malang", "--database", "mysql://x"), "must be PostgreSQL"),
        (("--region", "Kota Malang", "--database", "postgresql:///none?host=/nowhere"), "cannot be reached"),
    ],
    ids=["ambiguous", "no region", "zone", "mysql", "no server"],
)
def test_p10_what_cannot_be_made_is_one_line_and_makes_no_installation(
    tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    said = pilar("init", str(tmp_path / "own"), *words, code=2)
    assert told in said
    assert not (tmp_path / "own" / "pilar.env").exists()


def test_what_no_option_says_is_asked(tmp_path: Path, postgres_url: str) -> None:
    """A name of several is asked again; Enter takes what is proposed. The ledger is the test's own server."""
    database = f"asked_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create database {database}")
    url = database_url(postgres_url, database)
    said = answered(["init", str(tmp_path / "own")], "malang", "kab malang", "kota batu", "", "", url)
    assert "is the name of 2" in said
    settings = (tmp_path / "own" / "pilar.env").read_text(encoding="utf-8")
    assert "\nPILAR_REGIONS=35.07,35.79\n" in settings
    assert "\nPILAR_TIMEZONE=Asia/Jakarta\n" in settings
    secrets = (tmp_path / "own-keys" / "secrets.env").read_text(encoding="utf-8")
    assert f"\nPILAR_LEDGER_URL={url}\n" in secrets
    assert not (tmp_path / "own" / "postgres").exists()
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"drop database {database} with (force)")


def answered(words: list[str], *answers: str) -> str:
    """Run `pilar` before a terminal, and type these answers; what it said."""
    ours, theirs = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PILAR_")}
    try:
        os.write(ours, "".join(f"{answer}\n" for answer in answers).encode())
        done = subprocess.run(
            [Path(sys.executable).parent / "pilar", *words],
            env={**environment, "COLUMNS": "200"},
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_p8_one_real_source_and_nothing_else_ends_in_a_publication(first_hour: tuple[Own, str]) -> None:
    own, said = first_hour
    assert "1 received = 1 landed" in said
    assert "Published" in said
    assert "Kota Malang: the index cannot be computed: there is no list of the assessors' values" in said

    assert own.published("select region_code, region_name, bps_code from reference.regions") == [
        (KOTA_MALANG, "Kota Malang", "3573")
    ]
    index = "select distinct region_code, index_value, state, missing_because, synthetic from scores.index_scores"
    assert own.published(index) == [(KOTA_MALANG, None, "missing", "no_list", False)]
    spbe = "select period, value::double, state, synthetic from scores.question_scores where indicator_id = 'gov_spbe'"
    assert own.published(spbe) == [("2024", 3.41, "measured", False)]
    # What no source brought is missing in its own row: every indicator has one, and none has a value.
    others = "select distinct state from scores.question_scores where indicator_id <> 'gov_spbe'"
    assert own.published(others) == [("missing",)]
    page = (own.home / "published" / "current" / "daerah" / f"{KOTA_MALANG}.html").read_text(encoding="utf-8")
    assert "daftar nilai asesor untuk tahun ini belum ada" in page
    assert "Kutai Kartanegara" not in page
    own.run("verify", "--pages")
    assert "diskominfo_spbe" in own.run("sources", "list")


class Portal(BaseHTTPRequestHandler):
    """An agency's system that answers for one region at a time."""

    asked: list[str]

    def do_GET(self) -> None:
        type(self).asked.append(self.path)
        rows = [
            {"kode_rekening": code, "level": 1, "nama_rekening": name, "nominal": 1000, "realisasi": real,
             "presentase": real / 10, "tahun": "2024"}
            for code, name, real in (("4", "PENDAPATAN DAERAH", 900), ("5", "BELANJA DAERAH", 800))
        ]  # fmt: skip
        body = json.dumps(rows).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing is logged."""


@pytest.fixture
def portal() -> Iterator[ThreadingHTTPServer]:
    Portal.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Portal)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


BUDGET = """
id: bpkad_realisasi
title: Realisasi anggaran
system: Portal anggaran
protocol: rest
connection: anggaran
args:
  path: /lra
  params: {tahun: '{tahun}', daerah: '{kode_daerah}'}
  records: $
for_each:
  - {kode_daerah: '{region}', tahun: '2024'}
coverage: {from: tahun, grain: year}
contract:
  key: [kode_daerah, tahun, kode_rekening]
  columns:
    kode_daerah: {context: kode_daerah, pattern: '^\\d{2}\\.\\d{2}$'}
    tahun: {type: integer, context: tahun, from: tahun}
    kode_rekening: {required: true}
    nama_rekening: {personal: {keep: names an account and never a person}}
    nominal: {type: 'decimal(20,2)'}
    realisasi: {type: 'decimal(20,2)'}
  ignore: [level, presentase]
provides:
  - record: budget_line
    columns:
      region_code: kode_daerah
      year: tahun
      account: kode_rekening
      account_name: nama_rekening
      budget: nominal
      realised: realisasi
assertions: {rows: {min: 1, max: 100}, quarantine: {max: 5%}, shrink: {max: 20%}}
freshness: {due: day 10 of the following month, warn: 30d, fail: 90d}
events: {fallback: 0 2 * * *}
caveats: [Figures are those of the portal.]
runbook: Ask the budget office for a new address when the portal moved.
"""


def test_a_source_asks_for_the_regions_of_the_installation(own: Own, portal: ThreadingHTTPServer) -> None:
    """A source of one's own that lands less than the project's models read: what it does not land is missing."""
    folder = own.home / "sources" / "bpkad"
    folder.mkdir()
    (folder / "bpkad_realisasi.yaml").write_text(BUDGET, encoding="utf-8")
    link = json.dumps({"url": f"http://127.0.0.1:{portal.server_port}", "extra": {"private": True}})
    connection: Mapping[str, str] = {"PILAR_CONN_ANGGARAN": link}

    assert "2 sources are in order" in own.run("sources", "check")
    assert "2 received = 2 landed" in own.run("pull", "bpkad_realisasi", **connection)
    assert Portal.asked == [f"/lra?tahun=2024&daerah={KOTA_MALANG}"]
    own.run("evaluate", "--force")
    found = own.published(
        "select period, value::double, state from pillars.mart_governance "
        f"where region_code = '{KOTA_MALANG}' and indicator_id = 'gov_revenue_realisation'"
    )
    assert found == [("2024", 90.0, "measured")]


def test_p10_the_projects_files_are_not_made_from_an_installations_sources(own: Own) -> None:
    assert "made from the project's own sources" in own.run("contracts", "check", code=2)


def test_every_region_can_be_found_from_the_command_line() -> None:
    assert pilar("regions", "kab malang").splitlines()[1].split() == [
        "35.07",
        "3507",
        "Kabupaten",
        "Malang",
        "Jawa",
        "Timur",
    ]
    assert len(pilar("regions").splitlines()) == 1 + len(all_regions())
