"""What tests of incremental loads share: a source whose records carry their last change, and what a reader sees."""

from collections.abc import Iterable
from typing import Any

from connectors.protocols.base import Page
from connectors.pull import PullOutcome, pull_pages
from connectors.spec import Source
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.warehouse import landing_views, opened, write_landing
from tests.connectors.landing.conftest import page_of, source_of

COLUMNS: dict[str, Any] = {
    "id": {"required": True},
    "nilai": {"type": "integer", "max": 999},
    "diubah": {"type": "date", "required": True},
}
LOAD = {"incremental": {"cursor": "diubah", "overlap": "7d", "start": "2020-01-01"}}
Record = tuple[str, Any, str]


def make(**more: Any) -> Source:
    """An incremental source without periods, unless ``coverage`` says otherwise."""
    given: dict[str, Any] = {
        "load": LOAD,
        "args": {"path": "/x", "params": {"sejak": "{cursor}"}},
        "assertions": {"rows": {"min": 2}, "quarantine": {"max": "50%"}, "shrink": {"max": "20%"}},
    } | more
    return source_of(given.pop("columns", COLUMNS), given.pop("key", ["id"]), **given)


def pages(*records: Record, size: int = 3) -> list[Page]:
    """Records (id, nilai, diubah) in pages."""
    rows = [dict(zip(("id", "nilai", "diubah"), record, strict=True)) for record in records]
    return [page_of(rows[at : at + size], seq=at // size) for at in range(0, max(len(rows), 1), size)]


def take(source: Source, records: Iterable[Record], ledger: Ledger, settings: Settings, **more: Any) -> PullOutcome:
    """One pull that brings these records."""
    return pull_pages(source, pages(*records), ledger, settings, **more)


def seen(source: Source, ledger: Ledger, settings: Settings) -> list[tuple[Any, ...]]:
    """The rows that an evaluation reads, in the order of their keys."""
    columns = {name: column.sql_type.sql for name, column in source.contract.landed.items()}
    warehouse = settings.home / "seen.duckdb"
    write_landing(warehouse, landing_views(settings.home, {source.id: columns}, ledger.in_force(source.id)))
    names = ", ".join(columns)
    with opened(warehouse) as connection:
        return connection.execute(f"select {names} from landing.{source.id} order by all").fetchall()
