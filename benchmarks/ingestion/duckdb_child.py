"""DuckDB's own reader of CSV or PostgreSQL, typed, into Parquet. Runs in an environment of its own; prints JSON."""

import importlib.util
import json
import sys
import time
from pathlib import Path

import duckdb

TYPED = """
    SELECT id, nik, no_kk, kode_daerah, puskesmas, strptime(tgl_ukur, '%d/%m/%Y')::DATE AS tgl_ukur,
           umur::INTEGER AS umur, berat::DECIMAL(5,2) AS berat,
           replace(tinggi, ',', '.')::DECIMAL(5,1) AS tinggi, cara_ukur, tb_u
"""


def main(kind: str, where: str, folder: str) -> None:
    """Read everything once."""
    connection = duckdb.connect(config={"threads": 2})
    connection.execute("SET preserve_insertion_order = false")
    if kind == "postgres":
        package = importlib.util.find_spec("duckdb_extension_postgres_scanner")
        assert package is not None
        assert package.submodule_search_locations is not None
        (file,) = Path(package.submodule_search_locations[0]).rglob("*.duckdb_extension")
        connection.execute(f"LOAD '{file}'")
        connection.execute(f"ATTACH '{where}' AS source (TYPE postgres, READ_ONLY)")
    rows = "source.benchmark_rows" if kind == "postgres" else f"read_csv('{where}/*.csv', all_varchar = true)"
    began = time.perf_counter()
    connection.execute(f"COPY ({TYPED} FROM {rows}) TO '{folder}/{kind}.parquet' (FORMAT parquet, COMPRESSION zstd)")
    sys.stdout.write(json.dumps({"seconds": time.perf_counter() - began}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
