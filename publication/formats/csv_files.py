"""Each table as CSV: UTF-8, comma, one line end."""

import csv
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from ledger.sql import identifier, literal
from publication.formats.base import of_tables
from publication.tables import Table

NOTE = "Text that a spreadsheet would run as a formula has a leading apostrophe here; the Parquet file has none."
LONGEST_LINE = 16 * 1024 * 1024
# What a spreadsheet would take for a formula when it opens a CSV file: at the beginning, behind blanks and signs that
# cannot be seen too, and behind a line end or a semicolon, at which a spreadsheet set to Indonesian parts columns.
_FORMULA = re.compile(r"(^|[;\t\r\n])(?=[\s\u200b-\u200f\u202a-\u202e\u2060\ufeff]*[=+\-@＝＋－＠])|^(?=[\t\r])")
_SUSPECT = (
    r"(^|[;\t\r\n])[\s\x{0b}\x{1c}-\x{1f}\x{85}\p{Z}\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}\x{feff}]*"
    r"[=+\-@＝＋－＠]|^[\t\r]"
)


def write_relation(connection: duckdb.DuckDBPyConnection, relation: str, path: Path) -> None:
    """A relation as a CSV file. Text is quoted and a missing value is not; what is a number stands bare."""
    if relation.startswith("("):
        # It is asked for several things, and so computed once.
        connection.execute(f"CREATE OR REPLACE TEMP TABLE written AS FROM {relation}")
        relation = "written"
    found = connection.execute(f"DESCRIBE FROM {relation}").fetchall()
    kinds = {str(name): str(kind) for name, kind, *_ in found}
    suspects = _suspects(connection, relation, [name for name, kind in kinds.items() if kind == "VARCHAR"])
    shown = ", ".join(
        f"{_shown(identifier(name), kind, suspects.get(name, ()))} AS {identifier(name)}"
        for name, kind in kinds.items()
    )
    quoted = ", ".join(identifier(name) for name, kind in kinds.items() if kind == "VARCHAR" or kind.endswith("[]"))
    force = f", FORCE_QUOTE ({quoted})" if quoted else ""
    connection.execute(f"COPY (SELECT {shown} FROM {relation}) TO {literal(str(path))} (FORMAT csv, HEADER{force})")


def _suspects(
    connection: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[str]
) -> Mapping[str, Sequence[str]]:
    """Texts that may begin a formula, by column.

    DuckDB's expressions cannot look ahead: its suspicion is wider, and Python has the last word on the few it finds.
    """
    # Most texts stand in many rows: each is looked at once.
    each = " UNION ALL ".join(
        f"SELECT {literal(name)}, text FROM (SELECT DISTINCT {identifier(name)} AS text FROM {relation}) "
        f"WHERE regexp_matches(text, {literal(_SUSPECT)})"
        for name in columns
    )
    found = defaultdict[str, list[str]](list)
    for name, text in connection.execute(f"{each} ORDER BY ALL").fetchall() if each else ():
        found[name].append(text)
    return found


def _shown(column: str, kind: str, suspects: Sequence[str]) -> str:
    """The SQL of a column's cells: lists are JSON, moments are of UTC, and text is made harmless."""
    if kind.endswith("[]"):
        return f"to_json({column})::VARCHAR"
    if kind.startswith("TIMESTAMP"):
        return f"replace(strftime({column}, '%Y-%m-%dT%H:%M:%S.%fZ'), '.000000Z', 'Z')"
    harmless = {text: csv_cell(text) for text in suspects}
    cases = " ".join(f"WHEN {literal(raw)} THEN {literal(safe)}" for raw, safe in harmless.items() if raw != safe)
    return f"CASE {column} {cases} ELSE {column} END" if cases else column


def _write(connection: duckdb.DuckDBPyConnection, table: Table, path: Path) -> None:
    write_relation(connection, f"publication.{table.qualified}", path)


def read_csv(connection: duckdb.DuckDBPyConnection, path: Path) -> tuple[Sequence[str], int]:
    """The columns of a CSV file and the number of its rows. Raises duckdb.Error where one cannot be read."""
    with path.open(encoding="utf-8", newline="") as file:
        names = next(csv.reader(file), [])
    if not names:
        return names, 0
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    rows = (
        f"read_csv({literal(str(path))}, columns = {{{columns}}}, header = true, auto_detect = false, delim = ',', "
        f"""quote = '"', escape = '"', max_line_size = {LONGEST_LINE}, buffer_size = {2 * LONGEST_LINE})"""
    )
    [(number,)] = connection.execute(f"SELECT count(hash(r)) FROM {rows} AS r").fetchall()
    return names, int(number)


def csv_cell(text: str) -> str:
    """A text that no spreadsheet runs as a formula: it gets a leading apostrophe wherever one would begin."""
    return _FORMULA.sub(r"\1'", text)


FORMAT = of_tables(
    "csv",
    mediatype="text/csv",
    write=_write,
    read=read_csv,
    described={
        "type": "table",
        "encoding": "utf-8",
        "note": NOTE,
    },
)
