"""The page that says how to add a source is followed to the letter, against a system on this machine."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import duckdb
import pytest
from typer.testing import CliRunner

from definitions import indicators, records
from expectations.bounds import read_bounds
from ledger.errors import PilarError
from ledger.keys import Keys
from ledger.records import Batch
from ledger.settings import REPOSITORY
from ledger.store import Ledger
from pilar.cli import app
from pilar.evaluation import parsed_project, transform
from pilar.evaluation.definition_tables import write_definitions
from pilar.evaluation.transform import run_dbt
from pilar.evaluation.warehouse import landing_views, opened, write_views
from pilar.sources.catalogue import landed_columns
from tests.dbt_project.landing import THREE, above

pytestmark = pytest.mark.integration

PAGE = (REPOSITORY / "docs" / "add-a-source.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+) ?(\S*)\n(.*?)^```$", PAGE, flags=re.M | re.S)
ADDRESS = "http://127.0.0.1:8080"
PEOPLE = ("Siti Contohwan", "Budi Contohnya", "081234567890")
SOURCE = "dishub_penumpang"
TODAY = r"\d{4}-\d{2}-\d{2}"


class Terminals(BaseHTTPRequestHandler):
    """The agency's portal: 36 rows a year for who has the token."""

    def do_GET(self) -> None:
        allowed = (
            self.headers["Authorization"] == "Bearer token-dari-dinas" and self.path == "/api/penumpang?tahun=2024"
        )
        rows = [
            {"terminal": terminal, "bulan": month, "penumpang": f"{month}.{100 + month}", "jenis": kind,
             "nama_petugas": PEOPLE[month % 2], "no_hp": PEOPLE[2]}
            for terminal, kind in (("Tenggarong", "AKDP"), ("Sangatta", "AKAP"), ("Bontang", "AKDP"))
            for month in range(1, 13)
        ]  # fmt: skip
        body = json.dumps({"data": rows} if allowed else {"error": "no"}).encode()
        self.send_response(200 if allowed else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing is logged."""


@pytest.fixture
def portal() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Terminals)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def place(tmp_path: Path, ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation of this test's own, and a project whose files it may write."""
    monkeypatch.setenv("PILAR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PILAR_LEDGER_URL", ledger_url)
    monkeypatch.setenv("PILAR_KEYS", str(tmp_path / "keys"))
    monkeypatch.setenv("PILAR_SOURCES", str(tmp_path / "connectors" / "sources"))
    monkeypatch.setattr("pilar.commands.contracts.REPOSITORY", tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    Keys.ensure(tmp_path / "keys")
    (tmp_path / "home").mkdir()
    return tmp_path


def run(command: str) -> tuple[int, str]:
    """One command line of the page, and what it said."""
    line, _, remark = command.partition("   # ")
    result = CliRunner().invoke(app, shlex.split(line)[1:])
    if isinstance(result.exception, PilarError):
        raise result.exception
    assert result.exit_code == (1 if remark == "refuses" else 0), (command, result.output)
    return result.exit_code, result.output


@pytest.fixture
def project(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The installation, with copies of what the page adds to: definitions, and the dbt project."""
    shutil.copytree(REPOSITORY / "connectors" / "sources" / "bps", place / "connectors" / "sources" / "bps")
    shutil.copytree(parsed_project.PROJECT, place / "dbt_project")
    for module in (records, indicators):
        copy = place / "definitions" / module.FOLDER.name
        shutil.copytree(module.FOLDER, copy)
        monkeypatch.setattr(module, "FOLDER", copy)
    monkeypatch.setattr(parsed_project, "PROJECT", place / "dbt_project")
    monkeypatch.setattr(parsed_project, "DEFINITIONS", place / "definitions")
    monkeypatch.setattr(transform, "PROJECT", place / "dbt_project")
    return place


def test_the_page_works_as_it_says(
    project: Path, portal: str, ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = project / "connectors" / "sources" / "dinas_perhubungan" / f"{SOURCE}.yaml"
    said: list[str] = []
    done: list[str] = []
    for language, kind, text in BLOCKS:
        if kind == "draft":
            assert re.sub(TODAY, "", file.read_text()) == re.sub(TODAY, "", text)
        elif kind == "finished":
            file.write_text(text)
        elif kind:
            (project / kind).write_text(text)
            # Each command of the page is a process of its own, and reads what is there then.
            records._load.cache_clear()
            indicators._load.cache_clear()
        elif language == "sh":
            for command in text.strip().splitlines():
                if command.startswith("export "):
                    name, _, value = shlex.split(command)[1].partition("=")
                    monkeypatch.setenv(name, value.replace(ADDRESS, portal))
                else:
                    done.append(" ".join(shlex.split(command)[1:3]))
                    said.append(run(command)[1])
    assert done == [
        "sources new", "sources check", "sources check", "contracts write", "contracts check",
        f"test-connection {SOURCE}", f"pull {SOURCE}", f"pull {SOURCE}", f"diagnose {SOURCE}",
    ]  # fmt: skip
    (batch,) = Ledger(ledger_url).in_force(SOURCE)
    assert (batch.coverage, batch.rows_landed, batch.rows_quarantined) == ("2024", 36, 0)
    assert [person for person in PEOPLE if person in "".join(said) or person in file.read_text()] == []
    [bounds] = [found for found in read_bounds("economy") if found.indicator_id == "eco_terminal_passengers"]
    assert (bounds.minimum, bounds.because) == (0, "a count")
    months = sum(1000 * month + 100 + month for month in range(1, 13))
    assert figures(project, batch) == [
        ("35.07", None, "missing", [batch.batch_id]),
        ("62.02", None, "missing", [batch.batch_id]),
        ("64.02", 3 * months, "measured", [batch.batch_id]),
    ]


def figures(project: Path, batch: Batch) -> list[tuple[object, ...]]:
    """The new indicator in its pillar's mart, built by dbt over the batch that was pulled; other sources are empty."""
    warehouse = project / "home" / "warehouse" / "page.duckdb"
    columns = landed_columns(project / "connectors" / "sources")
    landing = {**landing_views(project / "home", columns, [batch]), **THREE}
    write_views(warehouse, {**landing, **above(landing)})
    with opened(warehouse) as connection:
        write_definitions(connection)
    built = run_dbt(warehouse, "+mart_economy", without=("resource_type:test",))
    assert built.ok, built.first_failure()
    query = "select region_code, value, state, batch_ids from candidate.mart_economy where indicator_id = "
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(f"{query}'eco_terminal_passengers' order by all").fetchall()


def test_a_source_file_is_never_overwritten(place: Path) -> None:
    (place / "x.csv").write_text("a,b\n1,2\n")
    command = f"./run sources new dinas_perhubungan contoh --sample {place / 'x.csv'}"
    run(command)
    file = place / "connectors" / "sources" / "dinas_perhubungan" / "contoh.yaml"
    file.write_text("by hand")
    with pytest.raises(PilarError, match="there already"):
        run(command)
    assert file.read_text() == "by hand"


ROOMS = ("api", "connectors", "dags", "dbt_project", "definitions", "docs", "events", "expectations", "ledger", "pilar",
         "publication", "simulator", "tests", "pyproject.toml")  # fmt: skip
# What is held against every source there is.
HOLDS_FOR_EVERY_SOURCE = (
    "tests/connectors/source/test_proof.py::test_the_projects_own_sources_have_no_problem",
    "tests/connectors/authoring/contracts/test_contract_files.py",
    "tests/pilar/test_watch.py::test_every_source_that_was_never_tried_is_named",
    "tests/pilar/test_watch.py::test_a_source_whose_event_is_on_its_way_is_not_pulled_twice",
)
LOOK = """
import json
from connectors.source.source_files import load_sources
from ledger.settings import sources_dir
from tests.agencies import PLAYED
from tests.dbt_project.landing import COLUMNS
every = set(load_sources(sources_dir()))
print(json.dumps([sorted(every - set(PLAYED)), sorted(every - set(COLUMNS))]))
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the project, in which somebody will write."""
    unwanted = shutil.ignore_patterns("__pycache__", ".*", "target", "logs")
    for name in ROOMS:
        if (REPOSITORY / name).is_dir():
            shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=unwanted)
        else:
            shutil.copy(REPOSITORY / name, tmp_path / name)
    return tmp_path


def inside(tree: Path, *words: str) -> str:
    """What Python says that was started in the copy, and reads and imports it instead of the project."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PILAR_")}
    command = [sys.executable, *words]
    done = subprocess.run(
        command, cwd=tree, env={**environment, "PYTHONPATH": str(tree)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.mark.timeout(900)  # processes of their own, each of which imports the project anew
def test_one_file_in_the_tree_is_a_source_and_breaks_nothing(tree: Path) -> None:
    file = tree / "connectors" / "sources" / "dinas_perhubungan" / f"{SOURCE}.yaml"
    file.parent.mkdir()
    finished = next(text for _, kind, text in BLOCKS if kind == "finished")
    # The record of the page's source is another file that it has somebody write.
    file.write_text(re.sub(r"^provides:\n( .*\n)+", "provides: []\n", finished, flags=re.M))
    for words in (("contracts", "write"), ("contracts", "check"), ("sources", "check")):
        inside(tree, "-c", "from pilar.cli import main; main()", *words)
    assert json.loads(inside(tree, "-c", LOOK)) == [[SOURCE], []]
    dags = json.loads(inside(tree, "tests/dags/read_dags.py", str(tree / "dags")).splitlines()[-1])
    assert (dags["errors"], "ingest__dinas_perhubungan" in dags["dags"]) == ({}, True)
    inside(tree, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *HOLDS_FOR_EVERY_SOURCE)


ONE_MORE = Path("definitions", "indicators", "society", "soc_schools_counted.yaml")
INDICATOR = """
name: {id: Sekolah, en: Schools}
definition: {id: Banyaknya sekolah, en: How many schools there are}
unit: sekolah
direction: neutral
decimals: 0
formula: amount
numerator: {says: {id: Sekolah, en: Schools}, count: school}
bounds: {min: 1, max: 5000, because: a regency has schools}
source: Dinas Pendidikan, Dapodik
cites: Made for a test
owner: dinas_pendidikan
unit_test:
  - {given: {school: [{times: 3}]}, value: 3}
"""
REACHED = """
import json
import sys
from pathlib import Path
from expectations.gate import rules_of
from pilar.evaluation.transform import run_dbt
from publication.build import publish
from tests.dbt_project.landing import create, example, fetch
from tests.publication.sample_meta import sample_meta
from tests.publication.sample_warehouse import build
own, folder = sys.argv[1], Path(sys.argv[2])
warehouse = folder / "tree.duckdb"
create(warehouse, example())
built = run_dbt(warehouse, "+mart_society", without=("resource_type:test",))
published = publish(build(folder / "sample.duckdb"), sample_meta(), folder / "published").path
resources = json.loads((published / "datapackage.json").read_text())["resources"]
[listed] = [one["path"] for one in resources if one["name"] == "indicators"]
print(json.dumps({
    "built": built.ok or built.first_failure(),
    "definitions": fetch(warehouse, f"select pillar, name_en from definitions.indicators where id = '{own}'"),
    "mart": fetch(warehouse, "select region_code, cast(value as integer), state from candidate.mart_society "
                             f"where indicator_id = '{own}' order by all"),
    "rules": [rule.name for rule in rules_of("society") if own in rule.name],
    "package": [line.split(",")[0].strip('"') for line in (published / listed).read_text().splitlines() if own in line],
}))
"""
HOLDS_FOR_EVERY_INDICATOR = ("tests/definitions/test_indicators.py", "tests/expectations/test_bounds.py")


@pytest.mark.timeout(900)  # processes of their own, each of which imports the project anew
def test_one_file_in_the_tree_is_an_indicator_everywhere(tree: Path, tmp_path: Path) -> None:
    (tree / ONE_MORE).write_text(INDICATOR)
    own = ONE_MORE.stem
    assert json.loads(inside(tree, "-c", REACHED, own, str(tmp_path)).splitlines()[-1]) == {
        "built": True,
        "definitions": [["society", "Schools"]],
        "mart": [["35.07", 1, "measured"], ["62.02", None, "missing"], ["64.02", 4, "measured"]],
        "rules": [f"range_{own}"],
        "package": [own],
    }
    inside(tree, "-c", "from pilar.cli import main; main()", "contracts", "check")
    inside(tree, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "-k", own, *HOLDS_FOR_EVERY_INDICATOR)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("", "Give --sample or --protocol"),
        ("--protocol rest --connection dishub", "PILAR_CONN_DISHUB"),
        ("--protocol rst --connection dishub", "Did you mean 'rest'"),
        ("--protocol rest --connection dishub --arg pth=/x", "rest: path"),
        ("--protocol rest --connection dishub --arg path", "NAME=VALUE"),
        ("--protocol rest --connection dishub --arg path=/x --each 2024", "tahun=2024"),
        ("--sample nothing.csv", "there is no such file"),
    ],
)  # fmt: skip
def test_p10_what_cannot_be_looked_at_is_told_in_one_line(
    place: Path, words: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if told != "PILAR_CONN_DISHUB":
        monkeypatch.setenv("PILAR_CONN_DISHUB", json.dumps({"url": "http://127.0.0.1:9", "extra": {"private": True}}))
    with pytest.raises(PilarError) as caught:
        run(f"./run sources new dinas_perhubungan contoh {words}")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (place / "connectors").exists()
