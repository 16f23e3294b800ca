"""A rule of a gate, as data: which Great Expectations check on which table, and why it stands there.

Nothing here imports Great Expectations (it costs seconds); ``gate`` turns rules into expectations when it runs them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from ledger.sql import literal

Severity = Literal["critical", "warning"]

REGION_SYSTEM = "kemendagri"
# The argument of a rule that is a query for what must not exist.
QUERY = "unexpected_rows_query"
STATES = ("measured", "missing", "not_applicable", "suppressed")
# Rows that do not meet a rule are shown by these columns, plus the column that was checked.
INDEX_COLUMNS = ("region_code", "period", "indicator_id")


@dataclass(frozen=True, slots=True)
class Rule:
    """One expectation on one table.

    ``expectation`` is the name of a class of ``great_expectations.expectations``. ``arguments`` are given to it as they
    stand; text may hold ``{batch}`` (the table) and ``{seed:NAME}`` (a reference table, found by its name). ``because``
    is what a person reads when it is not met. A ``warning`` is recorded and does not block.
    """

    name: str
    table: str
    expectation: str
    because: str
    arguments: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    severity: Severity = "critical"


@dataclass(frozen=True, slots=True)
class Range:
    """The values an indicator can take, in its own unit, and why.

    Outside ``minimum`` and ``maximum`` a value is impossible and blocks. Above ``unusual`` it is possible and seldom: a
    warning, because rules that call seldom values wrong reject true data.
    """

    indicator_id: str
    minimum: float | None
    maximum: float | None
    because: str
    unusual: float | None = None


def no_rows(name: str, table: str, query: str, because: str, *, severity: Severity = "critical", **words: str) -> Rule:
    """A query that finds what must not exist; its rows are the failing rows. ``words`` replace ``{word}`` in it."""
    for word, replacement in words.items():
        query = query.replace(f"{{{word}}}", replacement)
    flat = " ".join(query.split())
    return Rule(name, table, "UnexpectedRowsExpectation", because, {QUERY: flat}, severity=severity)


def filled(table: str, columns: tuple[str, ...], shown: str, because: str) -> Rule:
    """Columns that are filled in every row. One query for all of them: each expectation costs its own dozen metrics."""
    return no_rows(
        "filled",
        table,
        """SELECT * FROM (SELECT {shown}, unnest([{empty}]) AS empty_column FROM {batch})
           WHERE empty_column IS NOT NULL""",
        because,
        shown=shown,
        empty=", ".join(f"CASE WHEN {column} IS NULL THEN '{column}' END" for column in columns),
    )


def in_set(table: str, column: str, values: tuple[str, ...], shown: str, because: str) -> Rule:
    """A column whose values come from a closed list. Empty values are the business of ``filled``."""
    query = "SELECT {shown}, {column} FROM {batch} WHERE {column} NOT IN ({listed})"
    listed = ", ".join(map(literal, values))
    return no_rows(f"accepted_{column}", table, query, because, shown=shown, column=column, listed=listed)


def known(table: str, column: str, seed: tuple[str, str], because: str) -> Rule:
    """A column whose values are listed in a column of a reference table: ``seed`` is its name and that column."""
    query = "SELECT DISTINCT {column} FROM {batch} WHERE {column} NOT IN (SELECT {listed} FROM {seed:{reference}})"
    return no_rows(f"known_{column}", table, query, because, reference=seed[0], listed=seed[1], column=column)


def unique(table: str, columns: tuple[str, ...], because: str) -> Rule:
    """No two rows share these columns."""
    arguments = {"column_list": list(columns)}
    return Rule("grain_unique", table, "ExpectCompoundColumnsToBeUnique", because, arguments)


def not_empty(table: str) -> Rule:
    """A table without rows is a build that went wrong, not a region without data."""
    because = "the table is empty: a build that went wrong, since missing data has rows of its own"
    return Rule("not_empty", table, "ExpectTableRowCountToBeBetween", because, {"min_value": 1})


def between(
    table: str,
    column: str,
    bounds: tuple[float | None, float | None],
    shown: str,
    because: str,
    *,
    name: str = "",
    only: str = "true",
) -> Rule:
    """Every value of a column lies between two bounds, both included; empty values do. ``only``: in these rows."""
    lowest, highest = bounds
    outside = [f"{column} < {lowest}"] if lowest is not None else []
    outside += [f"{column} > {highest}"] if highest is not None else []
    query = "SELECT {shown}, {column} FROM {batch} WHERE {only} AND ({outside})"
    beyond = " OR ".join(outside) or "false"
    return no_rows(
        name or f"range_{column}", table, query, because, shown=shown, column=column, only=only, outside=beyond
    )
