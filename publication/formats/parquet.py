"""Each table as Parquet."""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from ledger.sql import literal
from publication.formats.base import of_tables


def _write(connection: duckdb.DuckDBPyConnection, relation: str, path: Path) -> None:
    connection.execute(f"COPY (FROM {relation}) TO {literal(str(path))} (FORMAT parquet)")


def _read(path: Path) -> tuple[Sequence[str], int]:
    with duckdb.connect() as connection:
        rows = connection.execute(f"FROM read_parquet({literal(str(path))}, hive_partitioning = false)")
        return [item[0] for item in rows.description or ()], len(rows.fetchall())


FORMAT = of_tables(
    "parquet",
    mediatype="application/vnd.apache.parquet",
    write=_write,
    read=_read,
    described={"profile": "data-resource"},
)
