"""The least that ingestion costs: fetch the bytes, then one typed DuckDB read into Parquet. Prints JSON."""

import sys
import time
from pathlib import Path

import duckdb
import requests  # noqa: TID251 (the floor is what anybody would write)

from benchmarks.ingestion.children import told
from benchmarks.ingestion.records import READ_AS, TYPED


def main(url: str, pages: int, folder: Path) -> None:
    """Fetch one page after the other over one connection into files, and read them all in one statement."""
    duckdb.connect().execute("SELECT 1")
    began = time.perf_counter()
    with requests.Session() as session:
        for page in range(1, pages + 1):
            (folder / f"{page:06d}.json").write_bytes(session.get(f"{url}/records?page={page}", timeout=60).content)
    fetched = time.perf_counter()
    members = ", ".join(f"{name} {kind}" for name, kind in READ_AS.items())
    with duckdb.connect() as connection:
        connection.execute("SET preserve_insertion_order = false")
        connection.execute(
            f"COPY ({TYPED} FROM (SELECT unnest(data, recursive := true) FROM read_json('{folder}/*.json', "
            f"columns = {{data: 'STRUCT({members})[]'}}))) "
            f"TO '{folder}/rows.parquet' (FORMAT parquet, COMPRESSION zstd)"
        )
        (rows,) = connection.execute(f"SELECT count(*) FROM '{folder}/rows.parquet'").fetchone() or (0,)
    told(seconds=time.perf_counter() - began, fetch=fetched - began, rows=rows)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
