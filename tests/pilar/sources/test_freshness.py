"""When a silent source is late, and when overdue."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from connectors.kept.replay import replay
from connectors.source.source import Freshness
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.sources.freshness import Silence, age, last_answer, silence
from tests.connectors.pulling import COLUMNS, make, page, pull_pages, records

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


@pytest.mark.parametrize(
    ("since", "told"),
    [
        (timedelta(seconds=59), "0 min"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=1), "1 h"),
        (timedelta(hours=47, minutes=59), "47 h"),
        (timedelta(hours=48), "2 d"),
        (timedelta(hours=71, minutes=59), "2 d"),
    ],
    ids=str,
)
def test_an_age_is_told_in_its_largest_unit(since: timedelta, told: str) -> None:
    assert age(NOW - since, NOW) == told


@pytest.mark.parametrize(("protocol", "days"), [("rest", 0), ("files.xlsx", 50)])
def test_a_folder_that_is_no_longer_filled_is_late(
    ledger: Ledger, settings: Settings, ledger_url: str, protocol: str, days: int
) -> None:
    """A system that answers was asked; files that lie there were not delivered again, whoever reads them and how."""
    plain, stricter = (
        make(protocol=protocol, columns=columns)
        for columns in (COLUMNS, COLUMNS | {"n": {"type": "integer", "max": 99}})
    )
    assert last_answer(ledger, plain) is None
    pull_pages(plain, [page(0, records(20), "2023")], ledger, settings)
    pull_pages(plain, [page(0, records(20), "2023"), page(1, records(21), "2024")], ledger, settings)
    with psycopg.connect(ledger_url) as connection:
        connection.execute("update batch set finished_at = now() - interval '50 days'")
    for source in (plain, stricter):
        outcome = pull_pages(source, [page(0, records(20), "2023"), page(1, records(21), "2024")], ledger, settings)
    assert outcome.changed
    last, now = last_answer(ledger, plain), ledger.now()
    assert last is not None
    assert (now - last).days == days
    pull_pages(stricter, [page(0, records(22), "2024")], ledger, settings)
    newest = last_answer(ledger, plain)
    assert newest is not None
    assert newest > now


def test_a_file_that_is_landed_a_third_time_is_not_newer(ledger: Ledger, settings: Settings, ledger_url: str) -> None:
    sources = [
        make(protocol="files.xlsx", columns={"id": {"required": True}, "n": {"type": "integer", "max": highest}})
        for highest in (0, 5, 99)
    ]
    [batch] = pull_pages(sources[0], [page(0, records(20))], ledger, settings).batches
    with psycopg.connect(ledger_url) as connection:
        connection.execute("update batch set finished_at = now() - interval '50 days'")
    for source in sources[1:]:
        [batch] = replay(source, batch.batch_id, ledger, settings).batches
    assert batch.status == "accepted"
    last = last_answer(ledger, sources[2])
    assert last is not None
    assert (ledger.now() - last).days == 50
