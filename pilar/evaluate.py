"""From the batches in force to a publication, in three steps that may each be run again.

Candidates are built and gated pillar by pillar: one that does not pass keeps its last good version, the others go on.
Scores are computed from what is in force, gated, and only then published.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from ledger.errors import GateError, PilarError, TransformError
from ledger.records import Batch, Promotion
from ledger.settings import REPOSITORY, Settings
from ledger.store import Ledger
from pilar import warehouse as files
from pilar.pillars import PILLARS

if TYPE_CHECKING:
    from expectations.result import GateResult

log = structlog.get_logger()

KEPT_WAREHOUSES = 3
# An evaluation takes a minute or two: one that has been running for longer than this died on the way.
RUNNING_AT_MOST_SECONDS = 3600


def due(ledger: Ledger) -> bool:
    """Whether something is in force that no evaluation was attempted with, under the rules of now.

    A batch is accepted before anybody is told of it; whoever dies in between leaves this behind (promise P2). An
    attempt that failed is not repeated by itself: the same data and rules would fail again.
    """
    batches = ledger.in_force()
    if not batches:
        return False
    last = ledger.last_attempt(RUNNING_AT_MOST_SECONDS)
    return last is None or last.inputs_sha256 != _inputs_sha256(batches)


def build_candidates(ledger: Ledger, settings: Settings, *, force: bool = False) -> str | None:
    """Build the six candidate marts, gate each, and put those that pass in force.

    Returns the evaluation's id, or None when the last publication was made from the same batches by the same rules
    (unless forced).
    Raises TransformError when dbt could not build even one mart.
    """
    batches = ledger.in_force()
    digest = _inputs_sha256(batches)
    last = ledger.last_evaluation("published")
    if not force and last is not None and last.inputs_sha256 == digest:
        return None
    evaluation_id = ledger.start_evaluation([batch.batch_id for batch in batches], digest)
    try:
        _build_and_gate(ledger, settings, evaluation_id, batches)
    except PilarError as error:
        ledger.finish_evaluation(evaluation_id, "failed", str(error))
        raise
    return evaluation_id


def score(ledger: Ledger, settings: Settings, evaluation_id: str) -> str:
    """Compute the scores from the marts in force and gate them.

    Raises TransformError when dbt fails, GateError when the scores do not pass: what is published then stays.
    """
    from expectations.gate import run_gate
    from pilar.evaluation_build import build

    warehouse = warehouse_file(settings, evaluation_id)
    files.write_promoted(warehouse, settings.home, PILLARS, ledger.last_good(), held_pillars(ledger))
    try:
        result = build(warehouse, "tag:scores")
        if not result.ok:
            raise TransformError(
                f"the scores could not be built: {result.first_failure()}",
                where=f"evaluation {evaluation_id}",
                do="Run `pilar evaluate` again after mending it; what is published stays",
            )
        gate = run_gate(warehouse, "scores")
        ledger.record_gate(evaluation_id, "scores", gate.outcome, _checks(gate))
        if not gate.passed:
            raise GateError(
                f"the scores did not pass their gate ({gate.outcome}): {_why(gate)}",
                where=f"evaluation {evaluation_id}",
                do="What is published stays; mend the rule or the data, then run `pilar evaluate`",
            )
    except PilarError as error:
        ledger.finish_evaluation(evaluation_id, "failed", str(error))
        raise
    ledger.finish_evaluation(evaluation_id, "scored")
    return evaluation_id


def warehouse_file(settings: Settings, evaluation_id: str) -> Path:
    """The DuckDB file of an evaluation."""
    return settings.warehouse_dir / f"{evaluation_id}.duckdb"


def sweep_warehouses(settings: Settings) -> None:
    """Remove the files of older evaluations: their marts and publications are kept elsewhere."""
    found = sorted(settings.warehouse_dir.glob("*.duckdb"), reverse=True)
    for path in found[KEPT_WAREHOUSES:]:
        path.unlink(missing_ok=True)
        path.with_name(path.name + ".wal").unlink(missing_ok=True)


def _build_and_gate(ledger: Ledger, settings: Settings, evaluation_id: str, batches: Sequence[Batch]) -> None:
    from expectations.gate import run_gates
    from pilar.catalogue import landed_columns, maturities
    from pilar.evaluation_build import begin_warehouse, build

    warehouse = warehouse_file(settings, evaluation_id)
    begin_warehouse(warehouse)
    began = ledger.evaluation(evaluation_id)
    matured = maturities(ledger, settings.sources_dir, batches, began.started_at if began is not None else None)
    files.write_landing(warehouse, settings.home, landed_columns(settings.sources_dir), batches, matured)
    files.write_revisions(warehouse, settings.home, ledger.revisions())
    result = build(warehouse, "tag:candidate")
    built = files.built_marts(warehouse)
    usable = [pillar for pillar in PILLARS if pillar in built and not result.failed_for(f"mart_{pillar}")]
    gates = run_gates(warehouse, usable)
    for pillar in PILLARS:
        if pillar in gates:
            _decide(ledger, settings, evaluation_id, gates[pillar])
        else:
            _hold(ledger, evaluation_id, pillar, "error", f"dbt could not build it: {result.first_failure()}")


def _decide(ledger: Ledger, settings: Settings, evaluation_id: str, gate: "GateResult") -> None:
    pillar, warehouse = gate.gate, warehouse_file(settings, evaluation_id)
    ledger.record_gate(evaluation_id, pillar, gate.outcome, _checks(gate))
    if not gate.passed:
        _record_hold(ledger, evaluation_id, pillar, f"{gate.outcome}: {_why(gate)}")
        return
    relative = Path("promoted") / pillar / f"{evaluation_id}.parquet"
    digest = files.export_mart(warehouse, pillar, settings.home / relative)
    ledger.record_promotion(evaluation_id, pillar, path=str(relative), sha256=digest, reason=None)


def _hold(ledger: Ledger, evaluation_id: str, pillar: str, outcome: str, why: str) -> None:
    check = {"name": "dbt build", "severity": "critical", "outcome": outcome, "message": why, "failing_rows": []}
    ledger.record_gate(evaluation_id, pillar, outcome, [check])
    _record_hold(ledger, evaluation_id, pillar, f"{outcome}: {why}")


def _record_hold(ledger: Ledger, evaluation_id: str, pillar: str, reason: str) -> None:
    log.warning("pillar held", evaluation=evaluation_id, pillar=pillar, reason=reason)
    ledger.record_promotion(evaluation_id, pillar, path=None, sha256=None, reason=reason)


def _checks(gate: "GateResult") -> list[Mapping[str, object]]:
    checks = gate.as_dict()["checks"]
    assert isinstance(checks, tuple | list)
    return list(checks)


def _why(gate: "GateResult") -> str:
    return "; ".join(f"{check.name}: {check.message}" for check in gate.blocking[:3]) or "no check was carried out"


def _inputs_sha256(batches: Sequence[Batch]) -> str:
    """What an evaluation depends on: the batches in force, and every file that holds a rule."""
    digest = hashlib.sha256()
    for batch in sorted(batches, key=lambda batch: batch.batch_id):
        digest.update(f"{batch.batch_id} {batch.landed_sha256}\n".encode())
    for folder, patterns in (("dbt_project", ("*.sql", "*.yml", "*.csv")), ("expectations", ("*.py",))):
        for path in sorted(path for pattern in patterns for path in (REPOSITORY / folder).rglob(pattern)):
            digest.update(path.relative_to(REPOSITORY).as_posix().encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def held_pillars(ledger: Ledger) -> Mapping[str, Promotion]:
    """Pillars whose last good version stays, with the first decision that held them."""
    return {pillar: found for pillar in PILLARS if (found := ledger.held_since(pillar)) is not None}
