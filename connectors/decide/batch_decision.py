"""The decision about one batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.landing.counts import LandedCoverage
from connectors.landing.files import LandedFiles
from ledger.records import Batch, BatchStatus, Revision


@dataclass(frozen=True)
class BatchDecision:
    """What becomes of one batch, and where its rows are (``files`` None: nowhere, for nothing changed).

    ``before`` is the batch in force of its coverage. ``known`` are the landed rows of a delta that change nothing.
    ``cursor`` is the highest one among the landed rows, in a form that sorts.
    """

    rows: LandedCoverage
    status: BatchStatus
    reasons: Sequence[Mapping[str, Any]]
    findings: Sequence[Mapping[str, Any]]
    files: LandedFiles | None
    before: Batch | None
    known: int | None = None
    revision: Revision | None = None
    cursor: str | None = None
