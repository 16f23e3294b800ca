"""Who sees what: three levels, and where a level holds.

Nobody sees less with a key than without one. A key adds the details of what it is for, and nothing anywhere else.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import get_args

from ledger.api_records import ApiLevel as Level

LEVELS: tuple[Level, ...] = get_args(Level)


@dataclass(frozen=True, slots=True)
class Scope:
    """A level, and the regions, pillars and agencies it holds for; None is all of them.

    - ``public``: the current publication and the one before it, without the details of findings, deliveries and
      gates.
    - ``regency``: older publications too, and details within its regions, pillars and agencies.
    - ``ministry``: the same, and publications that were taken back or are not current yet.
    """

    level: Level = "public"
    regions: frozenset[str] | None = None
    pillars: frozenset[str] | None = None
    opds: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise ValueError(f"no level: {self.level}")

    @property
    def details(self) -> bool:
        """Whether details are seen anywhere."""
        return self.level != "public"

    def named(self, dimension: str) -> frozenset[str] | None:
        """What it holds for, of ``regions``, ``pillars`` or ``opds``."""
        found: frozenset[str] | None = getattr(self, dimension)
        return found

    def may_see(self, publication: str, current: str | None, newest_first: Iterable[str]) -> bool:
        """Whether a publication may be read. ``newest_first`` are all that there are."""
        if current is None or publication > current:
            return self.level == "ministry"
        if self.level != "public" or publication == current:
            return True
        return publication == next((one for one in newest_first if one < current), None)


PUBLIC = Scope()
