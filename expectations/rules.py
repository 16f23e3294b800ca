"""A rule of a gate, as data: which Great Expectations check on which table, and why it stands there.

Nothing here imports Great Expectations (it costs seconds); ``suites`` turns rules into expectations.

Every rule also has a query for the rows that break it. A gate asks the queries of a table all at once, and only where
that finds something the expectations themselves: each of them costs 10 to 20 ms (docs/decisions/0020). The two say the
same, because one function here makes both; where they do not, the gate answers error.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Literal

from ledger.project import Table
from ledger.sql import literal

Severity = Literal["critical", "warning"]
# The rows that a rule is about: these columns have one of these values.
Where = Mapping[str, tuple[str, ...]]

# By which columns the rows of a mart that do not meet a rule are shown.
SHOWN = ("region_code", "period", "indicator_id")
SHOWN_SQL = ", ".join(SHOWN)
# The class for what no other class says, and its argument: a query for what must not exist.
OWN_QUERY = "UnexpectedRowsExpectation"
QUERY = "unexpected_rows_query"
STATES = ("measured", "missing", "not_applicable", "suppressed")
# Who answers for a rule of this house: the data engineer at Diskominfo. A bound is the agency's that sends the data.
OWNER = "walidata"
EVERYWHERE: Where = MappingProxyType({})
NOTHING: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Rule:
    """One expectation on one table.

    ``expectation`` is the name of a class of ``great_expectations.expectations``. ``arguments`` are given to it as they
    stand, for the rows of ``where``. ``query`` finds the rows that break the rule. In it ``{batch}`` is the table,
    ``{before}`` what is in force of it, and ``{seed:NAME}`` a reference table, found by its name. Rows are shown by the
    columns ``shown``. ``because`` is what a person reads when the rule is not met, ``owner`` who answers for it. A
    ``warning`` is recorded and does not block.
    """

    name: str
    table: str
    expectation: str
    because: str
    query: str
    arguments: Mapping[str, object] = field(default_factory=lambda: NOTHING)
    where: Where = field(default_factory=lambda: EVERYWHERE)
    shown: tuple[str, ...] = ()
    severity: Severity = "critical"
    owner: str = OWNER


def no_rows(name: str, table: str, query: str, because: str, *, severity: Severity = "critical", **words: str) -> Rule:
    """A query that finds what must not exist; its rows are the failing rows. ``words`` replace ``{word}`` in it.

    For what no class says. Classes with regular expressions are among that: GX does not know DuckDB's.
    """
    for word, replacement in words.items():
        query = query.replace(f"{{{word}}}", replacement)
    flat = " ".join(query.split())
    return Rule(name, table, OWN_QUERY, because, flat, {QUERY: flat}, severity=severity)


def known(table: str, column: str, seed: tuple[str, str], because: str) -> Rule:
    """A column whose values are listed in a column of a reference table: ``seed`` is its name and that column."""
    query = "SELECT DISTINCT {column} FROM {batch} WHERE {column} NOT IN (SELECT {listed} FROM {seed:{reference}})"
    return no_rows(f"known_{column}", table, query, because, reference=seed[0], listed=seed[1], column=column)


def not_empty(table: str) -> Rule:
    """A table without rows is a build that went wrong, not a region without data."""
    because = "the table is empty: a build that went wrong, since missing data has rows of its own"
    query = "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM {batch})"
    return Rule("not_empty", table, "ExpectTableRowCountToBeBetween", because, query, {"min_value": 1})


def under_contract(table: str, contract: Table) -> Rule:
    """The table was built under its contract, which then refused what does not fit it.

    It has the columns, and those that are required cannot be empty. Where it holds, no other rule needs to ask that.
    """
    schema, name = map(literal, table.split("."))
    there = f"FROM duckdb_columns() WHERE schema_name = {schema} AND table_name = {name}"
    # The last line finds nothing: Great Expectations wants every query to read the table itself.
    return no_rows(
        "under_contract",
        table,
        f"""SELECT unnest([{_quoted(contract.names)}]) AS column_name EXCEPT SELECT column_name {there}
            UNION ALL SELECT column_name {there} AND is_nullable AND column_name IN ({_quoted(contract.required)})
            UNION ALL SELECT NULL FROM {{batch}} WHERE false""",
        "the build enforced the columns that its readers rely on, and which of them are never empty",
    )


def unique(table: str, columns: tuple[str, ...], because: str) -> Rule:
    """No two rows share these columns."""
    query = f"SELECT 1 FROM {{batch}} GROUP BY {', '.join(columns)} HAVING count(*) > 1"
    arguments = {"column_list": list(columns)}
    return Rule("grain_unique", table, "ExpectCompoundColumnsToBeUnique", because, query, arguments, shown=columns)


def filled(
    table: str,
    columns: Iterable[str],
    shown: tuple[str, ...],
    because: str,
    *,
    name: str = "",
    where: Where = EVERYWHERE,
) -> Iterable[Rule]:
    """Columns that are filled in every row of ``where``."""
    for column in columns:
        yield Rule(
            name or f"filled_{column}",
            table,
            "ExpectColumnValuesToNotBeNull",
            because,
            _rows(where, f"{column} IS NULL"),
            {"column": column},
            where,
            shown,
        )


def empty(name: str, table: str, column: str, shown: tuple[str, ...], because: str, *, where: Where) -> Rule:
    """A column that is empty in every row of ``where``."""
    query = _rows(where, f"{column} IS NOT NULL")
    return Rule(name, table, "ExpectColumnValuesToBeNull", because, query, {"column": column}, where, shown)


def in_set(table: str, column: str, values: tuple[str, ...], shown: tuple[str, ...], because: str) -> Rule:
    """A column whose values come from a closed list. Empty values are the business of ``filled``."""
    return Rule(
        f"accepted_{column}",
        table,
        "ExpectColumnValuesToBeInSet",
        because,
        _rows(EVERYWHERE, f"{column} NOT IN ({_quoted(values)})"),
        {"column": column, "value_set": list(values)},
        shown=shown,
    )


def between(
    table: str,
    column: str,
    bounds: tuple[Decimal | int | None, Decimal | int | None],
    shown: tuple[str, ...],
    because: str,
    *,
    name: str = "",
    above_minimum: bool = False,
    where: Where = EVERYWHERE,
    severity: Severity = "critical",
    owner: str = OWNER,
) -> Rule:
    """Values of a column lie between two bounds, both included unless ``above_minimum``; empty ones do."""
    minimum, maximum = bounds
    arguments: dict[str, object] = {"column": column, "strict_min": above_minimum}
    outside = []
    # The class takes a bound as a binary float, so the query does: the two agree, and up to 10^11 no 0.0001 is lost.
    if minimum is not None:
        arguments["min_value"] = float(minimum)
        outside.append(f"{column} {'<=' if above_minimum else '<'} CAST({minimum} AS DOUBLE)")
    if maximum is not None:
        arguments["max_value"] = float(maximum)
        outside.append(f"{column} > CAST({maximum} AS DOUBLE)")
    return Rule(
        name or f"range_{column}",
        table,
        "ExpectColumnValuesToBeBetween",
        because,
        _rows(where, f"({' OR '.join(outside)})"),
        arguments,
        where,
        shown,
        severity,
        owner,
    )


def not_larger(
    name: str, table: str, columns: tuple[str, str], shown: tuple[str, ...], because: str, *, where: Where
) -> Rule:
    """The first of two columns is not larger than the second, where both are filled."""
    smaller, larger = columns
    arguments = {
        "column_A": larger,
        "column_B": smaller,
        "or_equal": True,
        "ignore_row_if": "either_value_is_missing",
    }
    return Rule(
        name,
        table,
        "ExpectColumnPairValuesAToBeGreaterThanB",
        because,
        _rows(where, f"{smaller} > {larger}"),
        arguments,
        where,
        shown,
    )


def _rows(where: Where, broken: str) -> str:
    conditions = [f"{column} IN ({_quoted(values)})" for column, values in where.items()]
    return f"SELECT 1 FROM {{batch}} WHERE {' AND '.join((*conditions, broken))}"


def _quoted(values: Iterable[str]) -> str:
    return ", ".join(map(literal, values))
