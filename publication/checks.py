"""What must hold of a publication before it gets its name."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import duckdb

from ledger.errors import PublicationError
from publication.formats.base import Format, check_columns, check_rows
from publication.json_text import check_json
from publication.manifest import MANIFEST
from publication.tables import DUCKDB_FILE, Table, count
from publication.verify import verify


def check_draft(folder: Path, rows: Mapping[Table, int], formats: Sequence[Format], made: Collection[str]) -> None:
    """Read back what was made as a reader would. ``rows`` are those of each table in the warehouse.

    What was taken over from the publication before was read back when it was made, and has the same bytes.
    Raises PublicationError naming the first thing that does not hold.
    """
    _check_duckdb(folder, rows)
    for form in formats:
        form.check(folder, rows, made)
    check_json(folder / MANIFEST)
    verify(folder)


def _check_duckdb(folder: Path, rows: Mapping[Table, int]) -> None:
    if (folder / f"{DUCKDB_FILE}.wal").exists():
        raise PublicationError(f"{DUCKDB_FILE} is not whole", where=str(folder), do="Make room and publish again")
    with duckdb.connect(str(folder / DUCKDB_FILE), read_only=True) as connection:
        for table, expected in rows.items():
            where = f"{DUCKDB_FILE}: {table.schema}.{table.name}"
            try:
                found = connection.execute(f"FROM {table.qualified} LIMIT 0").description or ()
            except duckdb.CatalogException as error:
                raise PublicationError(
                    f"{where} did not reach readers", do="What is published stays; publish again"
                ) from error
            check_columns(where, [item[0] for item in found], table)
            check_rows(where, count(connection, table.qualified), expected)
