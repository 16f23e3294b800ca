"""What needs a person: what the ledger knows of it, who was told, and which parts of the platform live."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ledger import tables as t
from ledger.alert_records import AddressState, Alert, Condition, FailingPulls, Heartbeat, WaitingBatch
from ledger.engine import Store

_DECIDED = ("accepted", "unchanged", "held", "rejected")
_KEPT = timedelta(days=400)


class AlertStore(Store):
    """Reading and writing conditions, who was told of them, and heartbeats."""

    # -- what there is to see --

    def beat(self, part: str) -> None:
        """Say that a part of the platform did its work now."""
        now = sa.func.now()
        statement = insert(t.heartbeat).values(part=part, at=now, since=now)
        with self._begin() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["part"], set_={"at": now}))

    def heartbeats(self) -> Mapping[str, Heartbeat]:
        """When each part last did its work."""
        with self._begin() as connection:
            rows = connection.execute(sa.select(t.heartbeat)).mappings()
            return {row["part"]: Heartbeat(row["at"], row["since"]) for row in rows}

    def failing_pulls(self) -> Mapping[str, FailingPulls]:
        """The sources whose last pull failed. Replays ask nobody, and do not count."""
        b = t.batch.c
        ended = (
            sa.select(b.source_id, sa.func.max(b.batch_id).label("last"))
            .where(b.replay_of.is_(None), b.status.in_(_DECIDED))
            .group_by(b.source_id)
            .subquery()
        )
        query = (
            sa.select(
                b.source_id,
                sa.func.min(b.started_at).label("since"),
                sa.func.count(b.pull_id.distinct()).label("pulls"),
                sa.func.max(sa.func.concat(b.batch_id, " ", b.error_kind)).label("last"),
            )
            .select_from(t.batch.outerjoin(ended, ended.c.source_id == b.source_id))
            .where(b.replay_of.is_(None), b.status == "failed", b.batch_id > sa.func.coalesce(ended.c.last, ""))
            .group_by(b.source_id)
        )
        with self._begin() as connection:
            rows = connection.execute(query)
            return {
                row.source_id: FailingPulls(row.source_id, row.since, row.pulls, row.last.partition(" ")[2])
                for row in rows
            }

    def waiting_batches(self) -> Sequence[WaitingBatch]:
        """Of each coverage the newest decided batch, where that one is held or was rejected."""
        b = t.batch.c
        newest = (
            sa.select(b.source_id, b.coverage, b.status, sa.func.coalesce(b.finished_at, b.started_at).label("since"))
            .where(b.status.in_(_DECIDED))
            .distinct(b.source_id, b.coverage)
            .order_by(b.source_id, b.coverage, b.fetched_by.desc(), b.batch_id.desc())
            .subquery()
        )
        query = sa.select(newest).where(newest.c.status.in_(["held", "rejected"]))
        with self._begin() as connection:
            return [
                WaitingBatch(row["source_id"], row["coverage"], row["status"], row["since"])
                for row in connection.execute(query.order_by(newest.c.source_id, newest.c.coverage)).mappings()
            ]

    def first_tries(self) -> Mapping[str, datetime]:
        """When each source was asked for the first time."""
        query = sa.select(t.batch.c.source_id, sa.func.min(t.batch.c.started_at)).group_by(t.batch.c.source_id)
        with self._begin() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def batches_by_status(self) -> Mapping[str, int]:
        """How many batches came to what."""
        query = sa.select(t.batch.c.status, sa.func.count()).group_by(t.batch.c.status)
        with self._begin() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def oldest_waiting_events(self) -> Mapping[str, datetime]:
        """The sources with an event that no pull has answered yet, and when the oldest of them came."""
        e = t.event.c
        query = (
            sa.select(e.source_id, sa.func.min(e.received_at))
            .where(e.status.in_(["received", "dispatched"]))
            .group_by(e.source_id)
        )
        with self._begin() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def accepted_unseen(self) -> datetime | None:
        """Since when a batch is accepted that no evaluation has begun after; None where there is none."""
        begun = sa.select(sa.func.coalesce(sa.func.max(t.evaluation.c.started_at), sa.cast("-infinity", sa.DateTime)))
        query = sa.select(sa.func.min(t.batch.c.finished_at)).where(
            t.batch.c.status == "accepted", t.batch.c.finished_at > begun.scalar_subquery()
        )
        with self._begin() as connection:
            found: datetime | None = connection.execute(query).scalar()
            return found

    def failing_evaluations(self) -> tuple[str, datetime] | None:
        """How the last evaluation that ended came to nothing, and since when they do; None where it did not."""
        e = t.evaluation.c
        good = sa.select(sa.func.coalesce(sa.func.max(e.evaluation_id), "")).where(e.status == "published")
        query = (
            sa.select(e.status, e.started_at)
            .where(e.status.in_(["failed", "interrupted"]), e.evaluation_id > good.scalar_subquery())
            .order_by(e.evaluation_id)
        )
        with self._begin() as connection:
            rows = connection.execute(query).all()
        return (str(rows[-1].status), rows[0].started_at) if rows else None

    def anybody_pulls(self) -> bool:
        """Whether a pull is at work now: its batch is open, and its process lives."""
        query = sa.select(t.batch.c.source_id).where(t.batch.c.status == "running").distinct()
        with self._begin() as connection:
            sources = list(connection.execute(query).scalars())
        return any(self.is_locked(f"pull:{source_id}") for source_id in sources)

    # -- what is remembered --

    def record_conditions(self, holding: Collection[Condition]) -> None:
        """Remember what holds now: what is new opens, what holds no more is over. A second call changes nothing.

        What is over for long is forgotten, and so are dead letters.

        What goes on for another reason is told by its newest facts: whom it concerns may follow from them.
        """
        a = t.alert.c
        now = {(one.kind, one.subject): one for one in holding}
        with self.lock("alerts"), self._begin() as connection:
            rows = connection.execute(sa.select(t.alert).where(a.gone_at.is_(None))).all()
            known = {(row.kind, row.subject): row for row in rows}
            over = [row.alert_id for name, row in known.items() if name not in now]
            fresh = [_row(one) for name, one in now.items() if name not in known]
            for name in now.keys() & known.keys():
                if known[name].facts != now[name].facts:
                    changed = sa.update(t.alert).where(a.alert_id == known[name].alert_id)
                    connection.execute(changed.values(facts=dict(now[name].facts)))
            if over:
                connection.execute(sa.update(t.alert).where(a.alert_id.in_(over)).values(gone_at=sa.func.now()))
            if fresh:
                connection.execute(sa.insert(t.alert), fresh)
            old = sa.select(a.alert_id).where(a.gone_at < sa.func.now() - _KEPT).scalar_subquery()
            connection.execute(sa.delete(t.alert_told).where(t.alert_told.c.alert_id.in_(old)))
            connection.execute(sa.delete(t.alert).where(a.alert_id.in_(old)))
            dead = t.dead_letter.c.last_at
            connection.execute(sa.delete(t.dead_letter).where(dead < sa.func.now() - _KEPT))

    def alerts(self, *, over_since: datetime | None = None) -> Sequence[Alert]:
        """What holds, and (where given) what is over since then; the oldest first."""
        a = t.alert.c
        wanted = a.gone_at.is_(None) if over_since is None else a.gone_at.is_(None) | (a.gone_at >= over_since)
        with self._begin() as connection:
            rows = connection.execute(sa.select(t.alert).where(wanted).order_by(a.seen_at, a.alert_id)).mappings().all()
            known = sa.select(t.alert_told).where(t.alert_told.c.alert_id.in_([row["alert_id"] for row in rows]))
            told: dict[int, list[sa.RowMapping]] = defaultdict(list)
            for one in connection.execute(known).mappings():
                told[one["alert_id"]].append(one)
        return [_alert(row, told[row["alert_id"]]) for row in rows]

    def addresses(self) -> Mapping[str, AddressState]:
        """How it went with each address that was ever tried."""
        with self._begin() as connection:
            return {
                row["address"]: AddressState(row["failures"], row["tried_at"], row["told_at"])
                for row in connection.execute(sa.select(t.alert_address)).mappings()
            }

    def record_told(self, address: str, opened: Collection[int], over: Collection[int]) -> None:
        """An address knows of these alerts, and that these are over. In one transaction: told is told."""
        now = sa.func.now()
        with self._begin() as connection:
            for alert_ids, column in ((opened, "told_at"), (over, "over_at")):
                for alert_id in alert_ids:
                    statement = insert(t.alert_told).values(alert_id=alert_id, address=address, **{column: now})
                    connection.execute(
                        statement.on_conflict_do_update(index_elements=["alert_id", "address"], set_={column: now})
                    )
            _address(connection, address, {"failures": 0, "tried_at": now, "told_at": now})

    def record_not_told(self, address: str) -> None:
        """An address could not be reached. What it was to be told stays untold."""
        with self._begin() as connection:
            failures = t.alert_address.c.failures + 1
            _address(connection, address, {"failures": 1, "tried_at": sa.func.now()}, {"failures": failures})


def _address(
    connection: sa.Connection,
    address: str,
    values: Mapping[str, object],
    again: Mapping[str, object] | None = None,
) -> None:
    statement = insert(t.alert_address).values(address=address, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["address"], set_={**values, **(again or {})}))


def _row(one: Condition) -> Mapping[str, object]:
    return {
        "kind": one.kind,
        "subject": one.subject,
        "owner": one.owner,
        "since": one.since,
        "facts": dict(one.facts),
    }


def _alert(row: sa.RowMapping, told: Sequence[sa.RowMapping]) -> Alert:
    return Alert(
        alert_id=row["alert_id"],
        condition=Condition(row["kind"], row["subject"], row["since"], row["owner"], row["facts"]),
        seen_at=row["seen_at"],
        gone_at=row["gone_at"],
        told=frozenset(one["address"] for one in told if one["told_at"] is not None),
        told_over=frozenset(one["address"] for one in told if one["over_at"] is not None),
    )
