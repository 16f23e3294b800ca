"""Each table as CSV: UTF-8, comma, one line end."""

import csv
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb

from publication.formats.base import of_tables

NOTE = "Text that a spreadsheet would run as a formula has a leading apostrophe here; the Parquet file has none."
LONGEST_CELL = 16 * 1024 * 1024
# What a spreadsheet would take for a formula when it opens a CSV file: at the beginning, behind blanks and signs that
# cannot be seen too, and behind a line end or a semicolon, at which a spreadsheet set to Indonesian parts columns.
_FORMULA = re.compile(r"(^|[;\t\r\n])(?=[\s\u200b-\u200f\u202a-\u202e\u2060\ufeff]*[=+\-@＝＋－＠])|^(?=[\t\r])")


def write_relation(connection: duckdb.DuckDBPyConnection, relation: str, path: Path) -> None:
    """A relation as a CSV file."""
    rows = connection.execute(f"FROM {relation}")
    write_csv(path, [item[0] for item in rows.description or ()], rows.fetchall())


def read_csv(path: Path) -> tuple[Sequence[str], int]:
    """The columns of a CSV file and the number of its rows."""
    csv.field_size_limit(LONGEST_CELL)
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        return next(rows, []), sum(1 for _ in rows)


def write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """UTF-8, comma, one line end. Text is quoted and a missing value is not; what is a number stands bare."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(f"{','.join(map(_written, row))}\n" for row in (header, *rows))


def _written(value: object) -> str:
    cell = csv_cell(value)
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    quoted = isinstance(cell, str) and not isinstance(value, bool)
    return '"' + str(cell).replace('"', '""') + '"' if quoted else str(cell)


def csv_cell(value: object) -> object:
    """One cell. Numbers keep their sign; empty stays empty; lists are JSON; text is made harmless."""
    if isinstance(value, list | dict):
        value = json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _FORMULA.sub(r"\1'", value)
    return value


FORMAT = of_tables(
    "csv",
    mediatype="text/csv",
    write=write_relation,
    read=read_csv,
    described={
        "type": "table",
        "encoding": "utf-8",
        "note": NOTE,
    },
)
