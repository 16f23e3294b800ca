"""Quarantined rows in the ledger: what was refused, what has become of it, and who decided so."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import sqlalchemy as sa

from ledger import tables as t
from ledger.batch_store import RECEIPT_LOCK, BatchStore
from ledger.clock import local_zone
from ledger.errors import LedgerError
from ledger.quarantine import DECIDED, Decided, Dismissal, Fate, Refused, fates
from ledger.receipt_store import write_receipt

Key = tuple[str, str, str]


class QuarantineStore(BatchStore):
    """Reading what is in quarantine, and recording decisions about it."""

    def decided(self, source_id: str | None = None) -> Sequence[Decided]:
        """Every batch that brought something new, whatever its gate made of it, oldest first."""
        b = t.batch.c
        told = (b.batch_id, b.source_id, b.coverage, b.status, b.replay_of, b.started_at, b.merge.is_not(None))
        query = sa.select(*told, b.pull_id, b.cursor.is_not(None) | b.merge.is_not(None)).where(b.status.in_(DECIDED))
        if source_id is not None:
            query = query.where(b.source_id == source_id)
        with self._begin() as connection:
            return [Decided(*row) for row in connection.execute(query.order_by(b.batch_id))]

    def fates(self, source_id: str | None = None) -> Mapping[str, Fate]:
        """What has become of the quarantined rows of each decided batch, by its id."""
        return fates(self.decided(source_id), {batch.batch_id for batch in self.in_force(source_id)})

    def refused(self, source_id: str | None = None) -> Sequence[Refused]:
        """Everything in quarantine by batch, rule and field, with what has become of it; the newest batch first."""
        batches = {batch.batch_id: batch for batch in self.decided(source_id)}
        fate = self.fates(source_id)
        dismissed, standing = self._dismissed(), self._standing()
        since: dict[tuple[str, str | None, str, str], datetime] = {}
        found = []
        for batch_id, rule, field, rows in self._counts(source_id):
            batch = batches[batch_id]
            began = since.setdefault((batch.source_id, batch.coverage, rule, field), batch.started_at)
            named = min(rows, dismissed.get((batch_id, rule, field), 0))
            earlier = standing.get((batch.source_id, batch.coverage, rule, field), ())
            gone = min(rows, max([named, *(count for decided, count in earlier if decided < batch_id)]))
            found.append(Refused(batch, rule, field, rows, gone, fate[batch_id], began, named=named))
        return sorted(found, key=lambda one: (one.batch.batch_id, one.rows), reverse=True)

    def dismissals(self, batch_id: str) -> Sequence[Dismissal]:
        """The decisions about one batch's quarantined rows, oldest first."""
        d = t.dismissal.c
        query = sa.select(d.batch_id, d.rule, d.field, d.row, d.who, d.why, d.dismissed_at, d.until).where(
            d.batch_id == batch_id
        )
        with self._begin() as connection:
            return [Dismissal(*row) for row in connection.execute(query.order_by(d.dismissal_id))]

    def dismiss(
        self, rows: Sequence[tuple[Key, int | None]], who: str, why: str, until: date | None = None
    ) -> Sequence[int]:
        """Record that somebody decided about quarantined rows; they stay in quarantine.

        ``rows``: (batch, rule, field), and a row's number or None for all of them. Each batch gets a receipt that holds
        its decisions; returns the receipts' numbers.

        ``until``: up to that day, a decision about all rows of a rule and field holds for later batches of the coverage
        too. It holds for as many rows as there are now; one more is asked about.
        Raises LedgerError when there is nothing to decide about.
        """
        if not rows:
            raise LedgerError("no open row in quarantine fits", where="quarantine", do="See `pilar quarantine list`")
        values = [
            {"batch_id": batch, "rule": rule, "field": field, "row": row, "who": who, "why": why, "until": until}
            for (batch, rule, field), row in rows
        ]
        with self.lock(RECEIPT_LOCK), self._begin() as connection:
            connection.execute(sa.insert(t.dismissal), values)
            batches = sorted({batch for (batch, _, _), _ in rows})
            return [write_receipt(connection, batch_id).seq for batch_id in batches]

    def _counts(self, source_id: str | None) -> Sequence[tuple[str, str, str, int]]:
        q = t.quarantine.c
        query = sa.select(q.batch_id, q.rule, q.field, q.rows).join(t.batch).where(t.batch.c.status.in_(DECIDED))
        if source_id is not None:
            query = query.where(t.batch.c.source_id == source_id)
        with self._begin() as connection:
            return [(row[0], row[1], row[2], row[3]) for row in connection.execute(query.order_by(q.batch_id))]

    def _standing(self) -> Mapping[tuple[str, str | None, str, str], Sequence[tuple[str, int]]]:
        """Decisions that hold for later batches today: by source, coverage, rule and field the batch and its rows."""
        d, q, b = t.dismissal.c, t.quarantine.c, t.batch.c
        today = sa.cast(sa.func.timezone(local_zone().key, sa.func.now()), sa.Date)
        query = (
            sa.select(b.source_id, b.coverage, d.rule, d.field, d.batch_id, q.rows)
            .join_from(t.dismissal, t.quarantine)
            .join(t.batch, b.batch_id == d.batch_id)
            .where(d.row.is_(None), d.until >= today)
        )
        found: dict[tuple[str, str | None, str, str], list[tuple[str, int]]] = {}
        with self._begin() as connection:
            for source_id, coverage, rule, field, batch_id, rows in connection.execute(query):
                found.setdefault((source_id, coverage, rule, field), []).append((batch_id, rows))
        return found

    def _dismissed(self) -> Mapping[Key, int]:
        """How many rows of a batch, rule and field were dismissed; more than there are where all of them were."""
        d = t.dismissal.c
        every = sa.func.bool_or(d.row.is_(None))
        query = sa.select(
            d.batch_id, d.rule, d.field, sa.case((every, 2**62), else_=sa.func.count(sa.distinct(d.row)))
        ).group_by(d.batch_id, d.rule, d.field)
        with self._begin() as connection:
            return {(row[0], row[1], row[2]): int(row[3]) for row in connection.execute(query)}
