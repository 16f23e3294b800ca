"""What becomes of each pillar's candidate: gated, then put in force or held.

The answer of a gate that passed is carried over where all that it read and judged by is the same to the byte. That is
the rows of the mart and of what was in force of it, what is known of its batches, the rules, the reference tables and
the versions of what runs them. A mart compared with itself is compared with nothing. The ledger names the
evaluation in which it was carried out. A gate that failed, or that could not judge, is carried out again.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from ledger.disk import file_sha256
from ledger.machine import refuse_shortage
from ledger.project import pillar_ids
from ledger.records import GateRow, Promotion
from ledger.settings import REPOSITORY, Settings
from ledger.store import Ledger
from ledger.wording import CRASHED
from pilar.evaluation.evidence import evidence_sha256
from pilar.evaluation.parsed_project import fingerprint
from pilar.evaluation.warehouse import MartFile, export_marts, opened, write_promoted

if TYPE_CHECKING:
    from expectations.result import Check, GateResult
    from pilar.evaluation.transform import DbtResult

log = structlog.get_logger()

# What has a part in a gate's answer beside the rules and what they read.
JUDGES = ("great-expectations", "duckdb", "duckdb-sqlalchemy", "sqlalchemy")


def decide(
    ledger: Ledger,
    settings: Settings,
    evaluation_id: str,
    warehouse: Path,
    result: "DbtResult",
    *,
    anew: Collection[str] = (),
) -> None:
    """Gate the candidates that were built, put in force what passes, and hold the other pillars.

    A candidate is compared with what is in force of its pillar, except where the pillar is judged ``anew``.
    """
    usable = [pillar for pillar in pillar_ids() if not result.failed_for(f"mart_{pillar}")]
    folder = settings.promoted_dir
    in_force = {pillar: mart for pillar, mart in ledger.last_good().items() if pillar not in anew}
    marts: Mapping[str, MartFile] = {}
    try:
        with opened(warehouse):
            marts = export_marts(warehouse, {pillar: folder / pillar / f"{evaluation_id}.parquet" for pillar in usable})
            write_promoted(warehouse, settings.home, pillar_ids(), in_force, {})
            judged = _judged_by(warehouse, marts, in_force)
        _gate(ledger, settings, evaluation_id, warehouse, marts, judged=judged, anew=anew)
    finally:
        for mart in marts.values():
            mart.drop()
    for pillar in pillar_ids():
        if pillar not in marts:
            _hold_unbuilt(ledger, evaluation_id, pillar, f"dbt could not build it: {result.first_failure()}")


def _gate(
    ledger: Ledger,
    settings: Settings,
    evaluation_id: str,
    warehouse: Path,
    marts: Mapping[str, MartFile],
    *,
    judged: Mapping[str, str],
    anew: Collection[str],
) -> None:
    from expectations.gate import run_gates

    before = ledger.last_gates()
    same = {pillar for pillar in marts if _may_be_carried(before.get(pillar), judged.get(pillar))}
    asked = run_gates(warehouse, [pillar for pillar in marts if pillar not in same])
    gates = {pillar: judged_by_rules(gate, evaluation_id) for pillar, gate in asked.items()}
    gates.update({pillar: _told_anew(gates[pillar]) for pillar in gates if pillar in anew})
    for pillar, mart in marts.items():
        if pillar in same:
            _carry(ledger, evaluation_id, before[pillar])
        elif not _record(ledger, evaluation_id, gates[pillar], judged.get(pillar)):
            continue
        mart.keep()
        path = mart.target.relative_to(settings.home).as_posix()
        ledger.record_promotion(evaluation_id, pillar, path=path, sha256=mart.sha256, reason=None)


def _judged_by(warehouse: Path, marts: Mapping[str, MartFile], in_force: Mapping[str, Promotion]) -> Mapping[str, str]:
    """For each pillar a hash of all that its gate reads and judges by; none where that cannot be said."""
    from expectations.gate import reads_only_its_mart, rules_of
    from pilar.evaluation.build import is_seeded

    if not is_seeded(warehouse):
        return {}
    rules = rules_sha256()
    with opened(warehouse) as connection:
        evidence = evidence_sha256(connection, marts)
    found = {}
    for pillar, mart in marts.items():
        if reads_only_its_mart(pillar):
            kept = in_force.get(pillar)
            compared = kept.sha256 or "" if kept is not None and kept.sha256 != mart.sha256 else ""
            # The rules as they are applied, beside the files they come from.
            found[pillar] = _sha256(mart.sha256, compared, evidence[pillar], rules, *map(repr, rules_of(pillar)))
    return found


def _told_anew(gate: "GateResult") -> "GateResult":
    """A gate's answer, with a word that nothing in force was compared: whoever reads it must know."""
    from expectations.result import Check, judge

    check = Check("judged_anew", "warning", "fail", "not compared with what was in force: a person asked for it")
    return judge(gate.gate, (*gate.checks, check))


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
    parts += map(file_sha256, sorted((REPOSITORY / "expectations").glob("*.py")))
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
