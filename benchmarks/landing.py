"""Landing, against merely reading: 500,000 JSON records in 500 pages out of memory, processor time and wall time.

``python -m benchmarks.landing`` prints one Markdown table. Processor time is disturbed less by other work.
"""

import argparse
import hashlib
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from connectors.landing.landing import Landing
from connectors.landing.sandbox import open_sandbox
from connectors.protocols.base import Page
from connectors.source.source import Source
from ledger.keys import Keys
from ledger.sql import literal

ROWS = 1000
KEYS = Keys(pseudonym_key=bytes(range(32)), page_key=bytes(32))
CONTRACT: dict[str, Any] = {
    "id": {},
    "nik": {"personal": "pseudonym", "pattern": r"^\d{16}$"},
    "nama": {"personal": "drop"},
    "kode_daerah": {"pattern": r"^\d{2}\.\d{2}$"},
    "tgl_ukur": {"type": "date", "format": "%d/%m/%Y"},
    "umur": {"type": "integer", "min": 0, "max": 59},
    "berat": {"type": "decimal(5,2)", "min": 1, "max": 40},
    "tinggi": {"type": "decimal(5,1)", "locale": "id", "min": 30, "max": 130},
    "tb_u": {"values": ["Pendek", "Normal"]},
}
READ = """
    SELECT id, nik, kode_daerah, try_strptime(tgl_ukur, '%d/%m/%Y')::DATE AS tgl_ukur,
           try_cast(umur AS INTEGER) AS umur, try_cast(berat AS DECIMAL(5,2)) AS berat,
           try_cast(replace(tinggi, ',', '.') AS DECIMAL(5,1)) AS tinggi, tb_u
    FROM (SELECT unnest(record) FROM (SELECT unnest(from_json(body, $shape)) AS record FROM pages))
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. Returns 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.landing", description=__doc__)
    parser.add_argument("--pages", type=int, default=500)
    count: int = parser.parse_args(arguments).pages
    pages = [page(seq) for seq in range(count)]
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="pilar-benchmark-") as name:
        folder = Path(name)
        merely_read(pages[:1], folder / "warm")  # the first parameters of a process make DuckDB import pandas
        read = cost(lambda: merely_read(pages, folder / "read"))
        land = cost(lambda: landed(pages, folder / "land"))
    sys.stdout.write(report(count, read, land, load) + "\n")
    return 0


def report(count: int, read: tuple[float, float], land: tuple[float, float], load: float) -> str:
    """The figures as Markdown; each pair is processor seconds and wall seconds."""
    return "\n".join(
        (
            f"{count * ROWS:,} records in {count} pages; {os.cpu_count()} processors, "
            f"Python {platform.python_version()}; load average {load:.1f}.",
            "",
            "| | processor | wall |",
            "|---|---|---|",
            f"| merely read and typed | {read[0]:.2f} s | {read[1]:.2f} s |",
            f"| landed | {land[0]:.2f} s | {land[1]:.2f} s |",
            f"| ratio | {land[0] / read[0]:.2f} | {land[1] / read[1]:.2f} |",
        )
    )


def page(seq: int) -> Page:
    """A page of made-up measurements as a source would answer it."""
    rows = [
        {
            "id": f"{seq}-{row}",
            "nik": f"99640201{seq:04d}{row:04d}",
            "nama": "Contoh",
            "kode_daerah": "64.02",
            "tgl_ukur": f"{row % 28 + 1:02d}/08/2024",
            "umur": row % 60,
            "berat": 3 + row % 37 / 2,
            "tinggi": f"{40 + row % 80},{row % 10}",
            "tb_u": "Normal" if row % 5 else "Pendek",
        }
        for row in range(ROWS)
    ]
    body = json.dumps(rows).encode()
    return Page(seq, body, body, "$", {}, "GET", 200, 1)


def merely_read(pages: list[Page], folder: Path) -> None:
    """Fetching aside, the least that a typed table costs: no checks, no pseudonyms, no receipts."""
    folder.mkdir()
    shape = json.dumps([{name: "VARCHAR" for name, column in CONTRACT.items() if column.get("personal") != "drop"}])
    with open_sandbox([folder]) as connection:
        connection.execute("CREATE TABLE pages (body VARCHAR)")
        connection.executemany("INSERT INTO pages VALUES (?)", [[one.records.decode()] for one in pages])
        query = READ.replace("$shape", literal(shape))
        connection.execute(f"COPY ({query}) TO {literal(str(folder / 'rows.parquet'))} (FORMAT parquet)")


def landed(pages: list[Page], folder: Path) -> None:
    """What a pull does with its pages: checks, pseudonyms, quarantine, Parquet."""
    with Landing(_source(), KEYS, folder) as landing:
        for one in pages:
            landing.add(one, "all", hashlib.sha256(one.body).hexdigest())
        (counts,) = landing.finish()
        landing.write("all", folder)
    if counts.landed != len(pages) * ROWS:
        raise RuntimeError(f"{counts.landed} of {len(pages) * ROWS} rows were landed")


def cost(work: Callable[[], object]) -> tuple[float, float]:
    """Processor seconds and wall seconds."""
    processor, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - processor, time.perf_counter() - wall


def _source() -> Source:
    return Source.model_validate(
        {
            "id": "sample",
            "opd": "sample_opd",
            "system": "sample",
            "title": "sample",
            "protocol": "rest",
            "connection": "sample",
            "coverage": {"grain": "all"},
            "contract": {"key": ["id"], "columns": CONTRACT},
            "assertions": {"rows": {"min": 0}, "quarantine": {"max": "5%"}, "shrink": {"max": "20%"}},
            "freshness": {"due": "monthly", "warn": "3d", "fail": "10d"},
            "events": {"fallback": "0 2 * * *"},
            "caveats": ["made for a measurement"],
            "runbook": "Nothing to do: this source exists for a measurement only.",
        }
    )


if __name__ == "__main__":
    sys.exit(main())
