"""Where the rows of a landing gather until they are counted and written: Parquet files, one for each chunk of pages.

What is staged is what will be landed: personal values are pseudonyms already, refused values are masked. So it may lie
on disk, and a pull takes as much memory with 10,000 pages as with 100.

Rows of a part stand in the order of the pages, and so do the parts. Reading them in turn gives the rows in order.
"""

import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from connectors.landing.checks import typed_name
from connectors.landing.refused import REASONS
from connectors.landing.statement import STAGED, Statement
from connectors.source.contract import Contract
from ledger.sql import literal

REJUDGED = "rejudged"
BUCKET_ROWS = 500_000
"""Rows that are compared with each other at once: the memory that finding duplicates takes."""

_PARQUET = "(FORMAT parquet, COMPRESSION snappy)"


class Staging:
    """The parts of one landing, in a folder of its own below ``parent``; ``close`` removes it.

    Parts are written by several threads (``part`` gives each its file); everything else is for one thread.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, statement: Statement, parent: Path) -> None:
        self._connection = connection
        self._contract: Contract = statement.contract
        self._folder = parent / f".staged-{secrets.token_hex(8)}"
        self._folder.mkdir(parents=True)
        self._coverage = "_coverage"
        # The first part: a pull without pages is staged like any other.
        connection.execute(statement.create_table("_empty"))
        connection.execute(f"COPY _empty TO {self._file(0)} {_PARQUET}").fetchall()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of a thread's own to the database that writes the parts."""
        return self._connection.cursor()

    def close(self) -> None:
        """Remove every part."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def write(self, connection: duckdb.DuckDBPyConnection, nth: int, rows: str, parameters: dict[str, object]) -> None:
        """Write the ``nth`` part (from 1) on a connection of the caller's. Raises duckdb.Error."""
        connection.execute(f"COPY ({rows}) TO {self._file(nth)} {_PARQUET}", parameters).fetchall()

    def move(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Read the parts with another connection from now on, where the view STAGED shows the rows of all of them."""
        self._connection = connection
        self._show()

    def _show(self) -> None:
        self._connection.execute(f"CREATE OR REPLACE VIEW {STAGED} AS {self._read(self._parts())}")

    def assume(self, coverage: str) -> None:
        """Let rows without a coverage belong to this one."""
        self._coverage = f"coalesce(_coverage, {literal(coverage)}) AS _coverage"
        self._show()

    def rejudge(self, found: str) -> None:
        """Quarantine rows that passed every check of their own: ``found`` gives their ``_coverage, _row, _reasons``."""
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {REJUDGED} AS {found}")
        for (part,) in self._connection.execute(
            f"SELECT DISTINCT _part FROM ({self._read(self._parts(), ', _part')}) AS staged "
            f"SEMI JOIN {REJUDGED} AS judged ON {_SAME} ORDER BY 1"
        ).fetchall():
            self._rewrite(Path(part))

    def _rewrite(self, part: Path) -> None:
        """Write one part anew, with its rejudged rows in the form of quarantined ones."""
        again = "judged._row IS NOT NULL"
        values = [
            f"CASE WHEN {again} THEN NULL ELSE staged.{typed_name(name)} END AS {typed_name(name)}"
            for name in self._contract.landed
        ]
        draft = part.with_suffix(".draft")
        self._connection.execute(
            f"COPY (SELECT {', '.join(values)}, staged._page, staged._row, staged._coverage, "
            f"CASE WHEN {again} THEN {_record_of(self._contract)} ELSE _record END AS _record, "
            f"CASE WHEN {again} THEN judged._reasons ELSE staged._reasons END::{REASONS} AS _reasons, "
            f"CASE WHEN NOT {again} THEN _flags END AS _flags "
            f"FROM ({self._read([part])}) AS staged LEFT JOIN {REJUDGED} AS judged ON {_SAME} "
            f"ORDER BY staged._page, staged._row) TO {literal(str(draft))} {_PARQUET}"
        )
        draft.replace(part)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query over the staged rows gives."""
        return self._connection.execute(query).fetchall()

    def exists(self, rows: str) -> bool:
        """Whether a query over the staged rows gives any row."""
        return bool(self.rows(f"SELECT EXISTS ({rows})")[0][0])

    def buckets(self, columns: str) -> Iterator[str]:
        """Conditions that split the staged rows into bearable parts, equal values of ``columns`` always together."""
        rows = self._connection.execute(f"SELECT count(*) FROM {STAGED}").fetchall()[0][0]
        count = rows // BUCKET_ROWS + 1
        if count == 1:
            yield "true"
            return
        for nth in range(count):
            yield f"hash({columns}) % {count} = {nth}"

    def _file(self, nth: int) -> str:
        return literal(str(self._folder / f"{nth:08d}.parquet"))

    def _parts(self) -> list[Path]:
        return sorted(self._folder.glob("*.parquet"))

    def _read(self, parts: list[Path], more: str = "") -> str:
        listed = ", ".join(literal(str(part)) for part in parts)
        named = ", filename = '_part'" if more else ""
        columns = ", ".join(map(typed_name, self._contract.landed))
        return (
            f"SELECT {columns}, _page, _row, {self._coverage}, _record, _reasons, _flags{more} "
            f"FROM read_parquet([{listed}], hive_partitioning = false{named})"
        )


_SAME = "staged._row = judged._row AND staged._coverage IS NOT DISTINCT FROM judged._coverage"


def _record_of(contract: Contract) -> str:
    """What was read, from the typed values: these rows passed every check, so nothing of them needs a mask."""
    parts = ", ".join(f"{literal(name)}, staged.{typed_name(name)}" for name in contract.landed)
    return f"json_object({parts})::VARCHAR"
