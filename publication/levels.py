"""What the public does not read of a publication's tables: one list for PostgreSQL and for the interface for machines.

What an agency has handed in and what is wrong with it is the house's own until the stage is over.
"""

from collections.abc import Mapping

DETAILS: Mapping[str, frozenset[str] | None] = {
    "quality.findings": frozenset(
        (
            *("owner", "subject", "field", "published", "recomputed", "against"),
            *("row_count", "batch_id", "page_no", "row_no"),
        )
    ),
    "scores.pillar_scores": frozenset({"held_reason"}),
    "scores.instrument_answers": frozenset(
        {"answer", "score", "state", "reason", "reason_id", "batch_ids", "synthetic"},
    ),
    "scores.answer_states": None,
    "scores.answer_evidence": None,
    "scores.readiness": None,
    "meta.pillars": frozenset({"held_reason"}),
    "meta.batches": frozenset({"rows_received", "rows_landed", "rows_quarantined", "receipt_sha256", "note"}),
    "meta.pages": None,
    "meta.evidence": None,
    "meta.gate_checks": None,
    "meta.batch_regions": None,
}
"""Table -> the columns that are details, None for all of it."""


def details_of(*tables: str) -> frozenset[str]:
    """The columns of these tables that are details."""
    return frozenset().union(*(DETAILS.get(name) or () for name in tables))
