"""What has become of quarantined rows, case by case, and who decided about them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger.clock import day_of
from ledger.errors import LedgerError
from ledger.quarantine import Decided, Fate, fates, newest
from ledger.records import BatchResult, BatchStatus, QuarantineCount
from ledger.store import Ledger
from tests.chain import first_broken

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def decided(batch_id: str, status: BatchStatus = "accepted", replay_of: str | None = None, **more: Any) -> Decided:
    return Decided(
        batch_id,
        more.get("source", "s"),
        more.get("coverage", "2024"),
        status,
        replay_of,
        NOW,
        more.get("delta", False),
        more.get("pull", batch_id),
    )


OPEN = Fate("open")
# (what it shows, the batches, what has become of each)
CASES: list[tuple[str, list[Decided], dict[str, Fate]]] = [
    ("the batch in force", [decided("1")], {"1": OPEN}),
    ("a newer one came", [decided("1"), decided("2")], {"1": Fate("superseded", "2"), "2": OPEN}),
    ("another coverage", [decided("1"), decided("2", coverage="2025")], {"1": OPEN, "2": OPEN}),
    ("another source", [decided("1"), decided("2", source="t")], {"1": OPEN, "2": OPEN}),
    ("a newer one is held", [decided("1"), decided("2", "held")], {"1": OPEN, "2": OPEN}),
    ("held twice", [decided("1", "held"), decided("2", "held")], {"1": Fate("superseded", "2"), "2": OPEN}),
    ("rejected", [decided("1", "rejected")], {"1": OPEN}),
    ("replayed", [decided("1"), decided("2", replay_of="1")], {"1": Fate("replayed", "2"), "2": OPEN}),
    ("a replay that is held settles nothing", [decided("1"), decided("2", "held", "1")], {"1": OPEN, "2": OPEN}),
    (
        "replayed through a held one",
        [decided("1"), decided("2", "held", "1"), decided("3", replay_of="2")],
        {"1": Fate("replayed", "3"), "2": Fate("replayed", "3"), "3": OPEN},
    ),
    (
        "replayed, then pulled anew",
        [decided("1"), decided("2", replay_of="1"), decided("3")],
        {"1": Fate("replayed", "2"), "2": Fate("superseded", "3"), "3": OPEN},
    ),
    (
        "rows without a coverage, and the next pull",
        [decided("1"), decided("2", "held", coverage=None), decided("3", coverage="2025")],
        {"1": OPEN, "2": Fate("superseded", "3"), "3": OPEN},
    ),
    ("a delta came", [decided("1"), decided("2", delta=True)], {"1": OPEN, "2": OPEN}),
    ("a delta came after a held one", [decided("1", "held"), decided("2", delta=True)], {"1": OPEN, "2": OPEN}),
    (
        "what deltas joined was read again",
        [decided("1"), decided("2", delta=True), decided("3")],
        {"1": Fate("superseded", "3"), "2": Fate("superseded", "3"), "3": OPEN},
    ),
    (
        "rows without a coverage, and a delta",
        [decided("1", "held", coverage=None), decided("2", delta=True)],
        {"1": OPEN, "2": OPEN},
    ),
    (
        "replayed into another coverage",
        [decided("1", "held", coverage=None), decided("2", replay_of="1"), decided("3", replay_of="2")],
        {"1": Fate("replayed", "3"), "2": Fate("replayed", "3"), "3": OPEN},
    ),
    (
        "replayed, where its own coverage is held and another accepted",
        [
            decided("1", "held"),
            decided("2", "held", "1", pull="2"),
            decided("3", replay_of="1", coverage="2025", pull="2"),
        ],
        {"1": Fate("superseded", "2"), "2": OPEN, "3": OPEN},
    ),
    ("rows without a coverage", [decided("1"), decided("2", "held", coverage=None)], {"1": OPEN, "2": OPEN}),
]


@pytest.mark.parametrize(("batches", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_has_become_of_a_batchs_rows(batches: list[Decided], expected: dict[str, Fate]) -> None:
    accepted = [batch for batch in batches if batch.status == "accepted"]
    whole = newest(batch for batch in accepted if not batch.delta)
    force = {b.batch_id for b in accepted if b.delta or b in whole.values()} - {
        b.batch_id for b in accepted for other in whole.values() if b.delta and b.batch_id < other.batch_id
    }
    assert fates(batches, force) == expected
    assert fates(reversed(batches), force) == expected


def test_rows_of_several_batches_in_force_are_all_open() -> None:
    """Where a newer batch joins what is in force instead of replacing it."""
    assert fates([decided("1"), decided("2")], {"1", "2"}) == {"1": OPEN, "2": OPEN}


def finished(ledger: Ledger, status: BatchStatus = "accepted", **counts: int) -> str:
    batch_id = ledger.start_batch("s", "o", "f" * 64)
    bad = tuple(QuarantineCount(rule, "n", rows) for rule, rows in counts.items())
    total = sum(counts.values())
    ledger.finish_batch(
        batch_id, BatchResult(status, "2024", 20, 20 - total, total, "x", "a" * 64, "c" * 64, False, quarantine=bad)
    )
    return batch_id


def told(ledger: Ledger) -> list[tuple[str, str, int, str]]:
    return [(one.batch.batch_id, one.rule, one.open, one.state) for one in ledger.refused("s")]


def test_p1_a_dismissal_settles_rows_and_removes_none(ledger: Ledger) -> None:
    batch = finished(ledger, max=3, type=2)
    assert told(ledger) == [(batch, "max", 3, "open"), (batch, "type", 2, "open")]
    ledger.dismiss([((batch, "max", "n"), 7), ((batch, "max", "n"), 9)], "ani", "both are double counts")
    assert told(ledger) == [(batch, "max", 1, "open"), (batch, "type", 2, "open")]
    [receipt] = ledger.dismiss([((batch, "max", "n"), None)], "ani", "so is the last")
    assert told(ledger) == [(batch, "max", 0, "dismissed"), (batch, "type", 2, "open")]
    found = ledger.batch(batch)
    assert found is not None
    assert (found.rows_quarantined, found.rows_landed) == (5, 15)
    last = ledger.receipt_of(batch)
    assert last is not None
    assert last.seq == receipt
    assert '"who":"ani","why":"so is the last"' in last.body
    assert first_broken(ledger.receipts()) is None
    assert [witness.expected for witness in ledger.witnesses()][-1] == last.body
    assert [(one.row, one.why) for one in ledger.dismissals(batch)][-1] == (None, "so is the last")


def test_a_new_batch_asks_again(ledger: Ledger) -> None:
    old = finished(ledger, max=3)
    ledger.dismiss([((old, "max", "n"), None)], "ani", "known")
    new = finished(ledger, max=3)
    assert told(ledger) == [(new, "max", 3, "open"), (old, "max", 0, "superseded")]
    assert len({one.since for one in ledger.refused("s")}) == 1


def test_p1_a_decision_with_a_day_holds_for_as_many_rows_of_the_same_kind(ledger: Ledger) -> None:
    today = day_of(ledger.now())
    first = finished(ledger, max=3, type=1)
    [receipt] = ledger.dismiss([((first, "max", "n"), None)], "ani", "known", today + timedelta(days=30))
    last = ledger.receipt_of(first)
    assert last is not None
    assert (last.seq, f'"until":"{today + timedelta(days=30)}"' in last.body) == (receipt, True)
    assert [witness.expected for witness in ledger.witnesses()][-1] == last.body
    fewer = finished(ledger, max=2, type=1)
    assert told(ledger)[:2] == [(fewer, "max", 0, "dismissed"), (fewer, "type", 1, "open")]
    more = finished(ledger, max=5)
    assert told(ledger)[0] == (more, "max", 2, "open")
    ledger.dismiss([((more, "max", "n"), None)], "ani", "these too", today - timedelta(days=1))
    assert told(ledger)[0] == (more, "max", 0, "dismissed")
    assert told(ledger)[0][0] != finished(ledger, max=5)
    assert told(ledger)[0][2:] == (2, "open")  # a day that is over binds nobody
    assert [one.until for one in ledger.dismissals(first)] == [today + timedelta(days=30)]


@pytest.mark.parametrize(("days_ago", "state"), [(0, (0, "dismissed")), (1, (3, "open"))])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_a_decision_ends_with_the_regencys_day(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, zone: str, days_ago: int, state: tuple[int, str]
) -> None:
    """In one of the two zones it is another day than in UTC, at any hour."""
    monkeypatch.setenv("PILAR_TIMEZONE", zone)
    last_day = day_of(ledger.now()) - timedelta(days=days_ago)
    ledger.dismiss([((finished(ledger, max=3), "max", "n"), None)], "ani", "known", last_day)
    new = finished(ledger, max=3)
    assert told(ledger)[0] == (new, "max", *state)


def test_a_decision_with_a_day_is_about_one_coverage(ledger: Ledger) -> None:
    old = finished(ledger, max=3)
    ledger.dismiss([((old, "max", "n"), None)], "ani", "known", day_of(ledger.now()))
    same = finished(ledger, max=3)
    assert told(ledger)[0] == (same, "max", 0, "dismissed")  # on its last day too
    other = ledger.start_batch("s", "o", "f" * 64)
    bad = (QuarantineCount("max", "n", 3),)
    ledger.finish_batch(
        other, BatchResult("accepted", "2025", 20, 17, 3, "x", "b" * 64, "d" * 64, False, quarantine=bad)
    )
    assert told(ledger)[0] == (other, "max", 3, "open")


def test_an_unchanged_batch_adds_nothing_to_the_list(ledger: Ledger) -> None:
    batch = finished(ledger, max=3)
    finished(ledger, "unchanged", max=3)
    assert told(ledger) == [(batch, "max", 3, "open")]


def test_p10_nothing_to_dismiss_is_told(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="no open row"):
        ledger.dismiss([], "ani", "why")


def test_a_replay_is_no_pull(ledger: Ledger) -> None:
    """The clock of a source must not take a replay for the pull that was due."""
    pulled = finished(ledger, max=3)
    ledger.start_batch("s", "o", "f" * 64, replay_of=pulled)
    last = ledger.last_pull("s")
    assert last is not None
    assert last.batch_id == pulled
