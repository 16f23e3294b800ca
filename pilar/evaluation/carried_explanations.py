"""Explanations that stand in an earlier evaluation's file already: those that follow from the same rows.

A file notes what each of its explanations was made from, as a digest, and by which code. Most regions say the same as
in the evaluation before: of them nothing is searched, told and written again.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import duckdb

from ledger.project import table
from ledger.sql import identifier, literal
from pilar.explanations.explanation import Place
from publication.digests import code_digest, digest_of

EXPLANATIONS, GAPS = "explanations", "gaps"
Key = tuple[str, str, int, str]
_KEY = "region_code, instrument_id, year, role"
_EARLIER = "explained_before"
_ROOM = Path(__file__).parents[1]


def noted_before(connection: duckdb.DuckDBPyConnection, warehouse: Path) -> Mapping[Key, str]:
    """What the newest earlier file that can serve notes of each explanation; it stays attached for `carry`.

    What the open file notes is taken out: until its tables are written, nobody may rely on it. Empty where no file can
    serve: one without a note, of other code, or one that somebody writes to.
    """
    connection.execute("drop table if exists main.explained_from")
    for file in sorted(warehouse.parent.glob("[0-9]*.duckdb"), reverse=True):
        if file == warehouse or file.with_name(f"{file.name}.wal").exists():
            continue
        try:
            connection.execute(f"attach {literal(str(file))} as {_EARLIER} (read_only)")
        except duckdb.Error:
            continue
        try:
            for name in (EXPLANATIONS, GAPS):
                # One that was begun as a copy has the note, and not what it is about.
                connection.execute(f"from {_EARLIER}.scores.{identifier(name)} limit 0")
            rows = connection.execute(
                f"select {_KEY}, made_of from {_EARLIER}.main.explained_from where made_by = {literal(_code())}"
            ).fetchall()
        except duckdb.Error:
            rows = []
        if rows:
            return {(region, instrument, year, role): made_of for region, instrument, year, role, made_of in rows}
        connection.execute(f"detach {_EARLIER}")
    return {}


def carry(connection: duckdb.DuckDBPyConnection, same: Sequence[Place]) -> None:
    """Add to both tables what the attached file has of these sheets, then let go of the file."""
    if same:
        listed = ", ".join(_listed(at.key) for at in same)
        for name in (EXPLANATIONS, GAPS):
            connection.execute(
                f"insert into scores.{identifier(name)} by name select * from {_EARLIER}.scores.{identifier(name)} "
                f"where ({_KEY}) in (values {listed})"
            )
    connection.execute(f"detach database if exists {_EARLIER}")


def note(connection: duckdb.DuckDBPyConnection, noted: Sequence[tuple[Place, str]]) -> None:
    """Note in the file what each of its explanations was made from. Of a place that has two, nothing is noted."""
    connection.execute(
        "create table main.explained_from "
        "(region_code varchar, instrument_id varchar, year integer, role varchar, made_of varchar, made_by varchar)"
    )
    times = Counter(at.key for at, _ in noted)
    rows = [_listed((*at.key, made_of, _code())) for at, made_of in noted if times[at.key] == 1]
    if rows:
        connection.execute(f"insert into main.explained_from values {', '.join(rows)}")


def _listed(values: Sequence[str | int]) -> str:
    return f"({', '.join(str(one) if isinstance(one, int) else literal(one) for one in values)})"


@cache
def _code() -> str:
    """What stands for everything beside the rows: the code, the definitions, and the columns of both tables."""
    files = [*sorted((_ROOM / "explanations").glob("*.py")), *sorted((_ROOM / "evaluation").glob("*.py"))]
    columns = [repr(table(name).columns) for name in (EXPLANATIONS, GAPS)]
    return digest_of(code_digest(), columns, [hashlib.sha256(path.read_bytes()).hexdigest() for path in files])
