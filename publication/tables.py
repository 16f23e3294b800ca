"""The tables of a publication: one DuckDB file, and each table as Parquet and CSV.

Everything is read from the warehouse once and in a fixed order, so that the same warehouse gives the same Parquet and
CSV bytes. The DuckDB file holds the same rows; its bytes carry identifiers of their own and differ from run to run.
"""

import csv
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from ledger.errors import PublicationError
from ledger.sql import identifier, literal

PILLARS = ("governance", "branding", "economy", "living", "society", "environment")
MARTS = tuple(f"mart_{pillar}" for pillar in PILLARS)
SCORES = ("question_scores", "pillar_scores", "dimension_scores", "index_scores")
# Reference tables that a reader needs to explain a score, and others that are published where the warehouse has them.
NEEDED = ("regions", "pillars", "dimensions", "indicators", "questions", "bands", "rule_sets", "rule_set_methods")
WELCOME = ("published_figures", "suppression", "instrument_sizes")
# What agencies state and what does not follow from it, where the evaluation looked. Values outside a code list are text
# that nobody vetted, and few of them are few people: neither leaves the house.
FINDINGS = """(SELECT * REPLACE (
  CASE WHEN rule <> 'unknown_category' THEN subject END AS subject,
  CASE WHEN rule <> 'unknown_category' THEN published END AS published,
  CASE WHEN rule <> 'unknown_category' OR row_count >= 5 THEN row_count END AS row_count) FROM candidate.findings)"""
# DuckDB names a file's catalog after the file: a schema `marts` inside would be ambiguous for every reader.
DUCKDB_FILE = "marts.duckdb"
# What a spreadsheet would take for a formula when it opens a CSV file: at the beginning, behind blanks and signs that
# cannot be seen too, and behind a line end or a semicolon, at which a spreadsheet set to Indonesian parts columns.
_FORMULA = re.compile(r"(^|[;\t\r\n])(?=[\s\u200b-\u200f\u202a-\u202e\u2060\ufeff]*[=+\-@＝＋－＠])|^(?=[\t\r])")


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the publication, and the relation of the warehouse it is copied from."""

    schema: str
    name: str
    origin: str

    @property
    def qualified(self) -> str:
        """Its name in the publication's DuckDB file."""
        return f"{identifier(self.schema)}.{identifier(self.name)}"


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


def published_tables(connection: duckdb.DuckDBPyConnection) -> tuple[Table, ...]:
    """What is published of a warehouse. Raises PublicationError when a table that readers rely on is missing."""
    present = {
        (schema, name)
        for schema, name in connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_catalog = 'warehouse'"
        ).fetchall()
    }
    required = [Table("pillars", name, f"promoted.{name}") for name in MARTS]
    required += [Table("scores", name, f"scores.{name}") for name in SCORES]
    lost = [table.origin for table in required if tuple(table.origin.split(".")) not in present]
    reference = []
    for name in (*NEEDED, *WELCOME):
        schemas = sorted(schema for schema, table in present if table == name and schema != "information_schema")
        if len(schemas) == 1:
            reference.append(Table("reference", name, f"{identifier(schemas[0])}.{name}"))
        elif name in NEEDED:
            lost.append(name)
    if lost:
        raise PublicationError(
            f"the warehouse lacks {', '.join(lost)}", do="Evaluate again; what is published stays as it is"
        )
    found = [Table("quality", "findings", FINDINGS)] if ("candidate", "findings") in present else []
    return (*required, *reference, *found)


def copy_tables(connection: duckdb.DuckDBPyConnection, tables: Sequence[Table], folder: Path) -> dict[str, int]:
    """Write the DuckDB file, Parquet and CSV. Returns the rows of each table, as counted in the warehouse."""
    (folder / "parquet").mkdir()
    (folder / "csv").mkdir()
    # Small blocks: many small tables, and every publication is kept.
    connection.execute(f"ATTACH {literal(str(folder / DUCKDB_FILE))} AS publication (BLOCK_SIZE 16384)")
    counts = {}
    for table in tables:
        parquet = folder / "parquet" / f"{table.name}.parquet"
        connection.execute(f"COPY (FROM {table.origin} ORDER BY ALL) TO {literal(str(parquet))} (FORMAT parquet)")
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS publication.{identifier(table.schema)}")
        connection.execute(f"CREATE TABLE publication.{table.qualified} AS FROM read_parquet({literal(str(parquet))})")
        counts[table.name] = count(connection, table.origin)
        rows = connection.execute(f"FROM read_parquet({literal(str(parquet))})")
        write_csv(folder / "csv" / f"{table.name}.csv", [item[0] for item in rows.description or ()], rows.fetchall())
    return counts


def count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    """The rows of a relation."""
    return int(connection.execute(f"FROM {relation} SELECT count(*)").fetchall()[0][0])


def write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """UTF-8, comma, one line end; text that a spreadsheet would run as a formula gets a leading apostrophe."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([csv_cell(value) for value in row] for row in rows)


def csv_cell(value: object) -> object:
    """One cell. Numbers keep their sign; empty stays empty; lists are JSON; text is made harmless."""
    if isinstance(value, list | dict):
        value = json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _FORMULA.sub(r"\1'", value)
    return value
