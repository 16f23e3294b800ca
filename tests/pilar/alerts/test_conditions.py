"""What needs a person follows from what is seen, and from nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ledger.alert_records import Condition, FailingPulls, Heartbeat, WaitingBatch
from pilar.alerts.conditions import Contradiction, Seen, SourceSeen, conditions

NOW = datetime(2026, 12, 1, 8, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
WELL = SourceSeen("births", "health", 3 * DAY, 10 * DAY, last_answer=NOW - HOUR, first_tried=NOW - 30 * DAY)
BEATS = {part: Heartbeat(NOW - MINUTE, NOW - 30 * DAY) for part in ("watch", "maintenance", "alerts")}
ALL_WELL = Seen(
    now=NOW,
    beats=BEATS,
    sources=[WELL],
    parts={"door": True, "scheduler": True},
    free=50 * 2**30,
    total=100 * 2**30,
)


def names(seen: Seen) -> list[tuple[str, str]]:
    return [(one.kind, one.subject) for one in conditions(seen)]


def beat(part: str, ago: timedelta) -> dict[str, Heartbeat]:
    return {**BEATS, part: Heartbeat(NOW - ago, NOW - 30 * DAY)}


def failing(kind: str, ago: timedelta) -> dict[str, FailingPulls]:
    return {"births": FailingPulls("births", NOW - ago, 2, kind)}


def test_nothing_needs_a_person_where_all_is_well() -> None:
    assert conditions(ALL_WELL) == ()


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ({"beats": beat("watch", 16 * MINUTE)}, ("silent", "watch")),
        ({"beats": beat("watch", 76 * MINUTE), "at_work": True}, ("silent", "watch")),
        ({"beats": {"alerts": Heartbeat(NOW, NOW - HOUR)}}, ("silent", "watch")),
        ({"accepted_unseen": NOW - 2 * HOUR}, ("silent", "evaluation")),
        ({"parts": {"door": False}}, ("unwell", "door")),
        ({"free": 2**30}, ("disk", "data")),
        ({"unreadable": [("health", "spoilt")]}, ("source_file", "spoilt")),
        ({"failing": failing("auth", MINUTE)}, ("failed", "births")),
        ({"failing": failing("retryable", 7 * HOUR)}, ("failed", "births")),
        ({"failing_evaluations": ("failed", NOW)}, ("failed", "evaluation")),
        ({"waiting": [WaitingBatch("births", "2024", "held", NOW)]}, ("held", "births 2024")),
        ({"waiting": [WaitingBatch("births", None, "rejected", NOW)]}, ("rejected", "births -")),
        ({"pillars": {"society": NOW}}, ("gate", "society")),
        ({"sources": [replace(WELL, last_answer=NOW - 4 * DAY)]}, ("late", "births")),
        ({"sources": [replace(WELL, last_answer=NOW - 11 * DAY)]}, ("missing", "births")),
        ({"sources": [replace(WELL, last_answer=None)]}, ("missing", "births")),
        ({"sources": [replace(WELL, last_answer=None, first_tried=None)]}, ("missing", "births")),
        ({"unanswered": {"births": NOW - 2 * HOUR}}, ("unanswered", "births")),
        ({"dead_letters": {"bus": (3, NOW)}}, ("dead_letters", "bus")),
        ({"behind": True}, ("behind", "published_database")),
        ({"contradictions": [Contradiction("aaaa", "health", "claim_contradicted", NOW)]}, ("contradicted", "aaaa")),
    ],
)
def test_each_kind_is_seen(seen: dict[str, object], expected: tuple[str, str]) -> None:
    assert names(replace(ALL_WELL, **seen)) == [expected]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "seen",
    [
        {"beats": beat("watch", 14 * MINUTE)},
        {"beats": beat("watch", 74 * MINUTE), "at_work": True},  # pulls hold every worker
        {"beats": {}},  # nobody ever started the platform here
        {"failing": failing("retryable", HOUR)},  # it may pass by itself
        {"failing": {"gone": FailingPulls("gone", NOW, 1, "auth")}},  # a source that was taken out
        {"failing_evaluations": ("interrupted", NOW - HOUR)},
        {"unanswered": {"births": NOW - HOUR}},
        {"unanswered": {"births": NOW - 2 * HOUR}, "failing": failing("retryable", HOUR)},
        {"sources": [replace(WELL, last_answer=None, first_tried=NOW - HOUR)]},
        {"free": 8 * 2**30, "total": 1000 * 2**30},
        {"accepted_unseen": NOW - HOUR},
    ],
)
def test_what_may_pass_by_itself_is_nobodys_matter(seen: dict[str, object]) -> None:
    assert names(replace(ALL_WELL, **seen)) == []  # type: ignore[arg-type]


def test_why_nothing_comes_is_said_once() -> None:
    late = replace(WELL, last_answer=NOW - 11 * DAY)
    assert names(replace(ALL_WELL, sources=[late], failing=failing("auth", DAY))) == [("failed", "births")]
    held = [WaitingBatch("births", "2024", "held", NOW)]
    assert names(replace(ALL_WELL, sources=[late], waiting=held)) == [("held", "births 2024")]


def test_the_severest_comes_first_and_says_since_when() -> None:
    seen = replace(ALL_WELL, beats=beat("watch", HOUR), pillars={"economy": NOW - DAY})
    assert conditions(seen) == (
        Condition("silent", "watch", NOW - HOUR),
        Condition("gate", "economy", NOW - DAY),
    )
