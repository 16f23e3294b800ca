"""Rules as Great Expectations knows them: one suite for a table, one expectation for a rule."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from expectations.engine import Warehouse
from expectations.rules import OWN_QUERY, Rule, Where

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite
    from great_expectations.expectations.expectation import Expectation
    from great_expectations.expectations.row_conditions import Condition

_SEED = re.compile(r"\{seed:(\w+)\}")
BEFORE = "{before}"


def suite_of(table: str, rules: Iterable[Rule], tables: Warehouse) -> "ExpectationSuite":
    """The suite of one table, named like it. Raises whatever Great Expectations says of a rule it cannot make."""
    import great_expectations as gx

    return gx.ExpectationSuite(
        name=table.rpartition(".")[2],
        expectations=[_expectation(rule, tables) for rule in rules],
    )


def seeds_of(rule: Rule) -> set[str]:
    """The reference tables that a rule reads."""
    return set(_SEED.findall(rule.query))


def in_force(table: str) -> str:
    """What is in force of a candidate: the table of the same name, as the platform keeps it."""
    return f"promoted.{table.partition('.')[2]}"


def with_rows(rules: Sequence[Rule], columns: frozenset[str]) -> dict[str, Any]:
    """Great Expectations' result format with the rows that break these rules, shown by those columns that there are."""
    shown = [column for column in dict.fromkeys(name for rule in rules for name in rule.shown) if column in columns]
    return {"result_format": "COMPLETE", "unexpected_index_column_names": shown}


def by_rule(results: Sequence[Any]) -> Mapping[str, Any]:
    """Great Expectations' results by the names of the rules."""
    return {item.expectation_config.meta["rule"]: item for item in results if item.expectation_config}


def with_tables(query: str, rule: Rule, tables: Warehouse) -> str:
    """A query of a rule with the names of all tables but the rule's own."""
    return _SEED.sub(lambda match: tables.seed(match[1]) or match[0], query.replace(BEFORE, in_force(rule.table)))


def _expectation(rule: Rule, tables: Warehouse) -> "Expectation":
    import great_expectations.expectations as library

    arguments: dict[str, Any] = {
        key: with_tables(value, rule, tables) if isinstance(value, str) else value
        for key, value in rule.arguments.items()
    }
    if rule.where:
        arguments["row_condition"] = _condition(rule.where)
    kind = getattr(library, rule.expectation)
    expectation: Expectation = kind(
        **arguments,
        severity=rule.severity,
        # A class says itself what it asks; a query does not.
        description=f"{rule.name}: {rule.because}" if rule.expectation == OWN_QUERY else None,
        notes=f"{rule.name} ({rule.severity}; {rule.owner}): {rule.because}",
        meta={"rule": rule.name, "severity": rule.severity, "owner": rule.owner, "because": rule.because},
    )
    return expectation


def _condition(where: Where) -> "Condition":
    from great_expectations.expectations.row_conditions import AndCondition, Column, Condition

    each: list[Condition] = [
        Column(column).is_in(values) if len(values) > 1 else Column(column) == values[0]
        for column, values in where.items()
    ]
    return each[0] if len(each) == 1 else AndCondition(conditions=each)
