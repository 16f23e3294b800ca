"""What must hold of a publication before it gets its name."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path

import duckdb

from ledger.errors import PublicationError
from ledger.sql import literal
from publication.tables import DUCKDB_FILE, count
from publication.verify import verify

LONGEST_CELL = 16 * 1024 * 1024


def check_draft(folder: Path, counts: Mapping[str, int]) -> None:
    """Read everything back as a reader would. ``counts`` are the rows of each table in the warehouse.

    Raises PublicationError naming the first thing that does not hold.
    """
    _check_duckdb(folder, counts)
    with duckdb.connect() as connection:
        for name, rows in counts.items():
            parquet = literal(str(folder / "parquet" / f"{name}.parquet"))
            _check_rows(f"parquet/{name}.parquet", count(connection, f"read_parquet({parquet})"), rows)
            _check_rows(f"csv/{name}.csv", _csv_rows(folder / "csv" / f"{name}.csv"), rows)
    for path in sorted([*folder.rglob("*.json")]):
        _check_json(path)
    if "</html>" not in (folder / "index.html").read_text(encoding="utf-8")[-200:]:
        raise PublicationError("the page is incomplete", where="index.html")
    verify(folder)


def _check_duckdb(folder: Path, counts: Mapping[str, int]) -> None:
    with duckdb.connect(str(folder / DUCKDB_FILE), read_only=True) as connection:
        tables = connection.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
        for schema, name in tables:
            rows = count(connection, f'"{schema}"."{name}"')
            if schema != "meta":
                _check_rows(f"{DUCKDB_FILE}: {schema}.{name}", rows, counts[name])
        lost = set(counts) - {name for _, name in tables}
    if lost:
        raise PublicationError(f"{', '.join(sorted(lost))} did not reach {DUCKDB_FILE}")


def _check_rows(what: str, found: int, expected: int) -> None:
    if found != expected:
        raise PublicationError(
            f"{what} has {found} rows, the warehouse has {expected}", do="What is published stays; publish again"
        )


def _csv_rows(path: Path) -> int:
    csv.field_size_limit(LONGEST_CELL)
    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.reader(file)) - 1


def _check_json(path: Path) -> None:
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise PublicationError(f"{path.name} is not JSON ({error})", where=str(path)) from error
