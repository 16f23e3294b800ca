"""When a silent source is late, and when overdue."""

from datetime import UTC, datetime, timedelta

import pytest

from connectors.spec import Freshness
from pilar.freshness import Silence, age, silence

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "state", "told"),
    [
        (timedelta(0), "in time", "0 min"),
        (timedelta(minutes=-5), "in time", "0 min"),
        (timedelta(hours=12), "in time", "12 h"),
        (timedelta(hours=12, seconds=1), "late", "12 h"),
        (timedelta(days=3), "late", "3 d"),
        (timedelta(days=3, seconds=1), "overdue", "3 d"),
    ],
    ids=["now", "clocks apart", "at warn", "after warn", "at fail", "after fail"],
)
def test_a_silent_source_is_late_and_then_overdue(since: timedelta, state: Silence, told: str) -> None:
    limits = Freshness(due="monthly", warn="12h", fail="3d")
    assert silence(limits, NOW - since, NOW) == state
    assert age(NOW - since, NOW) == told
