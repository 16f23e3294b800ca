"""What a source file declares of an incremental load, and a cursor as text and as a value."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field

from connectors.source.columns import Column
from connectors.source.contract import Contract
from definitions.words import Strict
from ledger.errors import ConfigError

PLACEHOLDER = "cursor"
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}
_SPAN = re.compile(r"(\d+)([dhm])")
_DAY = timedelta(days=1)
_NUMBERS = 1000
_STEPS = (
    (timedelta(seconds=1), "1m", ("%S", "%s", "%T", "%c", "%X", "%f")),
    (timedelta(minutes=1), "1m", ("%M", "%R")),
    (timedelta(hours=1), "1h", ("%H", "%I")),
    (_DAY, "1d", ("%d", "%e", "%j", "%D", "%F", "%x")),
    (timedelta(days=31), "31d", ("%m", "%b", "%B")),
    (timedelta(days=366), "366d", ("",)),
)
"""How finely a moment is told by these directives of strptime's form, and the least overlap that follows."""
KINDS = ("date", "timestamp", "integer", "bigint")

Text = Annotated[str, BeforeValidator(lambda value: str(value) if isinstance(value, int | date) else value)]


class Incremental(Strict):
    """How a source is asked for what is new: ``{cursor}`` in its arguments is the lower bound.

    - ``cursor``: a column that grows when a record is entered or changed (a date, moment or whole number).
    - ``overlap``: how far behind the highest cursor every pull asks again. ``7d``, ``12h``, ``30m``, or a number for
      numbers. It is no less than one step of what is asked with: a system that compares with ``>`` gives no other row
      of the last moment. Without one it is a day, or a thousand.
    - ``start``: from where the first pull asks.
    - ``format``: strptime's form for systems that want their own. A moment is then told in the column's time zone.
    - ``ahead``: how far in the future a cursor is believed. A row beyond it is quarantined, and later pulls ask for it
      again.
    """

    cursor: str
    overlap: Text | None = None
    start: Text
    format: str | None = None
    ahead: Annotated[str, Field(pattern=_SPAN.pattern)] = "1d"


class IncrementalLoad(Strict):
    """``load: {incremental: {...}}``."""

    incremental: Incremental


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


def overlap_of(load: Incremental, column: Column) -> timedelta | int:
    """How far behind its highest cursor a source is asked again. Raises ConfigError for what is no overlap."""
    if column.sql_type.kind in ("integer", "bigint"):
        return _NUMBERS if load.overlap is None else int(load.overlap)
    return _DAY if load.overlap is None else span_of(load.overlap)


def least_overlap(load: Incremental, column: Column) -> tuple[timedelta | int, str]:
    """The step between two cursors as a system is asked with them, and the least overlap as it is written.

    What ``format`` leaves out of a moment is part of its step.
    """
    if column.sql_type.kind in ("integer", "bigint"):
        return 1, "1"
    form = load.format or ("%F" if column.sql_type.kind == "date" else "%T")
    return next((step, text) for step, text, signs in _STEPS if any(sign in form for sign in signs))


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
    yield from _overlap_problems(load, column)
    try:
        read(load.start, column)
    except ValueError:
        yield f"start {load.start!r} is not a value of type {column.type}"


def _overlap_problems(load: Incremental, column: Column) -> Iterator[str]:
    kind, told = column.sql_type.kind, load.overlap
    if told is None:
        return
    if (kind in ("integer", "bigint")) != told.isdigit() or not (told.isdigit() or _SPAN.fullmatch(told)):
        yield f"overlap {told!r} does not fit: days, hours or minutes (7d) for times, a number for numbers"
    elif kind == "date" and not told.endswith("d"):
        yield f"overlap {told!r}: a cursor of dates overlaps by whole days"
    else:
        step, least = least_overlap(load, column)
        if overlap_of(load, column) < step:  # type: ignore[operator]  # both are numbers, or both spans
            yield (
                f"overlap {told!r} loses rows: others with the last cursor may come later, and the system is asked for "
                f"what lies beyond it; the least is {least}"
            )


def span_of(text: str) -> timedelta:
    """A span of time as a source file writes it: ``7d``, ``12h``, ``30m``. Raises ConfigError for anything else."""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ConfigError(f"{text!r} is no span of time", where="load.incremental", do="Write 7d, 12h or 30m")
    return timedelta(**{_UNITS[found.group(2)]: int(found.group(1))})
