"""From landed rows to a decision: collects what the gate's policy needs, and writes the files it is about."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.drift import Form, Seen, changes, form_of, judged
from connectors.gate import Before, Decision, Facts, Reason, decide, too_many
from connectors.landing.files import LandedFiles
from connectors.landing.landing import Landing
from connectors.landing.tally import LandedRows
from connectors.spec import Source
from ledger.records import Batch, BatchStatus
from ledger.store import Ledger

FORM = "form.json"
"""Beside the rows: the form in which a batch's records came, for the next one to be compared with."""


@dataclass(frozen=True)
class Judged:
    """The decision about one batch, and where its rows are (nowhere when nothing changed)."""

    status: BatchStatus
    reasons: Sequence[Mapping[str, Any]]
    findings: Sequence[Mapping[str, Any]]
    files: LandedFiles | None
    before: Batch | None


def judge(
    source: Source,
    ledger: Ledger,
    landing: Landing,
    rows: LandedRows,
    *,
    contract_sha256: str,
    home: Path,
    folder: Path,
    history: Sequence[int] = (),
) -> Judged:
    """Write one coverage's files into ``folder`` and decide about them.

    ``history``: sizes of the source's last accepted batches of any coverage, as they stood when the pull began.
    """
    force = {batch.coverage: batch for batch in ledger.in_force(source.id)}
    before = force.get(rows.coverage)
    holds, notes = _drift(source, landing, rows, home, before)
    findings = [finding.as_row() for finding in (*notes, *_findings(source, rows))]
    if before is not None and _same_bytes(before, rows, contract_sha256):
        return Judged("unchanged", (), findings, None, before)
    files = landing.write(rows.coverage, folder)
    _write_form(folder, form_of(source.contract, landing.sample(rows.coverage)))
    facts = Facts(
        coverage=rows.coverage,
        contract_sha256=contract_sha256,
        content_sha256=rows.content_sha256,
        rows_sha256=files.rows_sha256,
        received=rows.received,
        landed=rows.landed,
        quarantined=rows.quarantined,
        before=_before(home, before, landing, rows) if before is not None else None,
        trailing=_trailing(source, ledger, rows.coverage, history),
        copies=tuple(_copies(ledger, source, rows)),
        doubled_pages=rows.doubled,
        drift=holds,
    )
    decision = decide(facts, source.assertions)
    return _judged(decision, findings, files, before, folder)


def _judged(
    decision: Decision,
    findings: Sequence[Mapping[str, Any]],
    files: LandedFiles,
    before: Batch | None,
    folder: Path,
) -> Judged:
    reasons = [reason.as_row() for reason in decision.reasons]
    if decision.outcome == "unchanged":
        shutil.rmtree(folder)
        return Judged("unchanged", reasons, findings, None, before)
    return Judged(decision.outcome, reasons, findings, files, before)


def _same_bytes(before: Batch, rows: LandedRows, contract_sha256: str) -> bool:
    """The quick way to 'unchanged': nothing needs to be written to see it."""
    return before.content_sha256 == rows.content_sha256 and before.contract_sha256 == contract_sha256


def _before(home: Path, batch: Batch, landing: Landing, rows: LandedRows) -> Before:
    keys, gone = 0, 0
    path = home / batch.landed_path if batch.landed_path else None
    # Rows landed under another contract may have another key; then the row floor alone has to do.
    if path is not None and path.is_file() and landing.same_key(path):
        keys, gone = landing.keys_gone(rows.coverage, path)
    return Before(
        batch_id=batch.batch_id,
        contract_sha256=batch.contract_sha256,
        content_sha256=batch.content_sha256 or "",
        rows_sha256=batch.landed_sha256 or "",
        received=batch.rows_received or 0,
        quarantined=batch.rows_quarantined or 0,
        keys=keys,
        keys_gone=gone,
    )


def _trailing(source: Source, ledger: Ledger, coverage: str | None, history: Sequence[int]) -> Sequence[int]:
    """Sizes of the last accepted batches of this coverage. A new month is compared with the months before it.

    A new year or semester is not: the first figures of a year are few, and a source may cover less in one year.
    Nor are the months of one pull compared with each other: none of them stood the test of time yet.
    """
    own = ledger.trailing_rows(source.id, coverage)
    return own or (history if source.coverage.grain == "month" else ())


def _copies(ledger: Ledger, source: Source, rows: LandedRows) -> Iterator[str]:
    for batch in ledger.same_content(rows.content_sha256, source.id, rows.coverage):
        if any(other.batch_id == batch.batch_id for other in ledger.in_force(batch.source_id)):
            yield f"{batch.source_id} {batch.coverage}"


def _drift(
    source: Source, landing: Landing, rows: LandedRows, home: Path, before: Batch | None
) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
    ignored = set(source.contract.ignore)
    seen = Seen(
        received=rows.received,
        unknown=[name for name in rows.unknown if name not in ignored],
        absent=rows.absent,
        quarantine=rows.quarantine,
        sample=landing.sample(rows.coverage),
        before=_read_form(home / before.landed_path) if before is not None and before.landed_path else None,
    )
    return judged(source.contract, changes(source.contract, seen, landing.fit))


def _write_form(folder: Path, form: Form) -> None:
    (folder / FORM).write_text(json.dumps({"order": form.order, "kinds": form.kinds}), encoding="utf-8")


def _read_form(rows: Path) -> Form | None:
    """The form of an earlier batch; None where it was not kept."""
    try:
        kept = json.loads(rows.with_name(FORM).read_text(encoding="utf-8"))
        return Form(tuple(kept["order"]), kept["kinds"])
    except (OSError, ValueError, KeyError):
        return None


def _findings(source: Source, rows: LandedRows) -> Iterator[Reason]:
    for rule, count in rows.flagged.items():
        do = "Look at them: they are landed, with this name in their _flags"
        yield Reason("flagged", f"rows break {rule}", do, str(count))
    if many := too_many(rows.received, source.assertions):
        yield many
