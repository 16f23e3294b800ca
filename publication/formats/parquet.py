"""Each table as Parquet, with what is said of it and of its columns in the file's own metadata."""

import json
from collections.abc import Sequence
from pathlib import Path

import duckdb

from ledger.sql import literal, parquet
from publication.formats.base import of_tables
from publication.tables import Table, of_column, of_table


def _write(connection: duckdb.DuckDBPyConnection, table: Table, path: Path) -> None:
    relation = f"publication.{table.qualified}"
    said = ", ".join(f"{name}: {literal(text)}" for name, text in _metadata(table).items())
    connection.execute(f"COPY (FROM {relation}) TO {literal(str(path))} (FORMAT parquet, KV_METADATA {{{said}}})")


def _metadata(table: Table) -> dict[str, str]:
    """What the comments of a table say: ``description``, and ``columns`` as JSON, each with its description."""
    columns = {column.name: of_column(column) for column in table.columns}
    return {"description": of_table(table.described), "columns": json.dumps(columns, ensure_ascii=False)}


def _read(connection: duckdb.DuckDBPyConnection, path: Path) -> tuple[Sequence[str], int]:
    columns = connection.execute(f"FROM {parquet(path)} LIMIT 0").description or ()
    # Every row is read, as a reader would: the number in the file's foot alone says nothing of what lies before it.
    [(number,)] = connection.execute(f"SELECT count(hash(r)) FROM {parquet(path)} AS r").fetchall()
    return [item[0] for item in columns], int(number)


FORMAT = of_tables("parquet", mediatype="application/vnd.apache.parquet", write=_write, read=_read)
