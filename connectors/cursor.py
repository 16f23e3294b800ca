"""Incremental loads: from where a pull asks, which is told by the data that is in force and never by a clock.

The lower bound of a pull is the highest cursor that was read for good, less the overlap. Rows that were entered late or
corrected within the overlap come again; those that are known already change nothing.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field

from connectors.contract import Column, Contract, Strict
from ledger.errors import ConfigError
from ledger.records import Merge

if TYPE_CHECKING:
    from connectors.spec import Source

PLACEHOLDER = "cursor"
_USES = re.compile(r"\{cursor\}|%\(cursor\)s")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}
_SPAN = re.compile(r"(\d+)([dhm])")
KINDS = ("date", "timestamp", "integer", "bigint")

Text = Annotated[str, BeforeValidator(lambda value: str(value) if isinstance(value, int | date) else value)]


class Incremental(Strict):
    """How a source is asked for what is new: ``{cursor}`` in its arguments is the lower bound.

    - ``cursor``: a column that grows when a record is entered or changed (a date, moment or whole number).
    - ``overlap``: how far behind the highest cursor every pull asks again. ``7d``, ``12h``, ``30m``, or a number for
      numbers.
    - ``start``: from where the first pull asks.
    - ``format``: strptime's form for systems that want their own. A moment is then told in the column's time zone.
    - ``ahead``: how far in the future a cursor is believed. A row beyond it is quarantined, and later pulls ask for it
      again.
    """

    cursor: str
    overlap: Text
    start: Text
    format: str | None = None
    ahead: Annotated[str, Field(pattern=_SPAN.pattern)] = "1d"


class IncrementalLoad(Strict):
    """``load: {incremental: {...}}``."""

    incremental: Incremental


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


def plan_of(source: "Source", mark: str | None, now: datetime) -> Plan:
    """What to ask a source for. ``mark`` is the highest cursor read for good; None asks for everything."""
    load = source.incremental
    if load is None:
        return SNAPSHOT
    column = source.contract.landed[load.cursor]
    start = read(load.start, column)
    bound = start if mark is None else max(start, _less(_past(read(mark, column), column, now), load.overlap))
    merge = merge_of(source) if mark is not None else None
    limit = now + _span(load.ahead) if column.sql_type.kind in ("date", "timestamp") else None
    return Plan(shown(bound, column, load.format), merge, load.cursor, limit)


def plan_again(source: "Source", now: datetime, *, delta: bool) -> Plan:
    """How kept pages are landed again: nobody is asked for anything, and a delta stays one."""
    plan = plan_of(source, None, now)
    return replace(plan, merge=merge_of(source)) if delta else plan


def merge_of(source: "Source") -> Merge | None:
    """How a delta of a source joins what is in force; None in a source that takes snapshots."""
    return Merge(source.contract.key, source.incremental.cursor) if source.incremental is not None else None


def _past(mark: Any, column: Column, now: datetime) -> Any:
    """A row that is dated ahead, though within what is allowed, must not hide those that come before its day."""
    if column.sql_type.kind == "date":
        return min(mark, now.date())
    return min(mark, now) if column.sql_type.kind == "timestamp" else mark


def read(text: str, column: Column) -> Any:
    """A cursor's text as a value of its column's type. Raises ValueError when it is none."""
    kind = column.sql_type.kind
    if kind == "date":
        return date.fromisoformat(text)
    if kind == "timestamp":
        moment = datetime.fromisoformat(text)
        zone = ZoneInfo(column.timezone) if column.timezone is not None else UTC
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)).astimezone(UTC)
    return int(text)


def shown(value: Any, column: Column, form: str | None) -> str:
    """A cursor as the source's system is asked with it."""
    if isinstance(value, datetime):
        if form is None:
            return value.isoformat().replace("+00:00", "Z")
        zone = ZoneInfo(column.timezone) if column.timezone is not None else UTC
        return value.astimezone(zone).strftime(form)
    if isinstance(value, date):
        return value.isoformat() if form is None else value.strftime(form)
    return str(value)


def load_problems(contract: Contract, load: Incremental) -> Iterator[str]:
    """What contradicts itself between a contract and its incremental load, in the words of its author."""
    column = contract.landed.get(load.cursor)
    if column is None:
        yield f"the cursor {load.cursor!r} is not a landed column"
        return
    kind = column.sql_type.kind
    if kind not in KINDS or column.context is not None:
        yield f"the cursor {load.cursor!r} must be a date, timestamp, integer or bigint that the record itself says"
        return
    if not column.required and load.cursor not in contract.key:
        yield f"the cursor {load.cursor!r} must be `required`: a row without it is neither old nor new"
    if kind in ("integer", "bigint") and (column.min is None or Decimal(column.min) < 0):
        yield f"the cursor {load.cursor!r} counts from 0 or more: say so with `min: 0`"
    if (kind in ("integer", "bigint")) != load.overlap.isdigit() or not (
        load.overlap.isdigit() or _SPAN.fullmatch(load.overlap)
    ):
        yield f"overlap {load.overlap!r} does not fit: days, hours or minutes (7d) for times, a number for numbers"
    elif kind == "date" and not load.overlap.endswith("d"):
        yield f"overlap {load.overlap!r}: a cursor of dates overlaps by whole days"
    try:
        read(load.start, column)
    except ValueError:
        yield f"start {load.start!r} is not a value of type {column.type}"


def use_problems(source: "Source") -> Iterator[tuple[str, str]]:
    """What is wrong with where a source uses its lower bound: what, and what to do."""
    uses = _USES.search(str(source.args)) is not None
    if source.incremental is not None and not uses:
        yield "nothing asks from the cursor on", "Use {cursor} in an argument (in `sql`: %(cursor)s)"
    if source.incremental is None and uses and not any(PLACEHOLDER in context for context in source.for_each):
        yield "{cursor} is the lower bound of an incremental load", "Declare `load: {incremental: ...}`"
    if source.incremental is not None and any(PLACEHOLDER in context for context in source.for_each):
        yield "`for_each` may not name `cursor`, which is the lower bound here", "Give it another name"


def _less(value: Any, overlap: str) -> Any:
    return value - _span(overlap) if isinstance(value, date) else value - int(overlap)


def _span(text: str) -> timedelta:
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ConfigError(f"{text!r} is no span of time", where="load.incremental", do="Write 7d, 12h or 30m")
    return timedelta(**{_UNITS[found.group(2)]: int(found.group(1))})
