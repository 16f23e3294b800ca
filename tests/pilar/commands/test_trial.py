"""`pilar test-connection` and `pilar pull --dry-run`, against an agency's system on this machine."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from connectors.pull.trial import ahead
from ledger.keys import Keys
from ledger.store import Ledger
from pilar.cli import app
from pilar.commands.exit_codes import ExitCode
from tests.connectors.pulling import NAME, NIK
from tests.connectors.source.test_proof import GOOD

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("as_a_command_does")]

TOKEN = "token-dari-dinas"
COLUMNS: Mapping[str, Any] = {
    "id": {"required": True},
    "nik": {"personal": "pseudonym", "pattern": r"^\d{16}$"},
    "nama": {"personal": "drop"},
    "alamat": {"personal": {"keep": "the indicator counts by street"}},
    "tahun": {"type": "integer", "context": "tahun"},
    "n": {"type": "integer", "max": 17},
}
SECRETS = (NIK[:12], NAME, "Jalan Mawar", TOKEN)


@dataclass
class Portal:
    """What the agency's system answers, and how far its clock is ahead."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    ahead: timedelta = timedelta(0)
    asked: int = 0
    questions: list[str] = field(default_factory=list)
    url: str = ""


def rows(count: int, **change: Any) -> list[dict[str, Any]]:
    person = {"nama": NAME, "alamat": "Jalan Mawar 5"}
    return [{"id": f"r{at}", "nik": NIK[:12] + f"{at:04d}", "n": at % 17, **person} | change for at in range(count)]


@pytest.fixture
def portal() -> Iterator[Portal]:
    made = Portal(rows(20))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked += 1
            made.questions.append(self.path)
            allowed = self.headers["Authorization"] == f"Bearer {TOKEN}"
            status = made.status if allowed else 401
            body = json.dumps({"rows": made.rows} if status == 200 else {"error": f"no, not {TOKEN}"}).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def date_time_string(self, timestamp: float | None = None) -> str:
            return super().date_time_string((datetime.now(UTC) + made.ahead).timestamp())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nothing is logged."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture
def home(tmp_path: Path, portal: Portal, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with one source, and no ledger yet."""
    folder = tmp_path / "sources" / "dinas_contoh"
    folder.mkdir(parents=True)
    source = GOOD | {
        "protocol": "rest",
        "args": {"path": "/api", "records": "$.rows", "params": {"tahun": "{tahun}"}, "auth": {"type": "bearer"}},
        "for_each": [{"tahun": "2024"}],
        "coverage": {"from": "tahun", "grain": "year"},
        "contract": {"key": ["id"], "columns": dict(COLUMNS)},
        "assertions": GOOD["assertions"] | {"rows": {"min": 5}, "quarantine": {"max": "20%"}},
    }
    (folder / "contoh.yaml").write_text(yaml.safe_dump(source, sort_keys=False))
    monkeypatch.setenv("PILAR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PILAR_KEYS", str(tmp_path / "keys"))
    monkeypatch.setenv("PILAR_SOURCES", str(tmp_path / "sources"))
    monkeypatch.delenv("PILAR_LEDGER_URL", raising=False)
    connect(monkeypatch, source["connection"], portal.url, TOKEN)
    return tmp_path / "home"


def connect(monkeypatch: pytest.MonkeyPatch, name: str, url: str, password: str) -> None:
    link = {"url": url, "password": password, "extra": {"private": True, "limits": {"connect_s": 2}}}
    monkeypatch.setenv(f"PILAR_CONN_{name.upper()}", json.dumps(link))


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def steps(result: Result) -> dict[str, tuple[str, str]]:
    return {one["name"]: (one["outcome"], one["told"]) for one in json.loads(result.stdout)["steps"]}


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*")) if folder.exists() else []


def test_a_system_that_answers_is_told_step_by_step_and_leaves_nothing(home: Path, portal: Portal) -> None:
    shown = run("test-connection", "contoh")
    assert shown.exit_code == ExitCode.DONE, shown.output
    lines = [line.split()[0:3] for line in shown.stdout.splitlines()]
    assert ["reach", "✓", "ok"] in lines
    assert ["login", "✓", "ok"] in lines
    told = steps(run("test-connection", "contoh", "--json"))
    assert told["first page"][0] == "ok"
    assert "HTTP 200, " in told["first page"][1]
    assert told["contract"] == ("ok", "20 records: 20 fit, 0 would be refused")
    assert told["clock"][0] == "ok"
    assert not home.exists()
    assert not any(secret in shown.output for secret in SECRETS)


def test_records_that_do_not_fit_are_worth_a_look(home: Path, portal: Portal) -> None:
    portal.rows = [*rows(3), *rows(1, id="x", n=99)]
    result = run("test-connection", "contoh", "--json")
    assert result.exit_code == 0
    outcome, told = steps(result)["contract"]
    assert outcome == "look"
    assert told == "4 records: 3 fit, 1 would be refused (max n)"


@pytest.mark.parametrize(
    ("seconds", "outcome", "told"),
    [
        (0, "ok", "the server's clock and ours agree within 2 s"),
        (30, "ok", r"the server's clock is (29|30|31) s ahead of ours"),
        (900, "look", r"the server's clock is (899|900|901) s ahead of ours\. Ask for the time to be set .*"),
        (-7200, "look", r"the server's clock is (7199|7200|7201) s behind ours\. Ask for the time to be set .*"),
    ],
)
def test_the_servers_clock_is_compared_with_ours(
    home: Path, portal: Portal, seconds: int, outcome: str, told: str
) -> None:
    portal.ahead = timedelta(seconds=seconds)
    found = steps(run("test-connection", "contoh", "--json"))["clock"]
    assert found[0] == outcome
    assert re.fullmatch(told, found[1])


NOW = datetime(2026, 11, 30, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "took", "seconds"),
    [
        ({"Date": "Mon, 30 Nov 2026 12:00:00 GMT"}, 0, 0.5),
        ({"Date": "Mon, 30 Nov 2026 12:10:00 GMT"}, 0, 600.5),
        ({"Date": "Mon, 30 Nov 2026 11:59:50 GMT"}, 20, 0.5),
        ({"Date": "Mon, 30 Nov 2026 11:00:00 GMT", "Age": "3600"}, 0, 0.5),
        ({"Date": "Mon, 30 Nov 2026 19:00:00 +0700"}, 0, 0.5),
        ({"Date": "yesterday"}, 0, None),
        ({"Date": "Mon, 30 Nov 2026 12:00:00 GMT", "Age": "old"}, 0, None),
        ({}, 0, None),
    ],
)
def test_how_far_a_clock_is_ahead(headers: Mapping[str, str], took: float, seconds: float | None) -> None:
    assert ahead(headers, NOW, took) == seconds


def test_what_is_wrong_is_told_at_the_step_where_it_is(
    home: Path, portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, GOOD["connection"], portal.url, "wrong")
    refused = run("test-connection", "contoh", "--json")
    assert refused.exit_code == ExitCode.FAILED
    assert [(name, outcome) for name, (outcome, _) in steps(refused).items()] == [
        ("reach", "ok"),
        ("login", "failed"),
        ("clock", "ok"),
    ]
    assert TOKEN not in refused.output
    connect(monkeypatch, GOOD["connection"], portal.url, TOKEN)
    portal.status, portal.asked = 503, 0
    away = steps(run("test-connection", "contoh", "--json"))
    assert (away["reach"][0], away["login"][0], away["first page"][0]) == ("ok", "unknown", "failed")
    assert portal.asked == 1  # told now, not after five tries
    connect(monkeypatch, GOOD["connection"], "http://127.0.0.1:9", TOKEN)
    nobody = run("test-connection", "contoh", "--json")
    assert nobody.exit_code == ExitCode.FAILED
    assert list(steps(nobody)) == ["reach"]
    assert "127.0.0.1:9 does not answer (Connection refused)" in steps(nobody)["reach"][1]


# -- a pull without its consequences ----------------------------------------------------------------------------------


@pytest.fixture
def installed(home: Path, ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PILAR_LEDGER_URL", ledger_url)
    Keys.ensure(home.parent / "keys")
    return home


def test_p6_a_dry_run_tells_what_a_pull_would_come_to_and_lands_nothing(
    installed: Path, portal: Portal, ledger: Ledger
) -> None:
    portal.rows = [*rows(18), *rows(1, id="x", n=99), *rows(1, id="y", n="banyak")]
    shown = run("pull", "contoh", "--dry-run")
    assert shown.exit_code == ExitCode.DONE, shown.output
    assert "accepted   coverage 2024  20 received = 18 landed + 2 quarantined" in shown.stdout
    assert "n: max" in shown.stdout
    assert "n: type" in shown.stdout
    record = "row 0 of 2024: id=r0, nik=(pseudonym), alamat=***, tahun=2024, n=0"
    assert record in shown.stdout
    assert sum(line.strip().startswith("row ") and "id=r" in line for line in shown.stdout.splitlines()) == 10
    found = json.loads(run("pull", "contoh", "--dry-run", "--json").stdout)
    assert [(one["status"], one["received"], one["landed"]) for one in found["batches"]] == [("accepted", 20, 18)]
    assert len(found["rows"]) == 10
    assert [reason["rule"] for row in found["refused"] for reason in row["reasons"]] == ["max", "type"]
    assert not any(secret in shown.output + json.dumps(found) for secret in SECRETS)
    assert list(ledger.batches("contoh")) == []
    assert files(installed) == []


def test_a_dry_run_compares_with_what_is_in_force_and_ends_as_the_pull_would(
    installed: Path, portal: Portal, ledger: Ledger
) -> None:
    portal.rows = rows(40)
    pulled = run("pull", "contoh", "--json")
    assert pulled.exit_code == ExitCode.DONE, pulled.output
    assert [one["status"] for one in json.loads(pulled.stdout)["batches"]] == ["accepted"]
    before, receipts = files(installed), len(ledger.receipts())
    assert "unchanged" in run("pull", "contoh", "--dry-run").stdout
    portal.rows = rows(10)
    tried = run("pull", "contoh", "--dry-run")
    assert tried.exit_code == ExitCode.HELD
    assert "many fewer rows than usual" in tried.stdout
    assert files(installed) == before
    assert (len(ledger.batches("contoh")), len(ledger.receipts())) == (1, receipts)
    real = run("pull", "contoh")
    assert real.exit_code == ExitCode.HELD
    assert "many fewer rows than usual" in real.stdout


def test_a_pull_ends_with_a_code_that_says_what_became_of_it(installed: Path, portal: Portal) -> None:
    assert run("pull", "contoh").exit_code == ExitCode.DONE
    assert run("pull", "contoh").exit_code == ExitCode.DONE  # unchanged
    portal.rows = rows(20, n="banyak")
    for words in (("pull", "contoh", "--dry-run"), ("pull", "contoh")):
        assert run(*words).exit_code == ExitCode.REJECTED
    portal.rows = rows(6)
    assert run("pull", "contoh").exit_code == ExitCode.HELD


def test_a_system_that_refuses_ends_a_pull_and_its_dry_run_alike(
    installed: Path, portal: Portal, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pilar import cli

    portal.status = 403
    for words, batches in ((["pull", "contoh", "--dry-run"], 0), (["pull", "contoh"], 1)):
        monkeypatch.setattr("sys.argv", ["pilar", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code == ExitCode.FAILED
        assert len(ledger.batches("contoh")) == batches
    assert os.environ.get("PILAR_COMMAND") is None


def ask_by_region(installed: Path) -> None:
    path = installed.parent / "sources" / "dinas_contoh" / "contoh.yaml"
    source = yaml.safe_load(path.read_text())
    source["args"]["params"]["kode"] = "{kode}"
    source["for_each"] = [{"tahun": "2024", "kode": "{region.digits}"}]
    path.write_text(yaml.safe_dump(source, sort_keys=False))


@pytest.mark.parametrize("words", [("test-connection", "contoh"), ("pull", "contoh", "--dry-run"), ("pull", "contoh")])
def test_a_look_at_a_source_asks_for_the_installations_regions_as_a_pull_does(
    installed: Path, portal: Portal, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    ask_by_region(installed)
    monkeypatch.setenv("PILAR_REGIONS", "")
    nowhere = run(*words)
    assert nowhere.exception is not None
    assert "no region is chosen" in str(nowhere.exception)
    assert portal.questions == []
    monkeypatch.setenv("PILAR_REGIONS", "35.73")
    looked = run(*words)
    assert looked.exit_code == ExitCode.DONE, looked.output
    assert portal.questions == ["/api?tahun=2024&kode=3573"]
