"""A list of results as the ministry publishes it, read strictly: regions with their dimension values, in CSV.

Nothing is repaired: a cell that is not a number from 0 to 4 with a decimal point, a missing column, a byte order mark
or semicolons are refused with the place and what to do. Empty is not zero: an empty cell is a value not given.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from pilar.recompute.csv_table import POINT, Table, read_table
from pilar.recompute.rule_sets import RuleSet, dimensions_of

NAME, COHORT, COLLABORATION = "name", "ket", "kolaborasi"
INDEX, IMPROVEMENT = "nilai_final", "improvement"
# The running number says nothing about a result.
IGNORED = frozenset({"no"})
NO_PREVIOUS_RESULT = "-"
# The scale of the instrument runs from 0 to 4.
HIGHEST = 4

_YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}(?!\d)")
_PLAIN = re.compile(r"[+-]?\d+(?:\.\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Line:
    """One region of a list. ``number`` is its line in the file, the header being line 1."""

    number: int
    name: str
    rule_set_id: str
    values: Mapping[str, Decimal]
    published_index: Decimal | None
    published_improvement: Decimal | None

    @property
    def key(self) -> str:
        """The name without regard to case and blanks, by which lists of two years are joined."""
        return " ".join(self.name.split()).casefold()


@dataclass(frozen=True, slots=True)
class ResultList:
    """A whole list of one year. ``unused_columns`` are those that nothing here knows."""

    path: Path
    year: int
    lines: tuple[Line, ...]
    unused_columns: tuple[str, ...] = ()


def read_result_list(
    path: Path, rule_sets: Sequence[RuleSet], *, stated_year: int | None = None, expected_year: int | None = None
) -> ResultList:
    """Read a list and give every row its rule set.

    The year is the stated one, else the one in the file's name, else the one its columns tell, else the expected one.
    Raises ConfigError where these contradict, nothing tells, or a cell cannot be used.
    """
    table = read_table(path)
    year = _year_of(table, rule_sets, stated_year, expected_year)
    own = [rule_set for rule_set in rule_sets if rule_set.year == year]
    _check_columns(table, own)
    known = {*dimensions_of(rule_sets), NAME, COHORT, INDEX, IMPROVEMENT, *IGNORED}
    lines = tuple(_line(table, number, record, own) for number, record in table.records)
    _check_names(table, lines)
    return ResultList(path, year, lines, tuple(name for name in table.columns if name not in known))


def _year_of(table: Table, rule_sets: Sequence[RuleSet], stated: int | None, expected: int | None) -> int:
    in_name = {int(found) for found in _YEAR.findall(table.path.name)}
    if stated is not None and in_name and stated not in in_name:
        raise table.problem(f"--year says {stated}, the file's name says {_listed(sorted(in_name))}", "Give one year")
    if stated is None and len(in_name) > 1:
        raise table.problem(f"the file's name holds several years: {_listed(sorted(in_name))}", "Say which with --year")
    year = stated or next(iter(in_name), None) or _year_from_columns(table, rule_sets) or expected
    if year is None:
        raise table.problem("nothing tells the year of the list", "Say it with --year, or put it into the file's name")
    if expected is not None and year != expected:
        raise table.problem(f"the previous list is of {year}, not of {expected}", "Give the list of the year before")
    known = {rule_set.year for rule_set in rule_sets}
    if year not in known:
        raise table.problem(f"there is no rule set for {year}", f"There are rule sets for {_listed(sorted(known))}")
    return year


def _year_from_columns(table: Table, rule_sets: Sequence[RuleSet]) -> int | None:
    """Only rule sets that tell cohorts apart have a use for these columns."""
    if COLLABORATION not in table.columns and COHORT not in table.columns:
        return None
    years = {rule_set.year for rule_set in rule_sets if rule_set.cohort_from_kolaborasi}
    return years.pop() if len(years) == 1 else None


def _check_columns(table: Table, own: Sequence[RuleSet]) -> None:
    year = own[0].year
    weighed = dimensions_of(own)
    if COLLABORATION in table.columns and COLLABORATION not in weighed:
        what = f"the list has a column that {year} does not know, so it is of another year"
        raise table.problem(what, "Say the right year with --year or in the file's name", column=COLLABORATION)
    common = [name for name in weighed if all(name in rule_set.dimensions for rule_set in own)]
    for name in (NAME, *common):
        if name not in table.columns:
            raise table.problem(
                "a column is missing", f"Add it; a list of {year} needs {_listed((NAME, *common))}", column=name
            )
    if COHORT not in table.columns and COLLABORATION not in table.columns and COLLABORATION in weighed:
        what = f"nothing tells the cohort of the rows: a list of {year} needs the column {COHORT} or {COLLABORATION}"
        raise table.problem(what, "Add one of them")


def _line(table: Table, number: int, record: Mapping[str, str], own: Sequence[RuleSet]) -> Line:
    name = record[NAME].strip()
    if not name:
        raise table.problem("the region's name is empty", "Fill it in", line=number, column=NAME)
    rule_set = _rule_set(table, number, record, own)
    return Line(
        number=number,
        name=name,
        rule_set_id=rule_set.id,
        values=dict(_dimension_values(table, number, record, own, rule_set)),
        published_index=_number(table, number, record, INDEX),
        published_improvement=_number(table, number, record, IMPROVEMENT),
    )


def _rule_set(table: Table, number: int, record: Mapping[str, str], own: Sequence[RuleSet]) -> RuleSet:
    if COHORT in record:
        stated = "".join(record[COHORT].split()).upper()
        for rule_set in own:
            if rule_set.cohort == stated:
                return rule_set
        what = f"the cohort {stated} is not known" if stated else "the cohort is empty"
        do = f"Write {_listed(rule_set.cohort for rule_set in own)}"
        raise table.problem(what, do, line=number, column=COHORT)
    cell = "given" if record.get(COLLABORATION, "").strip() else "empty"
    told = [rule_set for rule_set in own if rule_set.cohort_from_kolaborasi == cell]
    return (told or [rule_set for rule_set in own if rule_set.is_default])[0]


def _dimension_values(
    table: Table, number: int, record: Mapping[str, str], own: Sequence[RuleSet], rule_set: RuleSet
) -> Iterator[tuple[str, Decimal]]:
    for name in dimensions_of(own):
        value = _number(table, number, record, name)
        if name in rule_set.dimensions and value is None:
            do = f"Fill it in: {rule_set.cohort} {rule_set.year} weighs it, and empty is not zero"
            raise table.problem("a value is missing", do, line=number, column=name)
        if name not in rule_set.dimensions and value is not None:
            do = f"Empty the cell, or mend the cohort: {rule_set.cohort} {rule_set.year} does not weigh it"
            raise table.problem("a value has no weight", do, line=number, column=name)
        if value is not None:
            yield name, value


def _number(table: Table, number: int, record: Mapping[str, str], column: str) -> Decimal | None:
    lowest, highest = (-HIGHEST if column == IMPROVEMENT else 0), HIGHEST
    text = record.get(column, "").strip()
    if not text or (column == IMPROVEMENT and text == NO_PREVIOUS_RESULT):
        return None
    shown = f"{text[:20]!r}"
    if not _PLAIN.fullmatch(text):
        what = f"{shown} has a decimal comma" if re.fullmatch(r"[+-]?\d+,\d+", text) else f"{shown} is not a number"
        raise table.problem(what, POINT, line=number, column=column)
    value = Decimal(text)
    if not lowest <= value <= highest:
        raise table.problem(f"{shown} is not from {lowest} to {highest}", "Mend the cell", line=number, column=column)
    if value != value.quantize(Decimal("0.01")):
        what = f"{shown} has more than two decimals"
        raise table.problem(what, "Results are printed with two: give the printed value", line=number, column=column)
    return value


def _check_names(table: Table, lines: Sequence[Line]) -> None:
    seen: dict[str, int] = {}
    for line in lines:
        if line.key in seen:
            what = f"the region {line.name} stands twice, first in line {seen[line.key]}"
            raise table.problem(what, "Keep one of the lines", line=line.number, column=NAME)
        seen[line.key] = line.number


def _listed(items: Iterable[object]) -> str:
    return ", ".join(str(item) for item in items)
