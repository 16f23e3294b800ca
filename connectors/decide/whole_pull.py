"""Pulls that count as a whole: where a row may have moved from one coverage of the pull to another.

Rows say their coverage themselves, and it is no part of their key. Between two pulls a row may then move: from 2023 to
2024, say. If one of the two batches came in force without the other, the row would be in force twice, or not at all.
So all batches of such a pull come in force together, or none does.
"""

from collections.abc import Sequence
from dataclasses import replace

from connectors.decide.batch_decision import BatchDecision
from connectors.decide.facts import Reason
from connectors.source.plan import Plan
from connectors.source.source import Source


def counts_as_a_whole(source: Source) -> bool:
    """Whether the batches of one pull of everything come in force together or not at all."""
    return source.coverage_column is not None and source.coverage_column not in source.contract.key


def all_or_none(
    source: Source, plan: Plan, decisions: Sequence[BatchDecision], *, first: bool
) -> Sequence[BatchDecision]:
    """The decisions about one pull, once each batch was judged for itself.

    ``first``: nothing of the source is in force, so no row can be in force twice. A delta moves rows by their key and
    cursor. Rows whose coverage nobody can read are in quarantine or held, and move nowhere.
    """
    if first or plan.merge is not None or not counts_as_a_whole(source):
        return decisions
    stopped = [one for one in decisions if one.status in ("held", "rejected") and one.rows.coverage is not None]
    if not stopped:
        return decisions
    reason = Reason(
        "pull_held",
        "another coverage of the same pull is not in order, and rows may have moved between the two",
        "Release all held batches of the pull at once, or wait for a pull in which all are in order",
        ", ".join(f"{one.rows.coverage} {one.status}" for one in stopped),
    )
    return [
        replace(one, status="held", reasons=[*one.reasons, reason.as_row()]) if one.status == "accepted" else one
        for one in decisions
    ]
