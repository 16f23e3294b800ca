"""What tests of whole pulls share: a small source with persons in it, its pages, and what a reader sees afterwards."""

import json
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

import duckdb

from connectors.landing.landing import Landing
from connectors.protocols.base import Page
from connectors.pull.course import PullOutcome, run
from connectors.pull.origin import Fetched
from connectors.source.plan import Plan
from connectors.source.source import Source
from ledger.keys import Keys
from ledger.settings import Connection, Settings
from ledger.store import Ledger
from tests.connectors.landing.conftest import source_of

NIK = "9964020101230001"
NAME = "Siti Contohwan"
COLUMNS: dict[str, Any] = {
    "id": {},
    "nik": {"personal": "pseudonym", "kind": "nik"},
    "nama": {"personal": "drop"},
    "tahun": {"type": "integer", "context": "tahun"},
    "n": {"type": "integer"},
}


def make(**more: Any) -> Source:
    assertions = {"rows": {"min": 2}, "quarantine": {"max": "10%"}, "shrink": {"max": "20%"}}
    given: dict[str, Any] = {"coverage": {"from": "tahun", "grain": "year"}, "assertions": assertions} | more
    return source_of(given.pop("columns", COLUMNS), ["id"], **given)


def records(count: int, **change: Any) -> list[dict[str, Any]]:
    return [{"id": f"r{at}", "nik": NIK[:12] + f"{at:04d}", "nama": NAME, "n": at} | change for at in range(count)]


def page(seq: int, rows: Any, tahun: str = "2024", **context: str) -> Page:
    body = rows if isinstance(rows, bytes) else json.dumps({"rows": rows}).encode()
    return Page(seq, body, body, "$.rows", {"tahun": tahun} | context, f"GET /{seq}?token=REDACTED", 200, 7)


class Given(Fetched):
    """Pages that are at hand, as if the source's system had answered with them."""

    def __init__(self, source: Source, settings: Settings, pages: Iterable[Page], **more: Any) -> None:
        link = Connection(url="https://given.invalid", extra={"synthetic": more.pop("synthetic", False)})
        given: dict[str, Any] = {"event_id": None, "full": False, "connection": link} | more
        super().__init__(source, settings, **given)
        self._pages = pages

    def pages(self, plan: Plan) -> Generator[Page]:
        yield from self._pages


def pull_pages(source: Source, pages: Iterable[Page], ledger: Ledger, settings: Settings, **more: Any) -> PullOutcome:
    """As ``pull``, with pages that are at hand; ``more``: synthetic, event_id, full."""
    with ledger.deciding(source.id):
        return run(source, Given(source, settings, pages, **more), ledger, settings)


def two_years(count: int = 20) -> list[Page]:
    return [page(0, records(count), "2023"), page(1, records(count), "2024"), page(2, [{"id": "z", "n": 9}], "2024")]


def in_force(settings: Settings, ledger: Ledger, source: Source) -> dict[str | None, list[tuple[Any, ...]]]:
    """Rows in force by coverage, as a reader sees them."""
    found = {}
    for batch in ledger.in_force(source.id):
        query = "SELECT * FROM read_parquet(?) ORDER BY _row"
        found[batch.coverage] = duckdb.execute(query, [str(settings.home / (batch.landed_path or ""))]).fetchall()
    return found


def undisturbed(
    source: Source, pages: list[Page], settings: Settings, folder: Path
) -> dict[str | None, list[tuple[Any, ...]]]:
    """What an undisturbed run lands, without the ledger."""
    found: dict[str | None, list[tuple[Any, ...]]] = {}
    with Landing(source, Keys.load(settings.key_dir), folder) as landing:
        for one in pages:
            landing.add(one, one.context["tahun"], "")
        for counts in landing.finish():
            path = landing.write(counts.coverage, folder / f"expected-{counts.coverage}").rows
            query = "SELECT * FROM read_parquet(?) ORDER BY _row"
            found[counts.coverage] = duckdb.execute(query, [str(path)]).fetchall()
    return found


def states(outcome: PullOutcome) -> list[tuple[str | None, str]]:
    return [(batch.coverage, batch.status) for batch in outcome.batches]
