"""The household survey in a PostgreSQL database, as Dinas Perkim's own application keeps it."""

import psycopg
from psycopg import sql

from simulator.data.households import COLUMNS, households
from simulator.errors import SimulatorError
from simulator.faults import NEW_COLUMN, Fault, thin

TABLE = "survei_rumah_tangga"
_CREATE = """
create table public.survei_rumah_tangga (
  id_rumah_tangga      text primary key,
  kode_daerah          text not null,
  tahun                integer not null,
  nama_kepala_keluarga text not null,
  nik_kepala           text not null,
  akses_sanitasi       text not null,
  air_minum            text not null
)"""


def load(url: str, fault: Fault | None = None) -> int:
    """Put the survey's table into the database, in place of the one that may be there; gives the number of rows.

    One transaction: a reader sees the old table or the new one. Raises SimulatorError when the database cannot be
    reached or does not let the table be made.
    """
    rows = thin(list(households()), fault)
    columns = sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
    table = sql.Identifier("public", TABLE)
    try:
        with psycopg.connect(url, connect_timeout=10) as connection, connection.cursor() as cursor:
            cursor.execute(sql.SQL("drop table if exists {}").format(table))
            cursor.execute(_CREATE)
            with cursor.copy(sql.SQL("copy {} ({}) from stdin").format(table, columns)) as copy:
                for row in rows:
                    copy.write_row(row)
            if fault is not None and fault.kind == "unknown_column":
                statement = sql.SQL("alter table {} add column {} text not null default 'baru'")
                cursor.execute(statement.format(table, sql.Identifier(NEW_COLUMN)))
    except psycopg.Error as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise SimulatorError(f"the survey cannot be loaded into PostgreSQL: {reason}. Check --postgres-url") from None
    return len(rows)
