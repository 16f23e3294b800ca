"""The ledger's reasons, findings and moments in words."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ledger.clock import local_zone


def sentence(entry: Mapping[str, Any]) -> str:
    """One reason: what, how much against which limit, and what to do."""
    numbers = str(entry.get("observed", ""))
    if entry.get("limit"):
        numbers += f" (limit {entry['limit']})"
    told = f"{entry.get('what', entry.get('code', ''))}: {numbers}" if numbers else str(entry.get("what", ""))
    return f"{told}. {entry['do']}" if entry.get("do") else told


def sentences(entries: Sequence[Mapping[str, Any]], most: int = 3) -> str:
    """The first few reasons in one line."""
    return "; ".join(sentence(entry) for entry in entries[:most])


def day(at: datetime) -> str:
    """The day of a moment where the regency is."""
    return f"{at.astimezone(local_zone()):%Y-%m-%d}"


def moment(at: datetime, *, seconds: bool = False) -> str:
    """A moment in the regency's time zone, which it names."""
    clock = "%H:%M:%S" if seconds else "%H:%M"
    return f"{at.astimezone(local_zone()):%Y-%m-%d {clock} %Z}"
