"""From landed rows to decisions: what the gate's policy needs is collected, and the files it is about are written."""

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from connectors.decide.batch_decision import BatchDecision
from connectors.decide.drift import Form, ObservedForm, by_policy, changes, form_of
from connectors.decide.facts import Before, Facts, PullRows, Reason
from connectors.decide.gate import capped, decide, repeated, too_many
from connectors.decide.in_force import InForce, baseline_of, write_revision
from connectors.decide.maturity import coverage_at
from connectors.decide.terms import Terms
from connectors.decide.whole_pull import all_or_none
from connectors.landing.comparing import Comparison
from connectors.landing.counts import LandedCoverage
from connectors.landing.files import LandedFiles
from connectors.landing.landing import Landing
from connectors.protocols.base import Noticed
from connectors.source.plan import Plan
from connectors.source.source import Source
from ledger.records import Batch
from ledger.store import Ledger

_TOLD = 5
FORM = "form.json"
"""Beside the rows: the form in which a batch's records came, for the next one to be compared with."""
_SHOWN = 20


class Decider:
    """Decides about the batches of one pull, by what was in force before it."""

    def __init__(self, terms: Terms, ledger: Ledger, landing: Landing) -> None:
        self._terms = terms
        self._source = terms.source
        self._plan = terms.plan
        self._ledger = ledger
        self._landing = landing
        self._force = ledger.in_force(terms.source.id)
        about = terms.source.coverage
        self._not_after = coverage_at(ledger.now() + about.believed_ahead, about.grain)
        # A pull is no history for itself: the sizes of its batches are not compared with each other.
        self._usual_sizes = ledger.usual_sizes(terms.source.id)

    def decide(self, landed: Sequence[tuple[LandedCoverage, Path]]) -> Sequence[BatchDecision]:
        """One decision for each coverage. Its files are in the folder beside it, which is named by its batch."""
        pull = self._pull_rows([rows for rows, _ in landed])
        of_pull = [rows for rows, _ in landed]
        decisions: list[BatchDecision] = []
        for rows, folder in landed:
            copies = tuple(self._copies(rows, of_pull, decisions))
            decision = self._decide(rows, folder, pull, copies)
            decisions.append(replace(decision, cursor=self._landing.highest_cursor(rows.coverage)))
        return all_or_none(self._source, self._plan, decisions, first=not any(one.rows_landed for one in self._force))

    def _decide(
        self, rows: LandedCoverage, folder: Path, pull: PullRows | None, copies: Sequence["_Copy"]
    ) -> BatchDecision:
        own = InForce.of(self._force, rows.coverage)
        holds, notes = self._drift(rows, own.newest)
        told = (*notes, *_findings(self._source, rows), *_alike(rows, copies))
        findings = [finding.as_row() for finding in told]
        if self._same_content(own.alone, rows):
            return BatchDecision(rows, "unchanged", (), findings, None, own.alone)
        baseline = baseline_of(self._terms, self._force, own)
        comparison = self._landing.compare(rows.coverage, baseline) if baseline is not None else None
        files = self._write(rows, folder)
        facts = self._facts(rows, own, comparison, files.rows_sha256)
        facts = replace(facts, copies=_names(copies, sure=True), drift=holds, pull=pull)
        decision = decide(facts, self._source.assertions)
        known = self._known(comparison)
        if decision.outcome == "unchanged":
            shutil.rmtree(folder)
            return BatchDecision(rows, "unchanged", (), findings, None, own.newest, known)
        # A held batch may be released: what it would change is written while its rows are at hand.
        revision = None
        if decision.outcome in ("accepted", "held") and baseline is not None and comparison is not None:
            revision = write_revision(
                self._terms, self._ledger, self._landing, own, folder, baseline=baseline, comparison=comparison
            )
        reasons = [reason.as_row() for reason in decision.reasons]
        return BatchDecision(rows, decision.outcome, reasons, findings, files, own.newest, known, revision)

    def _write(self, rows: LandedCoverage, folder: Path) -> LandedFiles:
        """Write a batch's files, and the form in which its records came."""
        files = self._landing.write(rows.coverage, folder)
        form = form_of(self._source.contract, self._landing.sample(rows.coverage))
        (folder / FORM).write_text(json.dumps({"order": form.order, "kinds": form.kinds}), encoding="utf-8")
        return files

    def _facts(self, rows: LandedCoverage, own: InForce, comparison: Comparison | None, rows_sha256: str) -> Facts:
        """What the gate must know of one batch by itself."""
        known = self._known(comparison)
        return Facts(
            coverage=rows.coverage,
            contract_sha256=self._terms.contract_sha256,
            content_sha256=rows.content_sha256,
            context_sha256=rows.context_sha256,
            rows_sha256=rows_sha256,
            received=rows.received,
            landed=rows.landed,
            quarantined=rows.quarantined,
            flagged=rows.flagged_rows,
            before=_before(own.newest, own.alone, comparison, self._plan) if own.newest is not None else None,
            trailing=self._trailing(rows.coverage),
            doubled_pages=rows.doubled,
            new_rows=rows.landed - known if known is not None else None,
            synthetic=self._terms.synthetic,
            not_after=self._not_after,
            repeated=_repeated(rows, announced=True),
        )

    def _pull_rows(self, landed: Sequence[LandedCoverage]) -> PullRows | None:
        """What each batch must know of its whole pull; None where the request says the coverage."""
        if self._source.coverage_column is None:
            return None
        unclear = sum(rows.received for rows in landed if rows.coverage is None)
        return PullRows(sum(rows.received for rows in landed), unclear)

    def _same_content(self, before: Batch | None, rows: LandedCoverage) -> bool:
        """The quick way to 'unchanged': nothing needs to be written to see it."""
        if self._plan.merge is not None or before is None:
            return False
        if (before.contract_sha256, before.synthetic) != (self._terms.contract_sha256, self._terms.synthetic):
            return False
        # A cursor that was in the future then may not be now.
        same_refused = before.rows_quarantined == rows.quarantined
        same_content = before.content_sha256 == rows.content_sha256 and before.context_sha256 == rows.context_sha256
        return same_content and same_refused

    def _known(self, comparison: Comparison | None) -> int | None:
        """Landed rows of a delta that change nothing; None where the batch replaces its coverage."""
        if self._plan.merge is None:
            return None
        return comparison.known if comparison is not None else 0

    def _trailing(self, coverage: str | None) -> Sequence[int]:
        """Sizes of the last accepted batches of this coverage. A new month is compared with the months before it.

        A new year or semester is not: the first figures of a year are few, and a source may cover less in one year.
        """
        own = self._ledger.trailing_rows(self._source.id, coverage)
        return own or (self._usual_sizes if self._source.coverage.grain == "month" else ())

    def _copies(
        self, rows: LandedCoverage, of_pull: Sequence[LandedCoverage], earlier: Sequence[BatchDecision]
    ) -> Iterator["_Copy"]:
        """What has the same content: what is in force, once ``earlier`` ones count, and other coverages of the pull.

        Of two coverages of one pull that say the same nobody can know which one is right: neither comes in force.
        """
        accepted = {one.rows.coverage for one in earlier if one.status == "accepted"}
        for batch in self._ledger.same_content(rows.content_sha256, self._source.id, rows.coverage, rows.own_sha256):
            replaced = batch.source_id == self._source.id and batch.coverage in accepted and self._plan.merge is None
            if not replaced and any(one.batch_id == batch.batch_id for one in self._ledger.in_force(batch.source_id)):
                same_bytes = batch.content_sha256 == rows.content_sha256
                yield _Copy(f"{batch.source_id} {batch.coverage}", sure=same_bytes or not rows.echoed)
        for other in of_pull:
            same_bytes = other.content_sha256 == rows.content_sha256
            same_rows = rows.own_sha256 is not None and other.own_sha256 == rows.own_sha256
            if other is not rows and (same_bytes or same_rows):
                yield _Copy(f"{self._source.id} {other.coverage}", sure=same_bytes or not rows.echoed)

    def _drift(self, rows: LandedCoverage, before: Batch | None) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
        contract = self._source.contract
        observed = ObservedForm(
            received=rows.received,
            unknown=[name for name in rows.unknown if name not in set(contract.ignore)],
            absent=rows.absent,
            quarantine=rows.quarantine,
            sample=self._landing.sample(rows.coverage),
            before=_read_form(self._terms.home / before.landed_path)
            if before is not None and before.landed_path
            else None,
        )
        return by_policy(contract, changes(contract, observed, self._landing.fit))


@dataclass(frozen=True)
class _Copy:
    """The source and coverage that has the same content.

    Not ``sure`` where the rows say themselves that they are about something else: in that, the request may only echo.
    """

    of: str
    sure: bool


def _names(copies: Sequence[_Copy], *, sure: bool) -> Sequence[str]:
    return list(dict.fromkeys(one.of for one in copies if one.sure is sure))


def _alike(rows: LandedCoverage, copies: Sequence[_Copy]) -> Iterator[Reason]:
    others = [*_names(copies, sure=False), *(f"page {number}" for number in rows.alike)]
    if others:
        yield Reason(
            "alike",
            f"rows that differ from others by nothing but {', '.join(rows.echoed)}, as follows from what was asked for",
            "Ask the agency whether its system minds that parameter, or only repeats it",
            ", ".join(others[:_SHOWN]),
        )


def _before(newest: Batch, alone: Batch | None, comparison: Comparison | None, plan: Plan) -> Before:
    # No single batch of several that were joined is what one that replaces them could equal.
    same_possible = alone is not None or plan.merge is not None
    # Rows landed under another contract may have another key; then the row floor alone has to do.
    keys, gone, changed = (
        (comparison.in_force, comparison.removed, comparison.changed) if comparison is not None else (0, 0, 0)
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


def _read_form(rows: Path) -> Form | None:
    """The form of an earlier batch; None where it was not kept."""
    try:
        kept = json.loads(rows.with_name(FORM).read_text(encoding="utf-8"))
        return Form(tuple(kept["order"]), kept["kinds"])
    except (OSError, ValueError, KeyError):
        return None


def _repeated(rows: LandedCoverage, *, announced: bool) -> int:
    return sum(one.repeated for one in rows.listings if (one.announced is not None) is announced)


def _findings(source: Source, rows: LandedCoverage) -> Iterator[Reason]:
    for rule, count in rows.flagged.items():
        do = "Look at them: they are landed, with this name in their _flags"
        yield Reason("flagged", f"rows break {rule}", do, str(count))
    yield from _noticed(rows)
    if cap := capped([listing.rows for listing in rows.listings]):
        yield cap
    if not source.of_one_snapshot and (again := repeated(_repeated(rows, announced=False), announced=False)):
        yield again
    if many := too_many(rows.received, source.assertions):
        yield many


def _noticed(rows: LandedCoverage) -> Iterator[Reason]:
    """What the protocol noticed, one finding for each kind of it, with the first pages that have it."""
    found: dict[str, list[tuple[int, Noticed]]] = {}
    for seq, one in rows.noticed:
        found.setdefault(one.code, []).append((seq, one))
    for code, pages in found.items():
        told = "; ".join(f"page {seq}: {one.detail}" if one.detail else f"page {seq}" for seq, one in pages[:_TOLD])
        more = f"; and {len(pages) - _TOLD} more" if len(pages) > _TOLD else ""
        yield Reason(code, pages[0][1].what, pages[0][1].do, told + more)
