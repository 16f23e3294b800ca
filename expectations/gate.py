"""Run a gate: the rules of one pillar, or of the scores, on a warehouse file."""

import re
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from expectations.engine import Warehouse, opened
from expectations.interpret import interpret
from expectations.result import Check, GateResult, judge
from expectations.rules import INDEX_COLUMNS, Rule
from ledger.errors import GateError

if TYPE_CHECKING:
    from great_expectations.datasource.fluent.interfaces import Batch
    from great_expectations.expectations.expectation import Expectation

PILLARS = ("governance", "branding", "economy", "living", "society", "environment")
GATES = (*PILLARS, "scores")

log = structlog.get_logger()


def rules_of(gate: str) -> tuple[Rule, ...]:
    """The rules of a gate. Raises GateError when there is no such gate."""
    if gate not in GATES:
        raise GateError(f"there is no gate '{gate}'", do=f"Name one of: {', '.join(GATES)}")
    rules: tuple[Rule, ...] = import_module(f"expectations.{gate}").RULES
    return rules


def run_gate(warehouse: Path, gate: str) -> GateResult:
    """Check one gate on a warehouse file, which is opened read-only and closed again.

    Trouble with the data, the file or a check is an outcome (``error``), never an exception: the ledger records it.
    Raises GateError only when there is no such gate.
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
            check
            for table, group in groupby(sorted(rules, key=attrgetter("table")), key=attrgetter("table"))
            for check in _check_table(tables, table, tuple(group))
        )
    except Exception as error:  # one gate that cannot judge is no reason not to judge by the others
        return _not_judged(gate, error)
    return _said(judge(gate, checks))


def _not_judged(gate: str, error: Exception) -> GateResult:
    log.warning("gate_error", gate=gate, error=type(error).__name__)
    return _said(judge(gate, (Check("gate_ran", "critical", "error", _one_line(error)),)))


def _said(result: GateResult) -> GateResult:
    log.info("gate", gate=result.gate, outcome=result.outcome, checks=len(result.checks), blocking=len(result.blocking))
    return result


def _check_table(tables: Warehouse, table: str, rules: tuple[Rule, ...]) -> tuple[Check, ...]:
    if table not in tables.tables:
        return (Check("table_exists", "critical", "error", f"the table {table} is missing from the warehouse"),)
    lost = sorted({seed for rule in rules for seed in _seeds(rule) if tables.seed(seed) is None})
    if lost:
        message = f"reference tables that are missing or exist twice: {', '.join(lost)}"
        return (Check("seeds_exist", "critical", "error", message),)

    batch = tables.batch(table)
    made = {rule.name: _expectation(rule, tables) for rule in rules}
    answers = _validate(batch, made.values(), {"result_format": "BASIC"})
    unmet = tuple(rule for rule in rules if (item := answers.get(rule.name)) is not None and not item.success)
    # The failing rows are asked for only where there are any: it is the costly part.
    if unmet:
        shown = [column for column in INDEX_COLUMNS if column in tables.tables[table]]
        rows = {"result_format": "COMPLETE", "unexpected_index_column_names": shown}
        answers |= _validate(batch, [made[rule.name] for rule in unmet], rows)
    return tuple(_interpreted(rule, answers.get(rule.name)) for rule in rules)


def _validate(batch: "Batch", expectations: Iterable["Expectation"], result_format: dict[str, Any]) -> dict[str, Any]:
    import great_expectations as gx

    suite = gx.ExpectationSuite(name="gate", expectations=list(expectations))
    answer = batch.validate(suite, result_format=result_format)
    return {item.expectation_config.meta["rule"]: item for item in answer.results if item.expectation_config}


def _interpreted(rule: Rule, item: Any) -> Check:
    if item is None:
        return Check(rule.name, rule.severity, "error", "the check was not carried out")
    return interpret(rule, bool(item.success), item.result or {}, item.exception_info or {})


def _expectation(rule: Rule, tables: Warehouse) -> "Expectation":
    import great_expectations.expectations as library
    from great_expectations.expectations.row_conditions import Column

    arguments: dict[str, Any] = {key: _with_seeds(value, tables) for key, value in rule.arguments.items()}
    if rule.only is not None:
        arguments["row_condition"] = Column(rule.only[0]) == rule.only[1]
    kind = getattr(library, rule.expectation)
    expectation: Expectation = kind(**arguments, severity=rule.severity, meta={"rule": rule.name})
    return expectation


def _seeds(rule: Rule) -> set[str]:
    return {name for value in rule.arguments.values() if isinstance(value, str) for name in _SEED.findall(value)}


def _with_seeds(value: object, tables: Warehouse) -> object:
    return _SEED.sub(lambda match: tables.seed(match[1]) or match[0], value) if isinstance(value, str) else value


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


_SEED = re.compile(r"\{seed:(\w+)\}")
