"""What becomes of each pillar's candidate: gated, then put in force or held.

The answer of a gate that passed is carried over where all that it read and judged by is the same to the byte. That is
the rows of the mart, the rules, the reference tables and the versions of what runs them. The ledger names the
evaluation in which it was carried out. A gate that failed, or that could not judge, is carried out again.
"""

import hashlib
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from ledger.machine import refuse_shortage
from ledger.project import pillar_ids
from ledger.records import GateRow
from ledger.settings import REPOSITORY, Settings
from ledger.store import Ledger
from ledger.wording import CRASHED
from pilar.evaluation.parsed_project import fingerprint
from pilar.evaluation.warehouse import MartFile, export_marts

if TYPE_CHECKING:
    from expectations.result import Check, GateResult
    from pilar.evaluation.transform import DbtResult

log = structlog.get_logger()

# What has a part in a gate's answer beside the rules and what they read.
JUDGES = ("great-expectations", "duckdb", "duckdb-sqlalchemy", "sqlalchemy")


def decide(ledger: Ledger, settings: Settings, evaluation_id: str, warehouse: Path, result: "DbtResult") -> None:
    """Gate the candidates that were built, put in force what passes, and hold the other pillars."""
    usable = [pillar for pillar in pillar_ids() if not result.failed_for(f"mart_{pillar}")]
    folder = settings.promoted_dir
    marts = export_marts(warehouse, {pillar: folder / pillar / f"{evaluation_id}.parquet" for pillar in usable})
    try:
        _gate(ledger, settings, evaluation_id, warehouse, marts)
    finally:
        for mart in marts.values():
            mart.drop()
    for pillar in pillar_ids():
        if pillar not in marts:
            _hold_unbuilt(ledger, evaluation_id, pillar, f"dbt could not build it: {result.first_failure()}")


def _gate(
    ledger: Ledger, settings: Settings, evaluation_id: str, warehouse: Path, marts: Mapping[str, MartFile]
) -> None:
    from expectations.gate import reads_only_its_mart, rules_of, run_gates
    from pilar.evaluation.build import is_seeded

    rules = rules_sha256() if is_seeded(warehouse) else None
    judged = {
        # The rules as they are applied, beside the files they come from.
        pillar: _sha256(mart.sha256, rules, *map(repr, rules_of(pillar)))
        for pillar, mart in marts.items()
        if rules is not None and reads_only_its_mart(pillar)
    }
    before = ledger.last_gates()
    same = {pillar for pillar in marts if _may_be_carried(before.get(pillar), judged.get(pillar))}
    asked = run_gates(warehouse, [pillar for pillar in marts if pillar not in same])
    gates = {pillar: judged_by_rules(gate, evaluation_id) for pillar, gate in asked.items()}
    for pillar, mart in marts.items():
        if pillar in same:
            _carry(ledger, evaluation_id, before[pillar])
        elif not _record(ledger, evaluation_id, gates[pillar], judged.get(pillar)):
            continue
        mart.keep()
        path = mart.target.relative_to(settings.home).as_posix()
        ledger.record_promotion(evaluation_id, pillar, path=path, sha256=mart.sha256, reason=None)


def _hold_unbuilt(ledger: Ledger, evaluation_id: str, pillar: str, why: str) -> None:
    """Hold a pillar whose candidate could not be built."""
    check = {"name": "dbt build", "severity": "critical", "outcome": "error", "message": why, "failing_rows": []}
    ledger.record_gate(evaluation_id, pillar, "error", [check])
    _hold(ledger, evaluation_id, pillar, f"{CRASHED} {why}")


def judged_by_rules(gate: "GateResult", evaluation_id: str) -> "GateResult":
    """A gate's answer, where rules gave it. Raises MachineError where the machine had no room to ask them."""
    for check in gate.checks:
        if check.outcome == "error":
            refuse_shortage(check.message, f"evaluation {evaluation_id}")
    return gate


def plain(checks: "Sequence[Check]") -> list[Mapping[str, object]]:
    """Checks as the ledger keeps them."""
    from dataclasses import asdict

    return [asdict(check) for check in checks]


def why(gate: "GateResult") -> str:
    """What stands in the way, in one line."""
    return "; ".join(f"{check.name}: {check.message}" for check in gate.blocking[:3]) or "no check was carried out"


def rules_sha256() -> str:
    """Changes with every rule, every reference table and formula, and the versions of what runs them."""
    parts = [fingerprint(), *(f"{name} {version(name)}" for name in JUDGES)]
    parts += [
        hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted((REPOSITORY / "expectations").glob("*.py"))
    ]
    return _sha256(*parts)


def _may_be_carried(before: GateRow | None, judged_sha256: str | None) -> bool:
    return (
        before is not None
        and before.outcome == "pass"
        and judged_sha256 is not None
        and before.judged_sha256 == judged_sha256
    )


def _carry(ledger: Ledger, evaluation_id: str, before: GateRow) -> None:
    since = before.carried_from or before.evaluation_id
    log.info("gate carried over", gate=before.gate, outcome=before.outcome, carried_from=since)
    ledger.record_gate(
        evaluation_id,
        before.gate,
        before.outcome,
        before.checks,
        judged_sha256=before.judged_sha256,
        carried_from=since,
    )


def _record(ledger: Ledger, evaluation_id: str, gate: "GateResult", judged_sha256: str | None) -> bool:
    ledger.record_gate(evaluation_id, gate.gate, gate.outcome, plain(gate.checks), judged_sha256=judged_sha256)
    if not gate.passed:
        _hold(ledger, evaluation_id, gate.gate, f"{gate.outcome}: {why(gate)}")
    return gate.passed


def _hold(ledger: Ledger, evaluation_id: str, pillar: str, reason: str) -> None:
    log.warning("pillar held", evaluation=evaluation_id, pillar=pillar, reason=reason)
    ledger.record_promotion(evaluation_id, pillar, path=None, sha256=None, reason=reason)


def _sha256(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
