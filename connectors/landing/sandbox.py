"""The DuckDB that reads what strangers sent: no spilling, no files but in its own folders, locked.

DuckDB trusts data files and may quote data in its messages. So it is given nothing but text, and its messages never
leave this room: they could hold a person's record.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from ledger.errors import SourceError
from ledger.machine import machine_error
from ledger.sql import literal

MEMORY = "2GB"
"""What a few pages may take while they are read; everything before and after them lies on disk."""
THREADS = 1
"""Pages are read by several threads of our own; more of DuckDB's would only be in each other's way, and each of them
takes its own memory for the files that are written."""


def open_sandbox(folders: Sequence[Path]) -> duckdb.DuckDBPyConnection:
    """A locked in-memory database that can read and write Parquet in ``folders`` and nothing else outside itself."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "threads": THREADS,
            "memory_limit": MEMORY,
            "temp_directory": "",  # nothing spills: what is read here is in clear
            "enable_external_file_cache": "false",  # parts are read once
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        },
    )
    connection.execute("SET GLOBAL TimeZone = 'UTC'")  # for the cursors of this connection too
    allowed = ", ".join(literal(str(folder.resolve())) for folder in folders)
    connection.execute(f"SET allowed_directories = [{allowed}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


@contextmanager
def quiet(where: str) -> Iterator[None]:
    """Turn DuckDB's errors into ours without their text, which may quote a record (also where it quotes our SQL)."""
    try:
        yield
    except duckdb.OutOfMemoryException:
        raise SourceError(
            "permanent",
            f"what is read or compared at once does not fit into the {MEMORY} of memory that landing may use",
            where=where,
            do="Ask for smaller pages: the protocol's `size`, a narrower `for_each`, or smaller files",
        ) from None
    except duckdb.Error as error:
        full = machine_error(error, where) if isinstance(error, duckdb.IOException) else None
        raise full or SourceError(
            "damaged",
            f"the records cannot be read ({type(error).__name__})",
            where=where,
            do="Look at the page with `pilar diagnose`",
        ) from None
