"""Writing a batch's two files so that each is there whole or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from connectors.landing.checks import typed_name
from connectors.landing.statement import STAGED
from connectors.source.contract import Contract
from ledger.disk import make_folder, sync
from ledger.seals import Seal, seal
from ledger.sql import literal

ROWS = "rows.parquet"
QUARANTINE = "quarantine.parquet"
REVISIONS = "revisions.parquet"


@dataclass(frozen=True)
class LandedFiles:
    """Where the rows and the quarantine of one batch are, with the seals of both."""

    rows: Path
    rows_seal: Seal
    quarantine: Path
    quarantine_seal: Seal

    @property
    def rows_sha256(self) -> str:
        """The hash of the landed rows' file."""
        return self.rows_seal.sha256


def write_files(
    connection: duckdb.DuckDBPyConnection, contract: Contract, coverage: str | None, folder: Path
) -> LandedFiles:
    """Write ``rows.parquet`` and ``quarantine.parquet`` of one coverage into ``folder``, in the order of its rows."""
    make_folder(folder)
    mine = f"FROM {STAGED} WHERE _coverage IS NOT DISTINCT FROM {_literal(coverage)}"
    columns = ", ".join([*(typed_name(name) for name in contract.landed), "_page", "_row", "_coverage", "_flags"])
    rows, quarantine = folder / ROWS, folder / QUARANTINE
    good = _copy(connection, f"SELECT {columns} {mine} AND _reasons IS NULL", rows)
    bad = _copy(
        connection,
        f"SELECT _page, _row, _coverage, _record AS record, _reasons AS reasons {mine} AND _reasons IS NOT NULL",
        quarantine,
    )
    sync(folder)
    return LandedFiles(rows, good, quarantine, bad)


def write_revision(connection: duckdb.DuckDBPyConnection, lines: Sequence[str], folder: Path) -> tuple[Path, str]:
    """Write the differences between a batch and what was in force before it, found out in turn.

    Returns the file and its sha256.
    """
    target = folder / REVISIONS
    for nth, some in enumerate(lines):
        kind = "CREATE OR REPLACE TEMP TABLE revised AS" if nth == 0 else "INSERT INTO revised"
        connection.execute(f"{kind} {some}").fetchall()
    sealed = _copy(connection, "SELECT * FROM revised", target)
    connection.execute("DROP TABLE revised")
    sync(folder)
    return target, sealed.sha256


def _copy(connection: duckdb.DuckDBPyConnection, query: str, target: Path) -> Seal:
    draft = target.with_name(f".{target.name}.draft")
    connection.execute(
        f"COPY ({query}) TO {literal(str(draft))} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
    )
    sealed = seal(draft)
    sync(draft)
    draft.replace(target)
    return sealed


def _literal(coverage: str | None) -> str:
    return "NULL" if coverage is None else literal(coverage)
