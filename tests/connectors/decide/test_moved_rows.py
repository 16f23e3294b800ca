"""Rows that say their coverage themselves, and say another one now: they are in force once, whatever the gate says."""

from typing import Any

import pytest

from connectors.kept.replay import replay
from connectors.landing import staging
from connectors.landing.landing import Landing
from ledger.errors import LedgerError
from ledger.receipts import first_broken
from ledger.settings import Settings
from ledger.store import Ledger
from pilar import cli
from tests.connectors import deltas
from tests.connectors.pulling import states
from tests.connectors.years import (
    BEFORE,
    COLUMNS,
    STOOD,
    Years,
    batch_of,
    codes,
    delta,
    make,
    months,
    seen,
    take,
)

MOVED: Years = {2023: "defghij", 2024: "klmnopqrstabc"}
"""Three rows of 2023 were of 2024: too many for 2023 to lose."""


def test_p3_a_row_that_moves_is_never_in_force_twice(ledger: Ledger, settings: Settings) -> None:
    source = make()
    take(source, BEFORE, ledger, settings)
    outcome = take(source, MOVED, ledger, settings)
    assert codes(outcome) == {"2023": ["shrink", "mass_deletion", "moved_away"], "2024": ["moved"]}
    assert [batch.reasons[-1]["observed"] for batch in outcome.batches] == ["3 to 2024", "3 from 2023"]
    assert seen(source, ledger, settings) == STOOD
    old, new = batch_of(outcome, "2023"), batch_of(outcome, "2024")
    with pytest.raises(LedgerError, match="in force under 2023 too") as caught:
        ledger.release_batches([new], "confirmed")
    assert "\n" not in str(caught.value)
    ledger.release_batches([old], "confirmed")
    ledger.release_batches([new], "confirmed")
    assert seen(source, ledger, settings) == {"2023": "defghij", "2024": "abcklmnopqrst"}


def test_p3_a_row_that_moves_to_a_held_coverage_stays_where_it_was(ledger: Ledger, settings: Settings) -> None:
    source = make()
    take(source, BEFORE, ledger, settings)
    outcome = take(source, {2023: "bcdefghij", 2024: "KLmnopqrsta"}, ledger, settings)
    assert codes(outcome) == {"2023": ["moved_away"], "2024": ["quarantine", "moved"]}
    assert seen(source, ledger, settings) == STOOD
    # The agency mends its rows: nobody has to decide anything.
    mended = take(source, {2023: "bcdefghij", 2024: "klmnopqrsta"}, ledger, settings)
    assert states(mended) == [("2023", "accepted"), ("2024", "accepted")]
    assert seen(source, ledger, settings) == {"2023": "bcdefghij", "2024": "aklmnopqrst"}


def test_p3_one_held_coverage_holds_what_hangs_together_and_no_more(ledger: Ledger, settings: Settings) -> None:
    source = make()
    take(source, {2022: "uvwxyz", 2023: "abcdefghij", 2024: "klmnopqrst", 2025: "12345"}, ledger, settings)
    years: Years = {2022: "uvwxyza", 2023: "bcdefghijk", 2024: "lmNOPqrst", 2025: "123456"}
    outcome = take(source, years, ledger, settings)
    assert codes(outcome) == {
        "2022": ["moved"],
        "2023": ["moved", "moved_away"],
        "2024": ["quarantine", "mass_deletion", "moved_away"],
        "2025": [],
    }


def test_p3_a_vanished_year_whose_rows_have_another_label(ledger: Ledger, settings: Settings) -> None:
    source = make()
    take(source, {2023: "abcdefghij"}, ledger, settings)
    outcome = take(source, {2024: "abcdefghij"}, ledger, settings)
    assert codes(outcome) == {"2023": ["vanished", "moved_away"], "2024": ["moved"]}
    assert seen(source, ledger, settings) == {"2023": "abcdefghij"}
    for year in ("2023", "2024"):
        ledger.release_batches([batch_of(outcome, year)], "the agency had the wrong year")
    assert seen(source, ledger, settings) == {"2024": "abcdefghij"}


def test_coverages_that_exchange_rows_are_released_together(
    ledger: Ledger, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = make()
    take(source, BEFORE, ledger, settings)
    outcome = take(source, {2023: "kbcdefghij", 2024: "aLMnopqrst"}, ledger, settings)
    ids = [batch_of(outcome, year) for year in ("2023", "2024")]
    for batch_id in ids:
        with pytest.raises(LedgerError, match=r"in force under 202\d too"):
            ledger.release_batches([batch_id], "confirmed")
    assert seen(source, ledger, settings) == STOOD
    for name, value in (("HOME", settings.home), ("LEDGER_URL", settings.ledger_url), ("KEYS", settings.key_dir)):
        monkeypatch.setenv(f"PILAR_{name}", str(value))
    cli.app(["release", *ids, "--why", "confirmed"], standalone_mode=False)
    said = capsys.readouterr().out
    assert [f"{batch_id} is in force" in said for batch_id in ids] == [True, True]
    assert seen(source, ledger, settings) == {"2023": "bcdefghijk", "2024": "anopqrst"}
    assert first_broken(ledger.receipts()) is None


def test_p3_a_held_batch_is_not_released_past_a_newer_pull(ledger: Ledger, settings: Settings) -> None:
    """2025 came with a row of 2024 and was held; then it was gone again, and the row is where it was."""
    source = make()
    take(source, {2024: "klmnopqrst"}, ledger, settings)
    first = take(source, {2024: "klmnopqrs", 2025: "tUV"}, ledger, settings)
    assert codes(first) == {"2024": ["moved_away"], "2025": ["quarantine", "moved"]}
    ledger.release_batches([batch_of(first, "2024")], "confirmed")
    newer = take(source, {2024: "klmnopqrst"}, ledger, settings)
    assert states(newer) == [("2024", "accepted")]
    with pytest.raises(LedgerError, match=f"newer pull .* says something else: {newer.batches[0].batch_id}"):
        ledger.release_batches([batch_of(first, "2025")], "confirmed")
    assert seen(source, ledger, settings) == {"2024": "klmnopqrst"}


def test_p3_a_replay_brings_no_row_in_that_stands_in_another_coverage(ledger: Ledger, settings: Settings) -> None:
    """Two rows did not say their year in a form the contract knows; the agency mended them, and they are of 2023."""
    first = take(make(), BEFORE | {"2024.": "uv"}, ledger, settings)
    assert states(take(make(), BEFORE | {"2023": "uv"}, ledger, settings)) == [
        ("2023", "accepted"),
        ("2024", "unchanged"),
    ]
    mended = make(columns=COLUMNS | {"tahun": {"type": "integer", "suffix": "."}})
    again = replay(mended, batch_of(first, "2024"), ledger, settings)
    assert codes(again) == {"2024": ["moved"]}
    assert seen(mended, ledger, settings) == {"2023": "abcdefghijuv", "2024": "klmnopqrst"}
    with pytest.raises(LedgerError, match="newer pull"):
        ledger.release_batches([batch_of(again, "2024")], "confirmed")


def test_the_same_key_in_two_coverages_is_no_move(ledger: Ledger, settings: Settings) -> None:
    """A source whose key names a region, say: each year has a row of it."""
    source = make()
    take(source, {2023: "abcdefghij", 2024: "abcdefghij"}, ledger, settings)
    outcome = take(source, {2023: "abc", 2024: "abcdefghijk"}, ledger, settings)
    assert codes(outcome) == {"2023": ["shrink", "mass_deletion"], "2024": []}


def test_a_key_with_the_coverage_in_it_names_other_rows(ledger: Ledger, settings: Settings) -> None:
    source = make(key=["id", "tahun"])
    take(source, BEFORE, ledger, settings)
    assert codes(take(source, MOVED, ledger, settings)) == {"2023": ["shrink", "mass_deletion"], "2024": []}


def test_moves_are_looked_for_in_bearable_parts_and_only_where_a_batch_is_held(
    ledger: Ledger, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, asked = make(), []
    real = Landing.moves

    def moves(self: Landing, *given: Any, **named: Any) -> Any:
        asked.append(given)
        return real(self, *given, **named)

    monkeypatch.setattr(staging, "BUCKET_ROWS", 3)
    monkeypatch.setattr(Landing, "moves", moves)
    take(source, BEFORE, ledger, settings)
    assert states(take(source, {2023: "bcdefghij", 2024: "klmnopqrsta"}, ledger, settings))[1] == ("2024", "accepted")
    assert asked == []
    outcome = take(source, {2023: "efghij", 2024: "klmnopqrstabcd"}, ledger, settings)
    assert [batch.reasons[-1]["observed"] for batch in outcome.batches] == ["3 to 2024", "3 from 2023"]
    assert len(asked) == 1


def test_p3_where_the_key_is_another_now_nothing_is_guessed(ledger: Ledger, settings: Settings) -> None:
    take(make(), BEFORE, ledger, settings)
    rekeyed = make(columns=COLUMNS | {"nomor": {"from": "id"}}, key=["nomor"])
    outcome = take(rekeyed, {2023: "abc", 2024: "klmnopqrst"}, ledger, settings)
    assert codes(outcome)["2024"] == ["moved", "moved_away"]
    assert outcome.batches[1].reasons[0]["observed"] == "nobody can tell how many (the key was another one) from 2023"


def test_p3_a_full_read_does_not_bring_back_what_a_delta_moved(ledger: Ledger, settings: Settings) -> None:
    """The batch of the first month still has the row; only the delta beside it says that it is of the second."""
    source = months()
    delta(source, "a 01 01, b 01 01, c 01 01, d 02 02, e 02 02", ledger, settings)
    delta(source, "c 02 03", ledger, settings)
    full = delta(source, "a 01 01, d 02 02, e 02 02, c 02 03", ledger, settings, full=True)
    assert codes(full)["2024-02"] == ["moved"]
    assert [row[0] for row in deltas.seen(source, ledger, settings)] == ["a", "b", "c", "d", "e"]


class Killed(BaseException):
    """What SIGKILL looks like from inside: nothing that follows runs."""


@pytest.mark.parametrize(("nth", "after"), [(1, True), (2, False), (2, True)])
def test_p2_coverages_of_one_pull_count_all_or_none(
    ledger: Ledger, settings: Settings, monkeypatch: pytest.MonkeyPatch, nth: int, after: bool
) -> None:
    source = make()
    take(source, BEFORE, ledger, settings)
    real, calls = Ledger.finish_batch, iter(range(1, 9))

    def dying(*given: Any) -> Any:
        last = next(calls) == nth
        if last and not after:
            raise Killed
        result = real(*given)
        if last:
            raise Killed
        return result

    monkeypatch.setattr(Ledger, "finish_batch", dying)
    with pytest.raises(Killed):
        take(source, {2023: "bcdefghij", 2024: "klmnopqrsta"}, ledger, settings)
    monkeypatch.undo()
    assert seen(source, ledger, settings) == STOOD
    take(source, {2023: "bcdefghij", 2024: "klmnopqrsta"}, ledger, settings)
    assert seen(source, ledger, settings) == {"2023": "bcdefghij", "2024": "aklmnopqrst"}
