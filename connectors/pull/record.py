"""Recording what became of a batch: its row in the ledger and its receipt."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from connectors.decide.batch_decision import BatchDecision
from connectors.decide.terms import Terms
from connectors.decide.whole_pull import counts_as_a_whole
from connectors.pull.open_batches import OpenBatch
from connectors.pull.outcome import BatchOutcome
from ledger.records import BatchResult
from ledger.seals import seal
from ledger.store import Ledger


def record(terms: Terms, decision: BatchDecision, batch: OpenBatch, ledger: Ledger) -> BatchOutcome:
    """Write the receipt of one batch: from here on it counts."""
    rows, home = decision.rows, terms.home
    files = decision.files
    result = BatchResult(
        status=decision.status,
        coverage=rows.coverage,
        rows_received=rows.received,
        rows_landed=rows.landed,
        rows_quarantined=rows.quarantined,
        landed_path=files.rows.relative_to(home).as_posix() if files is not None else None,
        landed_sha256=files.rows_sha256 if files is not None else None,
        content_sha256=rows.content_sha256,
        context_sha256=rows.context_sha256,
        own_sha256=rows.own_sha256,
        synthetic=terms.synthetic,
        reasons=decision.reasons,
        findings=decision.findings,
        quarantine=rows.quarantine,
        files=_sealed(decision, home),
        rows_known=decision.known,
        merge=terms.plan.merge,
        cursor=decision.cursor,
        revision=decision.revision,
        whole_pull=counts_as_a_whole(terms.source),
    )
    ledger.finish_batch(batch.batch_id, result)
    return BatchOutcome(
        batch.batch_id,
        rows.coverage,
        decision.status,
        rows.received,
        rows.landed,
        rows.quarantined,
        decision.reasons,
        decision.findings,
    )


def _sealed(decision: BatchDecision, home: Path) -> Sequence[Mapping[str, Any]]:
    if decision.files is None:
        return ()
    files = decision.files
    written = [(files.rows, files.rows_seal), (files.quarantine, files.quarantine_seal)]
    if decision.revision is not None:
        path = home / decision.revision.path
        written.append((path, seal(path)))
    return tuple(sealed.as_row(path.relative_to(home).as_posix()) for path, sealed in written)
