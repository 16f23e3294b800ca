"""The tables of a publication, in one DuckDB file from which every format is made.

Everything is read from the warehouse once and in a fixed order, so that the same warehouse gives the same bytes in
every format. The DuckDB file itself carries identifiers of its own; its bytes differ from run to run.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from ledger.errors import PublicationError
from ledger.project import Column, in_indonesian, mart_of, pillar_ids
from ledger.project import Table as Described
from ledger.project import table as described_table
from ledger.regions import SYSTEM
from ledger.sql import identifier, literal, named_rows
from publication.digests import digest_of, table_digest

SCORES = (
    *("question_scores", "pillar_scores", "dimension_scores", "index_scores"),
    *("instrument_scores", "instrument_answers", "gaps", "sureness"),
    *("answer_states", "answer_evidence", "readiness"),
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
REGION = "region_code"
# What names other agencies, and their regions: `dinas_pu 64.02, dlh 64.02`.
NAMING_OTHERS = ("against", "reused_by")
# One document for each region and sheet: readers get them as JSON, and not as a table.
EXPLANATIONS = "scores.explanations"
# What agencies state and what does not follow from it, where the evaluation looked. Values outside a code list are text
# that nobody vetted, and few of them are few people: neither leaves the house. Nor does a figure of an indicator that
# hides small counts and shows none here, its own or the one that it is compared with: it would tell what is hidden.
FINDINGS = """(SELECT * EXCLUDE (hidden) REPLACE (
  CASE WHEN rule <> 'unknown_category' THEN subject END AS subject,
  CASE WHEN rule <> 'unknown_category' AND NOT hidden THEN published END AS published,
  CASE WHEN NOT hidden THEN recomputed END AS recomputed,
  CASE WHEN rule <> 'unknown_category' OR row_count >= 5 THEN row_count END AS row_count)
FROM (SELECT o.*, EXISTS (FROM promoted.marts m WHERE m.state <> 'measured' AND m.region_code = o.region_code
  AND starts_with(m.period, o.period) AND m.indicator_id IN (o.subject, split_part(o.against, '.', 1))
  AND m.indicator_id IN (SELECT s.indicator_id FROM {suppression} s)) AS hidden
  FROM scores.findings o))"""
# The columns that a mart in force has beside its own.
IN_FORCE = "promoted.marts"
ALL_INDICATORS = "all_indicators"
# Every table of regions has it behind region_code. It says the code system, since other systems' codes look the same,
# and begins with a letter: 64.10 becomes 64.1 wherever a tool takes it for a number.
REGION_ID = "published.regions"
# As the pages say them.
STATES = (
    ("measured", "terukur", "measured"),
    ("missing", "tidak ada data", "no data"),
    ("not_applicable", "tidak berlaku", "not applicable"),
    ("suppressed", "disamarkan", "suppressed"),
)
WITH_NAMES = """(SELECT m.region_system, m.region_code, m.region_name, r.province, r.bps_code, m.pillar,
  p.name_id AS pillar_name_id, p.name_en AS pillar_name_en, m.indicator_id, i.name_id AS indicator_name_id,
  i.name_en AS indicator_name_en, m.period, m.period[:4]::INTEGER AS year, m.value, m.unit, i.direction, m.state,
  s.state_name_id, s.state_name_en, m.numerator, m.denominator, m.basis, i.definition_id,
  i.definition AS definition_en, i.source_text, i.owner, m.source_ids, m.batch_ids, m.synthetic, m.published_value,
  m.published_by, m.evaluation_id, m.held_since
FROM promoted.marts m JOIN {indicators} i ON i.id = m.indicator_id JOIN {pillars} p ON p.id = m.pillar
JOIN {regions} r USING (region_system, region_code)
JOIN (VALUES {states}) s(state, state_name_id, state_name_en) ON s.state = m.state)"""
# DuckDB names a file's catalog after the file: a schema `marts` inside would be ambiguous for every reader.
DUCKDB_FILE = "marts.duckdb"


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the publication: the relation of the warehouse it is copied from, and what dbt's project says of it.

    ``columns`` are those that readers get. Rows stand in the order of all columns, or of those that ``order`` names.
    """

    schema: str
    name: str
    origin: str
    described: Described
    columns: tuple[Column, ...]
    order: tuple[str, ...] = ()

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
    """What the tables of a publication answer to one query, each row by the names of its columns.

    Raises PublicationError when an earlier version of Pilar made it, and it lacks what is asked for.
    """
    with opened_publication(folder) as connection:
        try:
            return named_rows(connection.execute(query, given))
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise PublicationError(
                "an earlier version of Pilar made this publication, and it lacks what is asked for",
                where=str(folder),
                do="Run `pilar evaluate --anyway` once",
            ) from error


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
    origins = {table.name: table.origin for table in reference}
    states = ", ".join(f"({', '.join(map(literal, state))})" for state in STATES)
    wide = WITH_NAMES.format(states=states, **{name: origins[name] for name in ("indicators", "pillars", "regions")})
    findings = FINDINGS.format(suppression=origins.get("suppression", "(SELECT NULL AS indicator_id)"))
    found = [_table("quality", FOUND, findings)] if ("scores", FOUND) in present else []
    tables = (_wide(wide), *required, *reference, *found)
    return tables if regions is None else tuple(_of_regions(connection, table, regions) for table in tables)


def _wide(origin: str) -> Table:
    described = described_table(f"published.{ALL_INDICATORS}")
    # The same order as that of all columns, which costs twice as much: the others follow from these.
    order = ("region_system", "region_code", "pillar", "indicator_id", "period")
    return Table("pillars", ALL_INDICATORS, origin, described, shown_columns(described), order)


def _of_regions(connection: duckdb.DuckDBPyConnection, table: Table, regions: Sequence[str]) -> Table:
    """A table with the rows of these regions, and those of none. A row does not name an agency of another region."""
    columns = [row[0] for row in connection.execute(f"DESCRIBE FROM {table.origin}").fetchall()]
    if REGION not in columns:
        return table
    listed = f"[{', '.join(map(literal, regions))}]::VARCHAR[]"
    rows = f"FROM {table.origin} WHERE {REGION} IS NULL OR list_contains({listed}, {REGION})"
    for name in sorted({*NAMING_OTHERS} & {*columns}):
        other = f"regexp_full_match(one, '.* [0-9]{{2}}[.][0-9]{{2}}') AND NOT list_contains({listed}, one[-5:])"
        kept = f"list_filter(string_split({name}, ', '), lambda one: NOT ({other}))"
        rows = f"SELECT * REPLACE (nullif(array_to_string({kept}, ', '), '') AS {name}) FROM ({rows})"
    if table.name == FOUND:
        # What all other regions of the province have together holds those that are not published.
        kept = "CASE WHEN rule <> 'size_of_province' THEN recomputed END"
        rows = f"SELECT * REPLACE ({kept} AS recomputed) FROM ({rows})"
    return replace(table, origin=f"({rows})")


def _table(schema: str, name: str, origin: str, *more: str) -> Table:
    """``more`` describes columns that come behind those of its own description."""
    described = [described_table(other) for other in (name, *more)]
    return Table(schema, name, origin, described[0], shown_columns(*described))


def shown_columns(*described: Described) -> tuple[Column, ...]:
    """The columns that readers get of described tables: ``region_id`` stands behind ``region_code``."""
    [region_id] = described_table(REGION_ID).columns
    columns = [column for table in described for column in table.columns]
    pairs = ((column, region_id) if column.name == "region_code" else (column,) for column in columns)
    return tuple(column for pair in pairs for column in pair)


def attach_publication(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Begin the DuckDB file of a publication, and attach it as ``publication``."""
    # Small blocks: many small tables, and every publication is kept. No log: a draft that dies is thrown away.
    options = "BLOCK_SIZE 16384, RECOVERY_MODE no_wal_writes"
    connection.execute(f"ATTACH {literal(str(folder / DUCKDB_FILE))} AS publication ({options})")


def copy_tables(connection: duckdb.DuckDBPyConnection, tables: Sequence[Table]) -> dict[Table, Copied]:
    """Fill the DuckDB file. Returns the rows of each table, as counted in the warehouse, and its digest.

    The file is always a new one. In a copy of the one before, rows that are published no more would lie about in blocks
    that no table uses. Reference tables have their primary key. On the large ones it would make the file four times as
    large, and DuckDB knows no foreign key into another schema: keys of all tables stand in the package and in the
    Parquet files.
    """
    for schema in sorted({table.schema for table in tables}):
        connection.execute(f"CREATE SCHEMA publication.{identifier(schema)}")
    for table in tables:
        _copy(connection, table)
    return {table: Copied(count(connection, table.origin), _digest(connection, table)) for table in tables}


def _digest(connection: duckdb.DuckDBPyConnection, table: Table) -> str:
    rows = table_digest(connection, f"publication.{table.qualified}")
    return digest_of(rows, comments(table.qualified, table.described, table.columns))


def _copy(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    relation = f"publication.{table.qualified}"
    shown = _shown(connection, table.origin)
    listed = ", ".join(f"{what} AS {identifier(name)}" for name, what in shown.items())
    order = ", ".join(map(identifier, table.order)) or "ALL"
    connection.execute(f"CREATE TABLE {relation} AS SELECT {listed} FROM {table.origin} ORDER BY {order}")
    if table.schema == "reference" and table.described.key:
        key = ", ".join(map(identifier, table.described.key))
        connection.execute(f"ALTER TABLE {relation} ADD PRIMARY KEY ({key})")
    # What is lost on the way is told when the draft is checked.
    connection.execute(comments(relation, table.described, [one for one in table.columns if one.name in shown]))


def _shown(connection: duckdb.DuckDBPyConnection, origin: str) -> Mapping[str, str]:
    """All columns of a relation, each with what it is, and ``region_id`` behind ``region_code``."""
    names = [str(column[0]) for column in connection.execute(f"FROM {origin} LIMIT 0").description or ()]
    system = "region_system" if "region_system" in names else literal(SYSTEM)
    shown: dict[str, str] = {}
    for name in names:
        shown[name] = identifier(name)
        if name == REGION:
            shown["region_id"] = f"{system} || '-' || {REGION}"
    return shown


def comments(relation: str, described: Described, columns: Sequence[Column]) -> str:
    """The statements that say in a database what a table and its columns are, in both languages, with keys and units.

    DuckDB and PostgreSQL read them.
    """
    said = {f"TABLE {relation}": of_table(described)}
    said |= {f"COLUMN {relation}.{identifier(column.name)}": of_column(column) for column in columns}
    return "".join(f"COMMENT ON {what} IS {literal(text)};" for what, text in said.items())


def of_table(described: Described) -> str:
    """What a table is, in both languages, with its key."""
    key = f" Kunci / Key: {', '.join(described.key)}." if described.key else ""
    return both(described.description) + key


def of_column(column: Column) -> str:
    """What a column is, in both languages, with its unit and what it refers to."""
    unit = f" [{both(column.unit)}]" if column.unit else ""
    reference = f" -> {'.'.join(column.references)}" if column.references is not None else ""
    return f"{both(column.description)}{unit}{reference}"


def both(english: str) -> str:
    """A description in both languages, for a place that has room for one text."""
    return " / ".join(text for text in (in_indonesian(english), english) if text)


def finish_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Have all of the DuckDB file in the file. Closing does the same, and says nothing when the disk is full."""
    connection.execute("CHECKPOINT publication")


def count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    """The rows of a relation."""
    return int(connection.execute(f"FROM {relation} SELECT count(*)").fetchall()[0][0])
