"""A batch beside what is in force: which units are new, changed, gone or known already, and the differences by unit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from connectors.landing.checks import typed_name
from connectors.landing.counts import is_coverage
from connectors.landing.merging import merged
from connectors.landing.staging import Staging
from connectors.landing.statement import STAGED
from connectors.source.contract import Contract
from ledger.records import Merge
from ledger.sql import any_of, literal, parquet


@dataclass(frozen=True)
class Standing:
    """The rows a batch is compared with.

    ``files`` are those of batches in force (by batch id, in the order of their pulls), ``merge`` says how they join.
    ``whole``: the batch replaces its coverage, so that what it does not have is gone; else it joins them.

    A replay stands in the place of an earlier pull: ``before`` is how many of the files come before it (None: all of
    them), and ``replaced`` are the ids of those that it takes the place of.
    """

    files: tuple[tuple[str, Path], ...]
    merge: Merge | None
    whole: bool
    before: int | None = None
    replaced: frozenset[str] = frozenset()

    @property
    def later(self) -> Sequence[str]:
        """Ids of batches that come after this one in the order of pulls: of equal cursors theirs counts."""
        return [batch_id for batch_id, _ in self.files[self.before :]] if self.before is not None else []

    @property
    def beside(self) -> "Standing":
        """The same without what is replaced."""
        kept = [batch_id not in self.replaced for batch_id, _ in self.files]
        files = tuple(file for file, stays in zip(self.files, kept, strict=True) if stays)
        before = sum(kept[: self.before]) if self.before is not None else None
        return replace(self, files=files, before=before, replaced=frozenset())

    @property
    def in_place(self) -> bool:
        """Whether an earlier version, or a later one of another pull, may stand where the batch has none of a unit."""
        return self.merge is not None and bool(self.replaced)


@dataclass(frozen=True)
class Comparison:
    """Units (rows by key): those in force (of the same coverage where it is replaced), and what a batch does to them.

    ``known``: landed rows that change nothing, because they are in force as they are, or in a later version.
    """

    standing: int
    added: int
    changed: int
    removed: int
    known: int


class Beside:
    """The statements that compare the staged rows of one coverage with those in force."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, contract: Contract, coverage: str | None, standing: Standing
    ) -> None:
        self._connection = connection
        self._contract = contract
        self._coverage = coverage
        self._standing = standing
        self._there = self._described(f"({self._old_rows()})")

    @property
    def comparable(self) -> bool:
        """Whether the rows in force have the columns of this contract's key, of the same types."""
        now = self._described(STAGED)
        return all(self._there.get(name) == now[name] for name in self._contract.key)

    @property
    def key(self) -> str:
        """The columns by which both sides are brought together."""
        return ", ".join(map(_c, self._contract.key))

    def compare(self, staging: Staging) -> Comparison:
        """Count the units."""
        both = "n._row IS NOT NULL AND o._batch IS NOT NULL"
        counted = ", ".join(
            f"count(*) FILTER ({condition})"
            for condition in (
                "o._batch IS NOT NULL",
                "o._batch IS NULL",
                f"{both} AND {self._counts()} AND {self._differs()}",
                "n._row IS NULL",
                f"{both} AND NOT ({self._counts()} AND ({self._differs()} OR {self._restamped()}))",
            )
        )
        rows = [
            self._connection.execute(f"SELECT {counted} FROM {self._joined(bucket)}").fetchall()[0]
            for bucket in staging.buckets(self.key)
        ]
        return Comparison(*(sum(map(int, counts)) for counts in zip(*rows, strict=True)))

    def lines(self, source_id: str, batch_id: str, bucket: str, *, additions: bool) -> str:
        """SQL for the differences in a bucket: a line for each unit and column whose value is another now."""
        kind = "CASE WHEN o._batch IS NULL THEN 'added' WHEN n._row IS NULL THEN 'removed' ELSE 'changed' END"
        unit = ", ".join(
            f"{literal(name)}, coalesce(n.{_c(name)}, o.{_c(name)})::VARCHAR" for name in self._contract.key
        )
        values = ", ".join(
            f"{{'name': {literal(name)}, 'old': {self._old_text(name)}, 'new': {self._new_text(name)}}}"
            for name in self._told
        )
        wanted = f"o._batch IS NULL OR n._row IS NULL OR ({self._counts()} AND {self._differs()})"
        if not additions:
            wanted = f"o._batch IS NOT NULL AND ({wanted})"
        of_units = (
            f"SELECT json_object({unit})::VARCHAR AS unit, {kind} AS kind, o._batch AS previous, "
            f"unnest([{values}]) AS value FROM {self._joined(bucket)} WHERE {wanted}"
        )
        return (
            f"SELECT {literal(source_id)} AS source_id, {literal(self._coverage or '')} AS coverage, unit, kind, "
            "value.name AS column_name, value.old AS old_value, value.new AS new_value, "
            f"{literal(batch_id)} AS batch_id, previous AS previous_batch_id FROM ({of_units}) "
            "WHERE value.old IS DISTINCT FROM value.new ORDER BY kind, unit, column_name"
        )

    # -- the two sides --------------------------------------------------------------------------------------------

    def _joined(self, bucket: str) -> str:
        on = " AND ".join(f"n.{_c(name)} = o.{_c(name)}" for name in self._contract.key)
        how = "FULL" if self._standing.whole or self._standing.in_place else "LEFT"
        sides = (self._after(), self._until_now()) if self._standing.in_place else (self._new_rows(), self._old())
        new, old = (f"SELECT * FROM ({rows}) WHERE {bucket}" for rows in sides)
        return f"({new}) AS n {how} JOIN ({old}) AS o ON {on}"

    def _new_rows(self) -> str:
        columns = ", ".join([*map(_c, self._contract.landed), "_coverage", "_row"])
        return f"SELECT {columns} FROM {STAGED} WHERE _reasons IS NULL AND {is_coverage(self._coverage)}"

    def _old(self) -> str:
        if self._standing.whole:
            return f"SELECT * FROM ({self._old_rows()}) WHERE {is_coverage(self._coverage)}"
        return self._old_rows(f" SEMI JOIN ({self._new_rows()}) USING ({self.key})")

    def _old_rows(self, narrowed: str = "") -> str:
        parts = [
            f"SELECT *, {literal(batch_id)} AS _batch FROM {parquet(path)}{narrowed}"
            for batch_id, path in self._standing.files
        ]
        return merged(parts, self._standing.merge)

    def _touched(self) -> str:
        """The keys of a replay, and those of what it replaces."""
        replaced = [path for batch_id, path in self._standing.files if batch_id in self._standing.replaced]
        old = " UNION ".join(f"SELECT {self.key} FROM {parquet(path)}" for path in replaced)
        return f" SEMI JOIN (SELECT {self.key} FROM ({self._new_rows()}) UNION {old}) USING ({self.key})"

    def _until_now(self) -> str:
        return self._old_rows(self._touched())

    def _after(self) -> str:
        """What is in force once the batch stands in its place, as the contract of now reads it."""
        beside, touched = self._standing.beside, self._touched()
        parts = [f"SELECT * FROM {parquet(path)}{touched}" for _, path in beside.files]
        parts.insert(beside.before or 0, self._new_rows())
        landed = self._contract.landed.items()
        own = [f"TRY_CAST({_c(name)} AS {column.sql_type.sql}) AS {_c(name)}" for name, column in landed]
        return f"SELECT {', '.join(own)}, _coverage, _row FROM ({merged(parts, self._standing.merge)})"

    def _described(self, relation: str) -> Mapping[str, str]:
        described = f"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM {relation})"
        return dict(self._connection.execute(described).fetchall())

    # -- their columns --------------------------------------------------------------------------------------------

    @property
    def _told(self) -> Sequence[str]:
        """Columns in which a difference is one of the figures, not of the key or of when it was stamped."""
        apart = {*self._contract.key, self._cursor}
        return [*(name for name in self._contract.landed if name not in apart and name in self._there), *self._moved]

    @property
    def _moved(self) -> Sequence[str]:
        """In an incremental source a record may move to another period."""
        return [] if self._standing.whole and not self._standing.in_place else ["_coverage"]

    @property
    def _cursor(self) -> str | None:
        return self._standing.merge.cursor if self._standing.merge is not None else None

    def _differs(self) -> str:
        return any_of(f"n.{_c(name)} IS DISTINCT FROM {self._old_value(name)}" for name in self._told)

    def _restamped(self) -> str:
        cursor = self._cursor
        return "false" if cursor is None else f"n.{_c(cursor)} IS DISTINCT FROM {self._old_value(cursor)}"

    def _counts(self) -> str:
        """Whether the batch's version of a unit is the one in force once the batch is."""
        if self._standing.whole or self._standing.in_place or self._cursor is None:
            return "true"
        new, old = f"n.{_c(self._cursor)}", self._old_value(self._cursor)
        later = ", ".join(map(literal, self._standing.later))
        equal = f"{new} = {old} AND o._batch NOT IN ({later})" if later else f"{new} = {old}"
        return f"coalesce({new} > {old} OR {equal}, true)"

    def _old_value(self, name: str) -> str:
        """The old value as the contract of now reads it."""
        column = self._contract.landed.get(name)
        return f"TRY_CAST(o.{_c(name)} AS {column.sql_type.sql})" if column is not None else f"o.{_c(name)}"

    def _new_text(self, name: str) -> str:
        # A unit that is new did not move.
        moved = f"CASE WHEN o._batch IS NOT NULL THEN n.{_c(name)} END"
        return moved if name in self._moved else f"n.{_c(name)}::VARCHAR"

    def _old_text(self, name: str) -> str:
        return f"coalesce({self._old_value(name)}::VARCHAR, o.{_c(name)}::VARCHAR)"


def _c(name: str) -> str:
    return typed_name(name)
