"""The same figures under another year or region: told by what the rows say, whatever stands around them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from connectors.protocols.base import Page
from connectors.pull.course import PullOutcome
from connectors.source.source import Source
from ledger.settings import Settings
from ledger.store import Ledger
from tests.connectors.landing.conftest import source_of
from tests.connectors.pulling import pull_pages, states

Rows = Sequence[Mapping[str, Any]]

COLUMNS: dict[str, Any] = {"tahun": {"type": "integer", "context": "tahun"}, "id": {}, "n": {"type": "integer"}}
SAME: Rows = [{"id": f"k{at}", "n": at * 7} for at in range(20)]
YEARS = ("2022", "2023", "2024")


def source(columns: Mapping[str, Any] = COLUMNS, key: Sequence[str] = ("id",), **more: Any) -> Source:
    assertions = {"rows": {"min": 1}, "quarantine": {"max": "20%"}, "shrink": {"max": "20%"}}
    return source_of(columns, key, coverage={"from": "tahun", "grain": "year"}, assertions=assertions, **more)


def answer(seq: int, rows: Rows, envelope: Mapping[str, Any], **context: str) -> Page:
    body = json.dumps({"data": list(rows), **envelope}).encode()
    return Page(seq, body, body, "$.data", context, f"GET /?{seq}", 200, 1)


def told(outcome: PullOutcome, kind: str = "reasons") -> list[list[str]]:
    return [[one["code"] for one in getattr(batch, kind)] for batch in outcome.batches]


def turned(rows: Rows, by: int) -> Rows:
    return [*rows[by:], *rows[:by]]


ENVELOPES: Mapping[str, Any] = {
    "the same bytes": lambda seq, year: (SAME, {}),
    "the time of the answer": lambda seq, year: (SAME, {"waktu": f"2024-01-01T00:00:{seq:02d}"}),
    "what was asked for": lambda seq, year: (SAME, {"params": {"tahun": year}}),
    "another order": lambda seq, year: (turned(SAME, seq * 3), {}),
    "fields in another order": lambda seq, year: ([dict(reversed(row.items())) if seq else row for row in SAME], {}),
}


@pytest.mark.parametrize("envelope", ENVELOPES.values(), ids=ENVELOPES)
def test_years_that_a_system_answers_alike_are_all_held(ledger: Ledger, settings: Settings, envelope: Any) -> None:
    """The first one is no better than the others: nobody can know whose figures they are."""
    pages = [answer(seq, *envelope(seq, year), tahun=year) for seq, year in enumerate(YEARS)]
    outcome = pull_pages(source(), pages, ledger, settings)
    assert states(outcome) == [(year, "held") for year in YEARS]
    assert told(outcome) == [["copy"]] * 3
    assert outcome.batches[0].reasons[0]["observed"] == "sample 2023, sample 2024"


def test_a_workbook_that_was_saved_again_is_the_same_workbook(ledger: Ledger, settings: Settings) -> None:
    """Its bytes are others, and so are the ones that follow under another name."""
    records = json.dumps(list(SAME)).encode()
    pages = [
        Page(seq, f"PK, saved at {seq}".encode(), records, "$", {"tahun": year}, f"GET {year}.xlsx", 0, 1)
        for seq, year in enumerate(YEARS)
    ]
    assert states(pull_pages(source(), pages, ledger, settings)) == [(year, "held") for year in YEARS]


def test_the_pages_of_a_listing_may_be_cut_elsewhere(ledger: Ledger, settings: Settings) -> None:
    pages = [
        answer(0, SAME[:10], {"hal": 1}, tahun="2022"),
        answer(1, SAME[10:], {"hal": 2}, tahun="2022"),
        answer(2, turned(SAME, 5), {"hal": 1}, tahun="2023"),
    ]
    assert told(pull_pages(source(), pages, ledger, settings)) == [["copy"], ["copy"]]


def test_a_later_year_that_repeats_the_one_in_force_is_held(ledger: Ledger, settings: Settings) -> None:
    first = pull_pages(source(), [answer(0, SAME, {"t": 1}, tahun="2022")], ledger, settings)
    assert states(first) == [("2022", "accepted")]
    both = [answer(0, SAME, {"t": 2}, tahun="2022"), answer(1, SAME, {"t": 3}, tahun="2023")]
    assert states(pull_pages(source(), both, ledger, settings)) == [("2022", "unchanged"), ("2023", "held")]
    other = source(id="other", opd="other_opd")
    outcome = pull_pages(other, [answer(0, turned(SAME, 1), {}, tahun="2022")], ledger, settings)
    assert told(outcome) == [["copy"]]
    assert outcome.batches[0].reasons[0]["observed"] == "sample 2022"


@pytest.mark.parametrize("change", [{"n": 1}, {"id": "k99"}, {"n": None}])
def test_one_other_value_is_no_copy(ledger: Ledger, settings: Settings, change: Mapping[str, Any]) -> None:
    other = [SAME[0], {**SAME[1], **change}, *SAME[2:]]
    pages = [answer(0, SAME, {}, tahun="2022"), answer(1, other, {}, tahun="2023")]
    assert states(pull_pages(source(), pages, ledger, settings)) == [("2022", "accepted"), ("2023", "accepted")]


def test_one_row_may_be_the_same(ledger: Ledger, settings: Settings) -> None:
    pages = [answer(seq, SAME[:1], {"t": seq}, tahun=year) for seq, year in enumerate(YEARS)]
    assert states(pull_pages(source(), pages, ledger, settings)) == [(year, "accepted") for year in YEARS]


@pytest.mark.parametrize("column", [{"type": "integer"}, {"type": "integer", "context": "tahun", "from": "tahun"}])
def test_rows_that_say_their_year_themselves_are_told_of_and_land(
    ledger: Ledger, settings: Settings, column: Mapping[str, Any]
) -> None:
    """The length of a road does not change. A system that only repeats the parameter looks the same, though."""
    made = source({**COLUMNS, "tahun": column})
    rows = {year: [{**row, "tahun": int(year)} for row in SAME] for year in YEARS}
    pages = [answer(seq, rows[year], {}, tahun=year) for seq, year in enumerate(YEARS)]
    outcome = pull_pages(made, pages, ledger, settings)
    assert states(outcome) == [(year, "accepted") for year in YEARS]
    assert told(outcome, "findings") == [["alike"]] * 3
    assert "nothing but tahun" in outcome.batches[1].findings[0]["what"]


@pytest.mark.parametrize(
    ("column", "said"),
    [({"type": "integer"}, lambda year: int(year) % 100), ({"type": "date"}, lambda year: f"{year}-01-01"),
     ({}, lambda year: f"Tahun {year}")],
)  # fmt: skip
def test_rows_that_say_their_year_in_other_words_are_told_of(
    ledger: Ledger, settings: Settings, column: Mapping[str, Any], said: Any
) -> None:
    made = source({**COLUMNS, "periode": column})
    pages = [
        answer(seq, turned([{**row, "periode": said(year)} for row in SAME], seq), {}, tahun=year)
        for seq, year in enumerate(YEARS)
    ]
    outcome = pull_pages(made, pages, ledger, settings)
    assert told(outcome, "findings") == [["alike"]] * 3
    assert "nothing but periode" in outcome.batches[1].findings[0]["what"]


def test_a_copy_is_held_whatever_another_year_says(ledger: Ledger, settings: Settings) -> None:
    """Only where every year has a value of its own can it be what was asked for."""
    made = source({**COLUMNS, "versi": {}})
    versions = zip(YEARS, ("a", "a", "b"), strict=True)
    pages = [
        answer(seq, [{**row, "versi": name} for row in SAME], {"t": seq}, tahun=year)
        for seq, (year, name) in enumerate(versions)
    ]
    assert states(pull_pages(made, pages, ledger, settings)) == [
        ("2022", "held"), ("2023", "held"), ("2024", "accepted"),
    ]  # fmt: skip


def test_regions_of_one_year_that_are_answered_alike_are_held(ledger: Ledger, settings: Settings) -> None:
    made = source({**COLUMNS, "daerah": {"context": "daerah"}}, ["daerah", "id"])
    pages = [answer(seq, turned(SAME, seq), {"t": seq}, tahun="2024", daerah=f"64.0{seq}") for seq in range(3)]
    outcome = pull_pages(made, pages, ledger, settings)
    assert told(outcome) == [["copy_within"]]
    assert outcome.batches[0].reasons[0]["observed"] == "pages 1, 2"
