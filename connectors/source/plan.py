"""What one pull asks for: everything, or what is new; told by the data that is in force and never by a clock.

The lower bound of a pull is the highest cursor that was read for good, less the overlap. Rows that were entered late or
corrected within the overlap come again; those that are known already change nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.source.columns import Column
from connectors.source.incremental import PLACEHOLDER, overlap_of, read, shown, span_of
from connectors.source.source import Source
from ledger.records import Merge


@dataclass(frozen=True)
class Plan:
    """What one pull asks for: everything (``merge`` None), or what is new since ``bound``.

    ``bound`` is what ``{cursor}`` stands for, None in a source that takes snapshots. ``cursor`` is its column, and
    ``not_after`` the moment past which no cursor is believed.
    """

    bound: str | None = None
    merge: Merge | None = None
    cursor: str | None = None
    not_after: datetime | None = None

    def contexts(self, for_each: tuple[Mapping[str, str], ...]) -> tuple[Mapping[str, str], ...]:
        """The contexts of the requests, with the lower bound where there is one."""
        if self.bound is None:
            return for_each
        return tuple({**context, PLACEHOLDER: self.bound} for context in for_each or ({},))


SNAPSHOT = Plan()
"""What a source is asked for that brings everything each time."""


def plan_of(source: Source, mark: str | None, now: datetime) -> Plan:
    """What to ask a source for. ``mark`` is the highest cursor read for good; None asks for everything."""
    load = source.incremental
    if load is None:
        return SNAPSHOT
    column = source.contract.landed[load.cursor]
    start = read(load.start, column)
    bound = start if mark is None else max(start, _past(read(mark, column), column, now) - overlap_of(load, column))
    merge = merge_of(source) if mark is not None else None
    limit = now + span_of(load.ahead) if column.sql_type.kind in ("date", "timestamp") else None
    return Plan(shown(bound, column, load.format), merge, load.cursor, limit)


def merge_of(source: Source) -> Merge | None:
    """How a delta of a source joins what is in force; None in a source that takes snapshots."""
    return Merge(source.contract.key, source.incremental.cursor) if source.incremental is not None else None


def _past(mark: Any, column: Column, now: datetime) -> Any:
    """A row that is dated ahead, though within what is allowed, must not hide those that come before its day."""
    if column.sql_type.kind == "date":
        return min(mark, now.date())
    return min(mark, now) if column.sql_type.kind == "timestamp" else mark
