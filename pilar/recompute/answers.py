"""Answers of regions to an instrument, and what was published for them, from a CSV file.

Two forms. Long: a line an answer, with the columns ``code`` and ``value``, and ``region`` where there are several; raw
values stand under ``measured``, published ones under ``published``. Wide: a line a region, a column a code.
The instrument's ``names`` say what published tables call these.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from definitions.instrument import Instrument
from definitions.problems import did_you_mean
from definitions.scoring import Answer, Measured
from ledger.errors import ConfigError
from pilar.recompute.csv_table import POINT, Table, read_table

CODE, VALUE, MEASURED, PUBLISHED = "code", "value", "measured", "published"
REGION, COHORT, YEAR, PREDICATE = "region", "cohort", "year", "predicate"

_PLAIN = re.compile(r"[+-]?\d{1,200}(?:\.\d{1,200})?", re.ASCII)
_FRACTION = re.compile(r"\d{1,200}/[1-9]\d{0,199}", re.ASCII)
# Groups of thousands are plain where a decimal point follows them; without one, 1,066 may be a decimal comma.
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3}){1,60}\.\d{1,200}", re.ASCII)
_COMMA = re.compile(r"[+-]?[\d.]*\d,\d+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Answers:
    """One region's answers and what was published for it. ``line`` is where it begins in the file."""

    line: int
    region: str
    cohort: str | None
    answers: Mapping[str, Answer]
    published: Mapping[str, Decimal]
    predicate: str = ""


@dataclass(slots=True)
class _Cells:
    """The cells of one region, by code as the file writes it: (line, kind) to text."""

    line: int
    region: str
    cohort: str = ""
    cells: dict[str, dict[str, tuple[int, str]]] = field(default_factory=dict)

    def put(self, table: Table, line: int, code: str, kind: str, text: str) -> None:
        """Keep one cell that says something."""
        if not text.strip():
            return
        kinds = self.cells.setdefault(code, {})
        if kind in kinds:
            what = f"{code[:40]!r} stands twice for the region, first in line {kinds[kind][0]}"
            raise table.problem(what, "Keep one of the lines", line=line)
        other = {VALUE: MEASURED, MEASURED: VALUE}.get(kind)
        if other in kinds:
            what = f"{code[:40]!r} has a value and a measured one"
            raise table.problem(what, "Keep one: the score follows from the measured one", line=line)
        kinds[kind] = (line, text.strip())


def read_answers(
    path: Path, instrument: Instrument, beside: Instrument | None = None
) -> tuple[tuple[Answers, ...], tuple[str, ...]]:
    """Every region of a file, and the columns that nothing knows. Codes that only ``beside`` knows are left out.

    A line or column that names a part is what was given for it where nothing below the part is answered, and what was
    published for it elsewhere. Raises ConfigError, with the place, for what cannot be used.
    """
    table = read_table(path)
    ours = {theirs.casefold(): name for theirs, name in instrument.names.items()}
    columns = {column: ours.get(column, column) for column in table.columns}
    repeated = [name for name in columns.values() if name in _WORDS and list(columns.values()).count(name) > 1]
    if repeated:
        raise table.problem(f"several columns are the {repeated[0]}", "Keep one of them", line=1)
    long = CODE in columns.values()
    known_here, known_beside = instrument.targets, beside.targets if beside else {}
    groups = list(_long(table, columns) if long else _wide(table, columns, instrument))
    for group in groups:
        for code in [code for code in group.cells if _plain(code) not in known_here and _plain(code) in known_beside]:
            del group.cells[code]
    known = _WORDS if long else {*_WORDS - {CODE, VALUE, MEASURED, PUBLISHED}, *instrument.targets}
    unused = tuple(column for column, name in columns.items() if _plain(name) not in known)
    return tuple(_answers(table, instrument, group) for group in groups), unused


_WORDS = {CODE, VALUE, MEASURED, PUBLISHED, REGION, COHORT, YEAR, PREDICATE}


def _long(table: Table, columns: Mapping[str, str]) -> Iterable[_Cells]:
    groups: dict[str, _Cells] = {}
    for line, record in table.records:
        named = {name: record[column].strip() for column, name in columns.items() if name in _WORDS}
        code, region = named.get(CODE, ""), _label(named)
        if not code:
            raise table.problem("the code is empty", "Fill it in", line=line, column=CODE)
        group = groups.setdefault(region, _Cells(line, region))
        cohort = named.get(COHORT, "")
        # REGULER and reguler, KPPN&IKN and KPPN & IKN are one.
        if cohort and group.cohort and "".join(cohort.split()).casefold() != "".join(group.cohort.split()).casefold():
            raise table.problem(f"the region has two cohorts: {group.cohort} and {cohort}", "Keep one", line=line)
        group.cohort = group.cohort or cohort
        for kind in (VALUE, MEASURED, PUBLISHED):
            group.put(table, line, code, kind, named.get(kind, ""))
    return groups.values()


def _wide(table: Table, columns: Mapping[str, str], instrument: Instrument) -> Iterator[_Cells]:
    known = {*instrument.targets, PREDICATE}
    codes = {column: name for column, name in columns.items() if _plain(name) in known}
    if not codes:
        first = ", ".join(list(instrument.targets)[:6])
        do = f"Give the columns {CODE} and {VALUE}, or a column for each of: {first} ..."
        raise table.problem(f"no column is a code of {instrument.id}", do, line=1)
    for line, record in table.records:
        named = {name: record[column].strip() for column, name in columns.items() if name in _WORDS}
        group = _Cells(line, _label(named) or f"line {line}", named.get(COHORT, ""))
        for column, name in codes.items():
            group.put(table, line, name, VALUE, record[column])
        yield group


def _plain(code: str) -> str:
    """A code in small letters, without the turn of an innovation."""
    return code.casefold().partition("#")[0]


def _label(named: Mapping[str, str]) -> str:
    region, year = named.get(REGION, ""), named.get(YEAR, "")
    return f"{region} ({year})" if region and year else region or year


def _answers(table: Table, instrument: Instrument, group: _Cells) -> Answers:
    targets = {code: _target(table, instrument, code, kinds) for code, kinds in group.cells.items()}
    answered = {targets[code] for code, kinds in group.cells.items() if VALUE in kinds or MEASURED in kinds}
    # Parts with something below them that is answered: their own figures are published ones.
    covered = {part for target in answered for part in instrument.above.get(target, ())}
    given = instrument.nodes.keys() - covered if instrument.method is None else set()
    answers: dict[str, Answer] = {}
    published: dict[str, Decimal] = {}
    predicate = ""
    for code, kinds in group.cells.items():
        for kind, (line, text) in kinds.items():
            cell, target = _Cell(table, line, code, text), targets[code]
            if target == PREDICATE and predicate:
                raise table.problem("the predicate is published twice", "Keep one of them", line=line, column=code)
            if target == PREDICATE:
                predicate = text
            elif kind == MEASURED:
                answers[code] = Measured(cell.number())
            elif kind == VALUE and (target in instrument.asked or target in given):
                answers[code] = cell.answer()
            elif target in published:
                raise table.problem(f"{target} is published twice", "Keep one of the figures", line=line, column=code)
            else:
                published[target] = cell.decimal()
    cohort = _cohort(instrument, group, {*answered, *covered})
    return Answers(group.line, group.region, cohort, answers, published, predicate)


@dataclass(frozen=True, slots=True)
class _Cell:
    """One cell with its place."""

    table: Table
    line: int
    code: str
    text: str

    def answer(self) -> Answer:
        """A number, or the text of an option."""
        if _PLAIN.fullmatch(self.text):
            return Decimal(self.text)
        if _FRACTION.fullmatch(self.text):
            return Fraction(self.text)
        if _GROUPED.fullmatch(self.text):
            return Decimal(self.text.replace(",", ""))
        if _COMMA.fullmatch(self.text):
            raise self._problem(f"{self.text[:20]!r} has a decimal comma")
        return self.text

    def number(self) -> Decimal | Fraction:
        """A number."""
        found = self.answer()
        if isinstance(found, Decimal | Fraction):
            return found
        raise self._problem(f"{self.text[:20]!r} is not a number")

    def decimal(self) -> Decimal:
        """A figure as it is printed."""
        found = self.number()
        if isinstance(found, Decimal):
            return found
        raise self._problem(f"{self.text[:20]!r} is not a printed figure")

    def _problem(self, what: str) -> ConfigError:
        return self.table.problem(what, POINT, line=self.line, column=self.code)


def _target(table: Table, instrument: Instrument, code: str, kinds: Mapping[str, tuple[int, str]]) -> str:
    """What a code stands for: a question's key, a part, the index or the predicate."""
    name = _plain(code)
    if name == PREDICATE:
        return PREDICATE
    if name in instrument.targets:
        return instrument.targets[name][0]
    line = min(line for line, _ in kinds.values())
    several = [one.key for one in instrument.asked.values() if one.code.casefold() == name]
    if several:
        what = f"the code {code[:40]!r} stands for {len(several)} questions"
        raise table.problem(what, f"Write the one that is meant: {', '.join(several)}", line=line, column=CODE)
    known = did_you_mean(code, [one.code for one in instrument.asked.values()])
    raise table.problem(f"{code[:40]!r} is no question and no part of {instrument.id}", known, line=line, column=CODE)


def _cohort(instrument: Instrument, group: _Cells, answered: AbstractSet[str]) -> str | None:
    """The cohort that the file states, else the one that its parts tell, else none."""
    if group.cohort:
        return group.cohort
    told = (
        cohort.id
        for cohort in instrument.cohorts
        if cohort.when and all((part in answered) == (is_ == "given") for part, is_ in cohort.when.items())
    )
    return next(told, None)
