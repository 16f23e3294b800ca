"""From landed rows to a decision: collects what the gate's policy needs, and writes the files it is about."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.contract import Ignore
from connectors.gate import Before, Decision, Facts, Reason, decide, too_many
from connectors.http.words import known_words
from connectors.landing.files import LandedFiles
from connectors.landing.landing import Landing
from connectors.landing.tally import LandedRows
from connectors.spec import Source
from ledger.records import Batch, BatchStatus
from ledger.store import Ledger

MAX_NAMES = 20
MAX_NAME = 60


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
    unknown = _unknown(source, rows)
    findings = [finding.as_row() for finding in _findings(source, rows, unknown)]
    if before is not None and _same_bytes(before, rows, contract_sha256):
        return Judged("unchanged", (), findings, None, before)
    files = landing.write(rows.coverage, folder)
    holds = source.contract.unknown_columns == "hold"
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
        unknown_hold=unknown if holds else (),
        absent=rows.absent,
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


def _unknown(source: Source, rows: LandedRows) -> tuple[str, ...]:
    """Fields nobody declared, as they may be shown: names come from the source and may be anything."""
    policy = source.contract.unknown_columns
    ignored = set(policy.ignore) if isinstance(policy, Ignore) else set()
    return tuple(_tame(name) for name in rows.unknown if name not in ignored)


def _tame(name: str) -> str:
    shown = "".join("#" if char.isdigit() else char if char.isprintable() else "?" for char in name)
    # A name of one word is a field's; several may be a row that was taken for the header.
    return (shown if len(shown.split()) == 1 else known_words(shown))[:MAX_NAME]


def _findings(source: Source, rows: LandedRows, unknown: Sequence[str]) -> Iterator[Reason]:
    if unknown and source.contract.unknown_columns != "hold":
        yield Reason(
            "unknown_columns",
            "the source sends fields the contract does not declare",
            "Declare them, drop them, or list them under unknown_columns.ignore",
            ", ".join(unknown[:MAX_NAMES]),
        )
    for rule, count in rows.flagged.items():
        do = "Look at them: they are landed, with this name in their _flags"
        yield Reason("flagged", f"rows break {rule}", do, str(count))
    if many := too_many(rows.received, source.assertions):
        yield many
