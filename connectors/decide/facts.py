"""What the source gate knows of a batch, and what it says of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Outcome = Literal["accepted", "held", "rejected", "unchanged"]


@dataclass(frozen=True)
class Before:
    """The batch in force for the same source and coverage."""

    batch_id: str
    contract_sha256: str
    content_sha256: str
    rows_sha256: str
    received: int
    quarantined: int
    keys: int = 0
    keys_gone: int = 0
    keys_changed: int = 0
    context_sha256: str | None = None
    synthetic: bool = False


@dataclass(frozen=True)
class PullRows:
    """All rows of the pull that brought a batch, where they say their coverage themselves.

    ``unclear`` are those of which it cannot be read: they may belong to any coverage.
    """

    received: int
    unclear: int


@dataclass(frozen=True)
class Facts:
    """What is known of a batch when it is judged. Counts are rows.

    - ``flagged``: landed rows that break a rule or a ratio which only flags.
    - ``trailing``: rows received by the last accepted batches.
    - ``copies``: the sources and coverages in force that have the same content.
    - ``drift``: the differences from the contract's form that hold the batch.
    - ``new_rows``: the landed rows of a delta that are new, changed or stamped anew; None where the batch replaces its
      coverage.
    - ``not_after``: the last coverage that is believed on the day of the pull; None where coverages are no times.
    - ``repeated``: rows that came again on another page of a list that was as long as announced.
    - ``pull``: all rows of its pull; None where the request says the coverage.
    """

    coverage: str | None
    contract_sha256: str
    content_sha256: str
    rows_sha256: str
    received: int
    landed: int
    quarantined: int
    flagged: int = 0
    before: Before | None = None
    trailing: Sequence[int] = ()
    copies: Sequence[str] = ()
    doubled_pages: Sequence[int] = ()
    drift: "Sequence[Reason]" = ()
    new_rows: int | None = None
    context_sha256: str | None = None
    synthetic: bool = False
    pull: PullRows | None = None
    not_after: str | None = None
    repeated: int = 0

    @property
    def vanished(self) -> bool:
        """Whether the pull brought rows, and none of this coverage."""
        return self.received == 0 and self.pull is not None and self.pull.received > 0


@dataclass(frozen=True)
class Reason:
    """Why a batch is not simply accepted, or a finding beside that: what, in numbers, and what to do."""

    code: str
    what: str
    do: str
    observed: str = ""
    limit: str = ""

    def as_row(self) -> Mapping[str, Any]:
        """The reason as the ledger keeps it."""
        return {"code": self.code, "what": self.what, "do": self.do, "observed": self.observed, "limit": self.limit}


@dataclass(frozen=True)
class GateDecision:
    """The outcome, and the reasons for it."""

    outcome: Outcome
    reasons: tuple[Reason, ...] = ()
