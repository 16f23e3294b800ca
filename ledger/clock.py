"""The clock on the wall of the regency."""

import os
from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ledger.errors import ConfigError


def local_zone() -> ZoneInfo:
    """The regency's time zone, in which the sources' clocks are written: PILAR_TIMEZONE, else Asia/Jakarta."""
    return zone(os.environ.get("PILAR_TIMEZONE", "Asia/Jakarta"))


def day_of(at: datetime) -> date:
    """The day of a moment where the regency is."""
    return at.astimezone(local_zone()).date()


def zone(name: str) -> ZoneInfo:
    """A time zone by its name. Raises ConfigError when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigError(
            f"there is no time zone {name!r}",
            where="PILAR_TIMEZONE",
            do="Use Asia/Jakarta, Asia/Makassar or Asia/Jayapura",
        ) from None
