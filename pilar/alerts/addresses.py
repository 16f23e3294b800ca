"""Who is told: Apprise's addresses, from the environment. They hold passwords and tokens, and are quoted nowhere."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time

from ledger.clock import local_zone
from ledger.errors import ConfigError

PREFIX = "PILAR_ALERT_TO_"
QUIET = "PILAR_ALERT_QUIET"
OPERATOR = "operator"


@dataclass(frozen=True)
class Address:
    """One address of the operator or of an agency. ``name`` is what is said and written of it."""

    whose: str
    number: int
    url: str = field(repr=False)

    @property
    def name(self) -> str:
        """Like ``operator/1``."""
        return f"{self.whose}/{self.number}"

    @property
    def way(self) -> str:
        """By which service: mailto, tgram, json ... Never more of the address."""
        scheme = re.match(r"([A-Za-z0-9]{2,20})://", self.url)
        return scheme[1].lower() if scheme else "unreadable"


@dataclass(frozen=True)
class QuietHours:
    """Between these times of day, in the regency's zone, only what is severe is told. Equal times: never."""

    begin: time
    end: time

    def hold(self, now: datetime) -> bool:
        """Whether it is quiet now."""
        clock = now.astimezone(local_zone()).time()
        if self.begin <= self.end:
            return self.begin <= clock < self.end
        return clock >= self.begin or clock < self.end


def addresses(env: Mapping[str, str] | None = None) -> tuple[Address, ...]:
    """The addresses in PILAR_ALERT_TO_OPERATOR and PILAR_ALERT_TO_<AGENCY>, separated by blanks: operators first."""
    values = os.environ if env is None else env
    named = {name.removeprefix(PREFIX).lower(): value for name, value in values.items() if name.startswith(PREFIX)}
    order = sorted(named, key=lambda whose: (whose != OPERATOR, whose))
    return tuple(
        Address(whose, number, url) for whose in order for number, url in enumerate(named[whose].split(), start=1)
    )


def quiet_hours(env: Mapping[str, str] | None = None) -> QuietHours:
    """PILAR_ALERT_QUIET, like ``21:00-06:00`` (so by default); ``none`` for none. Raises ConfigError."""
    said = (os.environ if env is None else env).get(QUIET, "").strip() or "21:00-06:00"
    if said == "none":
        return QuietHours(time(0), time(0))
    try:
        begin, end = (time.fromisoformat(part) for part in said.split("-"))
        if begin.tzinfo or end.tzinfo:
            raise ValueError(said)
    except ValueError:
        raise ConfigError(
            "quiet hours are two times of day, in the regency's zone",
            where=QUIET,
            do="Write them like 21:00-06:00, or none",
        ) from None
    return QuietHours(begin, end)
