"""When a source's clock last struck: its cron, in its own zone, and its calendar. Pure: what time it is, is told."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ledger.clock import local_zone

if TYPE_CHECKING:
    from connectors.source.source import Events, Window

ZONES = {"WIB": "Asia/Jakarta", "WITA": "Asia/Makassar", "WIT": "Asia/Jayapura"}


def zone_of(events: "Events") -> ZoneInfo:
    """The zone in which a source's clock is read: its own, else the regency's."""
    return ZoneInfo(ZONES[events.zone]) if events.zone is not None else local_zone()


def last_stroke(events: "Events", now: datetime) -> datetime | None:
    """The last stroke before ``now``; None where there was none since a window began that has not struck yet."""
    here = now.astimezone(zone_of(events))
    return max(_strokes(events, here), default=None)


def _strokes(events: "Events", now: datetime) -> Iterable[datetime]:
    """The last stroke of each window's clock within its window, and that of the fallback outside of all windows."""
    for window in events.windows:
        begin, end = _occurrence(window, now.date())
        stroke = _before(window.clock, min(now, _midnight(end + timedelta(days=1), now)))
        if stroke.date() >= begin:
            yield stroke
    upto = now
    while True:
        stroke = _before(events.fallback, upto)
        begins = [
            begin for begin, end in (_occurrence(one, stroke.date()) for one in events.windows) if stroke.date() <= end
        ]
        if not begins:
            yield stroke
            return
        upto = _midnight(min(begins), now)
        if upto < now - timedelta(days=800):  # windows that leave the fallback no day
            return


def _before(cron: str, moment: datetime) -> datetime:
    from croniter import croniter

    stroke: datetime = croniter(cron, moment).get_prev(datetime)
    return stroke


def _midnight(day: date, like: datetime) -> datetime:
    return datetime.combine(day, time(), like.tzinfo)


def _occurrence(window: "Window", day: date) -> tuple[date, date]:
    """First and last day of the window's newest occurrence that had begun by a day."""
    year = day.year if window.begins(day.year) <= day else day.year - 1
    return window.begins(year), window.ends(year)
