"""Batches, their pages, what was quarantined and the receipt, in the ledger."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from ledger import tables as t
from ledger.engine import Store
from ledger.errors import LedgerError
from ledger.receipt_store import write_receipt
from ledger.records import Batch, BatchResult, Merge, PageRow, QuarantineCount, Receipt

RECEIPT_LOCK = "receipt"
MACHINE_KIND = "machine"
"""The kind of a pull that failed because this machine had no room."""
DIED_KIND = "died"
DIED = "its process died on the way: it was killed, or had no memory left"


class BatchStore(Store):
    """Reading and writing batches."""

    def start_batch(
        self,
        source_id: str,
        opd: str,
        contract_sha256: str,
        event_id: str | None = None,
        pull_id: str | None = None,
        *,
        replay_of: str | None = None,
    ) -> str:
        """Open a batch. Until it is finished or failed it counts for nothing.

        ``pull_id`` is the first batch of the same pull; None where this is it. ``replay_of`` is the batch whose kept
        pages are landed again.
        """
        with self._begin() as connection:
            batch_id = self._next_id(connection, t.batch.c.batch_id)
            origin = sa.select(t.batch.c.fetched_by).where(t.batch.c.batch_id == replay_of).scalar_subquery()
            connection.execute(
                sa.insert(t.batch).values(
                    batch_id=batch_id,
                    pull_id=pull_id or batch_id,
                    fetched_by=origin if replay_of is not None else pull_id or batch_id,
                    source_id=source_id,
                    opd=opd,
                    contract_sha256=contract_sha256,
                    event_id=event_id,
                    replay_of=replay_of,
                    status="running",
                )
            )
        return batch_id

    def name_replayed(self, batch_id: str, replay_of: str) -> None:
        """Say of a batch that is being filled which batch's pages it lands again, once its coverage is known."""
        with self._begin() as connection:
            connection.execute(
                sa.update(t.batch)
                .where(t.batch.c.batch_id == batch_id, t.batch.c.status == "running")
                .values(replay_of=replay_of)
            )

    def add_pages(self, batch_id: str, pages: Iterable[PageRow]) -> None:
        """Record responses of a batch."""
        rows = [
            {
                "batch_id": batch_id,
                "seq": page.seq,
                "request": page.request,
                "status": page.status,
                "bytes": page.bytes,
                "sha256": page.sha256,
                "ms": page.ms,
                "path": page.path,
            }
            for page in pages
        ]
        if rows:
            with self._begin() as connection:
                connection.execute(sa.insert(t.page), rows)

    def finish_batch(self, batch_id: str, result: BatchResult) -> Receipt:
        """Write what became of a batch and its receipt, in one transaction.

        The chain's end is read under a lock, so that two batches that finish at once continue each other.
        """
        with self.lock(RECEIPT_LOCK), self._begin() as connection:
            connection.execute(
                sa.update(t.batch)
                .where(t.batch.c.batch_id == batch_id)
                .values(
                    status=result.status,
                    coverage=result.coverage,
                    rows_received=result.rows_received,
                    rows_landed=result.rows_landed,
                    rows_quarantined=result.rows_quarantined,
                    rows_known=result.rows_known,
                    merge=result.merge.as_row() if result.merge is not None else None,
                    cursor=result.cursor,
                    whole_pull=result.whole_pull,
                    landed_path=result.landed_path,
                    landed_sha256=result.landed_sha256,
                    files=[dict(file) for file in result.files],
                    content_sha256=result.content_sha256,
                    context_sha256=result.context_sha256,
                    own_sha256=result.own_sha256,
                    reasons=list(result.reasons),
                    findings=list(result.findings),
                    synthetic=result.synthetic,
                    finished_at=sa.func.now(),
                )
            )
            counts = [
                {"batch_id": batch_id, "rule": count.rule, "field": count.field, "rows": count.rows}
                for count in result.quarantine
            ]
            if counts:
                connection.execute(sa.insert(t.quarantine), counts)
            if result.revision is not None:
                connection.execute(sa.insert(t.revision).values(asdict(result.revision)))
            return write_receipt(connection, batch_id)

    def release_batches(self, batch_ids: Sequence[str], why: str, who: str | None = None) -> Sequence[Receipt]:
        """Put held batches of one source in force at once, by a person's decision; each gets a receipt of its own.

        ``who`` is the account or office that decides, never a person's name. It stands in the receipt with ``why``.

        Waits for a pull of the source that is under way. Raises LedgerError, and releases none, in these cases:

        - One of them is not held.
        - A newer batch of its coverage is in force, is held itself, or found what is in force unchanged.
        - Its pull counts as a whole, and any newer pull has come to its end.
        - Its pull counts as a whole, and another batch of it would stay behind.
        - Its pull counts as a whole, and its rows do not say their coverage: no later pull could say where they went.
        """
        [source_id, *others] = dict.fromkeys(self._held(batch_id).source_id for batch_id in batch_ids)
        if others:
            raise LedgerError(
                "only batches of one source are released together", where=source_id, do="Leave out others"
            )
        with self.deciding(source_id), self.together(), self.lock(RECEIPT_LOCK):
            # Looked up again: whoever held the locks may have released them, or pulled anew.
            batches = [self._held(batch_id) for batch_id in dict.fromkeys(batch_ids)]
            for batch in batches:
                _refuse_unclear(batch)
            receipts = [self._release(batch.batch_id, why if who is None else f"{why} (by {who})") for batch in batches]
            with self._begin() as connection:
                for batch in batches:
                    _refuse_parted(connection, batch)
        return receipts

    def _held(self, batch_id: str) -> Batch:
        batch = self.batch(batch_id)
        if batch is None or batch.status != "held":
            raise LedgerError(
                "only a held batch can be released", where=f"batch {batch_id}", do="See `pilar diagnose SOURCE`"
            )
        return batch

    def _release(self, batch_id: str, why: str) -> Receipt:
        note = {"code": "released", "what": "released by a person", "observed": why, "limit": "", "do": ""}
        with self._begin() as connection:
            _refuse_older(connection, batch_id)
            connection.execute(
                sa.update(t.batch)
                .where(t.batch.c.batch_id == batch_id)
                .values(status="accepted", reasons=t.batch.c.reasons.concat(sa.cast([note], JSONB)))
            )
            return write_receipt(connection, batch_id)

    def deciding(self, source_id: str) -> AbstractContextManager[None]:
        """Only one at a time pulls or replays a source, or releases a batch of it; the others wait."""
        return self.lock(f"pull:{source_id}")

    def fail_batch(self, batch_id: str, kind: str, message: str, *, retry_after: float | None = None) -> None:
        """Record that a batch came to nothing, and why. Called before the error is raised.

        ``retry_after``: how many seconds the source asked to be left alone, counted from now by the ledger's clock.
        """
        wait = None if retry_after is None else sa.func.make_interval(0, 0, 0, 0, 0, 0, retry_after)
        with self._begin() as connection:
            connection.execute(
                sa.update(t.batch)
                .where(t.batch.c.batch_id == batch_id, t.batch.c.status == "running")
                .values(
                    status="failed",
                    error_kind=kind,
                    error_message=message,
                    finished_at=sa.func.now(),
                    retry_at=None if wait is None else sa.func.now() + wait,
                )
            )

    def fail_dead(self, source_id: str) -> Sequence[str]:
        """Record that the batches of a source that are still running have died. Returns their ids.

        Called under the source's lock, before a batch is opened: whoever ran them held it, and does not any more.
        """
        with self._begin() as connection:
            return _fail_running(connection, source_id)

    def fail_all_dead(self) -> Sequence[str]:
        """As ``fail_dead``, of every source that nobody pulls now. Returns their ids."""
        running = sa.select(t.batch.c.source_id).where(t.batch.c.status == "running").distinct()
        found: list[str] = []
        with self._begin() as connection:
            sources = connection.execute(running).scalars().all()
        for source_id in sources:
            with self._begin() as connection:
                if self._may_lock(connection, f"pull:{source_id}"):
                    found += _fail_running(connection, source_id)
        return found

    def batch(self, batch_id: str) -> Batch | None:
        """One batch, or None."""
        found = self._batches(t.batch.c.batch_id == batch_id, limit=1)
        return found[0] if found else None

    def batches_by_id(self, batch_ids: Collection[str]) -> Mapping[str, Batch]:
        """These batches by their ids; one that does not exist is left out."""
        found = self._batches(t.batch.c.batch_id.in_(batch_ids), limit=len(batch_ids))
        return {batch.batch_id: batch for batch in found}

    def batches(self, source_id: str, limit: int = 20, until: datetime | None = None) -> Sequence[Batch]:
        """The newest batches of a source, newest first, whatever became of them; those ended by ``until``."""
        wanted = t.batch.c.source_id == source_id
        return self._batches(wanted if until is None else wanted & (t.batch.c.finished_at <= until), limit)

    def last_pull(self, source_id: str) -> Batch | None:
        """The newest batch that was fetched, and not landed again from kept pages."""
        found = self._batches((t.batch.c.source_id == source_id) & t.batch.c.replay_of.is_(None), limit=1)
        return found[0] if found else None

    def in_force(self, source_id: str | None = None) -> Sequence[Batch]:
        """The accepted batches (of one source, or of all) that no newer one replaced, in the order of their pulls.

        A batch replaces what was accepted of its coverage before; a delta does not, it joins them. A batch that landed
        kept pages again stands where their pull stands: what was pulled later still counts.
        """
        newer = t.batch.alias("newer")
        replaced = sa.exists().where(newer.c.status == "accepted", _replaces(newer, t.batch))
        query = sa.select(t.batch).where(t.batch.c.status == "accepted", ~replaced)
        if source_id is not None:
            query = query.where(t.batch.c.source_id == source_id)
        order = (t.batch.c.source_id, t.batch.c.fetched_by, t.batch.c.batch_id)
        with self._begin() as connection:
            return [_batch(row) for row in connection.execute(query.order_by(*order)).mappings()]

    def trailing_rows(self, source_id: str, coverage: str | None = None, n: int = 5) -> list[int]:
        """Rows received by the last accepted batches that replaced a coverage (of one, where given), newest first."""
        query = sa.select(t.batch.c.rows_received).where(
            t.batch.c.source_id == source_id, t.batch.c.status == "accepted", t.batch.c.merge.is_(None)
        )
        if coverage is not None:
            query = query.where(t.batch.c.coverage == coverage)
        with self._begin() as connection:
            return [
                int(rows) for rows in connection.execute(query.order_by(t.batch.c.batch_id.desc()).limit(n)).scalars()
            ]

    def same_content(
        self, content_sha256: str, source_id: str, coverage: str | None, own_sha256: str | None = None
    ) -> Sequence[Batch]:
        """Accepted batches of the same bytes, or of rows that say the same, under another source or coverage."""
        other = (t.batch.c.source_id != source_id) | (t.batch.c.coverage.is_distinct_from(coverage))
        same = t.batch.c.content_sha256 == content_sha256
        if own_sha256 is not None:
            same |= t.batch.c.own_sha256 == own_sha256
        return self._batches(same & (t.batch.c.status == "accepted") & other, limit=5)

    def pages(self, batch_id: str) -> Sequence[PageRow]:
        """The responses of a batch, in order."""
        query = sa.select(t.page).where(t.page.c.batch_id == batch_id).order_by(t.page.c.seq)
        with self._begin() as connection:
            return [
                PageRow(
                    row["seq"],
                    row["request"],
                    row["status"],
                    row["bytes"],
                    row["sha256"],
                    row["ms"],
                    row["path"],
                    row["gone_at"],
                    row["gone_why"],
                )
                for row in connection.execute(query).mappings()
            ]

    def quarantine_counts(self, batch_id: str) -> Sequence[QuarantineCount]:
        """Quarantined rows of a batch by rule and field, most first."""
        query = sa.select(t.quarantine).where(t.quarantine.c.batch_id == batch_id)
        with self._begin() as connection:
            rows = connection.execute(query.order_by(t.quarantine.c.rows.desc(), t.quarantine.c.rule)).mappings()
            return [QuarantineCount(row["rule"], row["field"], row["rows"]) for row in rows]

    def _batches(self, condition: sa.ColumnElement[bool], limit: int) -> Sequence[Batch]:
        query = sa.select(t.batch).where(condition).order_by(t.batch.c.batch_id.desc()).limit(limit)
        with self._begin() as connection:
            return [_batch(row) for row in connection.execute(query).mappings()]


def _fail_running(connection: sa.Connection, source_id: str) -> list[str]:
    dead = sa.update(t.batch).where(t.batch.c.source_id == source_id, t.batch.c.status == "running")
    values = {"status": "failed", "error_kind": DIED_KIND, "error_message": DIED, "finished_at": sa.func.now()}
    return list(connection.execute(dead.values(values).returning(t.batch.c.batch_id)).scalars())


def _refuse_older(connection: sa.Connection, batch_id: str) -> None:
    """A newer delta stands in nobody's way: rows join by key and cursor, whichever came first.

    Where a pull counts as a whole, a newer pull has spoken of this coverage even if it has no batch: a row may be
    elsewhere.
    """
    mine, newer = t.batch.alias("mine"), t.batch.alias("newer")
    told = ("accepted", "unchanged", "held")
    newer_pull = (newer.c.source_id == mine.c.source_id) & newer.c.merge.is_(None) & (newer.c.pull_id > mine.c.pull_id)
    query = sa.select(sa.func.max(newer.c.batch_id)).where(
        mine.c.batch_id == batch_id,
        (_replaces(newer, mine) & newer.c.status.in_(told))
        | (mine.c.whole_pull & newer_pull & newer.c.status.in_((*told, "rejected"))),
    )
    found = connection.execute(query).scalar()
    if found is not None:
        raise LedgerError(
            f"a newer pull of its coverage says something else: {found}",
            where=f"batch {batch_id}",
            do="Only the newest batch of a coverage can be released",
        )


def _replaces(newer: sa.FromClause, old: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether a batch, accepted, replaces another: a later whole read of the same coverage, or its own pages again."""
    same = (newer.c.source_id == old.c.source_id) & newer.c.coverage.is_not_distinct_from(old.c.coverage)
    later = newer.c.merge.is_(None) & (newer.c.fetched_by > old.c.fetched_by)
    again = (newer.c.fetched_by == old.c.fetched_by) & (newer.c.batch_id > old.c.batch_id)
    return same & (later | again)


def _refuse_parted(connection: sa.Connection, batch: Batch) -> None:
    """Where a pull counts as a whole, none of its batches comes in force while another one stays behind."""
    behind = sa.select(t.batch.c.batch_id, t.batch.c.coverage, t.batch.c.status).where(
        t.batch.c.source_id == batch.source_id,
        t.batch.c.pull_id == batch.pull_id,
        t.batch.c.coverage.is_not(None),
        t.batch.c.status.in_(("held", "rejected")),
    )
    left = connection.execute(behind.order_by(t.batch.c.status.desc())).first()
    if batch.whole_pull and batch.merge is None and left is not None:
        raise LedgerError(
            f"rows may have moved to {left.coverage}, whose batch {left.batch_id} of the same pull is {left.status}",
            where=f"batch {batch.batch_id}",
            do="Release all held batches of the pull at once: `pilar release BATCH BATCH --why ...`"
            if left.status == "held"
            else "Mend what was rejected, then pull again or replay",
        )


def _refuse_unclear(batch: Batch) -> None:
    """Where a pull counts as a whole, a row that does not say its coverage may be in force under another one."""
    if batch.whole_pull and batch.merge is None and batch.coverage is None:
        raise LedgerError(
            "its rows do not say what they are about, and may be in force under a coverage too",
            where=f"batch {batch.batch_id}",
            do="Mend the coverage column at the source, or in the contract; then pull, or replay",
        )


def _batch(row: sa.RowMapping) -> Batch:
    return Batch(
        batch_id=row["batch_id"],
        source_id=row["source_id"],
        opd=row["opd"],
        coverage=row["coverage"],
        status=row["status"],
        contract_sha256=row["contract_sha256"],
        rows_received=row["rows_received"],
        rows_landed=row["rows_landed"],
        rows_quarantined=row["rows_quarantined"],
        landed_path=row["landed_path"],
        landed_sha256=row["landed_sha256"],
        files=tuple(row["files"]),
        content_sha256=row["content_sha256"],
        context_sha256=row["context_sha256"],
        own_sha256=row["own_sha256"],
        synthetic=row["synthetic"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        error_kind=row["error_kind"],
        error_message=row["error_message"],
        retry_at=row["retry_at"],
        event_id=row["event_id"],
        replay_of=row["replay_of"],
        reasons=tuple(row["reasons"]),
        findings=tuple(row["findings"]),
        pull_id=row["pull_id"],
        fetched_by=row["fetched_by"],
        whole_pull=row["whole_pull"],
        rows_known=row["rows_known"],
        merge=Merge(tuple(row["merge"]["key"]), row["merge"]["cursor"]) if row["merge"] is not None else None,
        cursor=row["cursor"],
    )
