"""Compute a published list of results again, and say where it differs."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from definitions.scoring import Scored, improvement, score
from ledger.errors import ConfigError
from pilar.recompute.result_lists import Line, ResultList, read_result_list
from pilar.recompute.rule_sets import RuleSet, load_rule_sets

ALL_AGREE, SOME_DIFFER = 0, 1


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

    Raises ConfigError where a list cannot be used as it stands.
    """
    known = load_rule_sets()
    rule_sets = {rule_set.id: rule_set for rule_set in known}
    current = read_result_list(file, known, stated_year=year)
    before = None if previous is None else _read_previous(previous, known, current)
    earlier = {line.key: (line, _scored(line, rule_sets)) for line in before.lines} if before else {}
    rows = tuple(_row(line, rule_sets, earlier.get(line.key)) for line in current.lines)
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


def _scored(line: Line, rule_sets: Mapping[str, RuleSet]) -> Scored:
    rule_set = rule_sets[line.rule_set_id]
    return score(rule_set.instrument, line.values, rule_set.cohort)


def _row(line: Line, rule_sets: Mapping[str, RuleSet], previous: tuple[Line, Scored] | None) -> RecomputedRow:
    found = _scored(line, rule_sets)
    improved = improvement(rule_sets[line.rule_set_id].instrument, found, previous[1] if previous else None)
    index = found.index.value
    # The list was read strictly: every dimension that is weighed has a value.
    assert index is not None
    return RecomputedRow(
        line=line.number,
        name=line.name,
        rule_set_id=line.rule_set_id,
        index=index,
        published_index=line.published_index,
        improvement=improved,
        published_improvement=line.published_improvement,
        previous_line=previous[0].number if previous else None,
        index_differs=line.published_index is not None and line.published_index != index,
        improvement_differs=None not in (improved, line.published_improvement)
        and improved != line.published_improvement,
    )


def _read_previous(path: Path, rule_sets: Iterable[RuleSet], current: ResultList) -> ResultList:
    known = tuple(rule_sets)
    if not any(rule_set.improvement for rule_set in known if rule_set.year == current.year):
        raise ConfigError(
            f"how the improvement of {current.year} was counted is not known",
            where=str(path),
            do="Leave --previous out",
        )
    return read_result_list(path, known, expected_year=current.year - 1)


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
