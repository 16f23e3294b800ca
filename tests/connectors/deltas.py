"""What tests of incremental loads share: a source whose records carry their last change, and what a reader sees."""

from collections.abc import Iterable, Sequence
from typing import Any

import duckdb

from connectors.protocols.base import Page
from connectors.pull.course import PullOutcome
from connectors.source.source import Source
from ledger.records import Batch
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.evaluation.warehouse import landing_views, opened, write_views
from tests.connectors.landing.conftest import page_of, source_of
from tests.connectors.pulling import pull_pages

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
    write_views(warehouse, landing_views(settings.home, {source.id: columns}, ledger.in_force(source.id)))
    names = ", ".join(columns)
    with opened(warehouse) as connection:
        return connection.execute(f"select {names} from landing.{source.id} order by all").fetchall()


# -- a first pull and deltas in which rows are refused, and what is in force of them -----------------------------------

STRICT = make()
"""No `nilai` may be over 999."""
MENDED = make(columns=COLUMNS | {"nilai": {"type": "integer", "max": 9999}})
FIRST: Sequence[Record] = [("a", 1, "2024-03-01"), ("b", 2, "2024-03-05"), ("c", 5000, "2024-03-10")]
DELTA: Sequence[Record] = [
    ("b", 20, "2024-03-11"),
    ("d", 6000, "2024-03-11"),
    ("e", 5, "2024-03-11"),
    ("f", 7000, "2024-03-12"),
]


def pulled(ledger: Ledger, settings: Settings, *deltas: Sequence[Record]) -> list[str]:
    """The first pull and deltas, under the strict contract; the ids of their batches."""
    found = []
    for records in (FIRST, *deltas):
        [outcome] = take(STRICT, records, ledger, settings).batches
        found.append(outcome.batch_id)
    return found


def figures(source: Source, ledger: Ledger, settings: Settings) -> dict[str, int]:
    """What a reader sees, by record."""
    return {row[0]: row[1] for row in seen(source, ledger, settings)}


def accounted(ledger: Ledger, settings: Settings, source: Source) -> list[tuple[int, int, int]]:
    """(received, landed, quarantined) of every batch in force, each proved against its own files (P1)."""
    found = []
    for batch in ledger.in_force(source.id):
        folder = (settings.home / (batch.landed_path or "")).parent
        landed, refused = (
            duckdb.execute("select count(distinct _row) from read_parquet(?)", [str(folder / name)]).fetchall()[0][0]
            for name in ("rows.parquet", "quarantine.parquet")
        )
        assert (landed, refused) == (batch.rows_landed, batch.rows_quarantined)
        assert batch.rows_received == landed + refused
        found.append((batch.rows_received or 0, landed, refused))
    return found


def of(ledger: Ledger, batch_id: str) -> Batch:
    batch = ledger.batch(batch_id)
    assert batch is not None
    return batch


def mark(source: Source, ledger: Ledger) -> str | None:
    """How far the source was read, under the contract of its newest batch."""
    return ledger.read_up_to(source.id, ledger.batches(source.id, 1)[0].contract_sha256, synthetic=False)
