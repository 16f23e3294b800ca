"""Compute a published list of results again, and say where it differs.

The index and the improvement come from the dbt project's own models (`tag:recompute`), on a throw-away DuckDB file: the
same macros, weights and rounding that make the platform's scores.
"""

import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ledger.errors import ConfigError, TransformError
from ledger.settings import REPOSITORY
from ledger.sql import literal
from pilar.recompute.result_lists import ResultList, read_result_list
from pilar.recompute.rule_sets import RuleSet, load_rule_sets

ALL_AGREE, SOME_DIFFER = 0, 1

# The tables that the models of `tag:recompute` read.
ROWS = (
    "list_id: 'varchar', line_no: 'integer', region_name: 'varchar', region_key: 'varchar', rule_set_id: 'varchar', "
    "published_index: 'decimal(4, 2)', published_improvement: 'decimal(4, 2)'"
)
VALUES = "list_id: 'varchar', line_no: 'integer', dimension: 'varchar', value: 'decimal(4, 2)'"
_RESULT = """
    select line_no, region_name, rule_set_id, index_value, published_index, improvement, published_improvement,
        previous_line_no, coalesce(index_differs, false), coalesce(improvement_differs, false)
    from recompute.recompute_result order by line_no
"""


@dataclass(frozen=True, slots=True)
class RecomputedRow:
    """One region, computed again. ``line`` is its line in the file; ``previous_line`` its line in the previous list.

    A published figure is None where the list does not print one; the improvement, where it cannot be counted.
    """

    line: int
    name: str
    rule_set_id: str
    index: Decimal
    published_index: Decimal | None
    improvement: Decimal | None
    published_improvement: Decimal | None
    previous_line: int | None
    index_differs: bool
    improvement_differs: bool

    @property
    def differs(self) -> bool:
        """Whether a published figure is not the computed one."""
        return self.index_differs or self.improvement_differs


@dataclass(frozen=True, slots=True)
class Recomputed:
    """A whole list, computed again."""

    file: Path
    year: int
    rows: tuple[RecomputedRow, ...]
    unused_columns: tuple[str, ...] = ()
    previous: Path | None = None

    @property
    def differences(self) -> tuple[RecomputedRow, ...]:
        """The rows in which a published figure is not the computed one."""
        return tuple(row for row in self.rows if row.differs)


def recompute(file: Path, previous: Path | None = None, year: int | None = None) -> Recomputed:
    """Compute every row's index, and its improvement where the previous year's list has the region.

    Raises ConfigError where a list cannot be used as it stands, TransformError where dbt fails.
    """
    rule_sets = load_rule_sets()
    current = read_result_list(file, rule_sets, stated_year=year)
    before = None if previous is None else _read_previous(previous, rule_sets, current)
    with tempfile.TemporaryDirectory(prefix="pilar-recompute-") as folder:
        warehouse = Path(folder) / "list.duckdb"
        _write(warehouse, current, before)
        rows = _built(warehouse)
    if len(rows) != len(current.lines):
        raise TransformError(f"{len(current.lines)} rows went in, {len(rows)} came out", where=str(file))
    return Recomputed(file, current.year, rows, current.unused_columns, previous)


def render(recomputed: Recomputed, console: Console) -> int:
    """Print every row's figures, each row that differs, and a closing line.

    Returns the exit code: 0 when no row differs, 1 when some do.
    """
    if recomputed.unused_columns:
        console.print(f"columns not used: {escape(', '.join(recomputed.unused_columns))}", soft_wrap=True)
    console.print(_table(recomputed))
    for row in recomputed.differences:
        console.print(_line(row), soft_wrap=True)
    console.print(_summary(recomputed), soft_wrap=True)
    return SOME_DIFFER if recomputed.differences else ALL_AGREE


def _table(recomputed: Recomputed) -> Table:
    improved = recomputed.previous is not None
    names = ("index", "published", *(("improvement", "published") if improved else ()))
    table = Table("line", "region", "rule set", box=None, pad_edge=False)
    for name in names:
        table.add_column(name, justify="right")
    for row in recomputed.rows:
        figures = [row.index, row.published_index, *((row.improvement, row.published_improvement) if improved else ())]
        shown = ["-" if figure is None else str(figure) for figure in figures]
        style = "bold red" if row.differs else None
        table.add_row(str(row.line), escape(row.name), row.rule_set_id, *shown, style=style)
    return table


def installation_home() -> Path:
    """Where the installation keeps its files; a list is computed again without a ledger, so there may be none yet."""
    return Path(os.environ.get("PILAR_HOME") or REPOSITORY / ".pilar").resolve()


def _read_previous(path: Path, rule_sets: Iterable[RuleSet], current: ResultList) -> ResultList:
    known = tuple(rule_sets)
    if not any(rule_set.improvement for rule_set in known if rule_set.year == current.year):
        raise ConfigError(
            f"how the improvement of {current.year} was counted is not known",
            where=str(path),
            do="Leave --previous out",
        )
    return read_result_list(path, known, expected_year=current.year - 1)


def _write(warehouse: Path, current: ResultList, previous: ResultList | None) -> None:
    lists = [("current", current), *([("previous", previous)] if previous else [])]
    rows = [
        {
            "list_id": list_id,
            "line_no": line.number,
            "region_name": line.name,
            "region_key": line.key,
            "rule_set_id": line.rule_set_id,
            "published_index": _text(line.published_index),
            "published_improvement": _text(line.published_improvement),
        }
        for list_id, listed in lists
        for line in listed.lines
    ]
    values = [
        {"list_id": list_id, "line_no": line.number, "dimension": dimension, "value": _text(value)}
        for list_id, listed in lists
        for line in listed.lines
        for dimension, value in line.values.items()
    ]
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create schema recompute_input")
        for table, columns, records in (("rows", ROWS, rows), ("dimension_values", VALUES, values)):
            # By way of a file: given parameters, DuckDB imports pandas first, which takes longer than all the rest.
            file = warehouse.with_name(f"{table}.json")
            file.write_text(json.dumps(records), encoding="utf-8")
            connection.execute(
                f"create table recompute_input.{table} as "
                f"from read_json({literal(str(file))}, format = 'array', columns = {{{columns}}})"
            )


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _built(warehouse: Path) -> tuple[RecomputedRow, ...]:
    from pilar.evaluation.transform import run_dbt

    result = run_dbt(warehouse, "tag:recompute", kept_in=installation_home() / "warehouse" / "dbt")
    if not result.ok:
        raise TransformError(f"the list could not be computed: {result.first_failure()}", where="tag:recompute")
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return tuple(RecomputedRow(*row) for row in connection.execute(_RESULT).fetchall())


def _line(row: RecomputedRow) -> str:
    figures = [
        f"{name} [bold red]{'none' if computed is None else computed}[/], published {published}"
        for name, computed, published, differs in (
            ("index", row.index, row.published_index, row.index_differs),
            ("improvement", row.improvement, row.published_improvement, row.improvement_differs),
        )
        if differs
    ]
    return f"line {row.line}: {escape(row.name)} ({row.rule_set_id}): {'; '.join(figures)}"


def _summary(recomputed: Recomputed) -> str:
    rows = recomputed.rows
    used = ", ".join(f"{name} ({count})" for name, count in sorted(Counter(row.rule_set_id for row in rows).items()))
    compared = [row for row in rows if row.published_index is not None]
    parts = [
        f"{len(rows)} rows of {recomputed.year} under {used}",
        f"index: {len(compared)} compared, {sum(row.index_differs for row in compared)} differ",
    ]
    if recomputed.previous is not None:
        both = [row for row in rows if row.improvement is not None and row.published_improvement is not None]
        absent = sum(row.previous_line is None for row in rows)
        parts.append(
            f"improvement: {len(both)} compared, {sum(row.improvement_differs for row in both)} differ, "
            f"{absent} regions are not in the previous list"
        )
    return "; ".join(parts)
