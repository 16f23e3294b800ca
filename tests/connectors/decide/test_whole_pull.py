"""Rows that say their coverage themselves, and say another one now: they are in force once, whatever the gate says."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from connectors.kept.replay import replay
from connectors.pull.course import pull_pages
from connectors.source.source import Source
from ledger.errors import LedgerError
from ledger.receipts import first_broken
from ledger.settings import Settings
from ledger.store import Ledger
from pilar import cli
from tests.connectors import deltas
from tests.connectors.landing.conftest import page_of
from tests.connectors.pulling import states
from tests.connectors.years import (
    BEFORE,
    COLUMNS,
    STOOD,
    STRICT,
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
    assert codes(outcome) == {"2023": ["shrink", "mass_deletion"], "2024": ["pull_held"]}
    assert outcome.batches[1].reasons[0]["observed"] == "2023 held"
    assert seen(source, ledger, settings) == STOOD
    for year, other in (("2023", "2024"), ("2024", "2023")):
        with pytest.raises(LedgerError, match=f"rows may have moved to {other}, whose batch .* is held") as caught:
            ledger.release_batches([batch_of(outcome, year)], "confirmed")
        assert "\n" not in str(caught.value)
    assert seen(source, ledger, settings) == STOOD
    ledger.release_batches([batch_of(outcome, "2023"), batch_of(outcome, "2024")], "confirmed")
    assert seen(source, ledger, settings) == {"2023": "defghij", "2024": "abcklmnopqrst"}
    assert first_broken(ledger.receipts()) is None


def test_p3_a_row_that_moves_to_a_held_coverage_stays_where_it_was(ledger: Ledger, settings: Settings) -> None:
    source = make()
    take(source, BEFORE, ledger, settings)
    outcome = take(source, {2023: "bcdefghij", 2024: "KLmnopqrsta"}, ledger, settings)
    assert codes(outcome) == {"2023": ["pull_held"], "2024": ["quarantine"]}
    assert seen(source, ledger, settings) == STOOD
    # The agency mends its rows: nobody has to decide anything.
    mended = take(source, {2023: "bcdefghij", 2024: "klmnopqrsta"}, ledger, settings)
    assert states(mended) == [("2023", "accepted"), ("2024", "accepted")]
    assert seen(source, ledger, settings) == {"2023": "bcdefghij", "2024": "aklmnopqrst"}


def test_p3_beside_a_rejected_coverage_none_is_released(ledger: Ledger, settings: Settings) -> None:
    source = make()
    take(source, BEFORE, ledger, settings)
    outcome = take(source, {2023: "ABC", 2024: "klmnopqrstdefghij"}, ledger, settings)
    assert states(outcome) == [("2023", "rejected"), ("2024", "held")]
    with pytest.raises(LedgerError, match=r"whose batch .* is rejected"):
        ledger.release_batches([batch_of(outcome, "2024")], "confirmed")
    assert seen(source, ledger, settings) == STOOD


def test_p3_rows_without_a_coverage_are_not_released_beside_others(ledger: Ledger, settings: Settings) -> None:
    """Their next pull may say their coverage: then they would be in force under both."""
    source = make(assertions=STRICT | {"quarantine": {"max": "50%"}})
    take(source, BEFORE, ledger, settings)
    outcome = take(source, {2023: "bcdefghij", 2024: "klmnopqrst", None: "a"}, ledger, settings)
    assert states(outcome)[-1] == (None, "held")
    with pytest.raises(LedgerError, match="do not say what they are about"):
        ledger.release_batches([batch_of(outcome, None)], "confirmed")
    take(source, BEFORE, ledger, settings)
    assert seen(source, ledger, settings) == STOOD


def test_an_unchanged_coverage_holds_nothing_and_is_not_held(ledger: Ledger, settings: Settings) -> None:
    source = make()
    take(source, BEFORE | {"2023": "uv"}, ledger, settings)
    outcome = take(source, BEFORE | {"2023": "UV"}, ledger, settings)
    assert states(outcome) == [("2023", "held"), ("2024", "unchanged")]
    ledger.release_batches([batch_of(outcome, "2023")], "confirmed")
    assert seen(source, ledger, settings) == STOOD


def test_the_first_pull_of_a_source_can_double_nothing(ledger: Ledger, settings: Settings) -> None:
    source = make()
    outcome = take(source, {2023: "a", 2024: "klmnopqrst"}, ledger, settings)
    assert states(outcome) == [("2023", "held"), ("2024", "accepted")]
    assert seen(source, ledger, settings) == {"2024": "klmnopqrst"}


def test_p3_a_vanished_year_whose_rows_have_another_label(ledger: Ledger, settings: Settings) -> None:
    source = make()
    take(source, {2023: "abcdefghij"}, ledger, settings)
    outcome = take(source, {2024: "abcdefghij"}, ledger, settings)
    assert codes(outcome) == {"2023": ["vanished"], "2024": ["pull_held"]}
    assert seen(source, ledger, settings) == {"2023": "abcdefghij"}
    ledger.release_batches([batch_of(outcome, year) for year in ("2023", "2024")], "the agency had the wrong year")
    assert seen(source, ledger, settings) == {"2024": "abcdefghij"}


def test_batches_of_one_pull_are_released_by_one_command(
    ledger: Ledger, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = make()
    take(source, BEFORE, ledger, settings)
    outcome = take(source, {2023: "kbcdefghij", 2024: "aLMnopqrst"}, ledger, settings)
    ids = [batch_of(outcome, year) for year in ("2023", "2024")]
    for name, value in (("HOME", settings.home), ("LEDGER_URL", settings.ledger_url), ("KEYS", settings.key_dir)):
        monkeypatch.setenv(f"PILAR_{name}", str(value))
    cli.app(["release", *ids, "--why", "confirmed"], standalone_mode=False)
    said = capsys.readouterr().out
    assert [f"{batch_id} is in force" in said for batch_id in ids] == [True, True]
    assert seen(source, ledger, settings) == {"2023": "bcdefghijk", "2024": "anopqrst"}


def test_p3_a_held_batch_is_not_released_past_a_newer_pull(ledger: Ledger, settings: Settings) -> None:
    """2025 came with a row of 2024 and was held; then it was gone again, and the row is where it was."""
    source = make()
    take(source, {2024: "klmnopqrst"}, ledger, settings)
    first = take(source, {2024: "klmnopqrs", 2025: "tUV"}, ledger, settings)
    assert codes(first) == {"2024": ["pull_held"], "2025": ["quarantine"]}
    newer = take(source, {2024: "klmnopqrstw"}, ledger, settings)
    assert states(newer) == [("2024", "accepted")]
    with pytest.raises(LedgerError, match=f"newer pull .* says something else: {newer.batches[0].batch_id}"):
        ledger.release_batches([batch_of(first, "2024"), batch_of(first, "2025")], "confirmed")
    assert seen(source, ledger, settings) == {"2024": "klmnopqrstw"}


def test_p3_only_the_newest_pull_is_replayed(ledger: Ledger, settings: Settings) -> None:
    """Two rows did not say their year in a form the contract knows; the agency mended them, and they are of 2023."""
    first = take(make(), BEFORE | {"2024.": "uv"}, ledger, settings)
    second = take(make(), BEFORE | {"2023": "uv"}, ledger, settings)
    assert states(second) == [("2023", "accepted"), ("2024", "unchanged")]
    mended = make(columns=COLUMNS | {"tahun": {"type": "integer", "suffix": "."}})
    for coverage in ("2023", "2024", None):
        with pytest.raises(LedgerError, match=f"{batch_of(second, '2023')}"):
            replay(mended, batch_of(first, coverage), ledger, settings)
    assert seen(mended, ledger, settings) == {"2023": "abcdefghijuv", "2024": "klmnopqrst"}
    assert states(replay(mended, batch_of(second, "2023"), ledger, settings)) == [
        ("2023", "accepted"),
        ("2024", "accepted"),
    ]
    assert seen(mended, ledger, settings) == {"2023": "abcdefghijuv", "2024": "klmnopqrst"}


def test_a_key_with_the_coverage_in_it_names_other_rows(ledger: Ledger, settings: Settings) -> None:
    source = make(key=["id", "tahun"])
    take(source, BEFORE, ledger, settings)
    outcome = take(source, MOVED, ledger, settings)
    assert codes(outcome) == {"2023": ["shrink", "mass_deletion"], "2024": []}
    ledger.release_batches([batch_of(outcome, "2023")], "confirmed")
    assert seen(source, ledger, settings) == {"2023": "defghij", "2024": "abcklmnopqrst"}


def test_p3_a_full_read_does_not_bring_back_what_a_delta_moved(ledger: Ledger, settings: Settings) -> None:
    """The batch of the first month still has the row; only the delta beside it says that it is of the second."""
    source = months()
    delta(source, "a 01 01, b 01 01, c 01 01, d 02 02, e 02 02", ledger, settings)
    delta(source, "c 02 03", ledger, settings)
    full = delta(source, "a 01 01, d 02 02, e 02 02, c 02 03", ledger, settings, full=True)
    assert codes(full)["2024-02"] == ["pull_held"]
    assert [row[0] for row in deltas.seen(source, ledger, settings)] == ["a", "b", "c", "d", "e"]


def test_a_held_coverage_of_a_delta_holds_no_other(ledger: Ledger, settings: Settings) -> None:
    """Deltas join by key and cursor: a row that moved counts where its latest version is."""
    source = months(assertions={"rows": {"min": 2}, "quarantine": {"max": "20%"}, "shrink": {"max": "20%"}})
    delta(source, "a 01 01, b 01 01, d 02 02, e 02 02", ledger, settings)
    # "x" is no number: half of the second month's rows are refused.
    rows = [("a", "2024-02", "2024-03-04", 1), ("f", "2024-02", "2024-03-04", "x"), ("b", "2024-01", "2024-03-04", 1)]
    named = [dict(zip(("id", "bulan", "diubah", "nilai"), row, strict=True)) for row in rows]
    outcome = pull_pages(source, [page_of(named)], ledger, settings)
    assert states(outcome) == [("2024-01", "accepted"), ("2024-02", "held")]
    assert [row[0] for row in deltas.seen(source, ledger, settings)] == ["a", "b", "d", "e"]


years = st.dictionaries(st.sampled_from("abcdefghij"), st.sampled_from([2022, 2023, 2024]), min_size=3)
"""Under which year each record stands."""


@limits(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pulls=st.lists(years, min_size=2, max_size=3), bad=st.sets(st.sampled_from("abcdefghij"), max_size=2))
def test_p1_no_record_is_in_force_twice_however_records_move(
    pulls: list[dict[str, int]], bad: set[str], ledger: Ledger, settings: Settings, tmp_path: Path
) -> None:
    source: Source = make(id=f"moving_{len(list(tmp_path.iterdir()))}")
    (tmp_path / source.id).mkdir()
    for nth, records in enumerate(pulls):
        found: dict[Any, str] = {}
        for key, year in records.items():
            found[year] = found.get(year, "") + (key.upper() if nth and key in bad else key)
        take(source, found, ledger, settings)
        told = Counter("".join(seen(source, ledger, settings).values()))
        assert not [key for key, times in told.items() if times > 1]


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
