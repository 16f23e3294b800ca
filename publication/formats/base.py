"""What a format is: how it writes its files into a publication, how they are read back, what is said of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb

from ledger.errors import PublicationError
from publication.content import Content
from publication.page.words import Text
from publication.tables import Table

EACH_TABLE = Text("setiap tabel sebagai berkas sendiri", "each table as a file of its own")


@dataclass(frozen=True, slots=True)
class Draft:
    """A publication while it grows. ``connection`` has its DuckDB file attached as ``publication``."""

    folder: Path
    connection: duckdb.DuckDBPyConnection
    tables: Sequence[Table]
    content: Content
    formats: Sequence["Format"]


@dataclass(frozen=True, slots=True)
class Format:
    """One form of a publication.

    ``write`` writes its files. ``check`` reads them back as a reader would, given the folder and how many rows each
    table has, and raises PublicationError naming the first thing that does not hold. ``shown`` are the files or folders
    that the page names, in both languages; a folder ends in a slash. ``resource`` describes the file of a table for the
    package, where there is one.
    """

    name: str
    write: Callable[[Draft], None]
    check: Callable[[Path, Mapping[Table, int]], None]
    shown: tuple[tuple[str, Text], ...] = ()
    resource: Callable[[Table], Mapping[str, Any]] | None = None


def of_tables(
    name: str,
    *,
    mediatype: str,
    write: Callable[[duckdb.DuckDBPyConnection, str, Path], None],
    read: Callable[[Path], tuple[Sequence[str] | None, int]],
    described: Mapping[str, str] = MappingProxyType({}),
) -> Format:
    """A format that has a file for every table: ``<name>/<table>.<name>``.

    ``write`` writes a relation to a path; ``read`` gives a file's columns and the number of its rows, and None for
    columns that a file without rows does not name. ``described`` is what the package says of each file beside its media
    type.
    """

    def path(table: Table) -> str:
        return f"{name}/{table.name}.{name}"

    def write_all(draft: Draft) -> None:
        (draft.folder / name).mkdir()
        for table in draft.tables:
            write(draft.connection, f"publication.{table.qualified}", draft.folder / path(table))

    def check_all(folder: Path, rows: Mapping[Table, int]) -> None:
        for table, expected in rows.items():
            found, number = read(folder / path(table))
            if found is not None:
                check_columns(path(table), found, table)
            check_rows(path(table), number, expected)

    def resource(table: Table) -> Mapping[str, Any]:
        return {"path": path(table), "format": name, "mediatype": mediatype, **described}

    return Format(name, write_all, check_all, ((f"{name}/", EACH_TABLE),), resource)


def check_columns(where: str, found: Sequence[str], table: Table) -> None:
    """Raise PublicationError unless these are the columns that the table's description names."""
    lost = [name for name in table.names if name not in found]
    unknown = [name for name in found if name not in table.names]
    if lost:
        raise PublicationError(
            f"{table.name}.{lost[0]} is described and does not reach readers",
            where=where,
            do=f"Have it exported, or take it out of {table.described.where}",
        )
    if unknown:
        raise PublicationError(
            f"{table.name}.{unknown[0]} reaches readers and is not described",
            where=where,
            do=f"Describe it in {table.described.where}, or do not export it",
        )


def check_rows(where: str, found: int, expected: int) -> None:
    """Raise PublicationError unless there are as many rows as in the warehouse."""
    if found != expected:
        raise PublicationError(
            f"{where} has {found} rows, the warehouse has {expected}", do="What is published stays; publish again"
        )
