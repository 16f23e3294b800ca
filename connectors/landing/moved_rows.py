"""Rows of a pull beside those in force in other coverages: which ones have moved."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from connectors.landing.checks import typed_name
from connectors.landing.staging import Staging
from connectors.landing.statement import STAGED
from connectors.source.contract import Contract
from ledger.sql import literal, parquet

Force = Sequence[tuple[str | None, Path]]
"""Files of rows in force, with their coverages."""


@dataclass(frozen=True)
class Move:
    """Units (rows by key) that are in force in one coverage, and that the pull has in another one instead."""

    before: str | None
    now: str | None
    units: int


class Moving:
    """The statements that find moved rows. Only files whose key is that of the contract can be asked."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
        self._connection = connection
        self._contract = contract
        self._key = ", ".join(map(typed_name, contract.key))
        self._columns = self._described(STAGED)

    def comparable(self, path: Path) -> bool:
        """Whether a file is there and has the columns of the key, of the same types."""
        if not path.is_file():
            return False
        there = self._described(parquet(path))
        return all(there.get(name) == self._columns[name] for name in self._contract.key)

    def count(self, staging: Staging, force: Force, *, joined: bool) -> list[Move]:
        """The moves between each two coverages.

        ``joined``: deltas are in force too, so that a file may have a row whose place another one's has taken.
        """
        units: Counter[tuple[str, str]] = Counter()
        for bucket in staging.buckets(self._key):
            for before, now, count in self._connection.execute(self._moved(force, bucket, joined)).fetchall():
                units[before, now] += count
        return [Move(before or None, now or None, count) for (before, now), count in sorted(units.items())]

    def _moved(self, force: Force, bucket: str, joined: bool) -> str:
        old = " UNION ALL ".join(
            f"SELECT {self._key}, {literal(coverage or '')} AS _about FROM {parquet(path)} WHERE {bucket}"
            for coverage, path in force
        )
        new = f"SELECT {self._key}, coalesce(_coverage, '') AS _about FROM {STAGED} WHERE _reasons IS NULL AND {bucket}"
        # Where a key is good for one coverage only, it may stand in several; a row that was there already did not move.
        come = "new" if joined else f"(FROM new ANTI JOIN old USING ({self._key}, _about))"
        gone = f"FROM old ANTI JOIN new USING ({self._key}, _about)"
        moved = f"({gone}) AS gone JOIN {come} AS come USING ({self._key})"
        return (
            f"WITH old AS ({old}), new AS ({new}), "
            f"moved AS (SELECT DISTINCT {self._key}, gone._about AS was, come._about AS is_now FROM {moved}) "
            "SELECT was, is_now, count(*) FROM moved GROUP BY ALL"
        )

    def _described(self, relation: str) -> Mapping[str, str]:
        described = f"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM {relation})"
        return dict(self._connection.execute(described).fetchall())
