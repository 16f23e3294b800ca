"""The ledger against a real PostgreSQL."""

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from ledger import tables
from ledger.chain import GENESIS
from ledger.errors import ConfigError, LedgerError
from ledger.records import BatchResult, EventIn, EventStatus, PageRow, QuarantineCount, Receipt
from ledger.store import Ledger
from tests.chain import first_broken

EVENT = EventIn(
    sender="https://dinkes.example", sender_event_id="1", event_type="data.changed", source_id="dinkes_eppgbm"
)


def accepted(coverage: str = "2024", rows: int = 10, content: str = "c" * 64) -> BatchResult:
    return BatchResult(
        status="accepted",
        coverage=coverage,
        rows_received=rows,
        rows_landed=rows - 1,
        rows_quarantined=1,
        landed_path="landing/x",
        landed_sha256="a" * 64,
        content_sha256=content,
        synthetic=True,
        quarantine=(QuarantineCount("range", "tinggi", 1),),
    )


def finished(ledger: Ledger, result: BatchResult, source: str = "dinkes_eppgbm") -> str:
    batch_id = ledger.start_batch(source, "dinas_kesehatan", "f" * 64)
    ledger.add_pages(batch_id, [PageRow(0, "GET /x", 200, 5, "b" * 64, 12, "pages/x")])
    ledger.finish_batch(batch_id, result)
    return batch_id


def test_p2_a_lock_and_a_moment_last_where_the_server_ends_idle_sessions(ledger_url: str) -> None:
    """As it does in production: a pull may hold its lock for longer than a session may be idle."""
    url = sa.make_url(ledger_url).set(drivername="postgresql+psycopg")
    with sa.create_engine(url).connect() as connection:
        connection.execute(sa.text(f'alter database "{url.database}" set idle_in_transaction_session_timeout = 100'))
        connection.commit()
    ledger, other = Ledger(ledger_url), Ledger(ledger_url)
    with ledger.lock("pull:births"), ledger.moment():
        time.sleep(0.5)
        assert other.is_locked("pull:births")
        ledger.has_batches()


def test_p4_the_same_event_twice_is_one_event(ledger: Ledger) -> None:
    first, new = ledger.record_event(EVENT)
    again, repeated = ledger.record_event(EVENT)
    assert (first, new, repeated) == (again, True, False)
    assert [event.event_id for event in ledger.pending_events()] == [first]


def test_an_event_leaves_the_queue_when_it_is_handed_on_and_a_done_one_stays_done(ledger: Ledger) -> None:
    event_id, _ = ledger.record_event(EVENT)
    ledger.mark_events([event_id], "dispatched")
    assert not ledger.pending_events()
    assert ledger.unfinished_events(older_than_seconds=0) == {EVENT.source_id: 1}
    assert ledger.settle_events("dinkes_eppgbm", ledger.now(), "done") == 1
    ledger.mark_events([event_id], "failed", "a late answer")
    assert ledger.events_of("dinkes_eppgbm")[0].status == "done"
    assert not ledger.unfinished_events(older_than_seconds=0)


def announce(ledger: Ledger, identity: str, source: str = EVENT.source_id) -> str:
    return ledger.record_event(replace(EVENT, sender_event_id=identity, source_id=source))[0]


def arrived(ledger: Ledger, event_id: str) -> datetime:
    """When the ledger stamped an event."""
    return next(event.received_at for event in ledger.events_of(EVENT.source_id) if event.event_id == event_id)


def statuses(ledger: Ledger, source: str = EVENT.source_id) -> dict[str, str]:
    return {event.event_id: event.status for event in ledger.events_of(source)}


@pytest.mark.parametrize("status", ["done", "failed"])
def test_p4_an_event_that_came_after_the_pull_began_stays_open(ledger: Ledger, status: EventStatus) -> None:
    """Whatever it announced, that pull may have asked too early to bring it."""
    before, last = announce(ledger, "1"), announce(ledger, "2")
    ledger.mark_events([before], "dispatched")
    began = arrived(ledger, last)
    late, handed_on = announce(ledger, "3"), announce(ledger, "4")
    ledger.mark_events([handed_on], "dispatched")
    assert ledger.newest_open_event(EVENT.source_id, began) == last
    assert ledger.settle_events(EVENT.source_id, began, status, "why") == 2
    assert statuses(ledger) == {before: status, last: status, late: "received", handed_on: "dispatched"}
    assert [event.event_id for event in ledger.pending_events()] == [late]
    assert ledger.awaited_sources(900) == {EVENT.source_id}


def test_p4_only_open_events_of_the_source_that_was_pulled_are_settled(ledger: Ledger) -> None:
    ended, mine, other = announce(ledger, "1"), announce(ledger, "2"), announce(ledger, "3", "dlh_sipsn")
    ledger.mark_events([ended], "failed", "an earlier reason")
    assert ledger.newest_open_event(EVENT.source_id, ledger.now()) == mine
    assert ledger.newest_open_event("dpmptsp_proyek", ledger.now()) is None
    assert ledger.settle_events(EVENT.source_id, ledger.now(), "done") == 1
    assert statuses(ledger) == {ended: "failed", mine: "done"}
    assert {event.detail for event in ledger.events_of(EVENT.source_id)} == {"an earlier reason", None}
    assert statuses(ledger, "dlh_sipsn") == {other: "received"}
    assert ledger.newest_open_event(EVENT.source_id, ledger.now()) is None


def test_p4_an_event_is_answered_by_no_pull_that_began_before_it_came(ledger: Ledger) -> None:
    began = ledger.now()
    announce(ledger, "1")
    assert ledger.newest_open_event(EVENT.source_id, began) is None
    assert ledger.settle_events(EVENT.source_id, began, "done") == 0


def moved_back(ledger_url: str, column: str, seconds: int) -> None:
    """Move every event's stamp back in time."""
    engine = sa.create_engine(sa.make_url(ledger_url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        stamp = tables.event.c[column]
        connection.execute(tables.event.update().values({column: stamp - timedelta(seconds=seconds)}))
    engine.dispose()


def test_p4_an_event_is_looked_for_once_it_has_waited_long_enough(ledger: Ledger, ledger_url: str) -> None:
    _waiting, handed_on, ended = (announce(ledger, name) for name in ("1", "2", "3"))
    ledger.mark_events([handed_on], "dispatched")
    ledger.mark_events([ended], "failed", "nobody knows it")
    moved_back(ledger_url, "received_at", 1000)
    assert ledger.unfinished_events(900) == {EVENT.source_id: 1}, "the one that waits"
    assert ledger.unfinished_events(2000) == {}
    assert ledger.awaited_sources(900) == {EVENT.source_id}, "the one that was handed on just now"
    moved_back(ledger_url, "dispatched_at", 1000)
    assert ledger.unfinished_events(900) == {EVENT.source_id: 2}
    assert ledger.awaited_sources(900) == frozenset()
    assert ledger.awaited_sources(2000) == {EVENT.source_id}


def test_p4_the_oldest_events_are_handed_on_first_and_the_newest_are_shown_first(ledger: Ledger) -> None:
    ids = [announce(ledger, str(number)) for number in range(5)]
    assert [event.event_id for event in ledger.pending_events(3)] == ids[:3]
    assert [event.event_id for event in ledger.events_of(EVENT.source_id, 2)] == [ids[4], ids[3]]


def test_the_tries_of_an_event_are_counted_when_it_is_handed_on_and_only_then(ledger: Ledger) -> None:
    event_id = announce(ledger, "1")
    for _ in range(2):
        ledger.mark_events([event_id], "dispatched")
    ledger.mark_events([event_id], "failed", "why")
    [event] = ledger.events_of(EVENT.source_id)
    assert (event.attempts, event.status, event.detail) == (2, "failed", "why")


def test_refusals_are_told_of_exactly_the_days_asked_for(ledger: Ledger, ledger_url: str) -> None:
    ledger.record_refusal("signature", None)
    engine = sa.create_engine(sa.make_url(ledger_url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.execute(tables.refusal.update().values(day=tables.refusal.c.day - 6))
    engine.dispose()
    assert len(ledger.refusals(days=7)) == 1
    assert ledger.refusals(days=6) == []


def test_in_force_is_the_latest_accepted_batch_of_each_coverage(ledger: Ledger) -> None:
    finished(ledger, accepted("2023"))
    newest = finished(ledger, accepted("2023", rows=20))
    other = finished(ledger, accepted("2024", rows=30))
    finished(ledger, replace(accepted("2023"), status="held"))
    assert {batch.batch_id for batch in ledger.in_force("dinkes_eppgbm")} == {newest, other}
    assert ledger.trailing_rows("dinkes_eppgbm", "2023") == [20, 10]


def test_p5_runs_and_coverages_are_kept_apart(ledger: Ledger) -> None:
    """A later pull of an older coverage does not become the newer coverage's data."""
    new_coverage = finished(ledger, accepted("2024"))
    late_arrival = finished(ledger, accepted("2022"))
    by_coverage = {batch.coverage: batch.batch_id for batch in ledger.in_force("dinkes_eppgbm")}
    assert by_coverage == {"2024": new_coverage, "2022": late_arrival}


def test_a_failed_batch_keeps_its_reason_and_gets_no_receipt(ledger: Ledger) -> None:
    batch_id = ledger.start_batch("dinkes_eppgbm", "dinas_kesehatan", "f" * 64)
    ledger.fail_batch(batch_id, "auth", "the token was refused")
    batch = ledger.batch(batch_id)
    assert batch is not None
    assert (batch.status, batch.error_kind, batch.error_message) == ("failed", "auth", "the token was refused")
    assert ledger.receipt_of(batch_id) is None


def test_p7_receipts_form_a_chain_that_tells_of_pages_and_counts(ledger: Ledger) -> None:
    finished(ledger, accepted())
    second = finished(ledger, accepted("2025"))
    chain = ledger.receipts()
    assert first_broken(chain) is None
    assert chain[0].previous_sha256 == GENESIS
    assert [page["sha256"] for page in json.loads(chain[1].body)["pages"]] == ["b" * 64]
    assert ledger.receipt_of(second) == chain[1]
    assert [count.rows for count in ledger.quarantine_counts(second)] == [1]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda chain: [replace(chain[0], body=chain[0].body.replace('landed":9', 'landed":8')), *chain[1:]],
            "receipt 1 .* altered",
        ),
        (lambda chain: [chain[0], chain[2]], "receipt 2 is missing"),
        (
            lambda chain: [chain[0], replace(chain[1], previous_sha256="e" * 64), chain[2]],
            "receipt 2 .* does not continue",
        ),
    ],
)
def test_p7_a_changed_chain_is_noticed_at_its_first_wrong_link(
    ledger: Ledger, change: Callable[[list[Receipt]], list[Receipt]], told: str
) -> None:
    for coverage in ("2023", "2024", "2025"):
        finished(ledger, accepted(coverage, content=coverage * 16))
    broken = first_broken(change(list(ledger.receipts())))
    assert broken is not None
    assert re.search(told, broken)


def test_receipts_written_at_once_still_form_one_chain(ledger: Ledger, ledger_url: str) -> None:
    threads = [
        threading.Thread(target=lambda n=n: finished(Ledger(ledger_url), accepted(f"20{n:02}"))) for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    chain = ledger.receipts()
    assert len(chain) == 8
    assert first_broken(chain) is None


def test_p7_receipts_of_one_transaction_are_dated_in_their_order(ledger: Ledger) -> None:
    with ledger.together():
        first = finished(ledger, accepted("2023"))
        between = datetime.now(UTC)
        second = finished(ledger, accepted("2024", content="b" * 64))
    head = ledger.chain_head(between)
    assert head is not None
    assert (head.batch_id, head.batch_id == second) == (first, False)


def test_same_content_under_another_coverage_is_found(ledger: Ledger) -> None:
    first = finished(ledger, accepted("2022", content="d" * 64))
    assert [batch.batch_id for batch in ledger.same_content("d" * 64, "dinkes_eppgbm", "2023")] == [first]
    assert not ledger.same_content("d" * 64, "dinkes_eppgbm", "2022")
    longer = finished(ledger, replace(accepted("2021", content="d" * 64), context_sha256="1" * 64))
    assert [batch.batch_id for batch in ledger.same_content("d" * 64, "dinkes_eppgbm", "2023")] == [longer, first]


def test_p3_the_last_good_version_of_a_pillar_stays_while_it_is_held(ledger: Ledger) -> None:
    first = ledger.start_evaluation(["b1"])
    ledger.record_promotion(first, "living", path="promoted/living/1.parquet", sha256="a" * 64, reason=None)
    assert ledger.held_since("living") is None
    second = ledger.start_evaluation(["b2"])
    ledger.record_promotion(second, "living", path=None, sha256=None, reason="stunting above 100")
    third = ledger.start_evaluation(["b3"])
    ledger.record_promotion(third, "living", path=None, sha256=None, reason="still above 100")
    held = ledger.held_since("living")
    assert ledger.last_good()["living"].evaluation_id == first
    assert held is not None
    assert (held.evaluation_id, held.reason) == (second, "stunting above 100")
    ledger.record_promotion(ledger.start_evaluation(["b4"]), "living", path="p", sha256="b" * 64, reason=None)
    assert ledger.held_since("living") is None


def test_a_held_batch_is_released_by_a_person_with_a_receipt_of_its_own(ledger: Ledger) -> None:
    batch_id = finished(ledger, replace(accepted(), status="held"))
    assert not ledger.in_force("dinkes_eppgbm")
    [receipt] = ledger.release_batches([batch_id], "the agency confirmed the smaller number", "verifikator-1")
    assert [batch.batch_id for batch in ledger.in_force("dinkes_eppgbm")] == [batch_id]
    assert "the agency confirmed the smaller number (by verifikator-1)" in receipt.body
    assert ledger.receipt_of(batch_id) == receipt
    assert len(ledger.receipts()) == 2
    assert first_broken(ledger.receipts()) is None
    with pytest.raises(LedgerError, match="only a held batch"):
        ledger.release_batches([batch_id], "again")


def test_refused_events_are_counted_by_day_reason_and_known_source(ledger: Ledger) -> None:
    for _ in range(3):
        ledger.record_refusal("signature", "dinkes_eppgbm")
    ledger.record_refusal("unknown source", None)
    assert [(row.reason, row.source_id, row.count) for row in ledger.refusals()] == [
        ("unknown source", "", 1),
        ("signature", "dinkes_eppgbm", 3),
    ]
    assert [row.count for row in ledger.refusals("dinkes_eppgbm")] == [3]


def test_the_current_publication_is_the_one_last_pointed_at(ledger: Ledger) -> None:
    evaluation = ledger.start_evaluation(["b1"])
    ledger.record_publication("p1", evaluation, "a" * 64)
    ledger.record_publication("p2", evaluation, "b" * 64)
    assert [row.publication_id for row in ledger.publications()] == ["p2", "p1"]
    ledger.record_publication("p1", evaluation, "a" * 64, action="rolled back to")
    assert [(row.publication_id, row.action) for row in ledger.publications()] == [
        ("p1", "rolled back to"),
        ("p2", "published"),
    ]


def test_p10_an_unreachable_ledger_says_so_in_one_line() -> None:
    with pytest.raises(LedgerError, match=r"the ledger cannot be reached: .* \[ledger\]\. Is PostgreSQL running"):
        Ledger("postgresql://nobody@/none?host=/nonexistent").pending_events()


@pytest.mark.parametrize("url", ["sqlite:///x.db", "not a url"])
def test_p10_an_address_that_is_not_postgresql_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="PILAR_LEDGER_URL"):
        Ledger(url)


def test_many_reads_share_one_connection_and_a_write_among_them_is_kept(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id = finished(ledger, accepted())
    opened: list[object] = []
    connect = ledger._engine.connect
    monkeypatch.setattr(ledger._engine, "connect", lambda: opened.append(1) or connect())
    with ledger.one_connection():
        assert ledger.batch(batch_id) is not None
        assert len(ledger.pages(batch_id)) == 1
        assert len(opened) == 1
        other = finished(ledger, accepted("2023"))
    assert {batch.batch_id for batch in ledger.in_force()} == {batch_id, other}
    assert ledger.batch(batch_id) is not None


def test_migrations_make_the_tables_that_the_code_knows(ledger: Ledger, ledger_url: str) -> None:
    engine = sa.create_engine(sa.make_url(ledger_url).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, tables.metadata) == []
    engine.dispose()
