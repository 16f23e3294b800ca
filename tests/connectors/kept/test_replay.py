"""Replay: mended rows come in exactly once, whatever happens on the way."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.decide.decision import Decider
from connectors.kept import replay as replay_module
from connectors.kept.rebuild import differences, rebuild
from connectors.kept.replay import replay, replayable
from connectors.landing import files as files_module
from connectors.landing.landing import Landing
from connectors.pull.course import PullOutcome
from connectors.pull.page_store import PageStore
from connectors.source.source import Source
from ledger.errors import LedgerError, SourceError
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.evaluation import evaluate
from tests.chain import first_broken
from tests.connectors.dying import Killed, dying
from tests.connectors.pulling import COLUMNS, in_force, make, page, pull_pages, records, states, undisturbed

STRICT = COLUMNS | {"n": {"type": "integer", "max": 17}}
"""Of 20 rows two are over this bound."""
MENDED = COLUMNS | {"n": {"type": "integer", "max": 18}}
OPEN = COLUMNS | {"n": {"type": "integer", "max": 99}}


def pulled(ledger: Ledger, settings: Settings, count: int = 20, **more: Any) -> str:
    """One coverage, under the strict contract; the id of its batch."""
    outcome = pull_pages(make(columns=STRICT, **more), [page(0, records(count))], ledger, settings, synthetic=True)
    return outcome.batches[0].batch_id


def accounted(ledger: Ledger, settings: Settings, source: Source) -> dict[str | None, tuple[int, int, int]]:
    """(received, landed, quarantined) of every batch in force, each proved against its own files (P1)."""
    found = {}
    for batch in ledger.in_force(source.id):
        folder = (settings.home / (batch.landed_path or "")).parent
        rows, bad = (
            duckdb.execute(
                "select count(*), count(distinct _row) from read_parquet(?)", [str(folder / name)]
            ).fetchall()
            for name in ("rows.parquet", "quarantine.parquet")
        )
        assert rows == [(batch.rows_landed, batch.rows_landed)]
        assert bad == [(batch.rows_quarantined, batch.rows_quarantined)]
        assert batch.rows_received == (batch.rows_landed or 0) + (batch.rows_quarantined or 0)
        found[batch.coverage] = (batch.rows_received or 0, batch.rows_landed or 0, batch.rows_quarantined or 0)
    return found


def test_p1_a_mended_contract_brings_rows_in_exactly_once(ledger: Ledger, settings: Settings, tmp_path: Path) -> None:
    old, source = pulled(ledger, settings), make(columns=MENDED)
    assert accounted(ledger, settings, source) == {"2024": (20, 18, 2)}
    outcome = replay(source, old, ledger, settings)
    [new] = outcome.batches
    assert (new.status, new.received, new.landed, new.quarantined) == ("accepted", 20, 19, 1)
    assert accounted(ledger, settings, source) == {"2024": (20, 19, 1)}
    batch = ledger.batch(new.batch_id)
    assert batch is not None
    assert (batch.replay_of, batch.synthetic) == (old, True)
    receipt = ledger.receipt_of(new.batch_id)
    assert receipt is not None
    assert f'"replay_of":"{old}"' in receipt.body
    assert first_broken(ledger.receipts()) is None
    # What a pull of the mended contract would have landed, from the same bytes, which are kept once.
    assert in_force(settings, ledger, source) == undisturbed(source, [page(0, records(20))], settings, tmp_path)
    assert differences(batch, rebuild(source, batch, ledger, settings)) == {}
    kept, again = (ledger.pages(one)[0] for one in (old, new.batch_id))
    assert kept.sha256 == again.sha256
    assert (settings.home / (kept.path or "")).samefile(settings.home / (again.path or ""))


def test_p2_a_replay_is_followed_by_pulls_that_bring_nothing_new(ledger: Ledger, settings: Settings) -> None:
    old, source = pulled(ledger, settings), make(columns=OPEN)
    replay(source, old, ledger, settings)
    before = in_force(settings, ledger, source)
    again = pull_pages(source, [page(0, records(20))], ledger, settings, synthetic=True)
    assert states(again) == [("2024", "unchanged")]
    assert in_force(settings, ledger, source) == before
    assert [refused.state for refused in ledger.refused()] == ["replayed"]


def test_nothing_mended_is_unchanged(ledger: Ledger, settings: Settings) -> None:
    old, source = pulled(ledger, settings), make(columns=STRICT)
    before = in_force(settings, ledger, source)
    outcome = replay(source, old, ledger, settings)
    assert states(outcome) == [("2024", "unchanged")]
    assert not outcome.changed
    assert [batch.batch_id for batch in ledger.in_force()] == [old]
    assert in_force(settings, ledger, source) == before
    assert [(refused.batch.batch_id, refused.state) for refused in ledger.refused()] == [(old, "open")]


def test_p3_over_the_quota_the_replay_is_held_and_the_old_batch_stays(ledger: Ledger, settings: Settings) -> None:
    old = pulled(ledger, settings)
    stricter = make(columns=COLUMNS | {"n": {"type": "integer", "max": 9}})
    before = in_force(settings, ledger, stricter)
    outcome = replay(stricter, old, ledger, settings)
    assert states(outcome) == [("2024", "held")]
    assert [reason["code"] for reason in outcome.batches[0].reasons] == ["quarantine", "mass_deletion"]
    assert in_force(settings, ledger, stricter) == before
    assert accounted(ledger, settings, stricter) == {"2024": (20, 18, 2)}
    # The held one is the newest word now: it is replayed, not the old one; and then both are settled.
    held = outcome.batches[0].batch_id
    with pytest.raises(LedgerError, match=f"{held} of 2024 is newer and held"):
        replay(make(columns=OPEN), old, ledger, settings)
    last = replay(make(columns=OPEN), held, ledger, settings).batches[0].batch_id
    assert accounted(ledger, settings, stricter) == {"2024": (20, 20, 0)}
    assert {refused.fate.by for refused in ledger.refused()} == {last}
    with pytest.raises(LedgerError, match="newer pull of its coverage says something else"):
        ledger.release_batches([held], "it was fine")


def test_a_rejected_batch_comes_in_once_its_contract_is_mended(ledger: Ledger, settings: Settings) -> None:
    wrong = make(columns=COLUMNS | {"n": {"type": "date"}})
    rejected = pull_pages(wrong, [page(0, records(20))], ledger, settings)
    assert states(rejected) == [("2024", "rejected")]
    assert replayable(wrong, ledger) == [rejected.batches[0].batch_id]
    assert states(replay(make(), rejected.batches[0].batch_id, ledger, settings)) == [("2024", "accepted")]
    assert accounted(ledger, settings, wrong) == {"2024": (20, 20, 0)}


def test_p1_what_was_held_is_older_than_what_a_newer_pull_found_unchanged(ledger: Ledger, settings: Settings) -> None:
    pulled(ledger, settings)
    wrong = [row | {"n": 50} for row in records(20)]
    held = pull_pages(make(columns=STRICT), [page(0, wrong)], ledger, settings, synthetic=True)
    assert states(held) == [("2024", "rejected")]
    mended = make(columns=OPEN)
    assert replayable(mended, ledger) == [held.batches[0].batch_id]
    newest = pulled(ledger, settings)
    assert replayable(mended, ledger) == []
    with pytest.raises(LedgerError, match=f"a newer pull found what is in force unchanged: {newest}"):
        replay(mended, held.batches[0].batch_id, ledger, settings)


def test_a_row_that_the_agency_corrected_comes_in_with_the_pull(ledger: Ledger, settings: Settings) -> None:
    """Old rows must never come back in the place of corrected ones."""
    old, source = pulled(ledger, settings), make(columns=STRICT)
    new = pull_pages(source, [page(0, records(20, n=3))], ledger, settings).batches[0].batch_id
    assert accounted(ledger, settings, source) == {"2024": (20, 20, 0)}
    assert [(refused.state, refused.fate.by) for refused in ledger.refused()] == [("superseded", new)]
    with pytest.raises(LedgerError, match=f"only the newest batch .* {new} of 2024 is in force") as caught:
        replay(make(columns=OPEN), old, ledger, settings)
    assert "\n" not in str(caught.value)
    assert replayable(source, ledger) == []


def _failed(ledger: Ledger, settings: Settings) -> str:
    with pytest.raises(SourceError):
        pull_pages(make(), [page(0, b"{")], ledger, settings)
    return ledger.batches("sample")[0].batch_id


def _unchanged(ledger: Ledger, settings: Settings) -> str:
    pulled(ledger, settings)
    return pulled(ledger, settings)


def _replayed(ledger: Ledger, settings: Settings) -> str:
    old = pulled(ledger, settings)
    replay(make(columns=OPEN), old, ledger, settings)
    return old


REFUSED: list[tuple[str, Callable[[Ledger, Settings], str], str]] = [
    ("unknown", lambda ledger, settings: "20240101T000000000-abcdef", "there is no batch"),
    ("failed", _failed, "its pages are not all there"),
    ("running", lambda ledger, settings: ledger.start_batch("sample", "o", "c"), "has not finished"),
    ("unchanged", _unchanged, "brought nothing new"),
    ("replayed", _replayed, "replayed already"),
]


@pytest.mark.parametrize(("make_batch", "why"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_p10_what_cannot_be_replayed_is_told_in_one_line(
    ledger: Ledger, settings: Settings, make_batch: Callable[[Ledger, Settings], str], why: str
) -> None:
    batch_id = make_batch(ledger, settings)
    before = ledger.in_force(), len(ledger.batches("sample", 99))
    with pytest.raises(LedgerError, match=why) as caught:
        replay(make(columns=OPEN), batch_id, ledger, settings)
    assert "\n" not in str(caught.value)
    assert (ledger.in_force(), len(ledger.batches("sample", 99))) == before


def test_a_page_that_was_changed_fails_the_replay_and_nothing_else(ledger: Ledger, settings: Settings) -> None:
    old, source = pulled(ledger, settings), make(columns=OPEN)
    before = in_force(settings, ledger, source)
    path = settings.home / (ledger.pages(old)[0].path or "")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(LedgerError, match="changed or cut off"):
        replay(source, old, ledger, settings)
    assert [batch.status for batch in ledger.batches(source.id)] == ["failed", "accepted"]
    assert in_force(settings, ledger, source) == before


def test_an_accepted_replay_is_evaluated(ledger: Ledger, settings: Settings) -> None:
    old = pulled(ledger, settings)
    batches, digest = evaluate._inputs(ledger, settings)
    ledger.start_evaluation([batch.batch_id for batch in batches], digest)
    assert not evaluate.due(ledger, settings)
    replay(make(columns=STRICT), old, ledger, settings)
    assert not evaluate.due(ledger, settings)
    replay(make(columns=OPEN), old, ledger, settings)
    assert evaluate.due(ledger, settings)


# -- rows that say their coverage themselves: one pull, several batches, one set of pages ------------------------------

BY_ROWS: dict[str, Any] = COLUMNS | {"tahun": {"type": "integer"}}


def mixed(ledger: Ledger, settings: Settings) -> dict[str | None, str]:
    """12 rows of 2023, 10 of 2024 and two that do not say their year in a form the contract knows; ids by coverage."""
    rows = [row | {"id": f"{year}-{row['id']}", "tahun": year} for year, n in ((2023, 12), (2024, 10), ("2024.", 2))
            for row in records(n)]  # fmt: skip
    outcome = pull_pages(make(columns=BY_ROWS), [page(0, rows[:15]), page(1, rows[15:])], ledger, settings)
    return {batch.coverage: batch.batch_id for batch in outcome.batches}


MENDED_ROWS = BY_ROWS | {"tahun": {"type": "integer", "suffix": "."}}


def test_p1_a_pull_of_several_coverages_is_replayed_whole(ledger: Ledger, settings: Settings) -> None:
    old, source = mixed(ledger, settings), make(columns=MENDED_ROWS)
    assert [(batch.status, batch.coverage) for batch in ledger.batches(source.id)] == [
        ("rejected", None), ("accepted", "2024"), ("accepted", "2023"),
    ]  # fmt: skip
    outcome = replay(source, old[None], ledger, settings)
    assert sorted(states(outcome), key=str) == [("2023", "accepted"), ("2024", "accepted")]
    assert accounted(ledger, settings, source) == {"2023": (12, 12, 0), "2024": (12, 12, 0)}
    assert {refused.state for refused in ledger.refused()} <= {"replayed", "superseded"}
    assert replayable(source, ledger) == []


def test_p1_rows_that_still_do_not_say_their_coverage_have_a_batch_of_their_own(
    ledger: Ledger, settings: Settings
) -> None:
    old = mixed(ledger, settings)
    outcome = replay(make(columns=BY_ROWS), old[None], ledger, settings)
    assert states(outcome) == [("2023", "unchanged"), ("2024", "unchanged"), (None, "rejected")]
    assert len({batch.batch_id for batch in outcome.batches}) == 3


def test_p1_newer_rows_are_replayed_and_older_ones_never_come_back(ledger: Ledger, settings: Settings) -> None:
    old, source = mixed(ledger, settings), make(columns=MENDED_ROWS)
    # In the place of the two rows without a year the agency has two more of 2023; those of 2024 are as they were.
    parts = ((2023, 12, "2023"), (2024, 10, "2024"), (2023, 2, "more"))
    rows = [row | {"id": f"{name}-{row['id']}", "tahun": year} for year, n, name in parts for row in records(n)]
    newer = pull_pages(make(columns=BY_ROWS), [page(0, rows[:15]), page(1, rows[15:])], ledger, settings)
    assert states(newer) == [("2023", "accepted"), ("2024", "unchanged")]
    with pytest.raises(LedgerError, match=f"only the newest .* {newer.batches[0].batch_id} of 2023 is in force"):
        replay(source, old["2024"], ledger, settings)
    assert states(replay(source, newer.batches[0].batch_id, ledger, settings)) == [
        ("2023", "accepted"),
        ("2024", "accepted"),
    ]
    assert accounted(ledger, settings, source) == {"2023": (14, 14, 0), "2024": (10, 10, 0)}


def test_p1_rows_that_wait_in_an_unchanged_coverage_are_replayed_with_the_newest_pull(
    ledger: Ledger, settings: Settings
) -> None:
    strict = BY_ROWS | {"n": {"type": "integer", "max": 8}}
    rows = [row | {"id": f"{year}-{row['id']}", "tahun": year} for year in (2023, 2024) for row in records(10)]
    quota = {"assertions": {"rows": {"min": 1}, "quarantine": {"max": "50%"}, "shrink": {"max": "50%"}}}
    pull_pages(make(columns=strict, **quota), [page(0, rows)], ledger, settings)
    more = [*rows, records(10)[0] | {"id": "2023-more", "tahun": 2023}]
    newer = pull_pages(make(columns=strict, **quota), [page(0, more)], ledger, settings)
    assert states(newer)[0] == ("2023", "accepted")
    [wanted] = replayable(make(columns=BY_ROWS, **quota), ledger)
    assert wanted in {batch.batch_id for batch in newer.batches}
    replay(make(columns=BY_ROWS, **quota), wanted, ledger, settings)
    assert not [one for one in ledger.refused("sample") if one.open]


@pytest.mark.parametrize(("nth", "after"), [(1, True), (2, False), (2, True)])
def test_p2_coverages_of_one_pull_are_replayed_all_or_none(
    ledger: Ledger, settings: Settings, nth: int, after: bool
) -> None:
    old, source = mixed(ledger, settings), make(columns=MENDED_ROWS)
    before = in_force(settings, ledger, source)
    with dying(Ledger, "finish_batch", nth, after=after), pytest.raises(Killed):
        replay(source, old["2023"], ledger, settings)
    assert in_force(settings, ledger, source) == before
    for batch_id in replayable(source, ledger)[:1]:
        replay(source, batch_id, ledger, settings)
    assert accounted(ledger, settings, source) == {"2023": (12, 12, 0), "2024": (12, 12, 0)}
    assert not [refused for refused in ledger.refused(source.id) if refused.open]


def test_p1_rows_are_never_in_force_under_two_coverages(ledger: Ledger, settings: Settings) -> None:
    """The mended contract reads another column: what is in force for 2023 would stay beside the same rows of 2025."""
    old = mixed(ledger, settings)
    moved = make(columns=BY_ROWS | {"tahun": {"type": "integer", "from": "n"}})
    before = in_force(settings, ledger, moved)
    outcome = replay(moved, old["2023"], ledger, settings)
    assert {batch.status for batch in outcome.batches} <= {"held", "rejected"}
    vanished = [batch.coverage for batch in outcome.batches for reason in batch.reasons if reason["code"] == "vanished"]
    assert vanished == ["2023", "2024"]
    assert in_force(settings, ledger, moved) == before


# -- dying ------------------------------------------------------------------------------------------------------------

# (whose step, which step, at which call of it, before or after its work)
STEPS = [
    (Ledger, "start_batch", 1, True),
    (PageStore, "link", 1, False),
    (PageStore, "link", 2, True),
    (Landing, "add", 1, True),
    (Landing, "finish", 1, True),
    (Ledger, "add_pages", 1, False),
    (Ledger, "add_pages", 1, True),
    (files_module, "_copy", 1, True),
    (files_module, "_copy", 2, True),
    (Decider, "decide", 1, True),
    (PageStore, "settle", 1, True),
    (Ledger, "finish_batch", 1, False),
    (Ledger, "finish_batch", 1, True),
    (replay_module, "run", 1, True),
]


@pytest.mark.parametrize("step", STEPS, ids=[f"{name}-{nth}-{after}" for _, name, nth, after in STEPS])
def test_p2_a_replay_may_die_anywhere_and_be_run_again(
    ledger: Ledger, settings: Settings, tmp_path: Path, step: tuple[Any, str, int, bool]
) -> None:
    owner, name, nth, after = step
    source = make(columns=MENDED)
    pages = [page(0, records(20)), page(1, [{"id": "z", "n": 1}])]
    pull_pages(make(columns=STRICT), pages, ledger, settings)
    [old] = replayable(source, ledger)
    before = in_force(settings, ledger, source)
    expected = undisturbed(source, pages, settings, tmp_path)
    with dying(owner, name, nth, after=after), pytest.raises(Killed):
        replay(source, old, ledger, settings)
    assert in_force(settings, ledger, source) in (before, expected)
    assert accounted(ledger, settings, source) in ({"2024": (21, 19, 2)}, {"2024": (21, 20, 1)})
    outcome = _again(source, ledger, settings)
    assert [batch.status for batch in outcome.batches] in (["accepted"], ["unchanged"])
    assert in_force(settings, ledger, source) == expected
    assert accounted(ledger, settings, source) == {"2024": (21, 20, 1)}
    assert [refused.rows for refused in ledger.refused(source.id) if refused.state == "open"] == [1]


def _again(source: Source, ledger: Ledger, settings: Settings) -> PullOutcome:
    [left] = replayable(source, ledger)
    return replay(source, left, ledger, settings)
