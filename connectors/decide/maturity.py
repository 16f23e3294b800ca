"""How far a figure may be relied on: provisional while its period may still change, final, or revised after that.

Here the two clocks meet: what a figure is about says when it should be settled, and the last pull that found it as it
is says whether it was looked at since. They meet once more where a coverage is too far ahead of the day of its pull.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ledger.records import Maturity

if TYPE_CHECKING:
    from connectors.source.source import Grain, Source
    from ledger.pull_store import Confirmed

_DAYS = re.compile(r"(\d+)d")
_SECOND_HALF = "2"
_JUNE = 6


def period_end(coverage: str, grain: "Grain") -> datetime:
    """The first moment after a coverage (UTC): '2024' ends with 2025-01-01, '20241' with 2025-01-01.

    Raises ValueError for grain ``all``, which has no end.
    """
    year = int(coverage[:4]) if grain != "all" else 0
    if grain == "year":
        return datetime(year + 1, 1, 1, tzinfo=UTC)
    if grain == "semester":
        # A semester is named by its school year: the first is its autumn, the second the spring of the next year.
        return datetime(year + 1, 7 if coverage[4] == _SECOND_HALF else 1, 1, tzinfo=UTC)
    if grain == "month":
        month = int(coverage[5:])
        return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    raise ValueError("a coverage of grain `all` has no end")


def coverage_at(moment: datetime, grain: "Grain") -> str | None:
    """The coverage in which a moment lies; None for grain ``all``. Coverages of one grain sort as texts."""
    if grain == "all":
        return None
    if grain == "semester":
        # The first half of a year is the second semester of the school year before.
        return f"{moment.year:04d}1" if moment.month > _JUNE else f"{moment.year - 1:04d}{_SECOND_HALF}"
    return f"{moment.year:04d}-{moment.month:02d}" if grain == "month" else f"{moment.year:04d}"


def maturity(coverage: str, grain: "Grain", final_after: str, *, confirmed_at: datetime, was_revised: bool) -> Maturity:
    """The maturity of a coverage that was found as it is at ``confirmed_at``.

    ``final_after``: how long after its end a coverage may still change (``40d``). ``was_revised``: whether it changed
    after it had been final.
    """
    found = _DAYS.fullmatch(final_after)
    if found is None:
        raise ValueError(f"{final_after!r} is no number of days")
    if was_revised:
        return "revised"
    settled = period_end(coverage, grain) + timedelta(days=int(found.group(1)))
    return "final" if confirmed_at >= settled else "provisional"


def maturity_of(source: "Source", coverage: str | None, confirmed: "Mapping[str | None, Confirmed]") -> Maturity | None:
    """The maturity of a source's coverage; None where nothing is declared, or nothing is in force."""
    last = confirmed.get(coverage)
    if source.coverage.final_after is None or coverage is None or last is None:
        return None
    return maturity(
        coverage,
        source.coverage.grain,
        source.coverage.final_after,
        confirmed_at=last.at,
        was_revised=last.revised,
    )
