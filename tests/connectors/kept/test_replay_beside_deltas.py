"""Replay beside deltas: coverages of one delta, what cannot be replayed, and that a replay is no pull."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from connectors.kept.rebuild import differences, rebuild
from connectors.kept.replay import replay
from connectors.kept.retention import expire
from connectors.pull.course import pull_pages
from connectors.source.source import Source
from ledger.errors import PilarError
from ledger.settings import Settings
from ledger.store import Ledger
from tests.connectors.deltas import (
    COLUMNS,
    DELTA,
    FIRST,
    MENDED,
    Record,
    accounted,
    figures,
    make,
    of,
    pulled,
    seen,
    take,
)
from tests.connectors.kept.test_replay import Killed, dying
from tests.connectors.landing.conftest import page_of
from tests.connectors.pulling import states

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


def test_p1_a_coverage_whose_replay_is_refused_is_not_settled_by_another_one(
    ledger: Ledger, settings: Settings
) -> None:
    """Rows of no coverage become those of a new month, while the month that was asked for is held."""
    months(ledger, settings, *[(name, 1, "2024-03-01", "2024-01") for name in "abcd"])
    rows = [
        ("a", 5000, "2024-01"),
        ("b", 2, "2024-01"),
        ("q", 3, "2024-03"),
        ("m", 3, "2024-02."),
        ("o", 4, "2024-02."),
    ]
    old = months(ledger, settings, *[(name, figure, "2024-03-02", month) for name, figure, month in rows])
    columns = {**COLUMNS, "nilai": {"type": "integer", "min": 3, "max": 999}, "bulan": BULAN["bulan"] | {"suffix": "."}}
    outcome = replay(make(columns=columns, **MONTHS), old["2024-01"], ledger, settings)
    assert dict(states(outcome)) == {"2024-01": "rejected", "2024-02": "accepted", "2024-03": "accepted"}
    assert ledger.fates(BY_MONTH.id)[old["2024-01"]].state == "open"


@pytest.mark.parametrize(("nth", "after"), [(1, True), (2, True)])
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


def test_p10_what_cannot_be_replayed_is_told_in_one_line(ledger: Ledger, settings: Settings) -> None:
    _, delta = pulled(ledger, settings, DELTA)
    numbers = COLUMNS | {"n": {"type": "integer", "min": 0, "required": True}}
    told = [
        refused(source, delta, ledger, settings)
        for source in (
            make(key=["id", "diubah"]),
            make(columns=numbers, load={"incremental": {"cursor": "n", "overlap": 1, "start": 0}}),
            make(load="snapshot", args={"path": "/x"}),
        )
    ]
    assert all("`key` or `cursor` is another now" in line and "pull sample --full" in line for line in told)
    ledger.mark_pages_gone(delta, "retention of 400d")
    gone = refused(MENDED, delta, ledger, settings)
    assert "pages were removed on" in gone
    assert "pull sample --full" in gone
    [whole] = take(MENDED, [FIRST[0], *DELTA], ledger, settings, full=True).batches
    assert f"{whole.batch_id} has read everything since" in refused(MENDED, delta, ledger, settings)
    assert whole.status == "accepted"


def refused(source: Source, batch_id: str, ledger: Ledger, settings: Settings) -> str:
    """What is said of a replay that is refused: one line, and nothing is changed."""
    before = ledger.in_force(), len(ledger.batches(source.id, 99))
    with pytest.raises(PilarError) as caught:
        replay(source, batch_id, ledger, settings)
    assert "\n" not in str(caught.value)
    assert (ledger.in_force(), len(ledger.batches(source.id, 99))) == before
    return str(caught.value)


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
    assert ledger.read_up_to(MENDED.id, sha256, synthetic=False) is None
    assert states(take(MENDED, FIRST, ledger, settings)) == [("all", "unchanged")]
    assert ledger.read_up_to(MENDED.id, sha256, synthetic=False) == "2024-03-10"


def test_a_held_delta_with_a_newer_one_may_be_released(ledger: Ledger, settings: Settings) -> None:
    source = make()
    take(source, FIRST[:2], ledger, settings)
    late: Sequence[Record] = [("c", 5000, "2024-03-10"), ("x", 7000, "2024-03-10"), ("d", 4, "2024-03-10")]
    [held] = take(source, late, ledger, settings).batches
    [newer] = take(source, [("e", 5, "2024-03-11")], ledger, settings).batches
    assert (held.status, newer.status) == ("held", "accepted")
    ledger.release_batches([held.batch_id], "confirmed")
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
