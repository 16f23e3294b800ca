"""The file of an evaluation with a few figures and rows of one's own, and what is found in it."""

import shutil
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import duckdb

from definitions.records import SET_ASIDE, load_records
from definitions.tables import definition_tables
from ledger.regions import known
from ledger.sql import identifier, literal
from pilar.evaluation.definition_tables import write_definitions, write_rows
from pilar.evaluation.findings import write_findings
from pilar.evaluation.warehouse import regions_view

LINEAGE = "_source varchar, _batch varchar, _page integer, _row bigint, _synthetic boolean, _coverage varchar"
MARTS = (
    "region_code varchar, indicator_id varchar, period varchar, numerator decimal(24, 4), denominator decimal(24, 4), "
    "value decimal(24, 4), unit varchar, state varchar, basis varchar, source_ids varchar[], batch_ids varchar[], "
    "published_value decimal(24, 4), published_by varchar"
)
PRINTED = "indicator_id varchar, region_code varchar, period varchar, dp integer"
KUKAR = "64.02"
Row = Mapping[str, Any]


def file_of(
    path: Path,
    *,
    marts: Sequence[Row] = (),
    records: Mapping[str, Sequence[Row]] | None = None,
    regions: Sequence[str] = (KUKAR, "62.02"),
) -> Path:
    """A file with these figures and rows of records. A row gives what matters, the rest is filled in."""
    shutil.copyfile(_empty(path.parent, tuple(regions)), path)
    units = {row["id"]: row["unit"] for row in definition_tables()["indicators"]}
    with duckdb.connect(str(path)) as connection:
        connection.execute("set timezone = 'UTC'")
        for name, rows in (records or {}).items():
            lineage = {"_source": "s", "_batch": "b", "_page": 0}
            _insert(connection, f"records.{name}", [{"_row": n, **lineage, **row} for n, row in enumerate(rows)])
        filled = {"region_code": KUKAR, "period": "2024", "state": "measured", "basis": "computed"}
        lists = {"source_ids": ["s"], "batch_ids": ["b"]}
        _insert(
            connection,
            "promoted.marts",
            [{**filled, **lists, "unit": units[row["indicator_id"]], **row} for row in marts],
        )
    return path


def found(path: Path, *columns: str, without: Sequence[str] = ()) -> list[tuple[object, ...]]:
    """Look for findings, and return these columns of all but some rules."""
    write_findings(path, {"s": "dlh"})
    listed = ", ".join(map(literal, without)) or "''"
    with duckdb.connect(str(path)) as connection:
        return connection.execute(
            f"select {', '.join(columns)} from scores.findings where rule not in ({listed}) order by all"
        ).fetchall()


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Row]) -> None:
    for row in rows:
        names, marks = ", ".join(map(identifier, row)), ", ".join("?" * len(row))
        connection.execute(f"insert into {table} ({names}) values ({marks})", list(row.values()))


@cache
def _empty(_: Path, regions: tuple[str, ...]) -> Path:
    """A file without figures and rows, once for each folder of tests."""
    path = Path(mkdtemp(dir=_)) / "empty.duckdb"
    with duckdb.connect(str(path)) as connection:
        for schema in ("landing", "records", "promoted", "seeds", "scores"):
            connection.execute(f"create schema {schema}")
        connection.execute(f"create view landing._regions as {regions_view(known(regions))['landing._regions'].sql}")
        write_definitions(connection)
        for name in ("answer_evidence", "refused_moves"):
            write_rows(connection, "scores", name, [])
        connection.execute(f"create table seeds.published_figures ({PRINTED})")
        connection.execute(f"create table promoted.marts ({MARTS})")
        for record in load_records().values():
            columns = ", ".join(f"{identifier(name)} {kind}" for name, kind in record.sql_types.items())
            connection.execute(f"create table records.{identifier(record.id)} ({columns}, {LINEAGE})")
            aside = identifier(record.id + SET_ASIDE)
            connection.execute(f"create table records.{aside} ({columns}, {LINEAGE}, _because varchar)")
    return path
