"""A coverage that lies far ahead of its pull: a mistyped year, or a plan that the source file must own up to."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.decide.maturity import coverage_at, period_end
from connectors.source.source import Grain
from ledger.settings import Settings
from ledger.store import Ledger
from tests.connectors.landing.conftest import page_of, source_of
from tests.connectors.pulling import pull_pages
from tests.connectors.years import codes

NOW = datetime(2026, 11, 30, 15, tzinfo=UTC)
COLUMNS: dict[str, Any] = {"id": {}, "tahun": {"type": "integer"}}


@pytest.mark.parametrize(
    ("grain", "moment", "expected"),
    [
        ("year", NOW, "2026"),
        ("month", NOW, "2026-11"),
        ("semester", NOW, "20261"),
        ("semester", datetime(2026, 6, 30, tzinfo=UTC), "20252"),
        ("semester", datetime(2026, 7, 1, tzinfo=UTC), "20261"),
        ("all", NOW, None),
    ],
)
def test_the_coverage_in_which_a_moment_lies_ends_after_it(grain: Grain, moment: datetime, expected: str) -> None:
    assert coverage_at(moment, grain) == expected
    if expected is not None:
        assert period_end(expected, grain) > moment


@pytest.mark.parametrize(
    ("year", "more", "told"),
    [
        (2027, {}, []),
        (2028, {}, ["coverage_future"]),
        (2099, {}, ["coverage_future"]),
        (2030, {"ahead": "1830d"}, []),
        (2099, {"ahead": "1830d"}, ["coverage_future"]),
        (2027, {"ahead": "0d"}, ["coverage_future"]),
    ],
)
def test_p5_rows_of_a_year_that_is_far_ahead_are_held(
    ledger: Ledger, settings: Settings, monkeypatch: pytest.MonkeyPatch, year: int, more: Any, told: list[str]
) -> None:
    monkeypatch.setattr(ledger, "now", lambda: NOW)
    source = source_of(COLUMNS, ["id", "tahun"], coverage={"from": "tahun", "grain": "year", **more})
    rows = [{"id": f"r{at}", "tahun": which} for at in range(5) for which in (2025, year)]
    outcome = pull_pages(source, [page_of(json.dumps(rows).encode())], ledger, settings)
    assert codes(outcome) == {"2025": [], str(year): told}


def test_p2_how_far_ahead_is_believed_changes_no_contract() -> None:
    one, other = (
        source_of(COLUMNS, ["id"], coverage={"from": "tahun", "grain": "year", "ahead": ahead})
        for ahead in ("1d", "9d")
    )
    assert one.contract_sha256("") == other.contract_sha256("")
