"""From landed rows to a decision: collects what the gate's policy needs, and writes the files it is about."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.decide.drift import Form, Seen, changes, form_of, judged
from connectors.decide.facts import Before, Facts, Reason, Siblings
from connectors.decide.gate import capped, decide, too_many
from connectors.decide.in_force import Beside, beside, revision, up_to
from connectors.landing.comparing import Comparison
from connectors.landing.counts import LandedRows
from connectors.landing.files import LandedFiles
from connectors.landing.landing import Landing
from connectors.source.plan import SNAPSHOT, Plan
from connectors.source.source import Source
from ledger.records import Batch, BatchStatus, Revision
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
    known: int | None = None
    revision: Revision | None = None


def judge(
    source: Source,
    ledger: Ledger,
    landing: Landing,
    rows: LandedRows,
    *,
    contract_sha256: str,
    synthetic: bool,
    home: Path,
    folder: Path,
    history: Sequence[int] = (),
    plan: Plan = SNAPSHOT,
    place: str | None = None,
    siblings: Siblings | None = None,
) -> Judged:
    """Write one coverage's files into ``folder`` (which is named by the batch) and decide about them.

    ``history``: usual sizes of the source's coverages, as they stood when the pull began. ``plan``: what was asked for.
    ``place``: that of a replay in the order of pulls; None for a pull, which comes after all others.
    ``siblings``: the whole pull, where rows say their coverage themselves.
    """
    force = ledger.in_force(source.id)
    own = up_to(force, rows.coverage, place)
    alone = own.alone
    holds, notes = _drift(source, landing, rows, home, own.newest)
    findings = [finding.as_row() for finding in (*notes, *_findings(source, rows))]
    same_kind = alone is not None and (alone.contract_sha256, alone.synthetic) == (contract_sha256, synthetic)
    if plan.merge is None and alone is not None and same_kind and _same_bytes(alone, rows):
        return Judged("unchanged", (), findings, None, alone)
    found = beside(home, force, landing, rows.coverage, plan, place=place, synthetic=synthetic)
    known = _known(found.comparison, plan)
    files = landing.write(rows.coverage, folder)
    _write_form(folder, form_of(source.contract, landing.sample(rows.coverage)))
    facts = Facts(
        coverage=rows.coverage,
        contract_sha256=contract_sha256,
        content_sha256=rows.content_sha256,
        context_sha256=rows.context_sha256,
        rows_sha256=files.rows_sha256,
        received=rows.received,
        landed=rows.landed,
        quarantined=rows.quarantined,
        before=_before(found, found.newest, plan) if found.newest is not None else None,
        trailing=_trailing(source, ledger, rows.coverage, history),
        copies=tuple(_copies(ledger, source, rows)),
        doubled_pages=rows.doubled,
        drift=holds,
        new_rows=rows.landed - known if known is not None else None,
        replay=place is not None,
        synthetic=synthetic,
        siblings=siblings,
    )
    decision = decide(facts, source.assertions)
    if decision.outcome == "unchanged":
        shutil.rmtree(folder)
        return Judged("unchanged", (), findings, None, found.newest, known)
    reasons = [reason.as_row() for reason in decision.reasons]
    # A held batch may be released: what it would change is written while its rows are at hand.
    changes = (
        revision(source, ledger, landing, rows.coverage, found, folder=folder, home=home)
        if decision.outcome in ("accepted", "held")
        else None
    )
    return Judged(decision.outcome, reasons, findings, files, found.newest, known, changes)


def _known(comparison: Comparison | None, plan: Plan) -> int | None:
    """Landed rows of a delta that change nothing; None where the batch replaces its coverage."""
    if plan.merge is None:
        return None
    return comparison.known if comparison is not None else 0


def _same_bytes(before: Batch, rows: LandedRows) -> bool:
    """The quick way to 'unchanged': nothing needs to be written to see it."""
    # A cursor that was in the future then may not be now.
    same_refused = before.rows_quarantined == rows.quarantined
    same_content = before.content_sha256 == rows.content_sha256 and before.context_sha256 == rows.context_sha256
    return same_content and same_refused


def _before(found: Beside, newest: Batch, plan: Plan) -> Before:
    alone, comparison = found.alone, found.comparison
    # No single batch of several that were joined is what one that replaces them could equal.
    same_possible = alone is not None or plan.merge is not None
    # Rows landed under another contract may have another key; then the row floor alone has to do.
    keys, gone, changed = (
        (comparison.standing, comparison.removed, comparison.changed) if comparison is not None else (0, 0, 0)
    )
    return Before(
        batch_id=newest.batch_id,
        contract_sha256=newest.contract_sha256,
        content_sha256=(newest.content_sha256 or "") if same_possible else "",
        context_sha256=newest.context_sha256,
        synthetic=newest.synthetic,
        rows_sha256=(newest.landed_sha256 or "") if same_possible else "",
        received=(newest.rows_received or 0) if alone is not None else keys,
        quarantined=newest.rows_quarantined or 0,
        keys=keys,
        keys_gone=gone,
        keys_changed=changed,
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
    if cap := capped(rows.received):
        yield cap
    if many := too_many(rows.received, source.assertions):
        yield many
