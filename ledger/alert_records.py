"""What needs a person, as the ledger remembers it, and what is asked of the ledger to find that out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Kind = Literal[
    "silent",
    "unwell",
    "disk",
    "source_file",
    "failed",
    "rejected",
    "held",
    "gate",
    "missing",
    "late",
    "unanswered",
    "dead_letters",
    "behind",
    "contradicted",
]


@dataclass(frozen=True)
class Condition:
    """Something that holds now and needs a person.

    ``kind`` and ``subject`` name it: what has the same ones is the same condition, however often it is looked at.
    ``owner`` is the agency whose data it is about. ``facts`` are our own words and numbers: no person, no secret, and
    nothing that a system said.
    """

    kind: Kind
    subject: str
    since: datetime
    owner: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Alert:
    """A condition as the ledger remembers it: since when it was seen, and until when.

    ``told`` are the addresses that know of it, ``told_over`` those that know that it is over.
    """

    alert_id: int
    condition: Condition
    seen_at: datetime
    gone_at: datetime | None = None
    told: frozenset[str] = frozenset()
    told_over: frozenset[str] = frozenset()


@dataclass(frozen=True)
class AddressState:
    """How it went with one address: failures in a row, and when it was last tried and last reached."""

    failures: int = 0
    tried_at: datetime | None = None
    told_at: datetime | None = None


@dataclass(frozen=True)
class Heartbeat:
    """When a part of the platform last said that it lives, and when it first did."""

    at: datetime
    since: datetime


@dataclass(frozen=True)
class FailingPulls:
    """The pulls of a source that failed since one last did not: how many, since when, and why the last one did."""

    source_id: str
    since: datetime
    pulls: int
    error_kind: str


@dataclass(frozen=True)
class WaitingBatch:
    """A batch whose coverage has none that was decided later: it is held, or was rejected."""

    source_id: str
    coverage: str | None
    status: Literal["held", "rejected"]
    since: datetime
