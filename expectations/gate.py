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
from expectations.interpret import crashed, interpret
from expectations.result import Check, GateResult, judge
from expectations.rules import INDEX_COLUMNS, QUERY, Rule, no_rows
from ledger.errors import GateError
from ledger.project import pillar_ids
from ledger.sql import literal

if TYPE_CHECKING:
    from great_expectations.datasource.fluent.interfaces import Batch
    from great_expectations.expectations.expectation import Expectation

PILLARS = pillar_ids()
GATES = (*PILLARS, "scores")
ALL_QUERIES = "all queries"

log = structlog.get_logger()


def rules_of(gate: str) -> tuple[Rule, ...]:
    """The rules of a gate. Raises GateError when there is no such gate."""
    if gate not in GATES:
        raise GateError(f"there is no gate '{gate}'", do=f"Name one of: {', '.join(GATES)}")
    rules: tuple[Rule, ...] = import_module(f"expectations.{gate}").RULES
    return rules


def reads_only_its_mart(gate: str) -> bool:
    """Whether a pillar's rules read nothing but its candidate mart and reference tables: no moment, no other table.

    The same rows then get the same answer on any day. Raises GateError when there is no such gate.
    """
    table = f"candidate.mart_{gate}"
    return all(rule.table == table and not _ELSEWHERE.search(_text(rule)) for rule in rules_of(gate))


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
    queries = tuple(rule for rule in rules if QUERY in rule.arguments)
    alone = tuple(rule for rule in rules if rule not in queries)
    first = [_expectation(rule, tables) for rule in (*alone, *_at_once(table, queries))]
    answers = _validate(batch, first, {"result_format": "BASIC"})
    met = {rule.name: answers[ALL_QUERIES] for rule in queries} if _is_met(answers.get(ALL_QUERIES)) else {}
    answers |= met
    # Only where something is found is each asked for itself, and for its rows: it is the costly part.
    unmet = [rule for rule in rules if not _is_met(answers.get(rule.name))]
    if unmet:
        shown = [column for column in INDEX_COLUMNS if column in tables.tables[table]]
        rows = {"result_format": "COMPLETE", "unexpected_index_column_names": shown}
        answers |= _validate(batch, [_expectation(rule, tables) for rule in unmet], rows)
    return tuple(_interpreted(rule, answers.get(rule.name)) for rule in rules)


def _at_once(table: str, queries: Sequence[Rule]) -> Iterable[Rule]:
    """One rule for all that are queries for what must not exist: an expectation costs its own dozen metrics."""
    parts = [f"SELECT {literal(rule.name)} AS rule WHERE EXISTS ({rule.arguments[QUERY]})" for rule in queries]
    if parts:
        yield no_rows(ALL_QUERIES, table, " UNION ALL ".join(parts), "each of the queries finds nothing")


def _is_met(item: Any) -> bool:
    return item is not None and bool(item.success) and bool(item.result) and crashed(item.exception_info or {}) is None


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

    arguments: dict[str, Any] = {key: _with_seeds(value, tables) for key, value in rule.arguments.items()}
    kind = getattr(library, rule.expectation)
    expectation: Expectation = kind(**arguments, severity=rule.severity, meta={"rule": rule.name})
    return expectation


def _text(rule: Rule) -> str:
    return " ".join(value for value in rule.arguments.values() if isinstance(value, str))


def _seeds(rule: Rule) -> set[str]:
    return {name for value in rule.arguments.values() if isinstance(value, str) for name in _SEED.findall(value)}


def _with_seeds(value: object, tables: Warehouse) -> object:
    return _SEED.sub(lambda match: tables.seed(match[1]) or match[0], value) if isinstance(value, str) else value


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


_SEED = re.compile(r"\{seed:(\w+)\}")
# A schema by its name, a file, a moment, or chance: an answer that rests on any of them is good for one evaluation.
_ELSEWHERE = re.compile(
    r"\b(candidate|promoted|scores|landing|staging|indicators|seeds|main)\s*\.|\bread_\w+\s*\("
    r"|\b(now|today|random|gen_random_uuid|uuid|get_current_\w+|transaction_timestamp)\s*\(|\bcurrent_\w+",
    re.IGNORECASE,
)
