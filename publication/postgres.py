"""The tables of a publication in PostgreSQL: swapped in one transaction, read-only, and by region where that is asked.

A database of its own holds the same schemas as the DuckDB file. New ones are filled beside the old ones and take their
names at the end of one transaction: readers see one publication or the other. Whatever fails leaves the old one.

Three roles that nobody logs in with say what may be read; a consumer's own role is a member of one of them:

- ``pilar_public``: indicators, scores and what explains them, of all regions, less details (`publication/levels.py`).
- ``pilar_regency``: every table, of the regions that ``pilar_access.regions`` names for the consumer. Of batches and
  their responses those that figures of these regions name. What a gate found names any region: it is the ministry's.
- ``pilar_ministry``: every table, of all regions.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psycopg
from psycopg import sql

from ledger.errors import PublicationError
from ledger.project import Table as Described
from ledger.project import tables as described_tables
from ledger.sql import identifier, literal
from publication.levels import DETAILS
from publication.tables import opened_publication

PUBLIC, REGENCY, MINISTRY = "pilar_public", "pilar_regency", "pilar_ministry"
ACCESS = "pilar_access"
SCHEMAS = ("reference", "pillars", "scores", "quality", "meta")
"""In the order in which they refer to each other, as in the DuckDB file."""
_NEXT = "__next"
OF_ALL_REGIONS = ("meta.gate_checks",)
"""What no regency reads: it names any region, and no column says which."""
_BATCH_REGIONS = f"""
CREATE TABLE meta{_NEXT}.batch_regions (batch_id text, region_code text, PRIMARY KEY (batch_id, region_code));
COMMENT ON TABLE meta{_NEXT}.batch_regions IS 'Which regions'' figures name a batch: who may read of it.';
COMMENT ON COLUMN meta{_NEXT}.batch_regions.batch_id IS 'Batch.';
COMMENT ON COLUMN meta{_NEXT}.batch_regions.region_code IS 'Region, by the code of the Ministry of Home Affairs.';
INSERT INTO meta{_NEXT}.batch_regions
  SELECT DISTINCT unnest(batch_ids), region_code FROM pillars{_NEXT}.all_indicators;
"""
_LOCK = 0x50494C4152
_ROWS = 2000
CONNECT_SECONDS = 10
_TYPES: Mapping[str, str] = {
    "VARCHAR": "text",
    "VARCHAR[]": "text[]",
    "BOOLEAN": "boolean",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "DATE": "date",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
}
_OWN = f"SELECT a.region_code FROM {ACCESS}.regions a WHERE a.consumer = current_user"
_PREPARE = f"""
DO $$ DECLARE name text; BEGIN
  FOREACH name IN ARRAY ARRAY['{PUBLIC}', '{REGENCY}', '{MINISTRY}'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', name);
    END IF;
  END LOOP;
END $$;
CREATE SCHEMA IF NOT EXISTS {ACCESS};
CREATE TABLE IF NOT EXISTS {ACCESS}.regions (consumer name, region_code text, PRIMARY KEY (consumer, region_code));
COMMENT ON TABLE {ACCESS}.regions IS 'Which regions a member of {REGENCY} reads. Nothing that publishes changes it.';
GRANT USAGE ON SCHEMA {ACCESS} TO {REGENCY};
GRANT SELECT ON {ACCESS}.regions TO {REGENCY};
"""


@dataclass(frozen=True, slots=True)
class _Origin:
    """A table of the DuckDB file: its columns with their types and comments, its own comment, and its description."""

    schema: str
    name: str
    columns: Sequence[tuple[str, str, str | None]]
    comment: str | None
    described: Described | None

    @property
    def place(self) -> str:
        return f"{identifier(self.schema + _NEXT)}.{identifier(self.name)}"


def swap_tables(url: str, current: Callable[[], Path]) -> str:
    """Put a publication's tables into a database in place of those that are there. Returns the publication's id.

    ``current`` says which publication, asked when no other one is being put there. Raises PublicationError when the
    database cannot be reached or refuses something; what it held before is then still there.
    """
    kept = "What it held is still there. Mend it, then run `pilar publications push`"
    with _connected(url, "was not changed", kept) as connection:
        # Held until the transaction ends: of two that publish, the later one reads the pointer later.
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        folder = current()
        with opened_publication(folder) as publication:
            _fill(connection, publication, _tables(publication))
        _rename(connection)
    return folder.name


def held(url: str) -> str | None:
    """The publication whose tables a database holds, None where it holds none.

    Raises PublicationError when the database cannot be asked.
    """
    with _connected(url, "does not answer", "Mend it, then run `pilar publications push`") as connection:
        try:
            row = connection.execute("SELECT publication_id FROM meta.publication").fetchone()
        except psycopg.errors.UndefinedTable:
            return None
    return str(row[0]) if row is not None else None


@contextmanager
def _connected(url: str, failed: str, do: str) -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
    """One transaction of the database. Raises PublicationError with these words where it cannot be carried out."""
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_SECONDS) as connection:
            yield connection
    except psycopg.Error as error:
        raise PublicationError(
            f"the database of published tables {failed} ({' '.join(str(error).split())[:200]})",
            where="PILAR_PUBLISHED_DATABASE",
            do=do,
        ) from error


def _tables(publication: duckdb.DuckDBPyConnection) -> Sequence[_Origin]:
    described = described_tables()
    found = []
    for schema in SCHEMAS:
        for name, comment in publication.execute(
            "SELECT table_name, comment FROM duckdb_tables() WHERE schema_name = $1 ORDER BY 1", [schema]
        ).fetchall():
            columns = publication.execute(
                "SELECT column_name, data_type, comment FROM duckdb_columns() "
                "WHERE schema_name = $1 AND table_name = $2 ORDER BY column_index",
                [schema, name],
            ).fetchall()
            own = (f"meta.{name}",) if schema == "meta" else (name, f"published.{name}")
            known = next((described[one] for one in own if one in described), None)
            found.append(_Origin(schema, name, columns, comment, known))
    return found


def _fill(connection: psycopg.Connection, publication: duckdb.DuckDBPyConnection, tables: Sequence[_Origin]) -> None:
    _run(connection, _PREPARE)
    for schema in SCHEMAS:
        _run(connection, f"DROP SCHEMA IF EXISTS {identifier(schema + _NEXT)} CASCADE")
        _run(connection, f"CREATE SCHEMA {identifier(schema + _NEXT)}")
        _run(connection, f"GRANT USAGE ON SCHEMA {identifier(schema + _NEXT)} TO {PUBLIC}, {REGENCY}, {MINISTRY}")
    for table in tables:
        fields = ", ".join(f"{identifier(name)} {_type(kind)}" for name, kind, _ in table.columns)
        _run(connection, f"CREATE TABLE {table.place} ({fields})")
        names = ", ".join(identifier(name) for name, *_ in table.columns)
        rows = publication.cursor().execute(f"SELECT {names} FROM {identifier(table.schema)}.{identifier(table.name)}")
        with connection.cursor().copy(_written(f"COPY {table.place} ({names}) FROM STDIN")) as copy:
            while some := rows.fetchmany(_ROWS):
                for row in some:
                    copy.write_row(row)
    _run(connection, _BATCH_REGIONS)
    of_batches = _Origin("meta", "batch_regions", [("batch_id", "", None), ("region_code", "", None)], None, None)
    for table in (*tables, of_batches):
        for statement in _about(table):
            _run(connection, statement)
    for statement in _references(tables):
        _run(connection, statement)


def _about(table: _Origin) -> Iterator[str]:
    """The key of a table, what it and its columns are, and who may read which of its rows."""
    if table.described is not None and table.described.key:
        yield f"ALTER TABLE {table.place} ADD PRIMARY KEY ({', '.join(map(identifier, table.described.key))})"
    said = {f"TABLE {table.place}": table.comment}
    said |= {f"COLUMN {table.place}.{identifier(name)}": comment for name, _, comment in table.columns}
    for what, comment in said.items():
        if comment:
            yield f"COMMENT ON {what} IS {literal(comment)}"
    # A policy counts for who is a member of its role, whatever else that one is: here as in grants.
    name = f"{table.schema}.{table.name}"
    details = DETAILS.get(name, frozenset())
    yield f"GRANT SELECT ON {table.place} TO {MINISTRY}"
    if name not in OF_ALL_REGIONS:
        yield f"GRANT SELECT ON {table.place} TO {REGENCY}"
    if details is not None:
        shown = ", ".join(identifier(column) for column, *_ in table.columns if column not in details)
        yield f"GRANT SELECT ({shown}) ON {table.place} TO {PUBLIC}"
    yield from _guarded(table, details)


def _guarded(table: _Origin, details: frozenset[str] | None) -> Iterator[str]:
    """Who reads which rows of a table that speaks of regions."""
    names = {name for name, *_ in table.columns}
    if "region_code" in names:
        own = f"region_code IN ({_OWN})"
    elif table.schema == "meta" and "batch_id" in names:
        own = f"batch_id IN (SELECT b.batch_id FROM meta{_NEXT}.batch_regions b WHERE b.region_code IN ({_OWN}))"
    else:
        return
    yield f"ALTER TABLE {table.place} ENABLE ROW LEVEL SECURITY"
    yield f"CREATE POLICY everywhere ON {table.place} FOR SELECT TO {MINISTRY} USING (true)"
    if details is not None:
        # A regency may read the details of its own rows: as the public it would read those of all rows.
        none = f"NOT pg_has_role(current_user, '{REGENCY}', 'MEMBER')" if details else "true"
        yield f"CREATE POLICY anybody ON {table.place} FOR SELECT TO {PUBLIC} USING ({none})"
    yield f"CREATE POLICY own_regions ON {table.place} FOR SELECT TO {REGENCY} USING ({own})"


def _references(tables: Sequence[_Origin]) -> Iterator[str]:
    places = {table.name: table.place for table in tables if table.schema == "reference"}
    meta = {table.name: table.place for table in tables if table.schema == "meta"}
    for table in tables:
        for column in table.described.columns if table.described is not None else ():
            if column.references is None:
                continue
            name, target = column.references
            place = meta.get(name) if table.schema == "meta" and name in meta else places.get(name)
            if place is not None and place != table.place:
                yield (
                    f"ALTER TABLE {table.place} ADD FOREIGN KEY ({identifier(column.name)}) "
                    f"REFERENCES {place} ({identifier(target)})"
                )


def _rename(connection: psycopg.Connection) -> None:
    """The new schemas take the names of the old ones. From here on readers wait, for an instant."""
    for schema in SCHEMAS:
        _run(connection, f"DROP SCHEMA IF EXISTS {identifier(schema)} CASCADE")
        _run(connection, f"ALTER SCHEMA {identifier(schema + _NEXT)} RENAME TO {identifier(schema)}")


def _type(kind: str) -> str:
    if re.fullmatch(r"DECIMAL\(\d+,\d+\)", kind):
        return kind.replace("DECIMAL", "numeric")
    try:
        return _TYPES[kind]
    except KeyError:
        raise PublicationError(
            f"there is no type of PostgreSQL for {kind}", where="publication/postgres.py", do="Name one in _TYPES"
        ) from None


def _run(connection: psycopg.Connection, statement: str) -> None:
    connection.execute(_written(statement))


def _written(statement: str) -> sql.SQL:
    """A statement whose names are quoted already: they are those of tables of the publication."""
    return sql.SQL(statement)
