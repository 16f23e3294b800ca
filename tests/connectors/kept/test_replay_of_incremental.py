"""An incremental source is not replayed: once its contract is mended, the next pull reads everything."""

import pytest

from connectors.kept.rebuild import differences, rebuild
from connectors.kept.replay import replay, replayable
from connectors.source.source import Source
from ledger.errors import LedgerError
from ledger.settings import Settings
from ledger.store import Ledger
from tests.connectors.deltas import COLUMNS, DELTA, FIRST, MENDED, figures, make, of, pulled, take
from tests.connectors.pulling import states


def refused(source: Source, batch_id: str, ledger: Ledger, settings: Settings) -> str:
    """What is said of a replay that is refused: one line, and nothing is changed."""
    before = ledger.in_force(), len(ledger.batches(source.id, 99))
    with pytest.raises(LedgerError) as caught:
        replay(source, batch_id, ledger, settings)
    assert "\n" not in str(caught.value)
    assert (ledger.in_force(), len(ledger.batches(source.id, 99))) == before
    return str(caught.value)


def test_p10_neither_a_delta_nor_a_whole_read_is_replayed(ledger: Ledger, settings: Settings) -> None:
    for batch_id in pulled(ledger, settings, DELTA):
        said = refused(MENDED, batch_id, ledger, settings)
        assert "batches of an incremental source are not replayed" in said
        assert "pilar pull sample" in said
    with pytest.raises(LedgerError, match="not replayed"):
        replayable(MENDED, ledger)


def test_p1_the_pull_after_a_mended_contract_brings_every_refused_row_in(ledger: Ledger, settings: Settings) -> None:
    _, delta = pulled(ledger, settings, DELTA)
    assert sum(one.open for one in ledger.refused(MENDED.id)) == 3
    newest = {record[0]: record for record in (*FIRST, *DELTA)}
    [whole] = take(MENDED, newest.values(), ledger, settings).batches
    assert of(ledger, whole.batch_id).merge is None
    assert figures(MENDED, ledger, settings) == {key: record[1] for key, record in newest.items()}
    assert not [one for one in ledger.refused(MENDED.id) if one.open]
    assert ledger.fates(MENDED.id)[delta].state == "superseded"


def test_a_held_delta_with_a_newer_one_may_be_released(ledger: Ledger, settings: Settings) -> None:
    source = make()
    take(source, FIRST[:2], ledger, settings)
    late = [("c", 5000, "2024-03-10"), ("x", 7000, "2024-03-10"), ("d", 4, "2024-03-10")]
    [held] = take(source, late, ledger, settings).batches
    [newer] = take(source, [("e", 5, "2024-03-11")], ledger, settings).batches
    assert (held.status, newer.status) == ("held", "accepted")
    ledger.release_batches([held.batch_id], "confirmed")
    assert figures(source, ledger, settings) == {"a": 1, "b": 2, "d": 4, "e": 5}


def test_p5_a_replay_is_no_day_on_which_figures_were_found_as_they_are(ledger: Ledger, settings: Settings) -> None:
    snapshot = {"load": "snapshot", "args": {"path": "/x"}}
    [old] = take(make(**snapshot), FIRST, ledger, settings).batches
    still = make(columns=COLUMNS | {"nilai": {"type": "integer", "max": 4999}}, **snapshot)
    mended = make(columns=COLUMNS | {"nilai": {"type": "integer", "max": 9999}}, **snapshot)
    [again] = replay(still, old.batch_id, ledger, settings).batches
    [last] = replay(mended, again.batch_id, ledger, settings).batches
    assert of(ledger, last.batch_id).fetched_by == old.batch_id
    assert ledger.confirmed(mended.id)["all"].at == of(ledger, old.batch_id).finished_at


def test_p2_a_cursor_of_the_future_is_refused_again_when_its_pages_are_rebuilt(
    ledger: Ledger, settings: Settings
) -> None:
    source = make()
    [outcome] = take(source, [*FIRST[:2], ("y", 9, "9999-12-31")], ledger, settings).batches
    assert (outcome.quarantined, states(take(source, FIRST[:2], ledger, settings))) == (1, [("all", "unchanged")])
    batch = of(ledger, outcome.batch_id)
    assert differences(batch, rebuild(source, batch, ledger, settings)) == {}
