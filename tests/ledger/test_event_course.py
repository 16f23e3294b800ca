"""What followed from an event is one query: the view of the ledger, from the door to the publication."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Json

from ledger.store import Ledger

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


class History:
    """A ledger whose rows are written with the moments that a test wants."""

    def __init__(self, url: str) -> None:
        self._url = url

    def add(self, table: str, row: Mapping[str, Any]) -> None:
        names = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join(["%s"] * len(row))
        with psycopg.connect(self._url) as connection:
            connection.execute(f"insert into {table} ({names}) values ({marks})", list(row.values()))

    def event(self, event_id: str, came: float, done: float | None, source: str = "births") -> None:
        self.add(
            "event",
            {
                "event_id": event_id,
                "sender": "health",
                "sender_event_id": event_id,
                "event_type": "changed",
                "source_id": source,
                "status": "received" if done is None else "done",
                "received_at": at(came),
                "dispatched_at": at(came + 0.5),
                "done_at": done if done is None else at(done),
            },
        )

    def batch(self, batch_id: str, began: float, status: str, source: str = "births", **more: Any) -> None:
        self.add(
            "batch",
            {
                "batch_id": batch_id,
                "source_id": source,
                "opd": "health",
                "pull_id": batch_id,
                "fetched_by": batch_id,
                "status": status,
                "contract_sha256": "0",
                "started_at": at(began),
                "finished_at": at(began + 1),
                **more,
            },
        )

    def evaluation(self, evaluation_id: str, began: float, inputs: list[str], status: str = "published") -> None:
        row = {"evaluation_id": evaluation_id, "status": status, "inputs": Json(inputs), "inputs_sha256": "0"}
        self.add("evaluation", {**row, "started_at": at(began)})
        gate = {"evaluation_id": evaluation_id, "gate": "smart_living", "outcome": "pass", "checks": Json([])}
        self.add("gate_result", {**gate, "decided_at": at(began + 1)})
        if status == "published":
            self.add(
                "publication",
                {
                    "publication_id": f"p-{evaluation_id}",
                    "evaluation_id": evaluation_id,
                    "manifest_sha256": "0",
                    "action": "published",
                    "published_at": at(began + 2),
                    "current_since": at(began + 2),
                },
            )


@pytest.fixture
def history(ledger_url: str) -> History:
    return History(ledger_url)


def told(ledger: Ledger, event_id: str) -> list[tuple[str, str, float]]:
    course = ledger.course_of_event(event_id)
    return [(one.step, one.what, (one.at - NOON).total_seconds()) for one in course]


def test_an_event_leads_to_its_publication_with_times(ledger: Ledger, history: History) -> None:
    history.event("e1", 0, 5)
    history.batch("b1", 3, "accepted")
    history.batch("b0", -60, "accepted")  # before it
    history.batch("b9", 3, "accepted", source="deaths")  # of another source
    history.batch("b8", 4, "accepted", replay_of="b0")  # a replay asks nobody
    history.batch("b7", 6, "accepted")  # the pull of a later event
    history.evaluation("v0", 1, ["b0"])
    history.evaluation("v1", 7, ["b1", "b9"])
    history.evaluation("v2", 20, ["b1", "b7"])  # readers had it already
    assert told(ledger, "e1") == [
        ("received", "births", 0),
        ("handed on", "births", 0.5),
        ("pull", "b1", 3),
        ("batch", "b1", 4),
        ("evaluation", "v1", 7),
        ("gate", "smart_living", 8),
        ("publication", "p-v1", 9),
    ]
    assert [one.outcome for one in ledger.course_of_event("e1")] == [
        "done",
        None,
        None,
        "accepted",
        "published",
        "pass",
        "published",
    ]
    assert ledger.course_of_event("no such") == []


def test_events_that_one_pull_answers_lead_to_the_same_publication(ledger: Ledger, history: History) -> None:
    history.event("e1", 0, 5)
    history.event("e2", 2, 5)
    history.batch("b1", 3, "accepted", event_id="e2")
    history.evaluation("v1", 7, ["b1"])
    assert told(ledger, "e1")[2:] == told(ledger, "e2")[2:]


def test_what_failed_on_the_way_is_told_until_it_came_right(ledger: Ledger, history: History) -> None:
    history.event("e1", 0, 100)
    history.batch("b1", 3, "failed")
    history.batch("b2", 90, "accepted")
    history.evaluation("v1", 101, ["b2"], status="failed")
    history.evaluation("v2", 110, ["b2"])
    history.evaluation("v3", 120, ["b2"])
    steps = [(step, what) for step, what, _ in told(ledger, "e1")]
    assert [what for step, what in steps if step in ("batch", "evaluation", "publication")] == [
        "b1",
        "b2",
        "v1",
        "v2",
        "p-v2",
    ]


def test_an_event_that_changed_nothing_or_waits_says_so(ledger: Ledger, history: History) -> None:
    history.event("e1", 0, 5)
    history.batch("b1", 3, "unchanged")
    history.event("e2", 10, None)
    history.evaluation("v1", 7, ["b0"])
    assert [step for step, *_ in told(ledger, "e1")] == ["received", "handed on", "pull", "batch"]
    assert [step for step, *_ in told(ledger, "e2")] == ["received", "handed on"]
