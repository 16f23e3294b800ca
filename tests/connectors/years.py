"""What tests share of sources whose rows say their coverage: pulls by year, records by month, what a reader sees."""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.pull.course import PullOutcome
from connectors.source.source import Source
from ledger.settings import Settings
from ledger.store import Ledger
from tests.connectors import deltas
from tests.connectors.landing.conftest import page_of, source_of
from tests.connectors.pulling import page, pull_pages

COLUMNS: dict[str, Any] = {"id": {}, "tahun": {"type": "integer"}, "n": {"type": "integer", "max": 99}}
STRICT = {"rows": {"min": 2}, "quarantine": {"max": "10%"}, "shrink": {"max": "20%"}}
DELETING = {"rows": {"min": 0}, "quarantine": {"max": "10%"}, "shrink": {"max": "100%"}}
Years = Mapping[Any, str]
"""The keys of each year's rows, one letter each; a capital letter's row breaks the contract."""

BEFORE: Years = {2023: "abcdefghij", 2024: "klmnopqrst"}
STOOD = {"2023": "abcdefghij", "2024": "klmnopqrst"}
"""What is in force before."""


def make(columns: Mapping[str, Any] = COLUMNS, key: Sequence[str] = ("id",), **more: Any) -> Source:
    return source_of(columns, key, **{"coverage": {"from": "tahun", "grain": "year"}, "assertions": STRICT} | more)


def take(source: Source, years: Years, ledger: Ledger, settings: Settings) -> PullOutcome:
    """One pull in two pages."""
    rows = [
        {"id": key.lower(), "tahun": year, "n": 100 if key.isupper() else 1}
        for year, keys in years.items()
        for key in keys
    ]
    half = len(rows) // 2
    return pull_pages(source, [page(0, rows[:half]), page(1, rows[half:])], ledger, settings)


def seen(source: Source, ledger: Ledger, settings: Settings) -> dict[str, str]:
    """The keys that an evaluation reads, by year; a row without a year stands under '-'."""
    found: dict[str, str] = {}
    for key, year, *_ in deltas.seen(source, ledger, settings):
        found[str(year or "-")] = found.get(str(year or "-"), "") + key
    return dict(sorted(found.items()))


def codes(outcome: PullOutcome) -> dict[str | None, list[str]]:
    return {batch.coverage: [reason["code"] for reason in batch.reasons] for batch in outcome.batches}


def batch_of(outcome: PullOutcome, coverage: str | None) -> str:
    return next(batch.batch_id for batch in outcome.batches if batch.coverage == coverage)


def months(**more: Any) -> Source:
    columns = deltas.COLUMNS | {"bulan": {"pattern": r"^\d{4}-\d{2}$", "required": True}}
    return deltas.make(columns=columns, coverage={"from": "bulan", "grain": "month"}, **more)


def delta(source: Source, found: str, ledger: Ledger, settings: Settings, **more: Any) -> PullOutcome:
    """Records as ``key month day``, all of 2024-03."""
    rows = [dict(zip(("id", "bulan", "diubah"), record.split(), strict=True)) for record in found.split(", ")]
    named = [row | {"nilai": 1, "bulan": f"2024-{row['bulan']}", "diubah": f"2024-03-{row['diubah']}"} for row in rows]
    return pull_pages(source, [page_of(named)], ledger, settings, **more)
