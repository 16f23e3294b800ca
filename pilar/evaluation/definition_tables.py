"""The definitions as tables of an evaluation's file: what dbt, the gates and readers join figures with."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from tempfile import NamedTemporaryFile

import duckdb

from definitions.tables import Row, definition_tables
from ledger.project import DEFINITIONS, table
from ledger.sql import identifier, literal


def write_definitions(connection: duckdb.DuckDBPyConnection) -> None:
    """Write every table of definitions into the open file, in place of what it holds.

    Raises ConfigError when a definition is wrong.
    """
    for name, rows in definition_tables().items():
        write_rows(connection, DEFINITIONS, name, rows)


def write_rows(connection: duckdb.DuckDBPyConnection, schema: str, name: str, rows: Iterable[Row]) -> None:
    """Write rows as a table, with the columns and types that its description gives, in place of what is there.

    Each row goes into a file as it comes: what makes them may make one after the other.
    """
    with rows_of(connection, schema, name) as add:
        add(rows)


@contextmanager
def rows_of(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> Iterator[Callable[[Iterable[Row]], None]]:
    """What adds rows to a table that is written at the end, as ``write_rows`` does: for several tables side by side."""
    kinds = ", ".join(f"{literal(column.name)}: {literal(column.type)}" for column in table(name).columns)
    # By way of a file: given parameters, DuckDB imports pandas first, which takes longer than all the rest.
    with NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:

        def add(rows: Iterable[Row]) -> None:
            file.writelines(f"{json.dumps(row, default=_exact)}\n" for row in rows)

        yield add
        file.flush()
        connection.execute(f"create schema if not exists {schema}")
        connection.execute(
            f"create or replace table {schema}.{identifier(name)} as "
            f"from read_json({literal(file.name)}, format = 'newline_delimited', columns = {{{kinds}}})"
        )


def _exact(value: object) -> str:
    if not isinstance(value, Decimal):
        raise TypeError(f"{value!r} has no place in a table")
    return str(value)
