"""An installation that pulls the real tables through ordinary source files, each once in a test session."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from connectors.pull.course import BatchOutcome, PullOutcome, pull
from connectors.source.source import Source
from connectors.source.source_files import load_sources
from ledger.settings import Settings
from ledger.store import Ledger

SOURCES = Path(__file__).parent / "sources"


@dataclass(frozen=True)
class House:
    """What has been pulled so far; ``pulled`` pulls what has not."""

    ledger: Ledger
    settings: Settings
    _outcomes: dict[str, PullOutcome] = field(default_factory=dict)

    @cached_property
    def sources(self) -> Mapping[str, Source]:
        """The source files beside this module, by id."""
        return load_sources(SOURCES)

    def pull(self, source_id: str) -> PullOutcome:
        """Pull one source now."""
        return pull(self.sources[source_id], self.ledger, self.settings)

    def pulled(self, source_id: str) -> PullOutcome:
        """What the first pull of a source came to."""
        if source_id not in self._outcomes:
            self._outcomes[source_id] = self.pull(source_id)
        return self._outcomes[source_id]

    def batch(self, source_id: str, coverage: str) -> BatchOutcome:
        """The batch of one coverage."""
        [found] = [batch for batch in self.pulled(source_id).batches if batch.coverage == coverage]
        return found

    def rows(self, source_id: str, query: str) -> list[tuple[Any, ...]]:
        """The answer to a query on ``landed``: all rows of a source's first pull, with ``_batch``."""
        return self._ask(self.pulled(source_id).batches, "rows.parquet", "landed", query)

    def quarantine(self, source_id: str, query: str) -> list[tuple[Any, ...]]:
        """The answer to a query on ``quarantine``: all rows that a source's first pull held back."""
        return self._ask(self.pulled(source_id).batches, "quarantine.parquet", "quarantine", query)

    def _ask(self, batches: Sequence[BatchOutcome], file: str, view: str, query: str) -> list[tuple[Any, ...]]:
        parts = []
        for batch in batches:
            known = self.ledger.batch(batch.batch_id)
            assert known is not None
            assert known.landed_path is not None
            path = (self.settings.home / known.landed_path).with_name(file)
            parts.append(f"SELECT *, '{batch.batch_id}' AS _batch FROM read_parquet('{path}')")
        with duckdb.connect() as connection:
            connection.execute(f"CREATE VIEW {view} AS {' UNION ALL BY NAME '.join(parts)}")
            return connection.execute(query).fetchall()


def flags(outcome: PullOutcome) -> dict[str, dict[str | None, int]]:
    """Rows that broke a rule and landed, as the ledger's findings tell them: rule, coverage, rows."""
    found: dict[str, dict[str | None, int]] = {}
    for batch in outcome.batches:
        for finding in batch.findings:
            if finding["code"] == "flagged":
                rule = str(finding["what"]).removeprefix("rows break ")
                found.setdefault(rule, {})[batch.coverage] = int(finding["observed"])
    return found
