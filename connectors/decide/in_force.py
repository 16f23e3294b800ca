"""What is in force of a coverage, and the revision that accepting a batch of it would be."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.decide.maturity import maturity_of
from connectors.decide.terms import Terms
from connectors.landing.comparing import Baseline, Comparison
from connectors.landing.landing import Landing
from connectors.source.source import Source
from ledger.records import Batch, Maturity, Revision
from ledger.store import Ledger

SETTLED = ("final", "revised")


@dataclass(frozen=True)
class InForce:
    """The batches in force of one coverage, in the order of their pulls."""

    coverage: str | None
    batches: tuple[Batch, ...]

    @classmethod
    def of(cls, force: Sequence[Batch], coverage: str | None) -> "InForce":
        """Those of a coverage among all that are in force of a source."""
        return cls(coverage, tuple(batch for batch in force if batch.coverage == coverage))

    @property
    def newest(self) -> Batch | None:
        """The latest of them."""
        return self.batches[-1] if self.batches else None

    @property
    def alone(self) -> Batch | None:
        """The one batch that holds all rows of the coverage, if there is one only."""
        return self.batches[0] if len(self.batches) == 1 and self.batches[0].merge is None else None


def baseline_of(terms: Terms, force: Sequence[Batch], own: InForce) -> Baseline | None:
    """The rows in force that a batch is compared with; None where there are none, or their files are gone.

    Of other coverages only what is of the same kind counts: rows of a simulator and of the real system never join.
    """
    kind = own.newest.synthetic if own.newest is not None else terms.synthetic
    force = [batch for batch in force if batch.synthetic == kind]
    merge = terms.plan.merge or next((batch.merge for batch in reversed(force) if batch.merge is not None), None)
    # Without deltas no other coverage holds a row of this one.
    wanted = own.batches if merge is None else tuple(force) if own.batches or terms.plan.merge is not None else ()
    files = tuple((batch.batch_id, terms.home / batch.landed_path) for batch in wanted if batch.landed_path is not None)
    if not files or not all(path.is_file() for _, path in files):
        return None
    return Baseline(files, merge, whole=terms.plan.merge is None)


def write_revision(
    terms: Terms,
    ledger: Ledger,
    landing: Landing,
    own: InForce,
    folder: Path,
    *,
    baseline: Baseline,
    comparison: Comparison,
) -> Revision | None:
    """Write what a batch changes of the figures in force before it; None where it changes none.

    ``folder`` is the batch's own. Rows that a delta adds to a period that is not settled yet are its growth, and no
    revision.
    """
    coverage, before, counts = own.coverage, own.newest, comparison
    if coverage is None or (before is None and not counts.changed):
        return None
    was = _maturity(terms.source, ledger, coverage)
    additions = baseline.whole or (before is not None and was in SETTLED)
    if not counts.changed and not counts.removed and not (additions and counts.added):
        return None
    path, digest = landing.write_revision(coverage, baseline, folder, additions=additions)
    return Revision(
        batch_id=folder.name,
        previous_batch_id=before.batch_id if before is not None else baseline.files[-1][0],
        coverage=coverage,
        changed=counts.changed,
        added=counts.added,
        removed=counts.removed,
        was=was,
        path=path.relative_to(terms.home).as_posix(),
        sha256=digest,
    )


def _maturity(source: Source, ledger: Ledger, coverage: str) -> Maturity | None:
    if source.coverage.final_after is None:
        return None
    return maturity_of(source, coverage, ledger.confirmed(source.id))
