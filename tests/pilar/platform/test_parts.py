"""The small parts of the platform: verdicts on errors, connections, senders, Airflow's settings."""

import importlib.util
import json
import os
import stat
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from ledger.errors import ConfigError, GateError, LedgerError, MachineError, SourceError
from ledger.records import Batch
from ledger.settings import Settings
from pilar.platform import logs
from pilar.platform import senders as senders_module
from pilar.platform.airflow_settings import airflow_environment, base_environment, prepare_home
from pilar.platform.connections import airflow_lookup, read_connection
from pilar.platform.failures import LONGEST_WAIT, rests_until, verdict, was_left_to_watch
from pilar.platform.preload import HEAVY, PROTOCOLS
from pilar.platform.senders import senders
from tests.pilar.platform.sources_of_tests import write_sources

OWN_ID = "20241130T120000123-934712"


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (SourceError("retryable", "x"), True),
        (SourceError("quota", "x"), True),
        (SourceError("auth", "x"), False),
        (SourceError("permanent", "x"), False),
        (SourceError("damaged", "x"), False),
        (SourceError("empty", "x"), False),
        (LedgerError("x"), True),
        (MachineError("x"), True),
        (ConfigError("x"), False),
        (GateError("x"), False),
    ],
)
def test_only_what_may_pass_by_itself_is_tried_again(error: Exception, again: bool) -> None:
    found = verdict(error)
    assert found is not None
    assert (found.line, found.again) == ("x", again)


SECOND = timedelta(seconds=1)
NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "wait"), [(None, None), (SECOND, SECOND), (LONGEST_WAIT, LONGEST_WAIT), (LONGEST_WAIT + SECOND, None)]
)
def test_a_run_waits_as_long_as_it_was_asked_to_and_leaves_longer_waits_to_watch(
    asked: timedelta | None, wait: timedelta | None
) -> None:
    found = verdict(SourceError("quota", "x", retry_after=asked and asked.total_seconds()))
    assert found is not None
    left = asked is not None and wait is None
    assert (found.again, found.wait) == (not left, wait)
    assert found.line == ("x. No run waits that long: watch asks again when the time has come" if left else "x")


def pulled(wait: timedelta | None, ago: timedelta) -> Batch:
    """A batch whose pull failed so long ago, and whose source asked to be left alone for so long."""
    ended = NOW - ago
    batch = Batch("b", "s", "o", None, "failed", "c", *[None] * 6, False, ended, ended)  # type: ignore[arg-type]
    return replace(batch, retry_at=wait and ended + wait)


@pytest.mark.parametrize(
    ("wait", "ago", "rests"),
    [
        (None, SECOND, False),
        (60 * SECOND, 59 * SECOND, True),
        (60 * SECOND, 60 * SECOND, False),
        (60 * SECOND, 61 * SECOND, False),
    ],
)
def test_a_source_rests_until_the_time_it_named(wait: timedelta | None, ago: timedelta, rests: bool) -> None:
    assert rests_until(pulled(wait, ago), NOW) == (NOW - ago + wait if rests and wait else None)
    assert rests_until(None, NOW) is None


@pytest.mark.parametrize(
    ("wait", "left"), [(None, False), (SECOND, False), (LONGEST_WAIT, False), (LONGEST_WAIT + SECOND, True)]
)
def test_what_no_run_waits_for_is_left_to_watch(wait: timedelta | None, left: bool) -> None:
    assert was_left_to_watch(pulled(wait, SECOND)) is left
    assert was_left_to_watch(None) is False


def test_a_fault_of_the_code_has_no_verdict() -> None:
    assert verdict(KeyError("x")) is None


@dataclass
class Kept:
    """A connection as Airflow keeps it."""

    conn_type: str | None = "http"
    host: str | None = "api.example"
    schema: str | None = None
    login: str | None = "l"
    password: str | None = "p"
    port: int | None = None
    extra: str | None = None


def test_a_connection_kept_in_airflow_is_read_in_both_ways_of_writing_it() -> None:
    whole = read_connection("c", Kept(host="https://api.example/v1", extra='{"private": true}'))
    assert (whole.url, whole.login, whole.password) == ("https://api.example/v1", "l", "p")
    assert whole.extra["private"] is True
    parts = read_connection("c", Kept(conn_type="postgresql", host="db", port=5433, schema="survey", login=None))
    assert (parts.url, parts.login) == ("postgresql://db:5433/survey", "")


def test_a_connection_that_airflow_does_not_have_is_not_made_up() -> None:
    assert airflow_lookup(lambda _name: None)("c") is None


@pytest.mark.parametrize("extra", ["[]", "not json hunter2", '"x"'])
def test_a_damaged_extra_is_refused_without_quoting_it(extra: str) -> None:
    with pytest.raises(ConfigError, match="Airflow connection c") as refused:
        read_connection("c", Kept(extra=extra))
    assert "hunter2" not in str(refused.value)


@pytest.fixture
def look_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(senders_module, "LOOK_SECONDS", 0.0)


@pytest.mark.usefixtures("look_each_time")
def test_the_sources_files_say_who_may_speak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = senders(write_sources(tmp_path))
    monkeypatch.delenv("PILAR_SECRET_TEST_HOOK", raising=False)
    assert allowed.opd_of("births") == "health"
    assert allowed.opd_of("no_such") is None
    assert list(allowed.secrets_for("births")) == []
    monkeypatch.setenv("PILAR_SECRET_TEST_HOOK", "whsec_new whsec_old")
    assert list(allowed.secrets_for("births")) == ["whsec_new", "whsec_old"]
    assert list(allowed.secrets_for("no_such")) == []
    assert allowed.pushed("oss.receiveNIB") == {}
    births = tmp_path / "health" / "births.yaml"
    births.write_text(births.read_text().replace("secret: test_hook", "pushes: {oss.receiveNIB: oss_key}"))
    monkeypatch.setenv("PILAR_SECRET_OSS_KEY", "key")
    assert allowed.pushed("oss.receiveNIB") == {"births": ("key",)}
    assert allowed.pushed("bpjs.call") == {}


@pytest.mark.usefixtures("look_each_time")
def test_a_new_source_may_speak_at_once_and_a_broken_file_shuts_nobody_out(tmp_path: Path) -> None:
    allowed = senders(write_sources(tmp_path))
    births = tmp_path / "health" / "births.yaml"
    (tmp_path / "health" / "deaths.yaml").write_text(births.read_text().replace("id: births", "id: deaths"))
    assert allowed.opd_of("deaths") == "health"
    births.write_text("{broken")
    os.utime(births, ns=(1, 1))
    assert allowed.opd_of("births") == "health"
    assert allowed.opd_of("deaths") == "health"


@pytest.mark.usefixtures("look_each_time")
def test_a_door_opens_though_one_file_is_broken_and_reads_the_others_again(tmp_path: Path) -> None:
    births = write_sources(tmp_path) / "health" / "births.yaml"
    good = births.read_text()
    births.write_text("{broken")
    (tmp_path / "health" / "children.yaml").write_text(good.replace("id: births", "id: children") + "# TODO when?\n")
    with capture_logs() as logged:
        allowed = senders(tmp_path)
    assert sorted(line["error"].count("births.yaml") for line in logged) == [0, 1]
    assert [allowed.opd_of(name) for name in ("births", "children", "vaccines")] == [None, None, "health"]
    (tmp_path / "health" / "deaths.yaml").write_text(good.replace("id: births", "id: deaths"))
    (tmp_path / "health" / "vaccines.yaml").unlink()
    assert [allowed.opd_of(name) for name in ("deaths", "vaccines", "revenue")] == ["health", None, "budget"]
    births.write_text(good)
    assert allowed.opd_of("births") == "health"
    with pytest.raises(ConfigError, match="no folder"):
        senders(tmp_path / "nowhere")


def test_the_files_are_looked_at_once_for_all_events_of_a_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = senders(write_sources(tmp_path))
    looks: list[str] = []
    glob = Path.glob

    def counted(folder: Path, pattern: str) -> Any:
        looks.append(pattern)
        return glob(folder, pattern)

    monkeypatch.setattr(Path, "glob", counted)
    clock = time.monotonic() + 10
    monkeypatch.setattr(senders_module, "time", SimpleNamespace(monotonic=lambda: clock))
    assert [allowed.opd_of("births") for _ in range(100)] == ["health"] * 100
    assert len(looks) == 1


def test_airflows_secrets_are_made_once_and_are_the_owners_alone(tmp_path: Path) -> None:
    prepare_home(tmp_path)
    file = tmp_path / "secrets.json"
    first = file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert all(len(value) >= 32 for value in json.loads(first).values())
    prepare_home(tmp_path)
    assert file.read_text() == first


@pytest.fixture
def installed(tmp_path: Path) -> Settings:
    made = Settings(home=tmp_path, ledger_url="postgresql://ledger", key_dir=tmp_path / "keys")
    prepare_home(tmp_path / "airflow")
    return made


def test_airflow_listens_on_loopback_and_tasks_find_it_where_it_listens(installed: Settings) -> None:
    found = airflow_environment(installed, "postgresql://postgres@/airflow?host=/x", 9999)
    assert found["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert found["AIRFLOW__API__PORT"] == "9999"
    assert found["AIRFLOW__API__BASE_URL"] == "http://127.0.0.1:9999"
    assert found["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == "postgresql+psycopg2://postgres@/airflow?host=/x"
    assert found["PILAR_LEDGER_URL"] == "postgresql://ledger"


def test_everything_that_is_preloaded_exists() -> None:
    ours = ("pilar", "connectors", "expectations")
    for name in (*HEAVY, PROTOCOLS):
        # Looking for a part of a package imports the package: of foreign ones, only the whole is looked for.
        looked_for = name if name.startswith(ours) else name.partition(".")[0]
        assert importlib.util.find_spec(looked_for) is not None, name


def test_a_proxy_for_the_outside_is_not_used_inside(installed: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "example.org")
    assert base_environment(installed)["NO_PROXY"].split(",")[:2] == ["example.org", "127.0.0.1"]


def test_p6_no_line_of_a_log_holds_a_persons_number(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = structlog.get_config()
    monkeypatch.delenv("PILAR_LOG_LEVEL", raising=False)
    try:
        logs.configure("INFO")
        structlog.get_logger().warning(
            "asked for 3201 0141 0190 0011", what="3201-0141-0190-0011", batch=OWN_ID, rows=9
        )
    finally:
        structlog.configure(**before)
    line = json.loads(capsys.readouterr().err)
    told = (line["event"], line["what"], line["batch"], line["rows"])
    assert told == ("asked for (number)", "(number)", OWN_ID, 9)
