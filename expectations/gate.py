"""Run a gate: the rules of one pillar, or of the scores, on a warehouse file."""

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from expectations import scores
from expectations.common import pillar_rules
from expectations.engine import Warehouse, opened
from expectations.interpret import answered
from expectations.result import Check, GateResult, judge
from expectations.rules import Rule
from expectations.suites import BEFORE, by_rule, in_force, seeds_of, suite_of, with_rows, with_tables
from ledger.errors import GateError
from ledger.masks import mask_words
from ledger.project import pillar_ids
from ledger.sql import literal

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite
    from great_expectations.datasource.fluent.interfaces import Batch

PILLARS = pillar_ids()
GATES = (*PILLARS, "scores")

log = structlog.get_logger()


def rules_of(gate: str) -> tuple[Rule, ...]:
    """The rules of a gate. Raises GateError when there is no such gate, or its indicators' bounds cannot be read."""
    if gate not in GATES:
        raise GateError(f"there is no gate '{gate}'", do=f"Name one of: {', '.join(GATES)}")
    return scores.RULES if gate == "scores" else pillar_rules(gate)


def rules_by_table(gate: str) -> Mapping[str, tuple[Rule, ...]]:
    """The rules of a gate by the table that they are about. Raises GateError as ``rules_of`` does."""
    return _by_table(rules_of(gate))


def reads_only_its_mart(gate: str) -> bool:
    """Whether a pillar's rules read nothing but its candidate, what is in force of it, and reference tables.

    No moment and no other table: the same rows then get the same answer on any day. Raises GateError when there
    is no such gate.
    """
    table = f"candidate.mart_{gate}"
    return all(rule.table == table and not _ELSEWHERE.search(rule.query) for rule in rules_of(gate))


def run_gate(warehouse: Path, gate: str) -> GateResult:
    """Check one gate on a warehouse file, which is opened read-only and closed again.

    Trouble with the data, the file or a check is an outcome (``error``), never an exception: the ledger records it.
    Raises GateError only when there are no such rules, see ``rules_of``.
    """
    return run_rules(warehouse, gate, rules_of(gate))


def run_gates(warehouse: Path, gates: Sequence[str]) -> Mapping[str, GateResult]:
    """As ``run_gate`` for several gates, with the file opened once. One that cannot judge does not stop the others."""
    rules = {gate: rules_of(gate) for gate in gates}
    if not rules:
        return {}
    try:
        with opened(warehouse) as tables:
            return {gate: _judged(gate, tables, own) for gate, own in rules.items()}
    except Exception as error:  # as below: it was the opening or closing that went wrong, for every gate
        return {gate: _not_judged(gate, error) for gate in gates}


def run_rules(warehouse: Path, gate: str, rules: tuple[Rule, ...]) -> GateResult:
    """As ``run_gate``, with the rules given."""
    try:
        with opened(warehouse) as tables:
            return _judged(gate, tables, rules)
    except Exception as error:  # whatever went wrong, the gate did not judge: that is the third outcome
        return _not_judged(gate, error)


def _judged(gate: str, tables: Warehouse, rules: tuple[Rule, ...]) -> GateResult:
    try:
        checks = tuple(
            check for table, group in _by_table(rules).items() for check in _check_table(tables, table, group)
        )
    except Exception as error:  # one gate that cannot judge is no reason not to judge by the others
        return _not_judged(gate, error)
    return _said(judge(gate, checks))


def _by_table(rules: Sequence[Rule]) -> Mapping[str, tuple[Rule, ...]]:
    ordered = sorted(rules, key=attrgetter("table"))
    return {table: tuple(group) for table, group in groupby(ordered, key=attrgetter("table"))}


def _not_judged(gate: str, error: Exception) -> GateResult:
    log.warning("gate_error", gate=gate, error=type(error).__name__)
    return _said(judge(gate, (Check("gate_ran", "critical", "error", _one_line(error)),)))


def _said(result: GateResult) -> GateResult:
    log.info("gate", gate=result.gate, outcome=result.outcome, checks=len(result.checks), blocking=len(result.blocking))
    return result


def _check_table(tables: Warehouse, table: str, rules: tuple[Rule, ...]) -> tuple[Check, ...]:
    lost = not_there(tables, table, rules)
    if lost is not None:
        return (lost,)
    suite = suite_of(table, rules, tables)
    found = _found_by_queries(table, rules, tables)
    asked = tuple(rule for rule in rules if found is None or rule.name in found)
    answers = _validate(tables.batch(table), suite, asked, tables.tables[table]) if asked else {}
    return tuple(_check(rule, answers.get(rule.name), found) for rule in rules)


def not_there(tables: Warehouse, table: str, rules: Sequence[Rule]) -> Check | None:
    """What is missing for a table's rules to be asked, as a check that answers error; None when nothing is."""
    if table not in tables.tables:
        return Check("table_exists", "critical", "error", f"the table {table} is missing from the warehouse")
    lost = sorted({seed for rule in rules for seed in seeds_of(rule) if tables.seed(seed) is None})
    if in_force(table) not in tables.tables and any(BEFORE in rule.query for rule in rules):
        lost.append(in_force(table))
    if lost:
        message = f"reference tables that are missing or exist twice: {', '.join(lost)}"
        return Check("seeds_exist", "critical", "error", message)
    return None


def all_queries(table: str, rules: Sequence[Rule], tables: Warehouse) -> str:
    """One query for the names of a table's rules whose own query finds rows."""
    return " UNION ALL ".join(
        f"SELECT {literal(rule.name)} WHERE EXISTS ({with_tables(rule.query, rule, tables).replace('{batch}', table)})"
        for rule in rules
    )


def _found_by_queries(table: str, rules: Sequence[Rule], tables: Warehouse) -> frozenset[str] | None:
    """The rules whose query finds rows, all asked as one; None when that could not be carried out."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return frozenset(name for (name,) in tables.ask(all_queries(table, rules, tables)))
    except SQLAlchemyError:
        return None


def _validate(
    batch: "Batch", suite: "ExpectationSuite", asked: Sequence[Rule], columns: frozenset[str]
) -> Mapping[str, Any]:
    """The answers of these rules' expectations, with the rows that break them."""
    import great_expectations as gx

    names = {rule.name for rule in asked}
    part = gx.ExpectationSuite(
        name=suite.name, expectations=[item for item in suite.expectations if item.meta and item.meta["rule"] in names]
    )
    answer = batch.validate(part, result_format=with_rows(asked, columns))
    return by_rule(answer.results)


def _check(rule: Rule, item: Any, found: frozenset[str] | None) -> Check:
    if found is not None and rule.name not in found:
        return Check(rule.name, rule.severity, "pass", rule.because)
    check = answered(rule, item)
    if check.outcome == "pass" and found is not None:
        message = f"its query finds rows that break it and {rule.expectation} finds none"
        return Check(rule.name, rule.severity, "error", message)
    return check


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {mask_words(' '.join(str(error).split()))[:300]}"


# A schema by its name, a file, a moment, or chance: an answer that rests on any of them is good for one evaluation.
_ELSEWHERE = re.compile(
    r"\b(candidate|promoted|scores|landing|records|figures|definitions|seeds|main)\s*\.|\bread_\w+\s*\("
    r"|\b(now|today|random|gen_random_uuid|uuid|get_current_\w+|transaction_timestamp)\s*\(|\bcurrent_\w+",
    re.IGNORECASE,
)
