"""Pulls that fail, die or meet each other: what is recorded, and what the next one makes of it."""

import errno
import hashlib
import json
import os
import resource
import signal
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg
import pytest

from connectors.decide import decision as decision_module
from connectors.kept.leftovers import remove_leftovers
from connectors.landing import files as files_module
from connectors.landing.landing import Landing
from connectors.protocols.base import Page
from connectors.pull.course import pull
from connectors.pull.dry_run import PLACE
from connectors.pull.page_store import PageStore, read_page
from ledger.batch_store import DIED
from ledger.errors import ConfigError, LedgerError, MachineError, SourceError
from ledger.keys import Keys
from ledger.records import BatchResult
from ledger.settings import Connection, Settings
from ledger.store import Ledger
from pilar.platform import failures
from tests.connectors.dying import Killed, dying
from tests.connectors.http.conftest import response, serving
from tests.connectors.pulling import (
    COLUMNS,
    NIK,
    in_force,
    make,
    page,
    pull_pages,
    records,
    states,
    two_years,
    undisturbed,
)


def failing(error: BaseException) -> Iterator[Page]:
    yield page(0, records(20), "2023")
    yield page(1, records(20), "2024")
    raise error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (SourceError("quota", "too many questions", where="GET /2"), "quota"),
        (SourceError("damaged", "half a page", where="GET /2"), "damaged"),
        (ConfigError("no such connection"), "permanent"),
        (ValueError(f"could not read {NIK}"), "permanent"),
        (MachineError("the disk is full"), "machine"),
    ],
)
def test_a_failure_is_recorded_before_it_is_raised(
    ledger: Ledger, settings: Settings, error: Exception, kind: str
) -> None:
    with pytest.raises(type(error)):
        pull_pages(make(), failing(error), ledger, settings)
    batches = ledger.batches("sample")
    assert [(batch.status, batch.error_kind) for batch in batches] == [("failed", kind)] * 2
    assert [len(ledger.pages(batch.batch_id)) for batch in batches] == [1, 1]
    assert NIK not in str([batch.error_message for batch in batches])
    assert ledger.in_force("sample") == []


@pytest.mark.parametrize("asked", [None, 5400])
def test_until_when_a_source_asked_to_be_left_alone_is_in_the_ledger(
    ledger: Ledger, settings: Settings, asked: float | None
) -> None:
    with pytest.raises(SourceError):
        pull_pages(make(), failing(SourceError("quota", "too many questions", retry_after=asked)), ledger, settings)
    waits = {
        batch.retry_at and batch.finished_at and batch.retry_at - batch.finished_at
        for batch in ledger.batches("sample")
    }
    assert waits == {asked and timedelta(seconds=asked)}


@pytest.mark.fault(10)
@pytest.mark.integration
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_system_that_asks_to_be_left_alone_is_believed_in_both_forms(
    ledger: Ledger, settings: Settings, form: str
) -> None:
    after = "5400" if form == "seconds" else formatdate(time.time() + 5400, usegmt=True)
    source = make(args={"path": "/"}, protocol="rest", for_each=[{"tahun": "2024"}])
    with serving() as server:
        url = server.on("/", response(b"Kuota habis", 429, "text/plain", Retry_After=after))
        with pytest.raises(SourceError, match="too many requests"):
            pull(source, ledger, settings, connection=Connection(url=url, extra={"private": True}))
    [batch] = ledger.batches(source.id)
    assert batch.retry_at is not None
    assert timedelta(seconds=5300) < batch.retry_at - ledger.now() <= timedelta(seconds=5400)


class Answers(BaseHTTPRequestHandler):
    """A system whose second page is none."""

    second = (200, b"<html>Galat: Siti Contohwan 9964020101230001</html>")

    def do_GET(self) -> None:
        page_one = self.path.endswith("page=1")
        status, body = (200, json.dumps(records(20)).encode()) if page_one else self.second
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if page_one else "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        """Nothing is logged."""


@pytest.fixture
def answers() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.integration
def test_p7_a_failing_answer_is_kept_with_its_request_and_its_hash_and_never_in_clear(
    ledger: Ledger, settings: Settings, answers: str
) -> None:
    args = {"path": "/", "params": {"token": "rahasia-9f3a"}, "paging": {"mode": "page", "size_param": "n", "size": 20}}
    source = make(args=args, protocol="rest", for_each=[{"tahun": "2024"}])
    with pytest.raises(SourceError) as caught:
        pull(source, ledger, settings, connection=Connection(url=answers, extra={"private": True}))
    assert (caught.value.kind, caught.value.answer) == ("damaged", None)
    [batch] = ledger.batches(source.id)
    first, second = ledger.pages(batch.batch_id)
    assert (first.seq, second.seq, second.status) == (0, 1, 200)
    assert "page=2" in second.request
    assert "rahasia" not in first.request + second.request
    body = Answers.second[1]
    assert (second.bytes, second.sha256) == (len(body), hashlib.sha256(body).hexdigest())
    assert read_page(settings.home / str(second.path), Keys.load(settings.key_dir).page_key) == body
    held = b"".join(path.read_bytes() for path in settings.home.rglob("*") if path.is_file())
    assert NIK.encode() not in held
    assert NIK not in str(batch)


def test_p7_a_page_about_no_period_is_kept(ledger: Ledger, settings: Settings) -> None:
    with pytest.raises(SourceError):
        pull_pages(make(), [page(0, records(3), "24")], ledger, settings)
    [batch] = ledger.batches("sample")
    [kept] = ledger.pages(batch.batch_id)
    came = hashlib.sha256(page(0, records(3)).body).hexdigest()
    assert (kept.request, kept.sha256) == ("GET /0?token=REDACTED", came)


def test_a_failing_answer_that_finds_no_room_is_recorded_all_the_same(
    ledger: Ledger, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(PageStore, "write", full)
    with pytest.raises(SourceError, match="no coverage of grain"):
        pull_pages(make(), [page(0, records(3), "24")], ledger, settings)
    [batch] = ledger.batches("sample")
    assert [(kept.status, kept.path) for kept in ledger.pages(batch.batch_id)] == [(200, None)]


@pytest.mark.fault(4)
@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "No space left on device"), OSError(errno.EDQUOT, "Disk quota exceeded"), MemoryError()],
)
@pytest.mark.parametrize("where", ["pages", "rows", "ledger"])
def test_p10_a_machine_without_room_is_told_as_such_and_asked_again(
    ledger: Ledger, settings: Settings, monkeypatch: pytest.MonkeyPatch, error: Exception, where: str
) -> None:
    owner, step = {
        "pages": (PageStore, "write"), "rows": (files_module, "_copy"), "ledger": (Ledger, "add_pages"),
    }[where]  # fmt: skip

    def full(*_args: Any) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(owner, step, full)
        with pytest.raises(MachineError, match=r"the disk is full|the memory is used up") as told:
            pull_pages(make(), two_years(), ledger, settings)
    assert {(batch.status, batch.error_kind) for batch in ledger.batches("sample")} == {("failed", "machine")}
    assert {batch.error_message for batch in ledger.batches("sample")} == {str(told.value)}
    assert "\n" not in str(told.value)
    assert failures.verdict(told.value) == failures.Verdict(str(told.value), again=True)
    assert {status for _, status in states(pull_pages(make(), two_years(), ledger, settings))} == {"accepted"}


@pytest.mark.fault(3)
def test_p10_landed_rows_that_do_not_fit_on_the_disk_are_no_damaged_records(ledger: Ledger, settings: Settings) -> None:
    """The system itself refuses, and DuckDB tells it in its own words."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    rows = [{"id": f"r{at}", "n": at * 7919 % 100_003} for at in range(60_000)]
    pages = [page(nth, rows[nth * 2000 : nth * 2000 + 2000]) for nth in range(30)]
    resource.setrlimit(resource.RLIMIT_FSIZE, (120_000, before[1]))
    try:
        with pytest.raises(MachineError, match=r"a file grew larger than this machine allows|the disk is full"):
            pull_pages(make(), pages, ledger, settings)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert {batch.error_kind for batch in ledger.batches("sample")} == {"machine"}


def test_no_page_at_all_is_a_failure(ledger: Ledger, settings: Settings) -> None:
    with pytest.raises(SourceError, match="no answer"):
        pull_pages(make(), [], ledger, settings)
    assert [(batch.status, batch.error_kind) for batch in ledger.batches("sample")] == [("failed", "empty")]


def test_a_page_about_no_period_is_refused(ledger: Ledger, settings: Settings) -> None:
    with pytest.raises(SourceError, match="no coverage of grain year"):
        pull_pages(make(), [page(0, records(3), "24")], ledger, settings)


def test_p10_a_missing_connection_is_told_and_recorded(ledger: Ledger, settings: Settings) -> None:
    with pytest.raises(ConfigError, match="PILAR_CONN_SAMPLE"):
        pull(make(), ledger, settings)
    assert [batch.status for batch in ledger.batches("sample")] == ["failed"]


# (whose step, which step, at which call of it, before or after its work)
STEPS = [
    (PageStore, "write", 1, False),
    (PageStore, "write", 2, True),
    (Ledger, "add_pages", 1, False),
    (Ledger, "add_pages", 2, True),
    (Landing, "add", 2, True),
    (Landing, "finish", 1, False),
    (Landing, "finish", 1, True),
    (files_module, "_copy", 1, False),
    (files_module, "_copy", 1, True),
    (files_module, "_copy", 4, True),
    (decision_module, "decide", 1, True),
    (decision_module, "decide", 2, True),
    (PageStore, "settle", 2, True),
    (Ledger, "finish_batch", 1, False),
    (Ledger, "finish_batch", 1, True),
    (Ledger, "finish_batch", 2, False),
    (Ledger, "finish_batch", 2, True),
]


@pytest.mark.fault(1)
@pytest.mark.parametrize("step", STEPS, ids=[f"{name}-{nth}-{after}" for _, name, nth, after in STEPS])
def test_p2_a_pull_may_die_anywhere_and_be_run_again(
    ledger: Ledger, settings: Settings, tmp_path: Path, step: tuple[Any, str, int, bool]
) -> None:
    owner, name, nth, after = step
    source = make()
    pull_pages(source, [page(0, records(30), "2023")], ledger, settings)
    good = in_force(settings, ledger, source)["2023"]
    pages = [page(0, records(30, n=5), "2023"), page(1, records(30), "2024")]
    expected = undisturbed(source, pages, settings, tmp_path)
    with dying(owner, name, nth, after=after), pytest.raises(Killed):
        pull_pages(source, pages, ledger, settings)
    between = in_force(settings, ledger, source)
    assert between["2023"] in (good, expected["2023"])
    pull_pages(source, pages, ledger, settings)
    assert in_force(settings, ledger, source) == expected
    remove_leftovers(ledger, settings, datetime.now(UTC) + timedelta(days=2))
    assert not [batch for batch in ledger.batches(source.id, 99) if batch.status == "running"]
    dead = {batch.batch_id for batch in ledger.batches(source.id, 99) if batch.error_kind == "died"}
    assert not [path for path in settings.home.rglob("*") if path.is_dir() and path.name in dead]
    assert in_force(settings, ledger, source) == expected


@pytest.mark.parametrize("in_rows", [False, True], ids=["asked", "in rows"])
def test_p2_months_of_a_killed_first_pull_are_no_history_for_its_rerun(
    ledger: Ledger, settings: Settings, in_rows: bool
) -> None:
    """Two months were recorded when it died; the third is small. None of the three counted."""
    month = {"bulan": {"pattern": "....-..", **({} if in_rows else {"context": "bulan"})}}
    source = make(columns=COLUMNS | month, coverage={"from": "bulan", "grain": "month"})
    pages = []
    for at, size in enumerate((50, 50, 5)):
        name = f"2024-{at + 1:02}"
        rows = records(size, n=at, **({"bulan": name} if in_rows else {}))
        pages.append(page(at, [row | {"id": f"{name} {row['id']}"} for row in rows], bulan=name))
    with dying(Ledger, "finish_batch", 3, after=False), pytest.raises(Killed):
        pull_pages(source, pages, ledger, settings)
    assert ledger.in_force(source.id) == []
    assert {status for _, status in states(pull_pages(source, pages, ledger, settings))} == {"accepted"}
    fourth = page(3, records(5, n=9, **({"bulan": "2024-04"} if in_rows else {})), bulan="2024-04")
    assert states(pull_pages(source, [*pages, fourth], ledger, settings))[-1] == ("2024-04", "held")


@pytest.mark.fault(1, 2)
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize(("owner", "name"), [(PageStore, "settle"), (Ledger, "finish_batch")])
def test_p2_a_pull_may_be_killed_by_the_system(
    ledger: Ledger, settings: Settings, tmp_path: Path, owner: Any, name: str, how: signal.Signals
) -> None:
    """In a process of its own: the source's lock goes with it, and the next pull does not wait."""
    source, pages = make(), two_years()

    def die(*_: Any) -> None:
        os.kill(os.getpid(), how)

    child = os.fork()
    if child == 0:
        setattr(owner, name, die)
        pull_pages(source, pages, ledger, settings)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == how
    assert [batch.status for batch in ledger.batches(source.id)] == ["running", "running"]
    assert ledger.in_force(source.id) == []
    other = ledger.start_batch("another", "opd", "c" * 64)
    with Ledger(settings.ledger_url).deciding("another"):  # that one lives
        assert set(ledger.fail_all_dead()) == {batch.batch_id for batch in ledger.batches(source.id)}
    died = [(batch.status, batch.error_kind, batch.error_message) for batch in ledger.batches(source.id)]
    assert died == [("failed", "died", DIED)] * 2
    assert [batch.status for batch in ledger.batches("another")] == ["running"]
    assert list(ledger.fail_all_dead()) == [other]
    pull_pages(source, pages, ledger, settings)
    assert in_force(settings, ledger, source) == undisturbed(source, pages, settings, tmp_path)


@pytest.mark.fault(26)
def test_two_pulls_of_one_source_wait_for_each_other(ledger: Ledger, settings: Settings, ledger_url: str) -> None:
    running, seen = threading.Event(), []

    def slowly() -> Iterator[Page]:
        running.set()
        seen.append("first begins")
        yield page(0, records(20))
        threading.Event().wait(0.5)
        assert list(Ledger(ledger_url).fail_all_dead()) == []
        seen.append("first ends")

    def quickly() -> Iterator[Page]:
        seen.append("second begins")
        yield page(0, records(20))

    first = threading.Thread(target=pull_pages, args=(make(), slowly(), ledger, settings))
    first.start()
    running.wait(10)
    outcome = pull_pages(make(), quickly(), Ledger(ledger_url), settings)
    first.join()
    assert seen == ["first begins", "first ends", "second begins"]
    assert states(outcome) == [("2024", "unchanged")]


def test_p3_a_release_waits_for_the_pull_that_is_under_way(ledger: Ledger, settings: Settings, ledger_url: str) -> None:
    pull_pages(make(), [page(0, records(20))], ledger, settings)
    [held] = pull_pages(make(), [page(0, records(9))], ledger, settings).batches
    told: list[str] = []

    def release() -> None:
        try:
            Ledger(ledger_url).release_batches([held.batch_id], "the agency says so")
        except LedgerError as error:
            told.append(error.what)

    person = threading.Thread(target=release)

    def meanwhile() -> Iterator[Page]:
        person.start()
        with psycopg.connect(ledger_url) as connection:
            waiting = (
                "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = "
                "(SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            while person.is_alive() and connection.execute(waiting).fetchone() is None:
                threading.Event().wait(0.01)
        yield page(0, records(21))

    outcome = pull_pages(make(), meanwhile(), ledger, settings)
    person.join()
    assert (held.status, states(outcome)) == ("held", [("2024", "accepted")])
    # What the pull brought is known to it, and newer.
    [what] = told
    assert what.endswith(outcome.batches[0].batch_id)
    assert [batch.batch_id for batch in ledger.in_force("sample")] == [outcome.batches[0].batch_id]


def test_p6_a_dry_run_that_was_killed_leaves_nothing_for_long(ledger: Ledger, settings: Settings) -> None:
    killed, at_work = settings.home / f"{PLACE}killed", settings.home / f"{PLACE}work"
    for folder in (killed, at_work):
        (folder / "batch-0").mkdir(parents=True)
    long_ago = time.time() - timedelta(days=1, minutes=1).total_seconds()
    os.utime(killed, (long_ago, long_ago))
    assert remove_leftovers(ledger, settings) == [killed]
    assert (killed.exists(), at_work.exists()) == (False, True)


def test_leftovers_of_dead_batches_are_removed_and_no_others(ledger: Ledger, settings: Settings) -> None:
    source = make()
    pull_pages(source, two_years(), ledger, settings)
    with pytest.raises(SourceError):
        pull_pages(source, failing(SourceError("damaged", "x")), ledger, settings)
    stranger = settings.pages_dir / source.id / "unknown-batch"
    stranger.mkdir()
    kept = in_force(settings, ledger, source)
    assert remove_leftovers(ledger, settings) == []
    later = datetime.now(UTC) + timedelta(days=8)
    removed = remove_leftovers(ledger, settings, later)
    assert len(removed) == 3
    assert stranger in removed
    assert in_force(settings, ledger, source) == kept


MOMENT = timedelta(microseconds=1)


def folder_of(batch_id: str, settings: Settings) -> Path:
    folder = settings.pages_dir / "sample" / batch_id
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_a_running_batch_is_dead_after_a_day_and_not_before(ledger: Ledger, settings: Settings) -> None:
    batch_id = ledger.start_batch("sample", "sample_opd", "c" * 64)
    batch, folder = ledger.batch(batch_id), folder_of(batch_id, settings)
    assert batch is not None
    assert remove_leftovers(ledger, settings, batch.started_at + timedelta(days=1)) == []
    assert remove_leftovers(ledger, settings, batch.started_at + timedelta(days=1) + MOMENT) == [folder]


def test_the_pages_of_a_failed_pull_stay_for_a_week_after_it_ended(ledger: Ledger, settings: Settings) -> None:
    batch_id = ledger.start_batch("sample", "sample_opd", "c" * 64)
    folder = folder_of(batch_id, settings)
    ledger.fail_batch(batch_id, "damaged", "x")
    batch = ledger.batch(batch_id)
    assert batch is not None
    assert batch.finished_at is not None
    assert batch.finished_at > batch.started_at
    assert remove_leftovers(ledger, settings, batch.finished_at + timedelta(days=7)) == []
    assert remove_leftovers(ledger, settings, batch.finished_at + timedelta(days=7) + MOMENT) == [folder]


def test_a_folder_that_the_ledger_does_not_know_stays_for_a_week(ledger: Ledger, settings: Settings) -> None:
    folder = folder_of("unknown-batch", settings)
    changed = datetime(2026, 1, 1, tzinfo=UTC)
    os.utime(folder, (changed.timestamp(), changed.timestamp()))
    assert remove_leftovers(ledger, settings, changed + timedelta(days=7)) == []
    assert remove_leftovers(ledger, settings, changed + timedelta(days=7) + MOMENT) == [folder]


@pytest.mark.parametrize("status", ["accepted", "held", "rejected", "unchanged"])
def test_a_batch_that_was_decided_is_never_removed(ledger: Ledger, settings: Settings, status: Any) -> None:
    batch_id = ledger.start_batch("sample", "sample_opd", "c" * 64)
    folder_of(batch_id, settings)
    ledger.finish_batch(batch_id, BatchResult(status, "2024", 1, 1, 0, None, None, "d" * 64, synthetic=False))
    assert remove_leftovers(ledger, settings, ledger.now() + timedelta(days=9999)) == []
