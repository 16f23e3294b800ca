"""A simulator's records and the real system's, where only what is new is asked for: never joined, never for ever."""

from collections.abc import Sequence
from dataclasses import replace

from connectors.pull.course import PullOutcome
from ledger.settings import Settings
from ledger.store import Ledger
from tests.connectors.deltas import COLUMNS, Record, make, mark, pages, seen, take
from tests.connectors.landing.conftest import page_of
from tests.connectors.pull.test_incremental import FIRST, bound, codes, day
from tests.connectors.pulling import pull_pages, states


def test_no_delta_of_the_real_system_joins_what_a_simulator_gave(ledger: Ledger, settings: Settings) -> None:
    source = make()
    take(source, FIRST, ledger, settings)
    take(source, [*FIRST[:2], ("c", 7, "2024-09-09")], ledger, settings, synthetic=True)
    assert [batch.synthetic for batch in ledger.in_force(source.id)] == [True]
    assert states(take(source, FIRST, ledger, settings)) == [("all", "accepted")]
    assert [batch.synthetic for batch in ledger.in_force(source.id)] == [False]
    assert seen(source, ledger, settings) == [("a", 1, day(1)), ("b", 2, day(5)), ("c", 3, day(10))]
    assert bound(source, ledger) == "2024-03-03"
    assert states(take(source, FIRST[2:], ledger, settings)) == [("all", "unchanged")]


YEARS = make(columns=COLUMNS | {"tahun": {"context": "tahun"}}, coverage={"from": "tahun", "grain": "year"})


def years(ledger: Ledger, settings: Settings, *, synthetic: bool = False, **found: Sequence[Record]) -> PullOutcome:
    asked = [
        replace(page, seq=nth, context={"tahun": year[1:]})
        for nth, (year, rows) in enumerate(found.items())
        for page in pages(*rows)
    ]
    return pull_pages(YEARS, asked, ledger, settings, synthetic=synthetic)


def test_a_year_that_only_a_simulator_gave_does_not_make_every_pull_a_full_one(
    ledger: Ledger, settings: Settings
) -> None:
    years(ledger, settings, synthetic=True, y2023=[("a", 1, "2024-09-09"), ("s", 2, "2024-09-09")])
    assert states(years(ledger, settings, y2024=FIRST[:2])) == [("2024", "accepted")]
    years(ledger, settings, y2024=[("a", 10, "2024-03-06"), ("d", 4, "2024-03-06")])
    assert [(batch.coverage, batch.synthetic, batch.merge is None) for batch in ledger.in_force(YEARS.id)] == [
        ("2023", True, True), ("2024", False, True), ("2024", False, False),
    ]  # fmt: skip
    # The simulator's `a` is newer, and hides no row of the real system.
    assert [row[:2] + row[3:] for row in seen(YEARS, ledger, settings)] == [
        ("a", 1, "2023"), ("a", 10, "2024"), ("b", 2, "2024"), ("d", 4, "2024"), ("s", 2, "2023"),
    ]  # fmt: skip
    assert ledger.batches(YEARS.id, 1)[0].rows_known == 0
    [revision] = ledger.revisions(YEARS.id)
    assert (revision.changed, revision.added) == (1, 1)


def test_no_delta_of_the_real_system_joins_a_year_of_the_simulator(ledger: Ledger, settings: Settings) -> None:
    years(ledger, settings, synthetic=True, y2023=FIRST[1:])
    years(ledger, settings, y2024=FIRST[:2])
    before = seen(YEARS, ledger, settings)
    for rows in (FIRST[1:2], [("n", 4, "2024-03-06")]):
        outcome = years(ledger, settings, y2023=rows)
        assert (states(outcome), codes(outcome)) == ([("2023", "rejected")], ["simulated"])
    assert seen(YEARS, ledger, settings) == before
    assert mark(YEARS, ledger) == "2024-03-05"


def test_a_month_that_only_a_simulator_gave_goes_when_the_real_system_has_spoken(
    ledger: Ledger, settings: Settings
) -> None:
    columns = COLUMNS | {"bulan": {"pattern": r"^\d{4}-\d{2}$", "required": True}}
    source = make(columns=columns, coverage={"from": "bulan", "grain": "month"})
    names = ("id", "nilai", "diubah", "bulan")

    def months(*found: tuple[str, int, str, str], synthetic: bool = False) -> list[tuple[str | None, str]]:
        rows = [dict(zip(names, record, strict=True)) for record in found]
        return states(pull_pages(source, [page_of(rows)], ledger, settings, synthetic=synthetic))

    december = [(name, 1, "2024-03-01", "2023-12") for name in "ac"]
    january = [(name, 1, "2024-03-01", "2024-01") for name in "bd"]
    months(*december, *january, synthetic=True)
    assert months(*january, ("z", 2, "2024-03-03", "2024-01")) == [("2023-12", "accepted"), ("2024-01", "accepted")]
    assert [batch.synthetic for batch in ledger.in_force(source.id)] == [False, False]
    assert months(("y", 2, "2024-03-04", "2024-01")) == [("2024-01", "accepted")]
    assert ledger.batches(source.id, 1)[0].merge is not None
    assert [row[0] for row in seen(source, ledger, settings)] == ["b", "d", "y", "z"]
    # The other way round what vanished is missed.
    assert ("2024-01", "held") in months(*december, synthetic=True)
