"""What a format is: how it writes its files into a publication, how they are read back, what is said of them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb

from ledger.errors import PublicationError
from publication.content import Content
from publication.digests import code_digest, digest_of
from publication.files import File
from publication.page.words import Text
from publication.tables import Copied, Table

EACH_TABLE = Text("setiap tabel sebagai berkas sendiri", "each table as a file of its own")


@dataclass(frozen=True, slots=True)
class Draft:
    """A publication while it grows: its folder, its tables, what they say, and the files that it is to have."""

    folder: Path
    tables: Mapping[Table, Copied]
    content: Content
    formats: Sequence["Format"]
    files: list[File] = field(default_factory=list)

    def write(self, path: str, made_of: str, make: Callable[[], str | bytes], region_code: str | None = None) -> None:
        """Have a file with what ``make`` gives. ``made_of`` is a digest of all that this follows from.

        Where the publication before has the file, made of the same, it is linked and ``make`` is not called.
        ``region_code``: the region whose rows are read for it, where it is one.
        """

        def write(target: Path) -> None:
            made = make()
            target.write_bytes(made if isinstance(made, bytes) else made.encode())

        self.write_file(path, made_of, write, region_code)

    def write_file(
        self, path: str, made_of: str, write: Callable[[Path], None], region_code: str | None = None
    ) -> None:
        """The same for what ``write`` writes to the path that it is given."""
        near = self.content.neighbourhood(region_code) if region_code is not None else None
        self.files.append(File(path, made_of, write, near))


@dataclass(frozen=True, slots=True)
class Format:
    """One form of a publication.

    ``write`` names its files to the draft. ``check`` reads back those that were made as a reader would, given the
    folder, how many rows each table has and which files were made, and raises PublicationError naming the first thing
    that does not hold. ``shown`` are the files or folders that the page names, in both languages; a folder ends in a
    slash. ``resource`` describes the file of a table for the package, where there is one.
    """

    name: str
    write: Callable[[Draft], None]
    check: Callable[[Path, Mapping[Table, int], Collection[str]], None]
    shown: tuple[tuple[str, Text], ...] = ()
    resource: Callable[[Table], Mapping[str, Any]] | None = None


def of_tables(
    name: str,
    *,
    mediatype: str,
    write: Callable[[duckdb.DuckDBPyConnection, Table, Path], None],
    read: Callable[[duckdb.DuckDBPyConnection, Path], tuple[Sequence[str] | None, int]],
    described: Mapping[str, str] = MappingProxyType({}),
) -> Format:
    """A format that has a file for every table: ``<name>/<table>.<name>``.

    ``write`` writes a table of the database ``publication`` to a path; ``read`` gives a file's columns and the number
    of its rows, and None for columns that a file without rows does not name. ``described`` is what the package says of
    each file beside its media type.
    """

    def path(table: Table) -> str:
        return f"{name}/{table.name}.{name}"

    def write_all(draft: Draft) -> None:
        reading = draft.content.reading
        for table, copied in draft.tables.items():

            def write_one(target: Path, table: Table = table) -> None:
                write(reading.connection, table, target)

            draft.write_file(path(table), digest_of(copied.digest, code_digest()), write_one)

    def check_all(folder: Path, rows: Mapping[Table, int], made: Collection[str]) -> None:
        own = {table: expected for table, expected in rows.items() if path(table) in made}
        if not own:
            return
        with duckdb.connect() as connection:
            for table, expected in own.items():
                found, number = read(connection, folder / path(table))
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
