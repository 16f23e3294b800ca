"""The made-up records every candidate reads, and the source file's content by which Pilar reads them."""

import functools
import itertools
import json
from collections.abc import Mapping
from typing import Any

from connectors.source.source import Source

SEQ = "@@@@@@"
"""Stands for the page's number in the template of a page: six digits, so that pages are made by one replacement."""

COLUMNS: dict[str, dict[str, Any]] = {
    "id": {},
    "nik": {"personal": "pseudonym", "pattern": r"^\d{16}$"},
    "no_kk": {"personal": "pseudonym", "pattern": r"^\d{16}$"},
    "nama": {"personal": "drop"},
    "kode_daerah": {"pattern": r"^\d{2}\.\d{2}$"},
    "puskesmas": {},
    "tgl_ukur": {"type": "date", "format": "%d/%m/%Y"},
    "umur": {"type": "integer", "min": 0, "max": 59, "unit": "month"},
    "berat": {"type": "decimal(5,2)", "min": 1, "max": 40, "unit": "kg"},
    "tinggi": {"type": "decimal(5,1)", "locale": "id", "min": 30, "max": 130, "unit": "cm"},
    "cara_ukur": {"values": ["Berdiri", "Terlentang"]},
    "tb_u": {"values": ["Pendek", "Normal"]},
}

TYPED = """
    SELECT id, nik, no_kk, kode_daerah, puskesmas, strptime(tgl_ukur, '%d/%m/%Y')::DATE AS tgl_ukur, umur, berat,
           replace(tinggi, ',', '.')::DECIMAL(5,1) AS tinggi, cara_ukur, tb_u
"""
"""What the floor makes of a record: the same types, without a check, a pseudonym or a receipt."""

READ_AS = {name: "VARCHAR" for name in COLUMNS if name != "nama"} | {"umur": "INTEGER", "berat": "DECIMAL(5,2)"}


REST_ARGS: Mapping[str, Any] = {
    "path": "/records",
    "records": "$.data",
    "envelope": {"status": "$.status", "ok": ["ok"]},
    "paging": {"mode": "page", "pages": "$.pages", "total_at": "$.total"},
}


@functools.cache
def template(rows: int, bad_every: int) -> tuple[str, str]:
    """The start of a page (to be formatted) and its records. Every ``bad_every``-th row breaks the contract."""
    records = [_record(row, bool(bad_every) and row % bad_every == bad_every - 1) for row in range(rows)]
    return '{{"status":"ok","page":{page},"pages":{pages},"total":{total},"data":', json.dumps(records)


def page_body(page: int, pages: int, rows: int, bad_every: int) -> bytes:
    """One answer, counted from 1."""
    head, records = template(rows, bad_every)
    start = head.format(page=page, pages=pages, total=pages * rows)
    return f"{start}{records.replace(SEQ, f'{page:06d}')}}}".encode()


def source(
    *,
    name: str = "sample",
    pseudonyms: bool = True,
    contract: bool = True,
    protocol: str = "rest",
    args: Mapping[str, Any] = REST_ARGS,
) -> Source:
    """The source as its file would say it; without ``contract`` types are read and nothing is checked."""
    columns = {field: dict(column) for field, column in COLUMNS.items()}
    for person in ("nik", "no_kk"):
        if not pseudonyms:
            columns[person]["personal"] = {"keep": "measured without pseudonyms"}
    if not contract:
        unchecked = [column for field, column in columns.items() if field not in ("nik", "no_kk")]
        for column, check in itertools.product(unchecked, ("pattern", "min", "max", "values", "unit")):
            column.pop(check, None)
    return Source.model_validate(
        {
            "id": name,
            "opd": "sample_opd",
            "system": "sample",
            "title": "sample",
            "protocol": protocol,
            "args": dict(args),
            "connection": "sample",
            "coverage": {"grain": "all"},
            "contract": {"key": ["id"], "columns": columns},
            "assertions": {"rows": {"min": 1}, "quarantine": {"max": "5%"}, "shrink": {"max": "20%"}},
            "freshness": {"due": "monthly", "warn": "3d", "fail": "10d"},
            "events": {"fallback": "0 2 * * *"},
            "caveats": ["made for a measurement"],
            "runbook": "Nothing to do: this source exists for a measurement only.",
        }
    )


def _record(row: int, bad: bool) -> dict[str, Any]:
    return {
        "id": f"{SEQ}-{row:05d}",
        "nik": f"9964{SEQ}1{row:05d}",
        "no_kk": f"9965{SEQ}2{row // 4:05d}",
        "nama": "Contoh Nama Panjang",
        "kode_daerah": "64.02",
        "puskesmas": "Puskesmas Contoh Jaya",
        "tgl_ukur": f"{row % 28 + 1:02d}/08/2024",
        "umur": 999 if bad else row % 60,
        "berat": 3 + row % 37 / 2,
        "tinggi": f"{40 + row % 80},{row % 10}",
        "cara_ukur": "Berdiri" if row % 2 else "Terlentang",
        "tb_u": "Normal" if row % 5 else "Pendek",
    }
