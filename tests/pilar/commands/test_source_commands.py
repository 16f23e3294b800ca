"""`pilar sources`, `diagnose`, `verify` and `migrate` as a person types them, where something is wrong."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest
import structlog

from ledger.errors import PilarError
from ledger.keys import retired_key_files
from ledger.settings import REPOSITORY, Settings
from ledger.store import Ledger
from pilar import cli
from pilar.commands import demo_course as demo
from pilar.commands import installation
from pilar.commands.demo_progress import Progress
from pilar.platform.stack import Ports
from pilar.platform.telling import Telling
from tests.pilar.conftest import Type
from tests.pilar.platform.sources_of_tests import write_sources


@pytest.fixture
def sources_dir(tmp_path: Path) -> Path:
    """Five sources."""
    return write_sources(tmp_path / "sources")


def test_a_broken_source_file_does_not_hide_the_others(typed: Type, tmp_path: Path) -> None:
    (tmp_path / "sources" / "health" / "births.yaml").write_text("{broken")
    shown = typed("sources", "list")
    assert "vaccines" in shown
    [warning] = [line for line in shown.splitlines() if line.startswith("warning: ")]
    assert "births.yaml" in warning


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("verify --source nope", "no receipt speaks of this source"),
        ("verify export /nope/x.jsonl", "cannot be written: No such file or directory"),
        ("verify export /", "this is a folder"),
    ],
    ids=["source", "export", "folder"],
)
def test_p10_what_cannot_be_verified_is_one_line(typed: Type, words: str, told: str) -> None:
    with pytest.raises(PilarError, match=told) as caught:
        typed(*words.split())
    assert "\n" not in str(caught.value)


def test_p10_a_database_that_is_down_is_one_line(typed: Type, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PILAR_LEDGER_URL", f"postgresql:///pilar?host={tmp_path}")
    with pytest.raises(PilarError, match="the ledger cannot be reached") as caught:
        typed("migrate")
    assert "\n" not in str(caught.value)


def test_p10_a_second_demo_on_one_folder_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with installation.alone(home):
        installation.announce(home, {"PILAR_CONN_A": "first"})
        with pytest.raises(PilarError, match="the platform is running on this folder already"):
            demo.run_demo(home, Ports(door=1, airflow=2), Telling(), once=True)
        installation.withdraw(home, {"PILAR_CONN_A": "second"})
        assert (home / installation.RUNNING).is_file()
        installation.withdraw(home, {"PILAR_CONN_A": "first"})
        assert not (home / installation.RUNNING).exists()
    with installation.alone(home):
        """A demo that stopped holds nothing."""


@pytest.mark.parametrize(("stays", "shown"), [(True, "http://door/"), (False, "Published files")])
def test_only_a_demo_that_stays_names_addresses(
    settings: Settings, stays: bool, shown: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The scores themselves are another test's."""
    monkeypatch.setattr("pilar.commands.report.read_scores", lambda _settings: {})
    monkeypatch.setattr("pilar.commands.report.print_scores", lambda _scores: None)
    stack = cast(Any, SimpleNamespace(settings=settings, door_url="http://door", airflow_url="http://airflow"))
    assert demo.conclude(stack, Progress((), (), "p1"), None, stays=stays) == 0
    told = capsys.readouterr().out
    assert shown in told
    assert ("http" in told) == stays
    assert str(settings.published_dir / "current" / "index.html") in "".join(told.split("\n"))


def test_p10_a_pull_after_a_demo_says_that_its_systems_have_stopped(
    typed: Type, settings: Settings, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    (settings.home / "postgres").mkdir()
    (settings.home / "postgres" / "PG_VERSION").write_text("17")
    with pytest.raises(PilarError, match="simulated systems run only while a demo does"):
        typed("pull", "births")
    assert list(ledger.batches("births")) == []
    monkeypatch.setenv("PILAR_CONN_FAKE", '{"url": "http://127.0.0.1:9"}')
    installation.require_connection(settings, "fake")


def test_a_failed_pull_is_told_once(
    typed: Type, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["pilar", "pull", "births"])
    capsys.readouterr()
    before = structlog.get_config()
    try:
        with pytest.raises(SystemExit) as ended:
            cli.main()
    finally:
        structlog.configure(**before)
    assert ended.value.code == 2
    told = capsys.readouterr()
    assert (told.out + told.err).count("connection 'fake' is not configured") == 1


def test_lists_tell_the_time_where_the_regency_is(
    typed: Type, settings: Settings, ledger: Ledger, ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PILAR_TIMEZONE", "Asia/Jayapura")
    ledger.record_publication("20261122T052629102Z-15fa0c88", ledger.start_evaluation(["b1"]), "a" * 64)
    with psycopg.connect(ledger_url) as connection:
        connection.execute("update publication set published_at = '2026-11-21 20:30:00+00'")
    assert "2026-11-22 05:30 WIT" in typed("publications", "list")
    typed("keys", "rotate")
    [retired] = retired_key_files(settings.key_dir)
    os.utime(retired, (1795293000, 1795293000))
    assert "retired 2026-11-22 05:30 WIT" in typed("keys", "list")


def test_p6_what_a_killed_demo_announced_is_forgotten_by_whoever_looks_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its connections hold secrets, and lead nowhere any more."""
    home = tmp_path / "home"
    code = f"""
import os, signal
from pathlib import Path
from pilar.commands import installation
with installation.alone(Path({str(home)!r})):
    installation.announce(Path({str(home)!r}), {{"PILAR_CONN_KILLED": "a secret"}})
    os.kill(os.getpid(), signal.SIGKILL)
"""
    monkeypatch.delenv("PILAR_CONN_KILLED", raising=False)
    for forget in (lambda: installation._announced(home), lambda: installation.alone(home).__enter__()):
        killed = subprocess.run([sys.executable, "-c", code], check=False, cwd=REPOSITORY, timeout=60)
        assert killed.returncode == -signal.SIGKILL
        assert (home / installation.RUNNING).is_file()
        forget()
        assert "PILAR_CONN_KILLED" not in os.environ
        assert not (home / installation.RUNNING).exists()


def test_what_a_running_demo_announced_is_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PILAR_CONN_ALIVE", raising=False)
    with installation.alone(tmp_path):
        installation.announce(tmp_path, {"PILAR_CONN_ALIVE": "1"})
        installation._announced(tmp_path)
        assert os.environ.pop("PILAR_CONN_ALIVE") == "1"
        assert (tmp_path / installation.RUNNING).is_file()
