"""Watch names what nobody is about to pull, and nothing else."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from connectors.source.source_files import load_sources
from ledger import tables
from ledger.errors import ConfigError
from ledger.records import EventIn
from ledger.settings import Settings, sources_dir
from ledger.store import Ledger
from pilar import steps
from tests.pilar.platform.sources_of_tests import write_sources

PATIENCE = timedelta(seconds=steps.EVENT_PATIENCE_SECONDS)
SOURCE = "dlh_sipsn"
EVERY = set(load_sources(sources_dir()))


@pytest.fixture
def watch(ledger: Ledger, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[[], set[str]]:
    monkeypatch.setattr(steps, "open_installation", lambda: (ledger, settings))
    return lambda: set(steps.watch())


@pytest.fixture
def older(ledger_url: str) -> Callable[..., None]:
    """Moves everything of one table back in time."""

    def move(table: sa.Table, age: timedelta, *columns: str) -> None:
        engine = sa.create_engine(sa.make_url(ledger_url).set(drivername="postgresql+psycopg"))
        with engine.begin() as connection:
            connection.execute(table.update().values({name: table.c[name] - age for name in columns}))
        engine.dispose()

    return move


def announce(ledger: Ledger, identity: str = "1") -> str:
    return ledger.record_event(EventIn("dlh:urn:agency", identity, "changed", SOURCE))[0]


def just_pulled(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> str:
    """A batch, so that the clock has no say."""
    monkeypatch.setattr(steps, "is_due", lambda _cron, last_try, _now: last_try is None)
    return ledger.start_batch(SOURCE, "dlh", "c" * 64)


def test_every_source_that_was_never_tried_is_named(watch: Callable[[], set[str]]) -> None:
    assert watch() == EVERY


def test_a_watch_that_fails_is_silent(
    ledger: Ledger, watch: Callable[[], set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("connectors.kept.leftovers.remove_leftovers", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            watch()
    assert not ledger.heartbeats()
    watch()
    assert list(ledger.heartbeats()) == ["watch"]


def test_a_draft_that_waits_for_a_person_is_not_pulled(
    ledger: Ledger, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = write_sources(tmp_path / "sources")
    with (folder / "health" / "births.yaml").open("a") as file:
        file.write("# TODO is the list of values complete?\n")
    drafted = settings.model_copy(update={"sources_dir": folder})
    monkeypatch.setattr(steps, "open_installation", lambda _lookup=None: (ledger, drafted))
    with capture_logs() as logged:
        assert steps.watch() == ["children", "revenue", "spending", "vaccines"]
    assert [line["log_level"] for line in logged] == ["warning"]
    assert "births.yaml: line 13" in logged[0]["error"]
    with pytest.raises(ConfigError, match="waits for a person: # TODO"):
        steps.ingest("births")
    assert list(ledger.batches("births")) == []


@pytest.mark.parametrize("dispatched", [False, True])
def test_a_source_whose_event_is_on_its_way_is_not_pulled_twice(
    ledger: Ledger, watch: Callable[[], set[str]], older: Callable[..., None], dispatched: bool
) -> None:
    event_id = announce(ledger)
    if dispatched:
        ledger.mark_events([event_id], "dispatched")
    assert watch() == EVERY - {SOURCE}
    older(tables.event, PATIENCE - timedelta(seconds=30), "received_at", "dispatched_at")
    assert SOURCE not in watch()


@pytest.mark.parametrize("status", ["received", "dispatched"])
def test_p4_an_event_that_found_no_run_is_looked_for(
    ledger: Ledger,
    watch: Callable[[], set[str]],
    older: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    status: str,
) -> None:
    ledger.fail_batch(just_pulled(ledger, monkeypatch), "retryable", "down")
    event_id = announce(ledger)
    if status == "dispatched":
        ledger.mark_events([event_id], "dispatched")
    assert SOURCE not in watch()
    older(tables.event, PATIENCE + timedelta(seconds=5), "received_at", "dispatched_at")
    assert SOURCE in watch()


def test_p4_a_watch_that_fails_each_time_does_not_say_that_it_runs(
    ledger: Ledger, watch: Callable[[], set[str]], settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lost = settings.model_copy(update={"sources_dir": tmp_path / "not_mounted"})
    monkeypatch.setattr(steps, "open_installation", lambda: (ledger, lost))
    with pytest.raises(ConfigError):
        watch()
    assert "watch" not in ledger.heartbeats()
    monkeypatch.setattr(steps, "open_installation", lambda: (ledger, settings))
    watch()
    assert "watch" in ledger.heartbeats()


def test_p4_a_storm_about_one_source_hides_no_event_about_another(
    ledger: Ledger, watch: Callable[[], set[str]], older: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.fail_batch(just_pulled(ledger, monkeypatch), "retryable", "down")
    ledger.record_events([EventIn("other", str(number), "changed", "no_such_source") for number in range(600)])
    older(tables.event, timedelta(seconds=5), "received_at")
    announce(ledger)
    older(tables.event, PATIENCE + timedelta(seconds=5), "received_at")
    assert SOURCE in watch()


def test_p4_a_source_that_is_being_pulled_is_left_alone_until_its_pull_has_died(
    ledger: Ledger, watch: Callable[[], set[str]], older: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    announce(ledger)
    older(tables.event, PATIENCE + timedelta(seconds=5), "received_at")
    batch_id = just_pulled(ledger, monkeypatch)
    with ledger.deciding(SOURCE):
        assert SOURCE not in watch()
        older(tables.batch, timedelta(hours=2), "started_at")
        assert SOURCE not in watch()
    assert SOURCE in watch()
    batch = ledger.batch(batch_id)
    assert batch is not None
    assert (batch.status, batch.error_kind) == ("failed", "died")


@pytest.mark.parametrize("announced", [False, True])
def test_a_source_that_asked_to_be_left_alone_is_not_asked_before_its_time(
    ledger: Ledger, watch: Callable[[], set[str]], older: Callable[..., None], announced: bool
) -> None:
    """Due by its clock (a year has passed), or announced by an event that nobody settled."""
    ledger.fail_batch(ledger.start_batch(SOURCE, "dlh", "c" * 64), "quota", "too many questions", retry_after=3600)
    older(tables.batch, timedelta(days=365), "started_at")
    if announced:
        announce(ledger)
        older(tables.event, PATIENCE + timedelta(seconds=5), "received_at")
    assert SOURCE not in watch()
    until = steps.rests_until(SOURCE)
    assert until is not None
    assert timedelta(minutes=59) < until - ledger.now() <= timedelta(hours=1)
    older(tables.batch, timedelta(hours=1), "retry_at")
    assert steps.rests_until(SOURCE) is None
    assert SOURCE in watch()


@pytest.mark.parametrize(("hours", "rung"), [(2, False), (3, True)])
def test_watch_asks_after_a_wait_that_no_run_waited_for(
    ledger: Ledger,
    watch: Callable[[], set[str]],
    older: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    hours: int,
    rung: bool,
) -> None:
    """Whatever the clock says; after a shorter one the run has asked itself, and failed."""
    batch_id = just_pulled(ledger, monkeypatch)
    ledger.fail_batch(batch_id, "quota", "too many questions", retry_after=hours * 3600)
    assert SOURCE not in watch()
    older(tables.batch, timedelta(hours=hours), "finished_at", "retry_at")
    assert (SOURCE in watch()) is rung


@pytest.mark.parametrize(("kind", "asked"), [("machine", True), ("permanent", False), ("damaged", False)])
def test_watch_asks_again_what_only_this_machine_had_no_room_for(
    ledger: Ledger, watch: Callable[[], set[str]], monkeypatch: pytest.MonkeyPatch, kind: str, asked: bool
) -> None:
    """A full disk is no answer of the source: its clock may strike in a year."""
    ledger.fail_batch(just_pulled(ledger, monkeypatch), kind, "no room")
    assert (SOURCE in watch()) is asked


def test_a_replay_is_not_taken_for_the_pull_that_was_due(
    ledger: Ledger, watch: Callable[[], set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    pulled = just_pulled(ledger, monkeypatch)
    ledger.start_batch("dinkes_eppgbm", "dinas_kesehatan", "c" * 64, replay_of=pulled)
    assert "dinkes_eppgbm" in watch()
    assert SOURCE not in watch()


def test_a_settled_event_holds_nobody_back(ledger: Ledger, watch: Callable[[], set[str]]) -> None:
    announce(ledger)
    ledger.settle_events(SOURCE, ledger.now(), "done")
    assert SOURCE in watch()
