"""Replay beside incremental loads: a delta comes in again at its own place among the pulls, and a replay is no pull."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import permutations
from typing import Any

import duckdb
import pytest

from connectors.pull import pull_pages
from connectors.rebuild import differences, rebuild
from connectors.replay import replay, replayable
from connectors.retention import expire
from connectors.spec import Source
from ledger.errors import LedgerError, PilarError
from ledger.receipts import first_broken
from ledger.records import Batch
from ledger.settings import Settings
from ledger.store import Ledger
from tests.connectors.deltas import COLUMNS, Record, make, seen, take
from tests.connectors.landing.conftest import page_of
from tests.connectors.pulling import states
from tests.connectors.test_replay import STEPS, Killed, dying

STRICT = make()
"""No `nilai` may be over 999."""
MENDED = make(columns=COLUMNS | {"nilai": {"type": "integer", "max": 9999}})
FIRST: Sequence[Record] = [("a", 1, "2024-03-01"), ("b", 2, "2024-03-05"), ("c", 5000, "2024-03-10")]
DELTA: Sequence[Record] = [
    ("b", 20, "2024-03-11"),
    ("d", 6000, "2024-03-11"),
    ("e", 5, "2024-03-11"),
    ("f", 7000, "2024-03-12"),
]


def pulled(ledger: Ledger, settings: Settings, *deltas: Sequence[Record]) -> list[str]:
    """The first pull and deltas, under the strict contract; the ids of their batches."""
    found = []
    for records in (FIRST, *deltas):
        [outcome] = take(STRICT, records, ledger, settings).batches
        found.append(outcome.batch_id)
    return found


def figures(source: Source, ledger: Ledger, settings: Settings) -> dict[str, int]:
    """What a reader sees, by record."""
    return {row[0]: row[1] for row in seen(source, ledger, settings)}


def accounted(ledger: Ledger, settings: Settings, source: Source) -> list[tuple[int, int, int]]:
    """(received, landed, quarantined) of every batch in force, each proved against its own files (P1)."""
    found = []
    for batch in ledger.in_force(source.id):
        folder = (settings.home / (batch.landed_path or "")).parent
        landed, refused = (
            duckdb.execute("select count(distinct _row) from read_parquet(?)", [str(folder / name)]).fetchall()[0][0]
            for name in ("rows.parquet", "quarantine.parquet")
        )
        assert (landed, refused) == (batch.rows_landed, batch.rows_quarantined)
        assert batch.rows_received == landed + refused
        found.append((batch.rows_received or 0, landed, refused))
    return found


def of(ledger: Ledger, batch_id: str) -> Batch:
    batch = ledger.batch(batch_id)
    assert batch is not None
    return batch


def mark(source: Source, ledger: Ledger) -> str | None:
    """How far the source was read, under the contract of its newest batch."""
    return ledger.read_up_to(source.id, ledger.batches(source.id, 1)[0].contract_sha256)


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


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
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
        ledger.release_batch(held.batch_id, "it was fine")


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


@pytest.mark.parametrize("step", STEPS, ids=[f"{name}-{nth}-{after}" for _, name, nth, after in STEPS])
def test_p2_the_replay_of_a_delta_may_die_anywhere_and_be_run_again(
    ledger: Ledger, settings: Settings, step: tuple[Any, str, int, bool]
) -> None:
    owner, name, nth, after = step
    still = make(columns=COLUMNS | {"nilai": {"type": "integer", "max": 6000}})
    _, delta, _ = pulled(ledger, settings, DELTA, [("e", 55, "2024-03-11")])
    old = {"a": 1, "b": 20, "e": 55}
    with dying(owner, name, nth, after=after), pytest.raises(Killed):
        replay(still, delta, ledger, settings)
    told = figures(still, ledger, settings), accounted(ledger, settings, still)[1]
    assert told in ((old, (4, 2, 2)), (old | {"d": 6000}, (4, 3, 1)))
    left = replayable(still.id, ledger)[1]
    assert states(replay(still, left, ledger, settings))[0][1] in ("accepted", "unchanged")
    assert figures(still, ledger, settings) == old | {"d": 6000}
    assert accounted(ledger, settings, still) == [(3, 2, 1), (4, 3, 1), (1, 1, 0)]
    assert [one.rows for one in ledger.refused(still.id) if one.batch.delta and one.open] == [1]


# -- rows that say their coverage themselves --------------------------------------------------------------------------

NAMES = ("id", "nilai", "diubah", "bulan")
MONTHS: dict[str, Any] = {"coverage": {"from": "bulan", "grain": "month"}}
BULAN: dict[str, Any] = {"bulan": {"pattern": r"^\d{4}-\d{2}$", "required": True}}
BY_MONTH = make(columns=COLUMNS | BULAN, **MONTHS)
MENDED_MONTHS = make(
    columns={**COLUMNS, "nilai": {"type": "integer", "max": 9999}, "bulan": BULAN["bulan"] | {"suffix": "."}}, **MONTHS
)


def months(ledger: Ledger, settings: Settings, *rows: tuple[str, int, str, str]) -> dict[str | None, str]:
    pages = [page_of([dict(zip(NAMES, row, strict=True)) for row in rows])]
    return {batch.coverage: batch.batch_id for batch in pull_pages(BY_MONTH, pages, ledger, settings).batches}


def history(ledger: Ledger, settings: Settings) -> dict[str | None, str]:
    """A first pull and a delta of two months and of a row that says none; the delta's batches."""
    months(ledger, settings, *[(name, 1, "2024-03-01", "2024-01") for name in "abcd"])
    months(ledger, settings, *[(name, 1, "2024-03-01", "2024-02") for name in "mnop"])
    return months(
        ledger, settings, ("a", 5000, "2024-03-02", "2024-01"), ("b", 2, "2024-03-02", "2024-01"),
        ("m", 3, "2024-03-02", "2024-02"), ("x", 4, "2024-03-02", "2024-02."),
    )  # fmt: skip


def test_p1_a_delta_of_several_coverages_is_replayed_whole(ledger: Ledger, settings: Settings) -> None:
    old = history(ledger, settings)
    assert old.keys() == {"2024-01", "2024-02", None}
    assert states(replay(MENDED_MONTHS, old[None], ledger, settings)) == [
        ("2024-01", "accepted"),
        ("2024-02", "accepted"),
    ]
    assert accounted(ledger, settings, MENDED_MONTHS) == [(4, 4, 0), (4, 4, 0), (2, 2, 0), (2, 2, 0)]
    found = figures(MENDED_MONTHS, ledger, settings)
    assert (found["a"], found["b"], found["m"], found["x"]) == (5000, 2, 3, 4)
    assert not [one for one in ledger.refused() if one.open and one.batch.coverage is not None]


@pytest.mark.parametrize(("nth", "after"), [(1, True), (2, False), (2, True)])
def test_p2_coverages_of_one_delta_are_replayed_all_or_none(
    ledger: Ledger, settings: Settings, nth: int, after: bool
) -> None:
    old = history(ledger, settings)
    before = seen(BY_MONTH, ledger, settings)
    with dying(Ledger, "finish_batch", nth, after=after), pytest.raises(Killed):
        replay(MENDED_MONTHS, old["2024-01"], ledger, settings)
    assert seen(BY_MONTH, ledger, settings) == before
    replay(MENDED_MONTHS, old["2024-01"], ledger, settings)
    assert accounted(ledger, settings, MENDED_MONTHS) == [(4, 4, 0), (4, 4, 0), (2, 2, 0), (2, 2, 0)]


# -- what cannot be done ----------------------------------------------------------------------------------------------


def _read_whole(ledger: Ledger, settings: Settings, source: Source, delta: str) -> Source:
    take(source, [FIRST[0], *DELTA], ledger, settings, full=True)
    return source


def _past_retention(ledger: Ledger, settings: Settings, source: Source, delta: str) -> Source:
    ledger.mark_pages_gone(delta, "retention of 400d")
    return source


def _other_key(ledger: Ledger, settings: Settings, source: Source, delta: str) -> Source:
    return make(key=["id", "diubah"])


def _other_cursor(ledger: Ledger, settings: Settings, source: Source, delta: str) -> Source:
    columns = COLUMNS | {"n": {"type": "integer", "min": 0, "required": True}}
    return make(columns=columns, load={"incremental": {"cursor": "n", "overlap": 1, "start": 0}})


def _no_deltas_any_more(ledger: Ledger, settings: Settings, source: Source, delta: str) -> Source:
    return make(load="snapshot", args={"path": "/x"})


REFUSED: list[tuple[str, Callable[[Ledger, Settings, Source, str], Source], str, str]] = [
    ("read whole since", _read_whole, "has read everything since", "replay 20"),
    ("pages gone", _past_retention, "pages were removed on", "pull sample --full"),
    ("another key", _other_key, "is another now", "pull sample --full"),
    ("another cursor", _other_cursor, "is another now", "pull sample --full"),
    ("no deltas any more", _no_deltas_any_more, "is another now", "pull sample --full"),
]


@pytest.mark.parametrize(("spoil", "why", "do"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_p10_what_cannot_be_replayed_is_told_in_one_line(
    ledger: Ledger, settings: Settings, spoil: Callable[[Ledger, Settings, Source, str], Source], why: str, do: str
) -> None:
    _, delta = pulled(ledger, settings, DELTA)
    source = spoil(ledger, settings, MENDED, delta)
    before = ledger.in_force(), len(ledger.batches(source.id, 99))
    with pytest.raises(PilarError, match=why) as caught:
        replay(source, delta, ledger, settings)
    assert do in str(caught.value)
    assert "\n" not in str(caught.value)
    assert (ledger.in_force(), len(ledger.batches(source.id, 99))) == before


def test_pages_of_a_delta_in_force_outlive_their_retention(ledger: Ledger, settings: Settings) -> None:
    """Also once it was replayed and deltas came after it: the replay has the same bytes."""
    _, delta, _ = pulled(ledger, settings, DELTA, [("g", 7, "2024-03-13")])
    [new] = replay(MENDED, delta, ledger, settings).batches
    kept = make(retention={"pages": "400d"})
    removed = expire([kept], ledger, settings, ledger.now() + timedelta(days=401))
    assert [path.name for path in removed] == [delta]
    assert states(replay(MENDED, new.batch_id, ledger, settings)) == [("all", "unchanged")]


# -- a replay is no pull ----------------------------------------------------------------------------------------------


def test_what_was_read_whole_is_replayed_and_the_next_pull_reads_everything(ledger: Ledger, settings: Settings) -> None:
    [old] = take(make(), FIRST, ledger, settings).batches
    assert states(replay(MENDED, old.batch_id, ledger, settings)) == [("all", "accepted")]
    assert [row[:2] for row in seen(MENDED, ledger, settings)] == [("a", 1), ("b", 2), ("c", 5000)]
    sha256 = ledger.in_force(MENDED.id)[0].contract_sha256
    assert ledger.read_up_to(MENDED.id, sha256) is None
    assert states(take(MENDED, FIRST, ledger, settings)) == [("all", "unchanged")]
    assert ledger.read_up_to(MENDED.id, sha256) == "2024-03-10"


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
    still = make(columns=COLUMNS | {"nilai": {"type": "integer", "max": 4999}})
    [again] = replay(still, old.batch_id, ledger, settings).batches
    replay(MENDED, again.batch_id, ledger, settings)
    assert ledger.confirmed(MENDED.id)["all"].at == of(ledger, old.batch_id).finished_at


def test_p2_a_cursor_of_the_future_is_refused_again(ledger: Ledger, settings: Settings) -> None:
    source = make()
    [outcome] = take(source, [*FIRST[:2], ("y", 9, "9999-12-31")], ledger, settings).batches
    batch = of(ledger, outcome.batch_id)
    assert outcome.quarantined == 1
    assert differences(batch, rebuild(source, batch, ledger, settings)) == {}
    assert states(replay(source, outcome.batch_id, ledger, settings)) == [("all", "unchanged")]
