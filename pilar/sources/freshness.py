"""How long a source has been silent, against the ``freshness`` of its file."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from connectors.source.source import Freshness, Source
    from ledger.store import Ledger

Silence = Literal["in time", "late", "overdue"]


def last_answer(ledger: "Ledger", source: "Source") -> datetime | None:
    """When a pull last brought data that were accepted, or found the accepted ones again; None before the first.

    Of files only new ones count.
    """
    if source.of_files:
        return ledger.newest_content(source.id)
    return max((one.at for one in ledger.confirmed(source.id).values()), default=None)


def silence(freshness: "Freshness", last: datetime, now: datetime) -> Silence:
    """Late after ``warn`` without an answer, overdue after ``fail``. ``due`` is for people, and not counted from."""
    if now - last > span(freshness.fail):
        return "overdue"
    return "late" if now - last > span(freshness.warn) else "in time"


def span(written: str) -> timedelta:
    """The duration of ``3d`` or ``12h``."""
    count = int(written[:-1])
    return timedelta(days=count) if written.endswith("d") else timedelta(hours=count)


def age(last: datetime, now: datetime) -> str:
    """How long ago, in its largest unit: '12 min', '5 h', '3 d'."""
    minutes = max(0, int((now - last).total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} d"
