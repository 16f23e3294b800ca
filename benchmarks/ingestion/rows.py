"""Rows a second out of PostgreSQL and out of CSV files, beside DuckDB's own readers of both."""

import json
from pathlib import Path

import duckdb
import psycopg

from benchmarks.ingestion.bench import Bench, table
from benchmarks.ingestion.children import Outcome, run
from benchmarks.ingestion.records import COLUMNS
from benchmarks.ingestion.rivals import rivals_python

FILE_ROWS = 50_000
"""Rows of one CSV file: a file is one page, and is held in memory while it is read."""

MADE = """
    SELECT lpad(i::text, 8, '0') AS id, '9964' || lpad(i::text, 12, '0') AS nik,
           '9965' || lpad((i / 4)::bigint::text, 12, '0') AS no_kk, 'Contoh Nama Panjang' AS nama,
           '64.02' AS kode_daerah, 'Puskesmas Contoh Jaya' AS puskesmas,
           lpad((i % 28 + 1)::text, 2, '0') || '/08/2024' AS tgl_ukur, i % 60 AS umur,
           (3 + (i % 37) * 0.5)::decimal(5,2) AS berat, (40 + i % 80)::text || ',' || (i % 10)::text AS tinggi,
           'Berdiri' AS cara_ukur, 'Normal' AS tb_u
"""


def measure(bench: Bench, rows: int) -> str:
    """Both, as Markdown."""
    place = bench.place()
    found: list[tuple[str, Outcome]] = []
    _write_csv(place, rows)
    found.append(("DuckDB, read_csv", _duckdb("csv", str(place), place)))
    csv_args = {"pattern": r"part_(?P<part>\d+)\.csv", "max_files": 10_000}
    found.append(("Pilar, files.csv", bench.pilar(f"file://{place}", more=_protocol("files.csv", csv_args))))
    _fill_postgres(bench, rows)
    found.append(("DuckDB, postgres extension", _duckdb("postgres", bench.postgres_url, place)))
    query = f"SELECT {', '.join(COLUMNS)} FROM benchmark_rows"
    asked = _protocol("sql", {"query": query})
    found.append(("Pilar, sql", bench.pilar(bench.postgres_url, more=asked)))
    found.append(("Pilar, sql, pages alone", bench.pilar(bench.postgres_url, without="landing", more=asked)))
    lines = [
        (name, f"{one.seconds:.1f} s", f"{rows / one.seconds:,.0f}", f"{one.peak_mb:.0f} MB") for name, one in found
    ]
    return f"{rows:,} rows.\n\n{table(('', 'wall', 'rows a second', 'peak memory'), lines)}"


def _protocol(name: str, args: object) -> list[str]:
    return ["--protocol", name, "--args", json.dumps(args)]


def _write_csv(place: Path, rows: int) -> None:
    with duckdb.connect() as connection:
        for part, first in enumerate(range(0, rows, FILE_ROWS)):
            made = f"{MADE} FROM range({first}, {min(rows, first + FILE_ROWS)}) AS t(i)"
            connection.execute(f"COPY ({made}) TO '{place}/part_{part:05d}.csv' (HEADER)")


def _fill_postgres(bench: Bench, rows: int) -> None:
    with psycopg.connect(bench.postgres_url, autocommit=True) as connection:
        made = f"{MADE} FROM generate_series(0, {rows - 1}) AS t(i)"
        connection.execute(f"CREATE UNLOGGED TABLE benchmark_rows AS {made}".encode())


def _duckdb(kind: str, where: str, place: Path) -> Outcome:
    script = str(Path(__file__).parent / "duckdb_child.py")
    return run([script, kind, where, str(place)], python=rivals_python(), environment={"PYTHONPATH": ""})
