"""Findings in the ledger: each known by what it is about, open until an evaluation that looked no longer sees it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ledger import tables as t
from ledger.engine import Store
from ledger.records import Evaluation, FindingRow, FoundNow

_AT_ONCE = 1000


class FindingStore(Store):
    """Reading and writing what publications found wrong."""

    def open_findings(self) -> Mapping[str, datetime]:
        """Since when each finding that is not closed stands."""
        f = t.finding.c
        with self._begin() as connection:
            rows = connection.execute(sa.select(f.finding_id, f.opened_at).where(f.state != "closed"))
            return {str(finding_id): opened_at for finding_id, opened_at in rows}

    def record_findings(self, evaluation: Evaluation, found: Sequence[FoundNow], looked: Collection[str]) -> None:
        """What the evaluation that is published now found, and by which looks. A second call changes nothing.

        A finding that is there opens, stays open or opens again. One that its look no longer saw closes. What was not
        looked for stays as it is.
        """
        by, at = evaluation.evaluation_id, evaluation.started_at
        f = t.finding.c
        with self._begin() as connection:
            for start in range(0, len(found), _AT_ONCE):
                connection.execute(_seen(found[start : start + _AT_ONCE], by, at))
            connection.execute(
                sa.update(t.finding)
                .where(f.state != "closed", f.look.in_(looked), f.last_seen != by)
                .values(state="closed", closed_by=by, closed_at=at)
            )

    def findings(self, *, closed: bool = False) -> Sequence[FindingRow]:
        """The findings that stand, or those that are closed; of each owner the surest and oldest first."""
        f = t.finding.c
        query = (
            sa.select(t.finding)
            .where((f.state == "closed") if closed else (f.state != "closed"))
            .order_by(f.owner, f.severity, f.rule, f.opened_at, f.region_code, f.period, f.finding_id)
        )
        with self._begin() as connection:
            return [FindingRow(**row) for row in connection.execute(query).mappings()]


def _seen(found: Sequence[FoundNow], by: str, at: datetime) -> sa.Insert:
    rows = [
        {
            "finding_id": one.finding_id,
            "look": one.look,
            **one.told,
            "state": "open",
            **dict.fromkeys(("first_seen", "last_seen"), by),
            **dict.fromkeys(("first_seen_at", "opened_at", "last_seen_at"), at),
        }
        for one in found
    ]
    statement = insert(t.finding).values(rows)
    new, old = statement.excluded, t.finding.c
    returns = old.state == "closed"
    return statement.on_conflict_do_update(
        index_elements=["finding_id"],
        set_={
            **{name: new[name] for name in ("look", *FoundNow.TOLD, "last_seen", "last_seen_at")},
            "state": sa.case((returns, "reopened"), else_=old.state),
            "opened_at": sa.case((returns, new.opened_at), else_=old.opened_at),
            "closed_by": None,
            "closed_at": None,
        },
    )
