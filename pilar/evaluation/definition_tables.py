"""The definitions as tables of an evaluation's file: what dbt, the gates and readers join figures with."""

import json
from collections.abc import Sequence
from decimal import Decimal
from tempfile import NamedTemporaryFile

import duckdb

from definitions.tables import Row, definition_tables
from ledger.project import DEFINITIONS, Table, table
from ledger.sql import identifier, literal


def write_definitions(connection: duckdb.DuckDBPyConnection) -> None:
    """Write every table of definitions into the open file, in place of what it holds.

    Raises ConfigError when a definition is wrong.
    """
    connection.execute(f"create schema if not exists {DEFINITIONS}")
    for name, rows in definition_tables().items():
        _write(connection, table(name), name, rows)


def _write(connection: duckdb.DuckDBPyConnection, described: Table, name: str, rows: Sequence[Row]) -> None:
    kinds = ", ".join(f"{literal(column.name)}: {literal(column.type)}" for column in described.columns)
    # By way of a file: given parameters, DuckDB imports pandas first, which takes longer than all the rest.
    with NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(rows, file, default=_exact)
        file.flush()
        connection.execute(
            f"create or replace table {DEFINITIONS}.{identifier(name)} as "
            f"from read_json({literal(file.name)}, format = 'array', columns = {{{kinds}}})"
        )


def _exact(value: object) -> str:
    if not isinstance(value, Decimal):
        raise TypeError(f"{value!r} has no place in a table of definitions")
    return str(value)
