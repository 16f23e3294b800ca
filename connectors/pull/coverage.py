"""What the pages of a pull are about."""

from collections.abc import Set

from connectors.protocols.base import Page
from connectors.source.plan import Plan
from connectors.source.source import GRAIN_PATTERNS, Source, matches_grain
from ledger.errors import FailedAnswer, SourceError
from ledger.store import Ledger


def coverage_of(source: Source, page: Page) -> str | None:
    """What a page is about, or None where its rows say it.

    Raises SourceError when the page does not say it, or not in the declared grain.
    """
    if source.coverage_column is not None:
        return None
    name = source.coverage_context
    if name is None:
        return "all"
    value = page.context.get(name)
    if value is None or not matches_grain(value, source.coverage.grain):
        error = SourceError(
            "permanent",
            f"page {page.seq} says {value!r} for {name!r}, which is no coverage of grain {source.coverage.grain}"
            if value is not None
            else f"page {page.seq} does not say its coverage {name!r}",
            where=source.id,
            do=f"The form is {GRAIN_PATTERNS[source.coverage.grain]}",
        )
        error.answer = FailedAnswer(page.request, page.status, page.body, page.ms)
        raise error
    return value


def coverages_due(source: Source, plan: Plan, ledger: Ledger) -> Set[str | None]:
    """Coverages that get a batch even without a row.

    Where rows say their coverage, a pull that asked for everything is a word on every coverage. One that is in force
    and vanished from the pull goes before the gate as a batch without rows.
    """
    if source.coverage_column is None or plan.merge is not None:
        return frozenset()
    return {batch.coverage for batch in ledger.in_force(source.id) if batch.rows_landed}
