"""Whether values would be read as a column declares: the same casts and checks as landing's."""

from collections.abc import Callable, Sequence

import duckdb

from connectors.landing.casts import cast, clean
from connectors.landing.checks import column_checks, moment_name, number_name, raw_name, typed_name
from connectors.landing.sample import Value
from connectors.source.columns import Column
from ledger.sql import any_of, literal

Fit = Callable[[Sequence[Value], Column], int]
"""How many of some values a column would take."""


def fitting(connection: duckdb.DuckDBPyConnection, values: Sequence[Value], column: Column) -> int:
    """How many of the values would land in the column."""
    if not values:
        return 0
    name = "value"
    raw, number = raw_name(name), number_name(name)
    how = cast(raw, column, moment_name(name), number if column.sql_type.numeric else None)
    broken = any_of(check.condition for check in column_checks(name, column, how, in_key=True))
    listed = ", ".join(f"({literal(value.text)}, {value.is_number})" for value in values)
    rows = f"SELECT {clean('given', column)} AS {raw}, {number} FROM (VALUES {listed}) AS x(given, {number})"
    stepped = f"SELECT *, {how.moment or 'NULL'} AS {moment_name(name)} FROM ({rows})"
    typed = f"SELECT *, {how.value} AS {typed_name(name)} FROM ({stepped})"
    found = connection.execute(f"SELECT count(*) FILTER (WHERE NOT {broken}) FROM ({typed})").fetchone()
    return int(found[0]) if found is not None else 0
