"""What the live display says is decided by pure functions over the ledger's rows."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import get_args

import pytest

from ledger.records import Batch, EvaluationStatus, Event, EventStatus
from pilar.commands.demo_display import news
from pilar.commands.demo_progress import PillarProgress, Progress, SourceProgress, summarise

NOW = datetime(2024, 1, 1, tzinfo=UTC)
BATCH = Batch(
    batch_id="b1",
    source_id="s",
    opd="o",
    coverage="2024",
    status="accepted",
    contract_sha256="f",
    rows_received=10,
    rows_landed=9,
    rows_quarantined=1,
    landed_path="p",
    landed_sha256="a",
    content_sha256="c",
    synthetic=True,
    started_at=NOW,
    finished_at=NOW,
)
FAILED = replace(
    BATCH, status="failed", rows_received=None, rows_landed=None, rows_quarantined=None, error_message="503"
)
HELD = replace(
    BATCH,
    status="held",
    reasons=({"code": "shrink", "what": "fewer rows", "observed": "10", "limit": "900", "do": "Ask"},),
)


def event(status: EventStatus, detail: str | None = None) -> Event:
    return Event("me", "1", "changed", "s", "e1", status, 1, NOW, detail)


@pytest.mark.parametrize(
    ("events", "batches", "stage", "message"),
    [
        ([], [], "waiting", ""),
        ([], [BATCH], "waiting", ""),
        ([event("received")], [], "announced", ""),
        ([event("dispatched")], [BATCH], "pulling", ""),
        ([event("done")], [BATCH, BATCH], "accepted", ""),
        ([event("done")], [HELD, BATCH], "held", "fewer rows: 10 (limit 900). Ask"),
        ([event("dispatched")], [FAILED], "pulling", "503"),
        ([event("failed", "the token was refused")], [], "failed", "the token was refused"),
        ([event("failed", "x")], [FAILED], "failed", "503"),
        ([event("done")], [BATCH, FAILED], "accepted", ""),
    ],
)
def test_the_stage_of_a_source(events: list[Event], batches: list[Batch], stage: str, message: str) -> None:
    found = summarise("s", events, batches)
    assert (found.stage, found.message) == (stage, message)


def test_rows_are_summed_over_the_batches_of_a_pull() -> None:
    found = summarise("s", [event("done")], [BATCH, replace(BATCH, coverage="2023")])
    assert (found.pulled, found.landed, found.quarantined) == (20, 18, 2)


def test_only_what_is_new_is_said_and_with_its_reason() -> None:
    waiting = SourceProgress("b", "waiting")
    first = Progress((SourceProgress("a", "pulling"), waiting), (PillarProgress("economy", "waiting"),), None)
    assert {what: tuple(said) for what, said in news(None, first).items()} == {"a": ("pulling", True)}
    done = SourceProgress("a", "held", pulled=10, landed=9, quarantined=1, message="fewer rows")
    pillars = (PillarProgress("economy", "held", "range"), PillarProgress("living", "in force"))
    then = Progress((done, waiting), pillars, "p1", ("E1", "published"))
    assert {what: tuple(said) for what, said in news(first, then).items()} == {
        "a": ("held, 10 rows pulled = 9 landed + 1 quarantined: fewer rows", False),
        "evaluation E1": ("is published", False),
        "pillar economy": ("is held: range", False),
        "pillar living": ("is in force", False),
        "publication": ("p1 is current", False),
    }
    assert news(then, then) == {}


@pytest.mark.parametrize("status", get_args(EvaluationStatus))
def test_whatever_becomes_of_an_evaluation_is_told(status: EvaluationStatus) -> None:
    [(what, said)] = news(None, Progress([], [], None, ("e1", status))).items()
    assert (what, said.awaited) == ("evaluation e1", status in ("running", "scored"))
    assert said.told
