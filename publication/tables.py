"""The tables of a publication, in one DuckDB file from which every format is made.

Everything is read from the warehouse once and in a fixed order, so that the same warehouse gives the same bytes in
every format. The DuckDB file itself carries identifiers of its own; its bytes differ from run to run.
"""

import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from ledger.errors import PublicationError
from ledger.project import Column, mart_of, pillar_ids
from ledger.project import Table as Described
from ledger.project import table as described_table
from ledger.sql import identifier, literal, named_rows
from publication.digests import table_digest
from publication.files import Earlier

SCORES = (
    *("question_scores", "pillar_scores", "dimension_scores", "index_scores"),
    *("instrument_scores", "instrument_answers", "gaps"),
)
# Reference tables that a reader needs to explain a score, and others that are published where the warehouse has them.
NEEDED = (
    "regions",
    "pillars",
    "dimensions",
    "indicators",
    "questions",
    "bands",
    "rule_sets",
    "rule_set_methods",
    "instruments",
)
WELCOME = ("published_figures", "suppression")
FOUND = "findings"
REGION, REGIONS = "region_code", "regions"
# What names other agencies, and their regions: `dinas_pu 64.02, dlh 64.02`.
NAMING_OTHERS = ("against", "reused_by")
# One document for each region and sheet: readers get them as JSON, and not as a table.
EXPLANATIONS = "scores.explanations"
# What agencies state and what does not follow from it, where the evaluation looked. Values outside a code list are text
# that nobody vetted, and few of them are few people: neither leaves the house.
FINDINGS = """(SELECT * REPLACE (
  CASE WHEN rule <> 'unknown_category' THEN subject END AS subject,
  CASE WHEN rule <> 'unknown_category' THEN published END AS published,
  CASE WHEN rule <> 'unknown_category' OR row_count >= 5 THEN row_count END AS row_count) FROM scores.findings)"""
# The columns that a mart in force has beside its own.
IN_FORCE = "promoted.marts"
# DuckDB names a file's catalog after the file: a schema `marts` inside would be ambiguous for every reader.
DUCKDB_FILE = "marts.duckdb"


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the publication: the relation of the warehouse it is copied from, and what dbt's project says of it.

    ``columns`` are those that readers get.
    """

    schema: str
    name: str
    origin: str
    described: Described
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns that readers get."""
        return tuple(column.name for column in self.columns)

    @property
    def qualified(self) -> str:
        """Its name in the publication's DuckDB file."""
        return f"{identifier(self.schema)}.{identifier(self.name)}"


@dataclass(frozen=True, slots=True)
class Copied:
    """A table that was copied: how many rows it has, and what stands for all of them."""

    rows: int
    digest: str


@contextmanager
def opened_warehouse(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, read-only, as the default catalog of a connection of its own.

    Raises PublicationError when it is missing or cannot be opened.
    """
    if not warehouse.is_file():
        raise PublicationError("the warehouse is missing", where=str(warehouse), do="Evaluate again")
    connection = duckdb.connect(":memory:")
    try:
        # One thread: the order of rows, and with it the bytes written, does not depend on how work was shared out.
        connection.execute("SET threads = 1; SET TimeZone = 'UTC'")
        try:
            connection.execute(f"ATTACH {literal(str(warehouse))} AS warehouse (READ_ONLY)")
        except duckdb.Error as error:
            raise PublicationError(
                f"the warehouse cannot be read ({' '.join(str(error).split())[:200]})", where=str(warehouse)
            ) from error
        connection.execute("USE warehouse")
        yield connection
    finally:
        connection.close()


@contextmanager
def opened_publication(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The tables of a publication, to be read."""
    with duckdb.connect(str(folder / DUCKDB_FILE), read_only=True) as connection:
        yield connection


def read_rows(folder: Path, query: str, given: Sequence[object] = ()) -> list[dict[str, Any]]:
    """What the tables of a publication answer to one query, each row by the names of its columns."""
    with opened_publication(folder) as connection:
        return named_rows(connection.execute(query, given))


def published_tables(connection: duckdb.DuckDBPyConnection, regions: Sequence[str] | None = None) -> tuple[Table, ...]:
    """What is published of a warehouse: of these regions, where not of all.

    Raises PublicationError when a table that readers rely on is missing.
    """
    present = {
        (schema, name)
        for schema, name in connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_catalog = 'warehouse'"
        ).fetchall()
    }
    required = [_table("pillars", name, f"promoted.{name}", IN_FORCE) for name in map(mart_of, pillar_ids())]
    required += [_table("scores", name, f"scores.{name}") for name in SCORES]
    needed = [*(table.origin for table in required), EXPLANATIONS]
    lost = [origin for origin in needed if tuple(origin.split(".")) not in present]
    reference = []
    for name in (*NEEDED, *WELCOME):
        schemas = sorted(schema for schema, table in present if table == name and schema != "information_schema")
        if len(schemas) == 1:
            reference.append(_table("reference", name, f"{identifier(schemas[0])}.{name}"))
        elif name in NEEDED:
            lost.append(name)
    if lost:
        raise PublicationError(
            f"the warehouse lacks {', '.join(lost)}", do="Evaluate again; what is published stays as it is"
        )
    found = [_table("quality", FOUND, FINDINGS)] if ("scores", FOUND) in present else []
    tables = (*required, *reference, *found)
    return tables if regions is None else tuple(_of_regions(connection, table, regions) for table in tables)


def _of_regions(connection: duckdb.DuckDBPyConnection, table: Table, regions: Sequence[str]) -> Table:
    """A table with the rows of these regions, and those of none. A row does not name an agency of another region."""
    columns = [row[0] for row in connection.execute(f"DESCRIBE FROM {table.origin}").fetchall()]
    if REGION not in columns:
        return table
    listed = f"[{', '.join(map(literal, regions))}]::VARCHAR[]"
    rows = f"FROM {table.origin} WHERE {REGION} IS NULL OR list_contains({listed}, {REGION})"
    for name in {*NAMING_OTHERS} & {*columns}:
        other = f"regexp_full_match(one, '.* [0-9]{{2}}[.][0-9]{{2}}') AND NOT list_contains({listed}, one[-5:])"
        kept = f"list_filter(string_split({name}, ', '), lambda one: NOT ({other}))"
        rows = f"SELECT * REPLACE (nullif(array_to_string({kept}, ', '), '') AS {name}) FROM ({rows})"
    return replace(table, origin=f"({rows})")


def _table(schema: str, name: str, origin: str, *more: str) -> Table:
    """``more`` describes columns that come behind those of its own description."""
    described = [described_table(other) for other in (name, *more)]
    return Table(schema, name, origin, described[0], tuple(column for table in described for column in table.columns))


def copy_tables(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[Table], folder: Path, earlier: Earlier | None = None
) -> dict[Table, Copied]:
    """Write the DuckDB file. Returns the rows of each table, as counted in the warehouse, and its digest.

    Tables that say the same in the earlier publication stay as they are in a copy of its file.
    """
    kept = _begin(folder, earlier, _regions(connection, tables))
    # Small blocks: many small tables, and every publication is kept.
    connection.execute(f"ATTACH {literal(str(folder / DUCKDB_FILE))} AS publication (BLOCK_SIZE 16384)")
    copied = {
        table: Copied(count(connection, table.origin), table_digest(connection, table.origin)) for table in tables
    }
    same = {table.qualified for table, one in copied.items() if kept.get(table.qualified) == one.digest}
    for schema, name in connection.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'publication'"
    ).fetchall():
        qualified = f"{identifier(schema)}.{identifier(name)}"
        if qualified not in same:
            connection.execute(f"DROP TABLE publication.{qualified}")
    for table in tables:
        if table.qualified not in same:
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS publication.{identifier(table.schema)}")
            connection.execute(f"CREATE TABLE publication.{table.qualified} AS FROM {table.origin} ORDER BY ALL")
    return copied


def _begin(folder: Path, earlier: Earlier | None, regions: Collection[str]) -> Mapping[str, str]:
    """Begin with the file of the earlier publication. Returns the digests of the tables in it; none without one.

    One that holds a region which is withheld now is not begun with: what is dropped stays in the blocks of a file.
    """
    if earlier is None or not earlier.tables or not earlier.holds(DUCKDB_FILE):
        return {}
    held = {row[REGION] for row in read_rows(earlier.folder, f"SELECT {REGION} FROM reference.{REGIONS}")}
    if not held <= set(regions):
        return {}
    shutil.copyfile(earlier.folder / DUCKDB_FILE, folder / DUCKDB_FILE)
    return earlier.tables


def _regions(connection: duckdb.DuckDBPyConnection, tables: Sequence[Table]) -> set[str]:
    origin = next(table.origin for table in tables if table.name == REGIONS)
    return {row[0] for row in connection.execute(f"SELECT {REGION} FROM {origin}").fetchall()}


def finish_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Have all of the DuckDB file in the file. Closing does the same, and says nothing when the disk is full."""
    connection.execute("CHECKPOINT publication")


def count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    """The rows of a relation."""
    return int(connection.execute(f"FROM {relation} SELECT count(*)").fetchall()[0][0])
