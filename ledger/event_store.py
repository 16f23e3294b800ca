"""Events in the ledger: stored before they are acknowledged, known by sender and id, drained by whoever runs next."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from ledger import tables as t
from ledger.engine import Store, new_id
from ledger.records import DeadLetter, Event, EventIn, EventStatus, EventStep, Refusal, StoredEvent

_AFTER = " after "
# Why no run of its own was asked for an event. It is told by it which events are looked at again when a run ends.
RIDES = "a run that was asked for before has not begun: it brings this too"


class EventStore(Store):
    """Reading and writing events."""

    def record_event(self, event: EventIn) -> tuple[str, bool]:
        """Store an event once. Returns its id and whether it is new (a repeat of sender and id is not)."""
        [receipt] = self.record_events([event])
        return receipt.event_id, receipt.new

    def record_events(self, events: Sequence[EventIn]) -> Sequence[StoredEvent]:
        """Store events once, all or none; the receipt of each, in their order. A repetition gets that of the first."""
        e = t.event.c
        with self._begin() as connection:
            identities = [_identity(connection, one) for one in events]
            names = {(one.sender, identity): one for one, identity in zip(events, identities, strict=True)}
            # In one order, so that two who bring the same ones wait for each other in turn.
            rows = [
                {
                    "event_id": new_id(),
                    "sender": sender,
                    "sender_event_id": identity,
                    "event_type": names[sender, identity].event_type,
                    "source_id": names[sender, identity].source_id,
                    "status": "received",
                }
                for sender, identity in sorted(names)
            ]
            statement = insert(t.event).values(rows).on_conflict_do_nothing().returning(e.event_id)
            new = set(connection.execute(statement).scalars())
            known = sa.select(e.sender, e.sender_event_id, e.event_id, e.source_id).where(
                sa.tuple_(e.sender, e.sender_event_id).in_(list(names))
            )
            stored = {(row.sender, row.sender_event_id): row for row in connection.execute(known)}
        found = [stored[one.sender, identity] for one, identity in zip(events, identities, strict=True)]
        first = {row.event_id: at for at, row in reversed(list(enumerate(found)))}
        return [
            StoredEvent(row.event_id, row.source_id, new=row.event_id in new and first[row.event_id] == at)
            for at, row in enumerate(found)
        ]

    def pending_events(self, limit: int = 500) -> Sequence[Event]:
        """Events that no run has been asked for yet, oldest first."""
        return self._events(t.event.c.status == "received", limit)

    def unfinished_events(self, older_than_seconds: int) -> Mapping[str, int]:
        """How many events of each source were handed on that long ago, and their run never reported back.

        All sources are named, however many events one of them has: watch looks for each.
        """
        age = sa.func.now() - sa.func.make_interval(0, 0, 0, 0, 0, 0, older_than_seconds)
        query = sa.select(t.event.c.source_id, sa.func.count()).where(
            t.event.c.status.in_(["received", "dispatched"]),
            sa.func.coalesce(t.event.c.dispatched_at, t.event.c.received_at) < age,
        )
        with self._begin() as connection:
            return {row[0]: row[1] for row in connection.execute(query.group_by(t.event.c.source_id))}

    def events_of(self, source_id: str, limit: int = 20) -> Sequence[Event]:
        """The newest events of a source, newest first."""
        query = sa.select(t.event).where(t.event.c.source_id == source_id)
        with self._begin() as connection:
            rows = connection.execute(query.order_by(t.event.c.received_at.desc()).limit(limit)).mappings()
            return [_event(row) for row in rows]

    def events_until(self, until: datetime) -> Mapping[str, tuple[int, datetime]]:
        """How many events of each source came by then, and when the last one did."""
        query = (
            sa.select(t.event.c.source_id, sa.func.count(), sa.func.max(t.event.c.received_at))
            .where(t.event.c.received_at <= until)
            .group_by(t.event.c.source_id)
        )
        with self._begin() as connection:
            return {source_id: (count, last) for source_id, count, last in connection.execute(query)}

    def newest_open_event(self, source_id: str, received_before: datetime) -> str | None:
        """The last event that a pull which begins now will settle, or None: the one it may be said to answer."""
        query = sa.select(t.event.c.event_id).where(
            t.event.c.source_id == source_id,
            t.event.c.received_at <= received_before,
            t.event.c.status.in_(["received", "dispatched"]),
        )
        with self._begin() as connection:
            newest = query.order_by(t.event.c.received_at.desc(), t.event.c.event_id.desc()).limit(1)
            found: str | None = connection.execute(newest).scalar()
            return found

    def awaited_sources(self, younger_than_seconds: int) -> frozenset[str]:
        """Ids of the sources with an event that came, or was handed on, so lately that its run is still on its way."""
        age = sa.func.now() - sa.func.make_interval(0, 0, 0, 0, 0, 0, younger_than_seconds)
        query = sa.select(t.event.c.source_id).where(
            t.event.c.status.in_(["received", "dispatched"]),
            sa.func.coalesce(t.event.c.dispatched_at, t.event.c.received_at) >= age,
        )
        with self._begin() as connection:
            return frozenset(connection.execute(query.distinct()).scalars())

    def mark_events(self, event_ids: Sequence[str], status: EventStatus, detail: str | None = None) -> None:
        """Move events on, all or none. A finished one stays finished: a late answer does not take it back."""
        values: dict[str, object] = {"status": status, "detail": detail}
        if status == "dispatched":
            values |= {"dispatched_at": sa.func.now(), "attempts": t.event.c.attempts + 1}
        if status == "done":
            values["done_at"] = sa.func.now()
        with self._begin() as connection:
            # One array, not a parameter for each: a storm is larger than what a statement may carry.
            wanted = sa.cast(list(event_ids), ARRAY(sa.Text))
            connection.execute(
                sa.update(t.event)
                .where(t.event.c.event_id == sa.any_(wanted), t.event.c.status != "done")
                .values(values)
            )

    def ride(self, source_id: str, event_ids: Sequence[str], patience_seconds: int) -> bool:
        """Leave events to a run of their source that was asked for and has not begun. Returns whether there is one.

        Its pull begins behind them, and so settles them. A run has begun when a batch of the source was started after
        the event that it was asked for. One that was asked for longer ago than that is not relied on, unless a pull of
        its source, for which it waits, is at work or ended since.
        """
        begun = sa.select(sa.func.max(t.batch.c.started_at)).where(t.batch.c.source_id == source_id).scalar_subquery()
        age = sa.func.now() - sa.func.make_interval(0, 0, 0, 0, 0, 0, patience_seconds)
        b = t.batch.c
        waits = sa.exists().where(b.source_id == source_id, (b.status == "running") | (b.finished_at > age))
        other = t.event.alias()
        awaited = sa.exists().where(
            other.c.source_id == source_id,
            other.c.status == "dispatched",
            other.c.detail.is_distinct_from(RIDES),
            (other.c.dispatched_at > age) | waits,
            other.c.received_at > sa.func.coalesce(begun, sa.cast("-infinity", sa.DateTime(timezone=True))),
        )
        wanted = sa.cast(list(event_ids), ARRAY(sa.Text))
        statement = (
            sa.update(t.event)
            .where(t.event.c.event_id == sa.any_(wanted), t.event.c.status == "received", awaited)
            .values(status="dispatched", detail=RIDES, dispatched_at=sa.func.now())
        )
        with self._begin() as connection:
            return connection.execute(statement).rowcount > 0

    def hand_on_again(self, source_id: str, received_after: datetime) -> None:
        """Have the events handed on again that were left to another's run, and came after a pull that has ended began.

        Whoever left them may not have seen that this pull had begun. A run that was asked for since is still to come,
        and brings them.
        """
        other = t.event.alias()
        asked_for = sa.exists().where(
            other.c.source_id == source_id,
            other.c.received_at > received_after,
            other.c.status == "dispatched",
            other.c.detail.is_distinct_from(RIDES),
        )
        statement = (
            sa.update(t.event)
            .where(
                t.event.c.source_id == source_id,
                t.event.c.received_at > received_after,
                t.event.c.status == "dispatched",
                t.event.c.detail == RIDES,
                ~asked_for,
            )
            .values(status="received", detail=None)
        )
        with self._begin() as connection:
            connection.execute(statement)

    def settle_events(
        self, source_id: str, received_before: datetime, status: EventStatus, detail: str | None = None
    ) -> int:
        """Move on every event of a source that had arrived when its pull began. Returns how many."""
        statement = (
            sa.update(t.event)
            .where(
                t.event.c.source_id == source_id,
                t.event.c.received_at <= received_before,
                t.event.c.status.in_(["received", "dispatched"]),
            )
            .values(status=status, detail=detail, done_at=sa.func.now())
        )
        with self._begin() as connection:
            return connection.execute(statement).rowcount

    def record_refusal(self, reason: str, source_id: str | None) -> None:
        """Count a refused event.

        ``source_id`` is given only where it names a source that exists: nobody outside decides how many rows there are.
        """
        statement = insert(t.refusal).values(
            day=sa.func.current_date(), reason=reason, source_id=source_id or "", count=1, last_at=sa.func.now()
        )
        with self._begin() as connection:
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["day", "reason", "source_id"],
                    set_={"count": t.refusal.c.count + 1, "last_at": sa.func.now()},
                )
            )

    def refusals(self, source_id: str | None = None, days: int = 7) -> Sequence[Refusal]:
        """Refused events of the last days (about one source, where given), the latest first."""
        query = sa.select(t.refusal).where(t.refusal.c.day > sa.func.current_date() - days)
        if source_id is not None:
            query = query.where(t.refusal.c.source_id == source_id)
        with self._begin() as connection:
            rows = connection.execute(query.order_by(t.refusal.c.last_at.desc())).mappings()
            return [Refusal(row["reason"], row["source_id"], row["count"], row["last_at"]) for row in rows]

    def record_dead_letter(self, queue: str, reason: str, sha256: str, size: int) -> None:
        """Note a message that can never be stored, once a queue and content; again it is counted."""
        statement = insert(t.dead_letter).values(queue=queue, sha256=sha256, reason=reason, bytes=size, count=1)
        with self._begin() as connection:
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["queue", "sha256"],
                    set_={"count": t.dead_letter.c.count + 1, "reason": reason, "last_at": sa.func.now()},
                )
            )

    def dead_letters(self, limit: int = 100) -> Sequence[DeadLetter]:
        """Messages that could not be stored, the latest first."""
        d = t.dead_letter.c
        query = sa.select(d.queue, d.reason, d.sha256, d.bytes, d.count, d.first_at, d.last_at)
        with self._begin() as connection:
            rows = connection.execute(query.order_by(d.last_at.desc()).limit(limit))
            return [DeadLetter(*row) for row in rows]

    def dead_letters_within(self, span: timedelta) -> Mapping[str, tuple[int, datetime]]:
        """How many messages of each queue were dead letters lately, and when the first of them came."""
        d = t.dead_letter.c
        query = sa.select(d.queue, sa.func.count(), sa.func.min(d.first_at)).where(d.last_at > sa.func.now() - span)
        with self._begin() as connection:
            rows = connection.execute(query.group_by(d.queue).order_by(d.queue))
            return {queue: (count, first) for queue, count, first in rows}

    def course_of_event(self, event_id: str) -> Sequence[EventStep]:
        """An event and all that followed from it, in the order of time; empty where there is no such event."""
        query = sa.text("select step, at, what, outcome from event_course where event_id = :event order by at, what")
        with self._begin() as connection:
            return [EventStep(*row) for row in connection.execute(query, {"event": event_id})]

    def now(self) -> datetime:
        """The ledger's clock: the one that stamps events, so that comparing with it needs no synchronised hosts."""
        with self._begin() as connection:
            return connection.execute(sa.select(sa.func.now())).scalar_one()

    def _events(self, condition: sa.ColumnElement[bool], limit: int) -> Sequence[Event]:
        query = sa.select(t.event).where(condition).order_by(t.event.c.received_at, t.event.c.event_id).limit(limit)
        with self._begin() as connection:
            return [_event(row) for row in connection.execute(query).mappings()]


def _identity(connection: sa.Connection, event: EventIn) -> str:
    """By what an event is known again. Two who bring the same one at once find the same."""
    if not event.by_content:
        return event.sender_event_id
    e = t.event.c
    query = sa.select(e.event_id, e.sender_event_id).where(e.sender == event.sender, e.source_id == event.source_id)
    last = connection.execute(query.order_by(e.received_at.desc(), e.event_id.desc()).limit(1)).first()
    if last is None:
        return event.sender_event_id
    if last.sender_event_id.partition(_AFTER)[0] == event.sender_event_id:
        return str(last.sender_event_id)
    return f"{event.sender_event_id}{_AFTER}{last.event_id}"


def _event(row: sa.RowMapping) -> Event:
    return Event(
        event_id=row["event_id"],
        sender=row["sender"],
        sender_event_id=row["sender_event_id"],
        event_type=row["event_type"],
        source_id=row["source_id"],
        status=row["status"],
        attempts=row["attempts"],
        received_at=row["received_at"],
        detail=row["detail"],
    )
