"""Replay of deltas: each comes in again at its own place among the pulls."""

from datetime import timedelta
from itertools import permutations

import pytest

from connectors.kept.rebuild import differences, rebuild
from connectors.kept.replay import replay, replayable
from ledger.errors import LedgerError
from ledger.receipts import first_broken
from ledger.settings import Settings
from ledger.store import Ledger
from tests.connectors.deltas import (
    COLUMNS,
    DELTA,
    FIRST,
    MENDED,
    STRICT,
    Record,
    accounted,
    figures,
    make,
    mark,
    of,
    pulled,
    seen,
    take,
)
from tests.connectors.kept.test_replay import STEPS, Killed, dying
from tests.connectors.pulling import states

# -- once, and at its place -------------------------------------------------------------------------------------------


def test_p1_a_mended_contract_brings_the_rows_of_a_delta_in_exactly_once(ledger: Ledger, settings: Settings) -> None:
    first, delta, last = pulled(ledger, settings, DELTA, [("g", 7, "2024-03-13")])
    assert accounted(ledger, settings, STRICT) == [(3, 2, 1), (4, 2, 2), (1, 1, 0)]
    outcome = replay(MENDED, delta, ledger, settings)
    assert states(outcome) == [("all", "accepted")]
    [new] = outcome.batches
    assert [batch.batch_id for batch in ledger.in_force(MENDED.id)] == [first, new.batch_id, last]
    assert accounted(ledger, settings, MENDED) == [(3, 2, 1), (4, 4, 0), (1, 1, 0)]
    assert figures(MENDED, ledger, settings) == {"a": 1, "b": 20, "d": 6000, "e": 5, "f": 7000, "g": 7}
    batch = of(ledger, new.batch_id)
    assert (batch.replay_of, batch.place, batch.merge, batch.rows_known) == (delta, delta, of(ledger, delta).merge, 0)
    receipt = ledger.receipt_of(new.batch_id)
    assert receipt is not None
    assert f'"place":"{delta}"' in receipt.body
    assert f'"replay_of":"{delta}"' in receipt.body
    assert first_broken(ledger.receipts()) is None
    assert differences(batch, rebuild(MENDED, batch, ledger, settings)) == {}
    assert [(one.batch.batch_id, one.state) for one in ledger.refused()] == [(delta, "replayed"), (first, "open")]


@pytest.mark.parametrize("day", ["2024-03-11", "2024-03-13"], ids=["with the same cursor", "with a later cursor"])
def test_p2_the_version_of_a_later_delta_still_wins(ledger: Ledger, settings: Settings, day: str) -> None:
    _, delta, _ = pulled(ledger, settings, DELTA, [("d", 8, day), ("e", 9, day)])
    before = figures(STRICT, ledger, settings)
    assert (before["d"], before["e"]) == (8, 9)
    [new] = replay(MENDED, delta, ledger, settings).batches
    assert figures(MENDED, ledger, settings) == before | {"f": 7000}
    # d and e are in force in a later version.
    assert (new.landed, of(ledger, new.batch_id).rows_known) == (4, 2)
    assert new.batch_id not in {revision.batch_id for revision in ledger.revisions(MENDED.id)}


def test_p2_an_earlier_version_does_not_win(ledger: Ledger, settings: Settings) -> None:
    [_, delta] = pulled(ledger, settings, [("a", 3000, "2024-03-01"), ("d", 4, "2024-03-11")])
    replay(MENDED, delta, ledger, settings)
    assert figures(MENDED, ledger, settings) == {"a": 3000, "b": 2, "d": 4}


@pytest.mark.parametrize("order", list(permutations(range(3)))[3::2], ids=str)
def test_p2_replays_in_any_order_make_the_table_of_a_contract_that_was_never_wrong(
    ledger: Ledger, settings: Settings, order: tuple[int, ...]
) -> None:
    batches = pulled(
        ledger, settings, DELTA, [("d", 8, "2024-03-11"), ("c", 5001, "2024-03-10"), ("a", 1000, "2024-03-14")]
    )
    for at in order:
        assert states(replay(MENDED, batches[at], ledger, settings)) == [("all", "accepted")]
    assert accounted(ledger, settings, MENDED) == [(3, 3, 0), (4, 4, 0), (3, 3, 0)]
    assert figures(MENDED, ledger, settings) == {"a": 1000, "b": 20, "c": 5001, "d": 8, "e": 5, "f": 7000}
    assert replayable(MENDED.id, ledger) == []


def test_what_deltas_joined_is_replayed_below_them(ledger: Ledger, settings: Settings) -> None:
    first, delta = pulled(ledger, settings, DELTA)
    assert replayable(MENDED.id, ledger) == [first, delta]
    outcome = replay(MENDED, first, ledger, settings)
    assert states(outcome) == [("all", "accepted")]
    assert [batch.batch_id for batch in ledger.in_force(MENDED.id)] == [outcome.batches[0].batch_id, delta]
    assert figures(MENDED, ledger, settings) == {"a": 1, "b": 20, "c": 5000, "e": 5}
    [told] = [one for one in ledger.revisions(MENDED.id) if one.batch_id == outcome.batches[0].batch_id]
    assert (told.changed, told.added, told.removed) == (0, 1, 0)


def test_p1_a_stricter_contract_takes_out_what_it_refuses(ledger: Ledger, settings: Settings) -> None:
    """The version before comes back, and the revision says both."""
    _, delta = pulled(
        ledger,
        settings,
        [("a", 50, "2024-03-11"), ("e", 51, "2024-03-11"), ("g", 5, "2024-03-11"), ("h", 6, "2024-03-11")],
    )
    stricter = make(columns=COLUMNS | {"nilai": {"type": "integer", "max": 49}})
    [new] = replay(stricter, delta, ledger, settings).batches
    assert (new.status, new.landed, new.quarantined) == ("accepted", 2, 2)
    assert figures(stricter, ledger, settings) == {"a": 1, "b": 2, "g": 5, "h": 6}
    [told] = [one for one in ledger.revisions(stricter.id) if one.batch_id == new.batch_id]
    assert (told.previous_batch_id, told.changed, told.added, told.removed) == (delta, 1, 0, 1)


def test_p3_over_the_quota_the_replay_is_held_and_the_delta_stays(ledger: Ledger, settings: Settings) -> None:
    _, delta = pulled(ledger, settings, DELTA)
    before = figures(STRICT, ledger, settings)
    [held] = replay(make(columns=COLUMNS | {"nilai": {"type": "integer", "max": 4}}), delta, ledger, settings).batches
    assert (held.status, [reason["code"] for reason in held.reasons]) == ("rejected", ["nothing_landed"])
    [held] = replay(
        make(columns=COLUMNS | {"nilai": {"type": "integer", "max": 9}}), held.batch_id, ledger, settings
    ).batches
    assert (held.status, [reason["code"] for reason in held.reasons]) == ("held", ["quarantine"])
    assert figures(STRICT, ledger, settings) == before
    with pytest.raises(LedgerError, match=f"{held.batch_id} of all is newer and held"):
        replay(MENDED, delta, ledger, settings)
    [new] = replay(MENDED, held.batch_id, ledger, settings).batches
    assert figures(MENDED, ledger, settings) == before | {"d": 6000, "f": 7000}
    assert {one.fate.by for one in ledger.refused() if one.batch.delta} == {new.batch_id}
    with pytest.raises(LedgerError, match="says something else"):
        ledger.release_batches([held.batch_id], "it was fine")


def test_a_delta_whose_rows_came_again_is_settled_by_its_replay(ledger: Ledger, settings: Settings) -> None:
    """A rejected delta does not move the cursor: the next one brings its rows too."""
    bad: list[Record] = [("d", 6000, "2024-03-11")]
    _, rejected, later = pulled(ledger, settings, bad, [*bad, ("e", 5, "2024-03-12")])
    assert of(ledger, rejected).status == "rejected"
    assert replayable(MENDED.id, ledger)[1:] == [rejected, later]
    for batch_id in (later, rejected):
        assert states(replay(MENDED, batch_id, ledger, settings)) == [("all", "accepted")]
    assert figures(MENDED, ledger, settings) == {"a": 1, "b": 2, "d": 6000, "e": 5}
    assert {one.state for one in ledger.refused() if one.batch.delta} == {"replayed"}


# -- nothing twice, and nothing back ----------------------------------------------------------------------------------


def test_p2_a_replay_of_a_replay_changes_nothing(ledger: Ledger, settings: Settings) -> None:
    still = make(columns=COLUMNS | {"nilai": {"type": "integer", "max": 6000}})
    _, delta = pulled(ledger, settings, DELTA)
    [new] = replay(still, delta, ledger, settings).batches
    before, force = seen(still, ledger, settings), ledger.in_force(still.id)
    assert states(replay(still, new.batch_id, ledger, settings)) == [("all", "unchanged")]
    with pytest.raises(LedgerError, match=f"replayed already: {new.batch_id} holds its rows"):
        replay(still, delta, ledger, settings)
    assert (seen(still, ledger, settings), ledger.in_force(still.id)) == (before, force)


def test_p5_the_cursor_never_goes_back(ledger: Ledger, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor forward: a replay asked nobody for what came in between."""
    soon = ledger.now() + timedelta(days=30)
    _, delta = pulled(ledger, settings, [*DELTA, ("z", 9, soon.date().isoformat())])
    take(STRICT, [("g", 7, "2024-03-20")], ledger, settings)
    assert mark(STRICT, ledger) == "2024-03-20"
    monkeypatch.setattr(ledger, "now", lambda: soon)
    assert states(replay(STRICT, delta, ledger, settings)) == [("all", "accepted")]
    assert figures(STRICT, ledger, settings)["z"] == 9
    assert mark(STRICT, ledger) == "2024-03-20"
    # A contract that is another one has the next pull read everything, whatever was replayed under it.
    replay(MENDED, replayable(MENDED.id, ledger)[-1], ledger, settings)
    assert mark(MENDED, ledger) is None


def test_a_replay_is_followed_by_deltas_as_if_nothing_had_been(ledger: Ledger, settings: Settings) -> None:
    _, delta = pulled(ledger, settings, DELTA)
    replay(MENDED, delta, ledger, settings)
    everything = [FIRST[0], FIRST[2], *DELTA]
    assert states(take(MENDED, everything, ledger, settings)) == [("all", "accepted")]
    assert mark(MENDED, ledger) == "2024-03-12"
    assert states(take(MENDED, DELTA, ledger, settings)) == [("all", "unchanged")]
    assert len(ledger.in_force(MENDED.id)) == 1


# -- dying ------------------------------------------------------------------------------------------------------------


def test_p2_the_replay_of_a_delta_may_die_anywhere_and_be_run_again(ledger: Ledger, settings: Settings) -> None:
    """At one place after the other, so that each replay also meets what all those that died before it have left."""
    still = make(columns=COLUMNS | {"nilai": {"type": "integer", "max": 6000}})
    _, delta, _ = pulled(ledger, settings, DELTA, [("e", 55, "2024-03-11")])
    old = {"a": 1, "b": 20, "e": 55}
    new, states_told = old | {"d": 6000}, []
    for owner, name, nth, after in STEPS:
        left = replayable(still.id, ledger)[1]
        with dying(owner, name, nth, after=after), pytest.raises(Killed):
            replay(still, left, ledger, settings)
        states_told.append((figures(still, ledger, settings), accounted(ledger, settings, still)[1]))
        assert states_told[-1] in ((old, (4, 2, 2)), (new, (4, 3, 1))), (name, nth, after)
    assert (states_told[0][0], states_told[-1][0]) == (old, new)
    [left] = replayable(still.id, ledger)[1:]
    assert left != delta
    assert states(replay(still, left, ledger, settings)) == [("all", "unchanged")]
    assert figures(still, ledger, settings) == new
    assert accounted(ledger, settings, still) == [(3, 2, 1), (4, 3, 1), (1, 1, 0)]
    assert [one.rows for one in ledger.refused(still.id) if one.batch.delta and one.open] == [1]
