"""The ledger's reasons, findings and moments in words."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ledger.clock import day_of, local_zone

# Reasons whose numbers are words: fields as the system named them, what a person wrote.
_QUOTING = ("drift_", "released")


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


CRASHED = "error:"
"""How the reason of a held pillar begins that dbt or a check could not judge: what follows are their words."""


def held_for_readers(reason: str | None) -> str | None:
    """Why a pillar is held, in words of our own: what dbt or a crashed check said may quote a row."""
    if reason is None or not reason.startswith(CRASHED):
        return reason
    return f"{CRASHED} it could not be built, or a check of it could not be carried out"


def for_readers(entries: Sequence[Mapping[str, Any]]) -> str:
    """The reasons of a batch as a publication tells them: of its form without the names that the system gave."""
    told = [{**entry, "observed": ""} if str(entry.get("code")).startswith(_QUOTING) else entry for entry in entries]
    return sentences(told)


def day(at: datetime) -> str:
    """The day of a moment where the regency is."""
    return day_of(at).isoformat()


def moment(at: datetime, *, seconds: bool = False) -> str:
    """A moment in the regency's time zone, which it names."""
    clock = "%H:%M:%S" if seconds else "%H:%M"
    return f"{at.astimezone(local_zone()):%Y-%m-%d {clock} %Z}"
