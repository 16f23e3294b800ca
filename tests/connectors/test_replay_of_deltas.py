"""Replay beside incremental loads: a delta is no whole, and a replay is no pull."""

from collections.abc import Sequence

import pytest

from connectors.rebuild import differences, rebuild
from connectors.replay import replay, replayable
from ledger.errors import LedgerError
from ledger.settings import Settings
from ledger.store import Ledger
from tests.connectors.deltas import COLUMNS, Record, make, seen, take
from tests.connectors.pulling import states

FIRST: Sequence[Record] = [("a", 1, "2024-03-01"), ("b", 2, "2024-03-05"), ("c", 5000, "2024-03-10")]
MENDED = make(columns=COLUMNS | {"nilai": {"type": "integer", "max": 9999}})


def test_what_was_read_whole_is_replayed_and_the_next_pull_reads_everything(ledger: Ledger, settings: Settings) -> None:
    [old] = take(make(), FIRST, ledger, settings).batches
    assert states(replay(MENDED, old.batch_id, ledger, settings)) == [("all", "accepted")]
    assert [row[:2] for row in seen(MENDED, ledger, settings)] == [("a", 1), ("b", 2), ("c", 5000)]
    sha256 = ledger.in_force(MENDED.id)[0].contract_sha256
    assert ledger.read_up_to(MENDED.id, sha256) is None
    assert states(take(MENDED, FIRST, ledger, settings)) == [("all", "unchanged")]
    assert ledger.read_up_to(MENDED.id, sha256) == "2024-03-10"


def test_p1_neither_a_delta_nor_what_it_joined_is_replayed(ledger: Ledger, settings: Settings) -> None:
    [first] = take(make(), FIRST, ledger, settings).batches
    [delta] = take(make(), [("d", 6000, "2024-03-11"), ("e", 5, "2024-03-11")], ledger, settings).batches
    before = seen(MENDED, ledger, settings)
    waiting = [(one.batch.batch_id, one.state) for one in ledger.refused()]
    assert waiting == [(delta.batch_id, "open"), (first.batch_id, "open")]
    assert replayable(MENDED.id, ledger) == []
    for batch, told in ((delta, "a delta cannot be replayed"), (first, f"the last of them {delta.batch_id}")):
        with pytest.raises(LedgerError, match=told) as caught:
            replay(MENDED, batch.batch_id, ledger, settings)
        assert f"pilar pull {MENDED.id} --full" in str(caught.value)
    assert seen(MENDED, ledger, settings) == before
    rows = [*FIRST, ("d", 6000, "2024-03-11"), ("e", 5, "2024-03-11")]
    assert states(take(MENDED, rows, ledger, settings, full=True)) == [("all", "accepted")]
    assert {one.state for one in ledger.refused()} == {"superseded"}


def test_a_held_delta_with_a_newer_one_may_be_released(ledger: Ledger, settings: Settings) -> None:
    source = make()
    take(source, FIRST[:2], ledger, settings)
    late: Sequence[Record] = [("c", 5000, "2024-03-10"), ("x", 7000, "2024-03-10"), ("d", 4, "2024-03-10")]
    [held] = take(source, late, ledger, settings).batches
    [newer] = take(source, [("e", 5, "2024-03-11")], ledger, settings).batches
    assert (held.status, newer.status) == ("held", "accepted")
    ledger.release_batch(held.batch_id, "confirmed")
    assert [row[:2] for row in seen(source, ledger, settings)] == [("a", 1), ("b", 2), ("d", 4), ("e", 5)]


def test_p5_a_replay_is_no_day_on_which_figures_were_found_as_they_are(ledger: Ledger, settings: Settings) -> None:
    [old] = take(make(), FIRST, ledger, settings).batches
    replay(MENDED, old.batch_id, ledger, settings)
    batch = ledger.batch(old.batch_id)
    assert batch is not None
    assert ledger.confirmed(MENDED.id)["all"].at == batch.finished_at


def test_p2_a_cursor_of_the_future_is_refused_again(ledger: Ledger, settings: Settings) -> None:
    source = make()
    [outcome] = take(source, [*FIRST[:2], ("y", 9, "9999-12-31")], ledger, settings).batches
    batch = ledger.batch(outcome.batch_id)
    assert batch is not None
    assert outcome.quarantined == 1
    assert differences(batch, rebuild(source, batch, ledger, settings)) == {}
    assert states(replay(source, outcome.batch_id, ledger, settings)) == [("all", "unchanged")]
