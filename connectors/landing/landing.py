"""Landing one pull: pages go in as they come, batches of rows come out, one for each coverage."""

from collections.abc import Sequence, Set
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb

from connectors.landing.checks import typed_name
from connectors.landing.comparing import Baseline, BatchComparison, Comparison
from connectors.landing.counts import LandedCoverage, RowCounter, is_coverage
from connectors.landing.duplicates import quarantine_duplicates
from connectors.landing.files import LandedFiles, write_files, write_revision
from connectors.landing.fitting import fitting
from connectors.landing.future import quarantine_future
from connectors.landing.personal import hmac_pads, holds_identity
from connectors.landing.reader import Reader
from connectors.landing.sample import Sample, Value
from connectors.landing.sandbox import open_sandbox, quiet
from connectors.landing.staging import Staging
from connectors.landing.statement import STAGED, Statement
from connectors.protocols.base import Page
from connectors.source.columns import Column
from connectors.source.plan import SNAPSHOT, Plan
from connectors.source.source import Source
from ledger.errors import SourceError
from ledger.keys import Keys


class Landing:
    """Lands the pages of one pull. Use in ``with``: what it holds is gone afterwards.

    ``folder`` is the only place that its database can reach; rows are staged in it. ``in_force`` is one more, where the
    rows that a batch is compared with do not lie in it.
    """

    def __init__(
        self,
        source: Source,
        keys: Keys,
        folder: Path,
        plan: Plan = SNAPSHOT,
        *,
        in_force: Path | None = None,
    ) -> None:
        self._source = source
        self._plan = plan
        self._reached = [folder] if in_force is None else [folder, in_force]
        self._contract = source.contract
        self._connection: duckdb.DuckDBPyConnection = open_sandbox(self._reached)
        self._contexts = sorted({c.context for c in source.contract.landed.values() if c.context is not None})
        statement = Statement(source.contract, source.coverage.grain, source.coverage_column)
        pads = hmac_pads(keys.pseudonym_key) if statement.needs_key else {}
        self._staging = Staging(self._connection, statement, folder)
        self._reader = Reader(self._staging, source, statement, self._contexts, pads)

    def __enter__(self) -> "Landing":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.close()
        self._connection.close()
        self._staging.close()

    def add(self, page: Page, coverage: str | None, sha256: str) -> None:
        """Take one page of a coverage (None where the rows say it themselves).

        Raises SourceError for this page, or for an earlier one that has been read meanwhile.
        """
        missing = [name for name in self._contexts if name not in page.context]
        if missing:
            raise SourceError(
                "permanent",
                f"page {page.seq} came without {missing[0]!r}, which the contract takes from the request",
                where=page.request,
                do="Name it in `for_each`, or in the protocol's file name pattern",
            )
        if any(holds_identity(page.context[name]) for name in self._contexts):
            raise SourceError(
                "permanent",
                f"what names page {page.seq} (its file, or its request) holds a number with the form of a NIK",
                where=page.request,
                do="Have the agency name its files after what they are about, never after a person",
            )
        self._reader.add(page, coverage, sha256)

    def finish(self, expected: Set[str | None] = frozenset()) -> tuple[LandedCoverage, ...]:
        """Read what is left, settle duplicates, and count. Raises LedgerError when a row went missing (P1).

        ``expected``: coverages that are told also where no row is of them.
        """
        self._reader.finish()
        self._reader.close()
        self._connection.close()
        # What is done with the rows of a whole pull begins when what reading took has been given back.
        self._connection = open_sandbox(self._reached)
        with quiet(self._source.id):
            self._staging.move(self._connection)
            counter = RowCounter(self._connection, self._source, self._reader.received)
            own = counter.only_coverage()
            if own is not None:
                self._staging.assume(own)
            if self._plan.cursor is not None and self._plan.not_after is not None:
                quarantine_future(self._staging, self._contract, self._plan.cursor, self._plan.not_after)
            counter.look()
            return counter.count(expected, quarantine_duplicates(self._staging, self._contract))

    def write(self, coverage: str | None, folder: Path) -> LandedFiles:
        """Write the two files of one coverage."""
        with quiet(self._source.id):
            return write_files(self._connection, self._contract, coverage, folder)

    def sample(self, coverage: str | None) -> Sample:
        """A few records of one coverage; of the whole pull where rows say their coverage themselves."""
        return self._reader.samples.get(None if self._source.coverage_column is not None else coverage, Sample())

    def fit(self, values: Sequence[Value], column: Column) -> int:
        """How many of some values a column would take."""
        with quiet(self._source.id):
            return fitting(self._connection, values, column)

    def highest_cursor(self, coverage: str | None) -> str | None:
        """The highest cursor among the landed rows of a coverage, in a form that sorts; None without any."""
        if self._plan.cursor is None:
            return None
        highest = f"max({typed_name(self._plan.cursor)})"
        if self._contract.landed[self._plan.cursor].sql_type.kind == "timestamp":
            highest = f"strftime({highest}, '%Y-%m-%dT%H:%M:%S.%f+00:00')"
        with quiet(self._source.id):
            found = self._rows(
                f"SELECT {highest}::VARCHAR FROM {STAGED} WHERE _reasons IS NULL AND {is_coverage(coverage)}"
            )
        return str(found[0][0]) if found[0][0] is not None else None

    def compare(self, coverage: str | None, baseline: Baseline) -> Comparison | None:
        """What the rows of a coverage do to those in force; None where the key is another now."""
        with quiet(self._source.id):
            comparison = BatchComparison(self._connection, self._contract, coverage, baseline)
            return comparison.compare(self._staging) if comparison.comparable else None

    def write_revision(
        self, coverage: str | None, baseline: Baseline, folder: Path, *, additions: bool
    ) -> tuple[Path, str]:
        """Write the differences with what is in force by unit. Returns the file and its sha256.

        ``additions``: whether units that were not there before are listed too.
        """
        with quiet(self._source.id):
            comparison = BatchComparison(self._connection, self._contract, coverage, baseline)
            lines = [
                comparison.lines(self._source.id, folder.name, bucket, additions=additions)
                for bucket in self._staging.buckets(comparison.key)
            ]
            return write_revision(self._connection, lines, folder)

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(query).fetchall()
