"""Rows that say their coverage themselves, and say another one now: they are in force once, whatever the gate says."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from connectors.kept.replay import replay, replayable
from connectors.pull.course import PullOutcome
from ledger.errors import LedgerError
from ledger.settings import Settings
from ledger.store import Ledger
from pilar import cli
from tests.chain import first_broken
from tests.connectors import deltas
from tests.connectors.dying import Killed, dying
from tests.connectors.landing.conftest import page_of
from tests.connectors.pulling import pull_pages, states
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


def test_rows_without_a_coverage_keep_no_other_batch_of_their_pull_back(ledger: Ledger, settings: Settings) -> None:
    """Nobody can say where they belong, now or later; what a person confirmed of the others does not wait for that."""
    source = make(assertions=STRICT | {"quarantine": {"max": "50%"}})
    take(source, BEFORE, ledger, settings)
    outcome = take(source, MOVED | {None: "z"}, ledger, settings)
    assert states(outcome) == [("2023", "held"), ("2024", "held"), (None, "held")]
    ledger.release_batches([batch_of(outcome, year) for year in ("2023", "2024")], "confirmed")
    assert seen(source, ledger, settings) == {"2023": "defghij", "2024": "abcklmnopqrst"}


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


@pytest.mark.parametrize("key", [["id"], ["id", "tahun"]])
def test_p3_a_held_pull_is_not_replayed_past_one_that_changed_nothing(
    key: list[str], ledger: Ledger, settings: Settings
) -> None:
    source = make(key=key)
    take(source, BEFORE, ledger, settings)
    held = take(source, {2023: "abcdefGHIJ", 2024: "klmnopqrstu"}, ledger, settings)
    assert states(held)[0] == ("2023", "held")
    mended = make(key=key, columns=COLUMNS | {"n": {"type": "integer", "max": 999}})
    assert len(replayable(mended, ledger)) == 1
    take(source, BEFORE, ledger, settings)
    for batch in held.batches:
        with pytest.raises(LedgerError, match="newe"):
            replay(mended, batch.batch_id, ledger, settings)


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


Found = dict[str, tuple[int, int]]
"""Of each record its year and its number; a number over 99 breaks the strict contract."""

records_found = st.dictionaries(
    st.sampled_from("abcdefgh"),
    st.tuples(st.sampled_from([2023, 2024, 2025]), st.sampled_from([1, 1, 1, 2, 100])),
    min_size=2,
)
what_happens = st.lists(
    st.one_of(
        st.tuples(st.just("pull"), records_found, st.booleans()),
        st.tuples(st.just("killed"), records_found, st.integers(1, 3)),
        st.tuples(st.just("release"), st.integers(0, 2), st.sets(st.integers(0, 3))),
        st.tuples(st.just("replay"), st.integers(0, 9), st.booleans()),
    ),
    min_size=3,
    max_size=7,
)


class Course:
    """What happens to one source, and what must hold after every step."""

    def __init__(self, name: str, ledger: Ledger, settings: Settings) -> None:
        lenient = COLUMNS | {"n": {"type": "integer", "max": 999}}
        loose = {"rows": {"min": 1}, "quarantine": {"max": "30%"}, "shrink": {"max": "40%"}}
        self.sources = {
            False: make(id=name, assertions=loose),
            True: make(id=name, assertions=loose, columns=lenient),
        }
        self.name, self.ledger, self.settings = name, ledger, settings
        self.pulled: dict[str, Found] = {}

    def in_force(self) -> list[tuple[Any, ...]]:
        return sorted(deltas.seen(self.sources[True], self.ledger, self.settings)) if self.pulled else []

    def pull(self, found: Found, lenient: bool) -> None:
        before = self.in_force()
        rows = [{"id": key, "tahun": year, "n": number} for key, (year, number) in found.items()]
        outcome = pull_pages(self.sources[lenient], [page_of(rows)], self.ledger, self.settings)
        self._told(outcome, found, lenient, before)

    def killed(self, found: Found, nth: int) -> None:
        before = self.in_force()
        try:
            with dying(Ledger, "finish_batch", nth, after=False):
                self.pull(found, lenient=False)
        except Killed:
            assert self.in_force() == before

    def release(self, nth: int, chosen: set[int]) -> None:
        """Some or all held batches of one pull: all come in force, or none does."""
        before = self.in_force()
        held = [batch for batch in self.ledger.batches(self.name, 99) if batch.status == "held"]
        pulls = sorted({batch.pull_id for batch in held}, reverse=True)
        mine = [batch.batch_id for batch in held if batch.pull_id in pulls[nth : nth + 1]]
        wanted = [batch_id for at, batch_id in enumerate(mine) if not chosen or at in chosen]
        if wanted:
            try:
                self.ledger.release_batches(wanted, "confirmed")
            except LedgerError:
                assert self.in_force() == before

    def replay(self, nth: int, lenient: bool) -> None:
        """Only what was pulled last is landed again, and nothing older comes in its place."""
        before, batches = self.in_force(), self.ledger.batches(self.name, 99)
        if not batches:
            return
        batch = batches[nth % len(batches)]
        try:
            outcome = replay(self.sources[lenient], batch.batch_id, self.ledger, self.settings)
        except LedgerError:
            assert self.in_force() == before
        else:
            assert batch.fetched_by == max(self.pulled)
            self._told(outcome, self.pulled[batch.fetched_by], lenient, before)

    def _told(self, outcome: PullOutcome, found: Found, lenient: bool, before: list[tuple[Any, ...]]) -> None:
        new = self.ledger.batch(outcome.batches[0].batch_id)
        assert new is not None
        self.pulled.setdefault(new.fetched_by, found)
        good = sorted((key, year, number) for key, (year, number) in found.items() if lenient or number <= 99)
        if all(batch.status in ("accepted", "unchanged") for batch in outcome.batches):
            assert self.in_force() == good
        elif before:
            assert self.in_force() == before
        assert sum(batch.received for batch in outcome.batches) == len(found)


@limits(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=records_found, then=what_happens)
def test_p1_no_record_is_in_force_twice_or_lost_whatever_happens(
    first: Found, then: list[tuple[str, Any, Any]], ledger: Ledger, settings: Settings, tmp_path: Path
) -> None:
    course = Course(f"moving_{len(list(tmp_path.iterdir()))}", ledger, settings)
    (tmp_path / course.name).mkdir()
    for what, one, other in [("pull", first, False), *then]:
        getattr(course, what)(one, other)
        told = Counter(key for key, *_ in course.in_force())
        assert not [key for key, times in told.items() if times > 1]
    assert first_broken(ledger.receipts()) is None


@pytest.mark.parametrize(("nth", "after"), [(1, True), (2, False), (2, True)])
def test_p2_coverages_of_one_pull_count_all_or_none(ledger: Ledger, settings: Settings, nth: int, after: bool) -> None:
    source = make()
    take(source, BEFORE, ledger, settings)
    with dying(Ledger, "finish_batch", nth, after=after), pytest.raises(Killed):
        take(source, {2023: "bcdefghij", 2024: "klmnopqrsta"}, ledger, settings)
    assert seen(source, ledger, settings) == STOOD
    take(source, {2023: "bcdefghij", 2024: "klmnopqrsta"}, ledger, settings)
    assert seen(source, ledger, settings) == {"2023": "bcdefghij", "2024": "aklmnopqrst"}
