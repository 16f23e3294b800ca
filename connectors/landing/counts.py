"""What a landed pull came to: counts by coverage, reasons, and whether every row is accounted for (P1)."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, TypeVar

import duckdb

from connectors.landing.duplicates import Twins
from connectors.landing.fields import expected_fields, known_fields, position_name
from connectors.landing.own_content import MIN_DOUBLE_ROWS, Context, OwnContents, own_contents
from connectors.landing.pagetable import PageFacts
from connectors.landing.statement import STAGED
from connectors.protocols.base import UNREADABLE, Noticed, Page
from connectors.source.source import Source
from ledger.errors import LedgerError
from ledger.records import QuarantineCount
from ledger.sql import literal

T = TypeVar("T")
_ByCoverage = defaultdict[str | None, list[T]]


@dataclass(frozen=True)
class Listed:
    """One listing: the pages that answered one question.

    ``announced`` is its total as the source tells it, None where it does not. ``repeated`` are its rows with the key of
    a row on another of its pages.
    """

    pages: tuple[int, ...]
    rows: int
    announced: int | None
    repeated: int = 0


@dataclass(frozen=True)
class LandedCoverage:
    """What one coverage of a pull came to.

    ``content_sha256`` depends on the pages' bytes alone, ``context_sha256`` on the values that rows take from the
    requests; it is None where they take none. Bytes that come again under another value are a copy, not the same batch.
    ``own_sha256`` is of what the rows say by themselves, None where that is nothing to tell a copy by. ``echoed`` are
    the fields left out of it because they hold what was asked for.
    ``unknown`` are fields nobody declared; ``absent`` declared ones that no record had; ``flagged`` landed rows per
    rule or ratio that only flags, ``flagged_rows`` all that break one; ``doubled`` pages with the same content under
    different contexts; ``alike`` those that are the same but for what they echo. ``listings`` are those that brought
    its rows, and ``noticed`` what the protocol noticed in a page, with the page's number.
    """

    coverage: str | None
    received: int
    landed: int
    quarantined: int
    content_sha256: str
    context_sha256: str | None
    quarantine: tuple[QuarantineCount, ...]
    unknown: tuple[str, ...]
    absent: tuple[str, ...]
    flagged: Mapping[str, int]
    flagged_rows: int
    doubled: tuple[int, ...]
    pages: tuple[int, ...]
    own_sha256: str | None = None
    echoed: tuple[str, ...] = ()
    alike: tuple[int, ...] = ()
    listings: tuple[Listed, ...] = ()
    noticed: tuple[tuple[int, Noticed], ...] = ()


@dataclass(frozen=True)
class _Counts:
    """Staged rows of one coverage."""

    landed: int = 0
    quarantined: int = 0
    flagged: int = 0


@dataclass(frozen=True)
class _ReadPage:
    """What is remembered of a page once its text is gone."""

    seq: int
    coverage: str | None
    sha256: str
    context: Context
    rows: int
    announced: int | None
    noticed: tuple[Noticed, ...]


@dataclass
class Received:
    """What was read, page by page: the count of rows here comes from the pages, not from what was staged."""

    seen: list[_ReadPage] = field(default_factory=list)
    rows: dict[str | None, int] = field(default_factory=dict)
    fields: dict[str | None, set[str]] = field(default_factory=dict)

    def base(self, coverage: str | None, rows: int) -> int:
        """The number of a page's first row within its coverage."""
        first = self.rows.get(coverage, 0)
        self.rows[coverage] = first + rows
        return first

    def note(self, page: Page, coverage: str | None, sha256: str, fact: PageFacts) -> None:
        """Remember a page that was read, and the fields its records had."""
        context = tuple(sorted(page.context.items()))
        told = page.announced, tuple(page.noticed)
        self.seen.append(_ReadPage(page.seq, coverage, sha256, context, fact.rows, *told))
        places = {position_name(place) for width in fact.widths for place in range(width)}
        self.fields.setdefault(coverage, set()).update((fact.names - {UNREADABLE}) | places)

    def fields_of(self, coverage: str | None, everything: bool) -> set[str]:
        """Fields the records of a coverage had, or of the whole pull."""
        return set().union(*self.fields.values()) if everything else self.fields.get(coverage, set())


class RowCounter:
    """Counts the staged rows of one pull."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, source: Source, received: Received) -> None:
        self._connection = connection
        self._source = source
        self._received = received
        self._of_rows = source.coverage_column is not None
        self._own = OwnContents()
        self._contexts: dict[int, Context] = {}
        self._told = {column.context for column in source.contract.landed.values() if column.context is not None}

    def only_coverage(self) -> str | None:
        """The coverage that rows belong to whose own cannot be read: the only one there is, or None."""
        if not self._of_rows:
            return None
        found = self._rows(f"SELECT DISTINCT _coverage FROM {STAGED} WHERE _coverage IS NOT NULL LIMIT 2")
        return str(found[0][0]) if len(found) == 1 else None

    def look(self) -> None:
        """Look at what the rows say by themselves, before any is refused for another one's sake."""
        self._contexts = {seen.seq: seen.context for seen in self._received.seen}
        self._own = own_contents(self._connection, self._source.contract, self._contexts)

    def count(self, expected: Set[str | None] = frozenset(), twins: Sequence[Twins] = ()) -> tuple[LandedCoverage, ...]:
        """One result for each coverage, and for each that is ``expected``. Raises LedgerError when a row went missing.

        ``twins`` are the keys that several rows had.
        Only where rows say their coverage themselves can one be expected that has no row.
        """
        counts = {
            coverage: _Counts(int(landed), int(quarantined), int(flagged))
            for coverage, landed, quarantined, flagged in self._rows(
                "SELECT _coverage, count(*) FILTER (_reasons IS NULL), count(*) FILTER (_reasons IS NOT NULL), "
                f"count(*) FILTER (_reasons IS NULL AND len(_flags) > 0) FROM {STAGED} GROUP BY ALL"
            )
        }
        counts |= dict.fromkeys(expected - counts.keys(), _Counts())
        received = self._received.rows
        if sum(received.values()) != sum(one.landed + one.quarantined for one in counts.values()):
            raise self._lost()
        found = counts or {None: _Counts()} if self._of_rows else received
        coverages = sorted(found, key=lambda coverage: (coverage is None, coverage or ""))
        quarantine, flagged, listings = self._quarantine(), self._flagged(), self._listings(twins)
        return tuple(
            self._counted(coverage, counts.get(coverage, _Counts()), quarantine, flagged, listings)
            for coverage in coverages
        )

    def _counted(
        self,
        coverage: str | None,
        counts: "_Counts",
        quarantine: "_ByCoverage[QuarantineCount]",
        flagged: "_ByCoverage[tuple[str, int]]",
        listings: Sequence[Listed],
    ) -> LandedCoverage:
        landed, quarantined = counts.landed, counts.quarantined
        received = landed + quarantined if self._of_rows else self._received.rows.get(coverage, 0)
        if landed + quarantined != received:
            raise self._lost()
        pages = [seen for seen in self._received.seen if self._of_rows or seen.coverage == coverage]
        numbers = {seen.seq for seen in pages}
        fields = self._received.fields_of(coverage, everything=self._of_rows)
        contract = self._source.contract
        same, alike = _doubled(pages), self._own.doubled(coverage, self._contexts)
        if not self._own.echoed:
            same, alike = same | alike, set()
        return LandedCoverage(
            coverage=coverage,
            received=received,
            landed=landed,
            quarantined=quarantined,
            content_sha256=_content(pages, coverage if self._of_rows else ""),
            context_sha256=_context(pages, self._told) if self._told else None,
            quarantine=tuple(quarantine[coverage]),
            unknown=tuple(sorted(fields - known_fields(contract))),
            absent=tuple(sorted(expected_fields(contract) - fields)) if received else (),
            flagged=dict(flagged[coverage]),
            flagged_rows=counts.flagged,
            doubled=tuple(sorted(same)),
            pages=tuple(sorted(numbers)),
            own_sha256=self._own.sha256(coverage),
            echoed=self._own.echoed,
            alike=tuple(sorted(alike - same)),
            listings=tuple(one for one in listings if numbers.issuperset(one.pages)),
            noticed=tuple((seen.seq, one) for seen in pages for one in seen.noticed),
        )

    def _listings(self, twins: Sequence[Twins]) -> Sequence[Listed]:
        """The listings of the pull: pages of one question follow each other, and each file is one by itself."""
        found: list[list[_ReadPage]] = []
        for seen in self._received.seen:
            if found and not self._source.of_files and found[-1][-1].context == seen.context:
                found[-1].append(seen)
            else:
                found.append([seen])
        listing_of = {seen.seq: nth for nth, pages in enumerate(found) for seen in pages}
        repeated: Counter[int] = Counter()
        for one in twins:
            for nth, times in Counter(listing_of[seq] for seq in one.pages).items():
                repeated[nth] += (times - 1) * one.keys
        return [_listed(pages, repeated[nth]) for nth, pages in enumerate(found)]

    def _quarantine(self) -> "_ByCoverage[QuarantineCount]":
        rows = self._rows(
            "SELECT _coverage, reason.rule, coalesce(reason.field, ''), count(DISTINCT _row) FROM "
            f"(SELECT _coverage, _row, unnest(_reasons) AS reason FROM {STAGED} WHERE _reasons IS NOT NULL) "
            "GROUP BY ALL ORDER BY ALL"
        )
        found: _ByCoverage[QuarantineCount] = defaultdict(list)
        for coverage, rule, field_, count in rows:
            found[coverage].append(QuarantineCount(rule, field_, count))
        return found

    def _flagged(self) -> "_ByCoverage[tuple[str, int]]":
        """Landed rows by the rule or ratio they break, most rows first; ``_flags`` of the landed rows says which."""
        contract = self._source.contract
        found: _ByCoverage[tuple[str, int]] = defaultdict(list)
        if contract.flagging_rules or contract.flagging_ratios:
            flags = f"SELECT _coverage, unnest(_flags) AS name FROM {STAGED} WHERE _reasons IS NULL"
            for coverage, name, count in self._rows(
                f"SELECT _coverage, name, count(*) FROM ({flags}) GROUP BY ALL ORDER BY 3 DESC, 2"
            ):
                found[coverage].append((str(name), int(count)))
        return found

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(query).fetchall()

    def _lost(self) -> LedgerError:
        return LedgerError(
            "rows received are not rows landed plus rows quarantined",
            where=self._source.id,
            do="Nothing was landed; report this with the batch's encrypted pages",
        )


def _listed(pages: Sequence[_ReadPage], repeated: int) -> Listed:
    numbers = tuple(seen.seq for seen in pages)
    return Listed(numbers, sum(seen.rows for seen in pages), pages[-1].announced, repeated)


def is_coverage(coverage: str | None) -> str:
    """The condition for the staged rows of one coverage."""
    return "_coverage IS NULL" if coverage is None else f"_coverage = {literal(coverage)}"


def _content(pages: Sequence[_ReadPage], coverage: str | None) -> str:
    """A hash of what came: the hashes of the pages in order, and not when or how they came.

    Where rows say their coverage, several batches come from the same pages, and ``coverage`` tells them apart.
    """
    return hashlib.sha256("\n".join([*(seen.sha256 for seen in pages), coverage or ""]).encode()).hexdigest()


def _context(pages: Sequence[_ReadPage], told: Set[str]) -> str:
    """A hash of the values that rows take from the requests (``told``), page by page."""
    values = [[pair for pair in seen.context if pair[0] in told] for seen in pages]
    return hashlib.sha256(json.dumps(values, ensure_ascii=False).encode()).hexdigest()


def _doubled(pages: Sequence[_ReadPage]) -> set[int]:
    """Pages with the bytes of an earlier one that was asked for under another context."""
    first: dict[str, _ReadPage] = {}
    found = set()
    for seen in pages:
        if seen.rows < MIN_DOUBLE_ROWS:
            continue
        earlier = first.setdefault(seen.sha256, seen)
        if earlier.context != seen.context:
            found.add(seen.seq)
    return found
