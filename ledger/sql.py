"""Writing SQL text safely: names and texts are quoted, and quotes inside them doubled. Rows are read by their names."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb


def identifier(name: str) -> str:
    """A name as SQL reads it, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as SQL reads it, whatever it holds; a NUL would end the statement, and is put in by its number."""
    quoted = ["'" + part.replace("'", "''") + "'" for part in text.split("\0")]
    return quoted[0] if len(quoted) == 1 else f"({' || chr(0) || '.join(quoted)})"


def any_of(conditions: Iterable[str]) -> str:
    """True where at least one condition is; never NULL."""
    joined = " OR ".join(f"({condition})" for condition in conditions)
    return f"coalesce({joined}, false)" if joined else "false"


def parquet(path: Path) -> str:
    """The rows of one file as it stands: DuckDB would take a folder called ``x=7`` above it for the column ``x``."""
    return f"read_parquet({literal(str(path))}, hive_partitioning = false)"


def named_rows(answer: "duckdb.DuckDBPyConnection") -> list[dict[str, Any]]:
    """What DuckDB answered to the last query, each row by the names of its columns."""
    names = [column[0] for column in answer.description or ()]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
