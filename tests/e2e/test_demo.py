"""`pilar demo` as users run it: from nothing to a publication, again with nothing new, or stopped amid its start."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import psutil
import psycopg
import pytest

from ledger.clock import local_zone
from ledger.project import pillar_ids
from ledger.records import Event
from ledger.store import Ledger
from pilar.platform.airflow import DATABASE as AIRFLOW_DATABASE
from pilar.platform.postgres import EmbeddedPostgres
from pilar.platform.stack import LEDGER_DATABASE
from pilar.steps import is_due
from publication import pointer
from publication.verify import verify
from tests.agencies import PLAYED
from tests.ports import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

SOURCES = PLAYED
WORKERS = 4
"""How many tasks Airflow runs at once."""
PUBLISHED = {"64.02": Decimal("2.82"), "35.07": Decimal("2.94")}
"""Indexes of 2023, stage II: the ministry's letter B-1384."""


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    status: int
    out: str
    err: str


@dataclass(frozen=True)
class Demo:
    """Two demos in a row on one home, and what each left behind when it had ended."""

    home: Path
    first: Ended
    survivors: list[str]
    publication: str
    again: Ended
    survivors_again: list[str]


def environment(home: Path) -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PILAR_", "AIRFLOW_"))}
    return {**kept, "PILAR_HOME": str(home), "COLUMNS": "200"}


def demo_command(*options: str, door: int | None = None) -> list[str]:
    pilar = str(Path(sys.executable).with_name("pilar"))
    return [pilar, "demo", "--port", str(door or free_port()), "--airflow-port", str(free_port()), *options]


def run_demo(home: Path, *options: str, door: int | None = None) -> Ended:
    began = time.monotonic()
    done = subprocess.run(
        demo_command(*options, door=door),
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=420,
        check=False,
    )
    sys.stdout.write(f"\npilar demo {' '.join(options)}: {time.monotonic() - began:.1f} s, exit {done.returncode}\n")
    sys.stdout.writelines(f"  {line}\n" for line in done.stderr.splitlines())
    return Ended(done.returncode, done.stdout, done.stderr)


def processes_of(home: Path) -> list[str]:
    """Every process that works for an installation: it has the home in its command or in its environment."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            works = any(str(home) in word for word in words) or process.environ().get("PILAR_HOME") == str(home)
            if works and process.status() != psutil.STATUS_ZOMBIE:
                found.append(f"{process.pid} {' '.join(words)[:200]}")
        except psutil.Error:
            continue
    return found


def eventually_none(home: Path, seconds: float = 5.0) -> list[str]:
    end = time.monotonic() + seconds
    while (found := processes_of(home)) and time.monotonic() < end:
        time.sleep(0.1)
    return found


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    # A short path: PostgreSQL's user must be able to enter it, and pytest's own folder is closed to others.
    home = Path(tempfile.mkdtemp(prefix="pilar-demo-"))
    try:
        first = run_demo(home, "--once")
        survivors = processes_of(home)
        publication = pointer.current(home / "published") or ""
        again = run_demo(home, "--once")
        yield Demo(home, first, survivors, publication, again, processes_of(home))
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def postgres(demo: Demo) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(demo.home / "postgres") as server:
        yield server


@pytest.fixture(scope="module")
def kept(postgres: EmbeddedPostgres) -> Ledger:
    """The ledger that the demos have left."""
    return Ledger(postgres.url(LEDGER_DATABASE))


def events(ledger: Ledger) -> list[Event]:
    return [event for source_id in SOURCES for event in ledger.events_of(source_id, 100)]


def by_events_alone(ledger: Ledger) -> list[str]:
    """The sources whose clock did not strike while the demos ran: `watch` pulls the others once more."""
    now = datetime.now(local_zone())
    begun = min(event.received_at for event in events(ledger))
    return [name for name, source in SOURCES.items() if not is_due(source.events, begun, now)]


def last_picture(ended: Ended) -> Mapping[str, str]:
    """The last stage that was shown of each source and pillar."""
    return dict(re.findall(r"^(\w+) +[✓=!✗·»↓] (in force|\w+)", ended.out, re.MULTILINE))


def told(ended: Ended) -> list[str]:
    """What was told meanwhile, without the seconds. Raises AssertionError for a line that is told otherwise."""
    lines = [re.fullmatch(r" *\d+ s  (.+)", line) for line in ended.err.splitlines()]
    assert all(lines), ended.err
    return [line[1] for line in lines if line is not None]


def test_the_first_demo_ends_well_with_every_source_accepted(demo: Demo) -> None:
    assert demo.first.status == 0, demo.first.err
    lines = told(demo.first)
    order = ["the demo begins", "PostgreSQL starts", "PostgreSQL answers", "Airflow starts", "Airflow answers"]
    assert [next(at for at, line in enumerate(lines) if line.startswith(step)) for step in order] == sorted(
        next(at for at, line in enumerate(lines) if line.startswith(step)) for step in order
    )
    for source_id in SOURCES:
        assert any(line.startswith(f"{source_id} accepted, ") for line in lines), source_id
    for pillar in pillar_ids():
        assert f"pillar {pillar} is in force" in lines
    assert "\x1b" not in demo.first.out + demo.first.err
    shown = last_picture(demo.first)
    assert {shown.get(source_id) for source_id in SOURCES} == {"accepted"}
    assert {shown.get(pillar) for pillar in pillar_ids()} == {"in force"}


def test_nothing_is_left_running(demo: Demo) -> None:
    assert demo.survivors == []
    assert demo.survivors_again == []
    assert not (demo.home / "running.json").exists()


def test_p4_every_source_came_in_by_its_event_and_once(demo: Demo, kept: Ledger) -> None:
    found = events(kept)
    assert Counter(event.source_id for event in found) == dict.fromkeys(SOURCES, 2)
    assert {event.status for event in found} == {"done"}
    own = by_events_alone(kept)
    assert len(own) >= len(SOURCES) - 3
    for source_id in own:
        announced = sorted(event.received_at for event in found if event.source_id == source_id)
        batches = kept.batches(source_id, 100)
        assert all(batch.started_at >= announced[0] for batch in batches), f"{source_id} was pulled before its event"
        first = Counter(batch.coverage for batch in batches if batch.started_at < announced[1])
        assert set(first.values()) == {1}, f"{source_id}: {first}"
        second = [batch for batch in batches if batch.started_at >= announced[1]]
        assert {batch.status for batch in second} == {"unchanged"}
        assert Counter(batch.coverage for batch in second) == first
    assert len(kept.in_force()) >= len(SOURCES)


def test_p4_every_pull_was_a_run_that_an_event_started(demo: Demo, kept: Ledger, postgres: EmbeddedPostgres) -> None:
    own = by_events_alone(kept)
    with psycopg.connect(postgres.url(AIRFLOW_DATABASE)) as connection:
        runs = connection.execute(
            "select partition_key, run_type, state from dag_run where dag_id like 'ingest\\_\\_%%'"
            " and partition_key = any(%s) order by 1",
            [own],
        ).fetchall()
    assert Counter(key for key, _, _ in runs) == dict.fromkeys(own, 2)
    assert {kind for _, kind, _ in runs} == {"asset_triggered"}
    # A demo whose pulls brought nothing new ends with the last of them, before Airflow has marked its run, and the runs
    # that ended beside it on the other workers.
    states = Counter(state for _, _, state in runs)
    assert set(states) <= {"success", "running"}
    assert states["running"] <= WORKERS


def test_the_publication_has_six_pillars_in_force_and_verifies(demo: Demo, kept: Ledger) -> None:
    assert demo.publication
    row = next(row for row in kept.publications() if row.publication_id == demo.publication)
    assert verify(demo.home / "published" / demo.publication) == row.manifest_sha256
    evaluation = kept.evaluation(row.evaluation_id)
    assert evaluation is not None
    assert evaluation.status == "published"
    assert set(evaluation.inputs) == {batch.batch_id for batch in kept.in_force()}
    assert set(kept.last_good()) == set(pillar_ids())
    assert all(kept.held_since(pillar) is None for pillar in pillar_ids())
    gates = {gate.gate: gate.outcome for gate in kept.gates(row.evaluation_id)}
    assert gates == dict.fromkeys((*pillar_ids(), "scores"), "pass")


def test_the_published_indexes_are_found_again(demo: Demo) -> None:
    folder = demo.home / "published" / "current"
    with duckdb.connect(str(folder / "marts.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "select region_code, index_value, published_value from scores.index_scores where basis = 'reported'"
        ).fetchall()
    found = {code: (value, published) for code, value, published in rows}
    for code, value in PUBLISHED.items():
        assert found[code] == (value, value)
        assert re.search(rf"index, reported.*\b{value}\b", demo.first.out)


def test_the_page_is_where_the_demo_says(demo: Demo) -> None:
    page = demo.home / "published" / "current" / "index.html"
    assert str(page) in demo.first.out
    text = page.read_text()
    assert text.lstrip().lower().startswith("<!doctype html>")
    assert all(str(value) in text for value in PUBLISHED.values())


def test_p4_a_second_demo_finds_everything_unchanged_and_publishes_nothing_new(demo: Demo, kept: Ledger) -> None:
    assert demo.again.status == 0, demo.again.err
    told(demo.again)
    shown = last_picture(demo.again)
    assert {shown.get(source_id) for source_id in SOURCES} == {"unchanged"}
    assert pointer.current(demo.home / "published") == demo.publication
    assert f"publication {demo.publication} is current" in told(demo.again)


def test_stage_one_is_frozen_once_and_agencies_are_asked(demo: Demo, kept: Ledger) -> None:
    [decided] = kept.decisions("freeze")
    assert decided.told["publication"] == demo.publication
    assert (demo.home / "frozen" / "smart-city-2023-2023-I" / "v1" / "SHA256SUMS").is_file()
    asked = {link.subject for link in kept.decisions("follow_up")}
    assert asked
    for ended in (demo.first, demo.again):
        assert f"{len(asked)} recommendations" in ended.out
        assert "frozen as version 1" in ended.out


def test_one_answer_is_returned_once_and_published(demo: Demo, kept: Ledger) -> None:
    returned = [link for link in kept.transitions() if link.move.to_state == "returned"]
    assert [(one.move.actor, one.move.role, one.move.reason) for one in returned] == [("demo", "internal", "wrong")]
    [row] = [row for row in kept.publications() if row.publication_id == demo.publication][:1]
    evaluation = kept.evaluation(row.evaluation_id)
    assert evaluation is not None
    assert returned[0].recorded_at < evaluation.started_at
    for ended in (demo.first, demo.again):
        assert f"answer {returned[0].move.key.code} was returned" in ended.out


def test_ctrl_c_while_it_starts_stops_everything() -> None:
    home = Path(tempfile.mkdtemp(prefix="pilar-demo-"))
    try:
        started = subprocess.Popen(
            demo_command(),
            env=environment(home),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # As in a person's terminal: a shell that runs the tests in the background has them ignore Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )
        # Amid the start: PostgreSQL and the door are there, Airflow is being imported or migrated.
        end = time.monotonic() + 60
        while not (home / "logs" / "door.log").exists() and started.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(1)
        running = len(processes_of(home))
        began = time.monotonic()
        started.send_signal(signal.SIGINT)
        out, err = started.communicate(timeout=60)
        sys.stdout.write(f"\nCtrl-C amid the start: {running} processes, gone in {time.monotonic() - began:.1f} s\n")
        assert running > 3
        assert started.returncode not in (0, None)
        assert "Traceback" not in out + err
        assert eventually_none(home) == []
    finally:
        shutil.rmtree(home, ignore_errors=True)


def test_p10_a_taken_port_is_one_clear_line_and_exit_2(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = run_demo(tmp_path / "home", door=port)
    assert ended.status == 2
    assert ended.out.strip() == ""
    lines = [line for line in ended.err.splitlines() if line.strip()]
    assert len(lines) == 2, ended.err
    assert "the demo begins in" in lines[0]
    assert re.match(rf"pilar: port {port} for the door is taken by another program", lines[1])
    assert not (tmp_path / "home" / "postgres").exists()
