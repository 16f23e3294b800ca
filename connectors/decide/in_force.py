"""What is in force beside a batch that is being judged, and the revision that accepting it would be."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from connectors.decide.maturity import maturity_of
from connectors.landing.comparing import Comparison, Standing
from connectors.landing.landing import Landing
from connectors.source.plan import Plan
from connectors.source.source import Source
from ledger.records import Batch, Maturity, Revision
from ledger.store import Ledger

SETTLED = ("final", "revised")


@dataclass(frozen=True)
class Beside:
    """Batches in force when a batch is judged: those of its own coverage, and what it is compared with.

    Of its own coverage are meant those up to its place in the order of pulls.

    ``comparison`` is None where nothing can be compared: nothing is in force, or the key is another now.
    """

    own: tuple[Batch, ...]
    standing: Standing | None
    comparison: Comparison | None

    @property
    def newest(self) -> Batch | None:
        """The latest batch in force of the same coverage."""
        return self.own[-1] if self.own else None

    @property
    def alone(self) -> Batch | None:
        """The one batch that holds all rows of the coverage, if there is one only."""
        return self.own[0] if len(self.own) == 1 and self.own[0].merge is None else None


def up_to(force: Sequence[Batch], coverage: str | None, place: str | None) -> Beside:
    """What is in force of a coverage up to a place in the order of pulls (None: to its end), compared with nothing."""
    own = [batch for batch in force if batch.coverage == coverage and (place is None or batch.place <= place)]
    return Beside(tuple(own), None, None)


def beside(
    home: Path,
    force: Sequence[Batch],
    landing: Landing,
    coverage: str | None,
    plan: Plan,
    *,
    place: str | None,
    synthetic: bool,
) -> Beside:
    """Compare a landed coverage with what is in force of its source. ``place``: that of a replay, None for a pull.

    Of other coverages only what is of the same kind counts: rows of a simulator and of the real system never join.
    """
    own = up_to(force, coverage, place).own
    kind = own[-1].synthetic if own else synthetic
    force = [batch for batch in force if batch.synthetic == kind]
    merge = plan.merge or next((batch.merge for batch in reversed(force) if batch.merge is not None), None)
    # Without deltas no other coverage holds a row of this one.
    wanted = own if merge is None else tuple(force) if own or plan.merge is not None else ()
    files = tuple((batch.batch_id, home / batch.landed_path) for batch in wanted if batch.landed_path is not None)
    if not files or not all(path.is_file() for _, path in files):
        return Beside(own, None, None)
    standing = Standing(files, merge, whole=plan.merge is None)
    if place is not None and merge is not None:
        replaced = [batch.batch_id for batch in own if plan.merge is None or batch.place == place]
        before = sum(batch.place <= place for batch in wanted)
        standing = replace(standing, before=before, replaced=frozenset(replaced))
    return Beside(own, standing, _compared(landing, coverage, standing))


def _compared(landing: Landing, coverage: str | None, standing: Standing) -> Comparison | None:
    found = landing.compare(coverage, standing)
    if found is None or not standing.in_place:
        return found
    # What a replay brings is told beside what it replaces; what of it is known already, beside all the others.
    others = landing.compare(coverage, standing.beside) if standing.beside.files else None
    return replace(found, known=others.known if others is not None else 0)


def revision(
    source: Source, ledger: Ledger, landing: Landing, coverage: str | None, found: Beside, *, folder: Path, home: Path
) -> Revision | None:
    """Write what a batch changes of the figures in force before it; None where it changes none.

    Rows that a delta adds to a period that is not settled yet are its growth, and no revision.
    """
    comparison, standing, before = found.comparison, found.standing, found.newest
    if comparison is None or standing is None or coverage is None:
        return None
    if before is None and not comparison.changed:
        return None
    was = _was(source, ledger, coverage)
    additions = standing.whole or (before is not None and was in SETTLED)
    if not comparison.changed and not comparison.removed and not (additions and comparison.added):
        return None
    path, digest = landing.write_revision(coverage, standing, folder, additions=additions)
    return Revision(
        batch_id=folder.name,
        previous_batch_id=before.batch_id if before is not None else standing.files[-1][0],
        coverage=coverage,
        changed=comparison.changed,
        added=comparison.added,
        removed=comparison.removed,
        was=was,
        path=path.relative_to(home).as_posix(),
        sha256=digest,
    )


def _was(source: Source, ledger: Ledger, coverage: str) -> Maturity | None:
    if source.coverage.final_after is None:
        return None
    return maturity_of(source, coverage, ledger.confirmed(source.id))
