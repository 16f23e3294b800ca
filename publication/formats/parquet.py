"""Each table as Parquet, with what is said of it and of its columns in the file's own metadata."""

import json
from collections.abc import Sequence
from pathlib import Path

import duckdb

from ledger.sql import literal, parquet
from publication.formats.base import of_tables


def _write(connection: duckdb.DuckDBPyConnection, relation: str, path: Path) -> None:
    said = ", ".join(f"{name}: {literal(text)}" for name, text in _metadata(connection, relation).items())
    connection.execute(f"COPY (FROM {relation}) TO {literal(str(path))} (FORMAT parquet, KV_METADATA {{{said}}})")


def _metadata(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """What the comments of a table say: ``description``, and ``columns`` as JSON, each with its description."""
    database, schema, name = (part.strip('"') for part in relation.split("."))
    where = f"database_name = {literal(database)} AND schema_name = {literal(schema)} AND table_name = {literal(name)}"
    [(table,)] = connection.execute(f"SELECT comment FROM duckdb_tables() WHERE {where}").fetchall()
    columns = connection.execute(
        f"SELECT column_name, comment FROM duckdb_columns() WHERE {where} ORDER BY column_index"
    )
    return {"description": table, "columns": json.dumps(dict(columns.fetchall()), ensure_ascii=False)}


def _read(path: Path) -> tuple[Sequence[str], int]:
    with duckdb.connect() as connection:
        columns = connection.execute(f"FROM {parquet(path)} LIMIT 0").description or ()
        # Every row is read, as a reader would: the number in the file's foot alone says nothing of what lies before it.
        [(number,)] = connection.execute(f"SELECT count(hash(r)) FROM {parquet(path)} AS r").fetchall()
        return [item[0] for item in columns], int(number)


FORMAT = of_tables("parquet", mediatype="application/vnd.apache.parquet", write=_write, read=_read)
