"""Workers with wrong clocks: what is in force is what came last, by the ledger's count and not by a machine's clock."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo

import psycopg
import pytest

from connectors.kept.leftovers import remove_leftovers
from connectors.kept.retention import expire
from ledger import engine
from ledger.settings import Settings
from ledger.store import Ledger
from tests.connectors.deltas import Record, seen, take
from tests.connectors.deltas import make as incremental
from tests.connectors.pulling import make, page, pull_pages, records, states

Set = Callable[[timedelta], None]
AHEAD, RIGHT, BACK = timedelta(hours=5), timedelta(), timedelta(hours=-7)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Set:
    """``clock(off)``: from here on this machine's clock is off by so much; the ledger's is not."""

    def put(off: timedelta) -> None:
        class Wrong(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
                return datetime.now(UTC) + off

        for module in ("ledger.engine", "connectors.kept.leftovers", "connectors.kept.retention"):
            monkeypatch.setattr(f"{module}.datetime", Wrong, raising=False)

    return put


@pytest.mark.parametrize(("first", "then"), [(AHEAD, RIGHT), (RIGHT, BACK)], ids=str)
def test_p2_an_older_answer_is_not_put_over_a_newer_one(
    ledger: Ledger, settings: Settings, clock: Set, first: timedelta, then: timedelta
) -> None:
    source = make()
    clock(first)
    pull_pages(source, [page(0, records(20))], ledger, settings)
    clock(then)
    [new] = pull_pages(source, [page(0, records(20, n=5))], ledger, settings).batches
    assert [batch.batch_id for batch in ledger.in_force(source.id)] == [new.batch_id]
    assert ledger.batches(source.id)[0].batch_id == new.batch_id
    # And it is what the next answer is compared with.
    assert states(pull_pages(source, [page(0, records(20, n=5))], ledger, settings)) == [("2024", "unchanged")]


def test_p2_of_deltas_with_one_cursor_the_later_pull_counts(ledger: Ledger, settings: Settings, clock: Set) -> None:
    source = incremental()
    first: list[Record] = [("a", 1, "2024-03-01"), ("b", 2, "2024-03-05")]
    take(source, first, ledger, settings)
    for off, value in ((AHEAD, 20), (RIGHT, 30), (BACK, 40)):
        clock(off)
        take(source, [("b", value, "2024-03-05")], ledger, settings)
        assert [row[:2] for row in seen(source, ledger, settings)] == [("a", 1), ("b", value)]
    clock(BACK)
    take(source, [*first, ("c", 3, "2024-03-06")], ledger, settings, full=True)
    assert [row[:2] for row in seen(source, ledger, settings)] == [("a", 1), ("b", 2), ("c", 3)]


def test_p2_the_mart_in_force_is_the_one_that_passed_last(ledger: Ledger, clock: Set) -> None:
    clock(AHEAD)
    old = ledger.start_evaluation([])
    clock(BACK)
    new = ledger.start_evaluation([])
    for evaluation_id in (old, new):
        ledger.record_promotion(evaluation_id, "smart_economy", path="m", sha256="a" * 64, reason=None)
    assert ledger.last_good()["smart_economy"].evaluation_id == new
    found = ledger.last_evaluation()
    assert found is not None
    assert found.evaluation_id == new


@pytest.mark.fault(9)
def test_p2_ids_go_on_where_they_stood_when_the_ledgers_own_clock_is_put_back(
    ledger: Ledger, ledger_url: str, settings: Settings
) -> None:
    """A ledger that moves to a server with an earlier clock knows later batches than it can date."""
    source = make()
    [old] = pull_pages(source, [page(0, records(20))], ledger, settings).batches
    later = f"{ledger.now() + timedelta(days=2):%Y%m%dT%H%M%S}000-abcdef"
    columns = "source_id, opd, pull_id, fetched_by, coverage, status, contract_sha256, rows_received, landed_path"
    with psycopg.connect(ledger_url) as connection:
        connection.execute(
            f"insert into batch (batch_id, {columns}) select %s, {columns} from batch where batch_id = %s",
            (later, old.batch_id),
        )
        connection.execute("update batch set pull_id = batch_id, fetched_by = batch_id")
    [new] = pull_pages(source, [page(0, records(20, n=5))], ledger, settings).batches
    assert new.batch_id > later
    assert [batch.batch_id for batch in ledger.in_force(source.id)] == [new.batch_id]


def test_p2_what_is_old_enough_to_be_removed_is_told_by_the_ledger(
    ledger: Ledger, settings: Settings, clock: Set
) -> None:
    clock(timedelta(days=900))
    source = make(retention={"pages": "400d"})
    running = ledger.start_batch(source.id, source.opd, "c" * 64)
    folder = settings.pages_dir / source.id / running
    folder.mkdir(parents=True)
    for value in (1, 2):
        pull_pages(source, [page(0, records(20, n=value))], ledger, settings)
    assert remove_leftovers(ledger, settings) == []
    assert expire([source], ledger, settings) == []
    assert folder.is_dir()


def test_the_id_of_a_batch_is_dated_by_the_ledger(ledger: Ledger, clock: Set) -> None:
    clock(AHEAD)
    before, batch_id, after = ledger.now(), ledger.start_batch("s", "o", "c" * 64), ledger.now()
    dated = datetime.strptime(batch_id[:18] + "+0000", "%Y%m%dT%H%M%S%f%z")
    assert before - timedelta(milliseconds=1) <= dated <= after + timedelta(milliseconds=2)
    assert engine.new_id() > batch_id
