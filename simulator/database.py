"""Agencies' own databases, in one PostgreSQL database: the household survey, letters, what became of licences."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from simulator.data import households, letters, licence_history
from simulator.errors import SimulatorError
from simulator.faults import NEW_COLUMN, Fault, thin


@dataclass(frozen=True)
class Table:
    """A table in the schema ``public``: its columns with their types, and its rows."""

    name: str
    columns: Mapping[str, str]
    rows: Callable[[], Iterable[Sequence[object]]]


SURVEY = "perkim_db"
TABLES: Mapping[str, tuple[Table, ...]] = {
    SURVEY: (Table("survei_rumah_tangga", households.COLUMNS, households.households),),
    "diskominfo_db": (Table("surat_keluar", letters.COLUMNS, letters.letters),),
    "dpmptsp_db": (
        Table("jenis_izin", licence_history.TYPES_COLUMNS, licence_history.licence_types),
        Table("riwayat_izin", licence_history.STATUS_COLUMNS, licence_history.statuses),
    ),
}
"""The tables of each connection."""


def load(url: str, fault: Fault | None = None, owner: str = SURVEY) -> int:
    """Put a connection's tables into the database, in place of those that may be there; gives the number of rows.

    One transaction: a reader sees the old tables or the new ones. Raises SimulatorError when the database cannot be
    reached or does not let a table be made.
    """
    try:
        with psycopg.connect(url, connect_timeout=10) as connection, connection.cursor() as cursor:
            return sum(_load(cursor, table, fault) for table in TABLES[owner])
    except psycopg.Error as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise SimulatorError(f"{owner} cannot be loaded into PostgreSQL: {reason}. Check --postgres-url") from None


def _load(cursor: psycopg.Cursor, table: Table, fault: Fault | None) -> int:
    rows = thin(list(table.rows()), fault)
    name = sql.Identifier("public", table.name)
    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    kinds = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind)) for column, kind in table.columns.items()
    )
    cursor.execute(sql.SQL("drop table if exists {}").format(name))
    cursor.execute(sql.SQL("create table {} ({})").format(name, kinds))
    with cursor.copy(sql.SQL("copy {} ({}) from stdin").format(name, columns)) as copy:
        for row in rows:
            copy.write_row(row)
    if fault is not None and fault.kind == "unknown_column":
        statement = sql.SQL("alter table {} add column {} text not null default 'baru'")
        cursor.execute(statement.format(name, sql.Identifier(NEW_COLUMN)))
    return len(rows)
