"""Landing costs a small multiple of merely reading: measured in processor time, which other work disturbs less.

``PILAR_MEASURE_PAGES=500`` measures 500,000 records and says so.
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.landing.landing import Landing
from connectors.landing.sandbox import open_sandbox
from connectors.landing.sql import text
from connectors.protocols.base import Page
from connectors.spec import Source
from tests.connectors.landing.conftest import KEYS, source_of

PAGES = int(os.environ.get("PILAR_MEASURE_PAGES", "40"))
ROWS = 1000
# Three to four times is usual; twice that is a regression and not a busy machine.
MOST = 8.0
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


def page(seq: int) -> Page:
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
        query = READ.replace("$shape", text(shape))
        connection.execute(f"COPY ({query}) TO {text(str(folder / 'rows.parquet'))} (FORMAT parquet)")


def landed(source: Source, pages: list[Page], folder: Path) -> None:
    with Landing(source, KEYS, [folder]) as landing:
        for one in pages:
            landing.add(one, "all", hashlib.sha256(one.body).hexdigest())
        (counts,) = landing.finish()
        landing.write("all", folder)
    assert counts.landed == len(pages) * ROWS


def cost(work: Callable[[], object]) -> tuple[float, float]:
    processor, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - processor, time.perf_counter() - wall


def test_landing_costs_a_small_multiple_of_reading(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = source_of(CONTRACT, ["id"])
    pages = [page(seq) for seq in range(PAGES)]
    merely_read(pages[:1], tmp_path / "warm")  # the first parameters of a process make DuckDB import pandas
    read, read_wall = cost(lambda: merely_read(pages, tmp_path / "read"))
    land, land_wall = cost(lambda: landed(source, pages, tmp_path / "land"))
    if "PILAR_MEASURE_PAGES" in os.environ:
        with capsys.disabled():
            sys.stdout.write(
                f"\n{PAGES * ROWS} records: read {read:.2f} s of processor ({read_wall:.2f} s), "
                f"landed {land:.2f} s ({land_wall:.2f} s)\n"
            )
    assert land < MOST * read, f"landing took {land:.2f} s of processor time, reading {read:.2f} s"
