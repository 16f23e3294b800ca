"""What the pulls of a source came to as a whole: how far they read, what they confirmed, what they revised.

A pull may bring several coverages, each a batch of its own; only the whole of them says that nothing below a cursor is
missing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from ledger import tables as t
from ledger.engine import Store
from ledger.records import Maturity, Revision


@dataclass(frozen=True)
class Confirmed:
    """When a coverage was last found as it is, and whether it changed after it had been final."""

    at: datetime
    revised: bool


class PullStore(Store):
    """Reading what whole pulls came to."""

    def read_up_to(self, source_id: str, contract_sha256: str, synthetic: bool, *, after: str = "") -> str | None:
        """The highest cursor that is read for good under a contract; None where everything must be read.

        ``synthetic``: from a simulator, or from the real system. What the one gave says nothing of the other.

        - A pull counts when every batch of it is accepted or unchanged. One that died, failed or was held leaves rows
          behind that must be asked for again.
        - Nothing counts before one pull has read everything, later than the pull ``after``.
        - A replay does not count: it asked nobody.
        """
        whole = (
            sa.select(t.batch.c.pull_id)
            .where(
                t.batch.c.source_id == source_id,
                t.batch.c.contract_sha256 == contract_sha256,
                t.batch.c.replay_of.is_(None),
            )
            .group_by(t.batch.c.pull_id)
            .having(
                sa.func.bool_and(t.batch.c.status.in_(["accepted", "unchanged"]) & (t.batch.c.synthetic == synthetic))
            )
        )
        everything = sa.exists(
            whole.having(sa.func.bool_and(t.batch.c.merge.is_(None))).where(t.batch.c.pull_id > after)
        )
        # Dates and moments are texts of one length, whole numbers have no leading zeros.
        query = (
            sa.select(t.batch.c.cursor)
            .where(t.batch.c.pull_id.in_(whole), t.batch.c.cursor.is_not(None), everything)
            .order_by(sa.func.length(t.batch.c.cursor).desc(), t.batch.c.cursor.desc())
            .limit(1)
        )
        with self._begin() as connection:
            found: str | None = connection.execute(query).scalar()
            return found

    def usual_sizes(self, source_id: str, n: int = 5) -> list[int]:
        """Rows received for the newest coverages, each as the last pull found it that came to its end.

        Batches of a pull that died are no history: its rerun must be judged as it would have been.
        """
        ended = (
            sa.select(t.batch.c.pull_id)
            .where(t.batch.c.source_id == source_id)
            .group_by(t.batch.c.pull_id)
            .having(~sa.func.bool_or(t.batch.c.status.in_(["running", "failed"])))
        )
        newest = (
            sa.select(t.batch.c.coverage, t.batch.c.rows_received)
            .where(
                t.batch.c.pull_id.in_(ended),
                t.batch.c.status.in_(["accepted", "unchanged"]),
                t.batch.c.merge.is_(None),
                t.batch.c.coverage.is_not(None),
            )
            .distinct(t.batch.c.coverage)
            .order_by(t.batch.c.coverage.desc(), t.batch.c.batch_id.desc())
            .limit(n)
        )
        with self._begin() as connection:
            return [int(row.rows_received) for row in connection.execute(newest)]

    def confirmed(self, source_id: str, until: datetime | None = None) -> Mapping[str | None, Confirmed]:
        """For each coverage in force, when a pull last found it as it is (by what was known at ``until``).

        A delta confirms all coverages: it asked for whatever had changed.
        """
        found = sa.select(
            t.batch.c.coverage,
            sa.func.max(_asked_at()).label("at"),
            sa.func.bool_or(t.batch.c.merge.is_not(None)).label("by_delta"),
            sa.func.bool_or(t.revision.c.was.in_(["final", "revised"]) & (t.batch.c.status == "accepted")).label(
                "revised"
            ),
        ).select_from(t.batch.outerjoin(t.revision, t.revision.c.batch_id == t.batch.c.batch_id))
        wanted = (t.batch.c.source_id == source_id) & t.batch.c.status.in_(["accepted", "unchanged"])
        if until is not None:
            wanted &= t.batch.c.finished_at <= until
        with self._begin() as connection:
            rows = connection.execute(found.where(wanted).group_by(t.batch.c.coverage)).all()
        latest = max((row.at for row in rows), default=None)
        if any(row.by_delta for row in rows) and latest is not None:
            return {row.coverage: Confirmed(latest, bool(row.revised)) for row in rows}
        return {row.coverage: Confirmed(row.at, bool(row.revised)) for row in rows}

    def unchanged_since(self, source_id: str, coverage: str | None, pull_id: str) -> str | None:
        """The last batch of a newer pull that found what is in force of a coverage as it is; None without any."""
        b = t.batch.c
        query = sa.select(sa.func.max(b.batch_id)).where(
            b.source_id == source_id,
            b.coverage.is_not_distinct_from(coverage),
            b.status == "unchanged",
            b.pull_id > pull_id,
        )
        with self._begin() as connection:
            found: str | None = connection.execute(query).scalar()
            return found

    def newest_content(self, source_id: str) -> datetime | None:
        """When what came last and was accepted came for the first time; None before the first.

        The same content again is not newer, under whatever contract it is landed.
        """
        first = (
            sa.select(sa.func.min(_asked_at()).label("at"))
            .where(t.batch.c.source_id == source_id, t.batch.c.status.in_(["accepted", "unchanged"]))
            .group_by(t.batch.c.coverage, t.batch.c.content_sha256)
            .subquery()
        )
        with self._begin() as connection:
            found: datetime | None = connection.execute(sa.select(sa.func.max(first.c.at))).scalar()
            return found

    def revisions(
        self, source_id: str | None = None, coverage: str | None = None, limit: int | None = None
    ) -> Sequence[Revision]:
        """Revisions by accepted batches (of one source, one coverage), newest first."""
        query = (
            sa.select(t.revision)
            .join(t.batch, t.batch.c.batch_id == t.revision.c.batch_id)
            .where(t.batch.c.status == "accepted")
            .order_by(t.revision.c.batch_id.desc())
        )
        if source_id is not None:
            query = query.where(t.batch.c.source_id == source_id)
        if coverage is not None:
            query = query.where(t.revision.c.coverage == coverage)
        with self._begin() as connection:
            return [_revision(row) for row in connection.execute(query.limit(limit)).mappings()]


def _asked_at() -> sa.ColumnElement[datetime | None]:
    """When what a batch holds was pulled: of a replay, however often its pages were landed again, when they came."""
    origin = t.batch.alias("origin")
    pulled = (
        sa.select(sa.func.max(origin.c.finished_at))
        .where(origin.c.source_id == t.batch.c.source_id, origin.c.pull_id == t.batch.c.fetched_by)
        .scalar_subquery()
    )
    return sa.case((t.batch.c.replay_of.is_(None), t.batch.c.finished_at), else_=pulled)


def _revision(row: sa.RowMapping) -> Revision:
    was: Maturity | None = row["was"]
    return Revision(
        batch_id=row["batch_id"],
        previous_batch_id=row["previous_batch_id"],
        coverage=row["coverage"],
        changed=row["changed"],
        added=row["added"],
        removed=row["removed"],
        was=was,
        path=row["path"],
        sha256=row["sha256"],
    )
