"""What became of a pull, for whoever asked for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ledger.records import BatchStatus


@dataclass(frozen=True)
class BatchOutcome:
    """What became of one coverage."""

    batch_id: str
    coverage: str | None
    status: BatchStatus
    received: int
    landed: int
    quarantined: int
    reasons: Sequence[Mapping[str, Any]] = ()
    findings: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class PullOutcome:
    """What became of one pull: a batch for each coverage it brought."""

    source_id: str
    batches: tuple[BatchOutcome, ...]

    @property
    def changed(self) -> bool:
        """Whether an evaluation would see anything new."""
        return any(batch.status == "accepted" for batch in self.batches)
