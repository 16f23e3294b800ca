"""What another instrument would change: for every region of a file, and in the definitions themselves."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from definitions.bands import Predicates, Rubric
from definitions.exact import shown
from definitions.instrument import Asked, Cohort, Instrument
from definitions.scoring import Scored
from definitions.words import said
from ledger.errors import ConfigError
from pilar.recompute.answers import Answers, read_answers
from pilar.recompute.by_instrument import scored


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs between two definitions; None where one of them does not have it."""

    what: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Effect:
    """What it does to one region. Ranks are among the regions of the same cohort; ``move`` up is positive."""

    line: int
    region: str
    cohort: str | None
    before: Decimal | None
    after: Decimal | None
    difference: Decimal | None
    predicate_before: str | None
    predicate_after: str | None
    rank_before: int | None
    rank_after: int | None
    move: int | None


# -- the regions of a file --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Place:
    """One region under one instrument, with its rank in its cohort."""

    answers: Answers
    scored: Scored
    rank: int | None

    @property
    def predicate(self) -> str | None:
        return None if self.scored.predicate is None else str(self.scored.predicate)


def effects(file: Path, before: Instrument, after: Instrument) -> tuple[Effect, ...]:
    """Every region of a file under both instruments, in the file's order; a region stays in its cohort.

    Raises ConfigError where the file cannot be used under one of them.
    """
    read, _ = read_answers(file, before, after)
    old = [(one, scored(file, before, one)) for one in read]
    kept = _printed_cohorts(before, [found for _, found in old])
    again, _ = read_answers(file, after, before)
    if [one.region for one in again] != [one.region for one in read]:
        raise ConfigError(
            "the two instruments read other regions from the file", where=str(file), do="Name region columns the same"
        )
    moved = [replace(one, cohort=_same(after, cohort, one.cohort)) for one, cohort in zip(again, kept, strict=True)]
    new = [(one, scored(file, after, one)) for one in moved]
    return tuple(_effect(one, other) for one, other in zip(_ranked(old), _ranked(new), strict=True))


def _printed_cohorts(instrument: Instrument, found: Sequence[Scored]) -> list[str | None]:
    printed = {cohort.id: cohort.printed for cohort in instrument.cohorts}
    return [None if one.cohort is None else printed[one.cohort] for one in found]


def _same(instrument: Instrument, printed: str | None, told: str | None) -> str | None:
    """The cohort of the same name, where the instrument has one; else the one that the file tells."""
    return printed if printed in {cohort.printed for cohort in instrument.cohorts} else told


def _ranked(found: Sequence[tuple[Answers, Scored]]) -> list[_Place]:
    """Each with its place among those of its cohort; equal ones share it."""
    indices: dict[str | None, list[Decimal]] = {}
    for _, one in found:
        if one.index.value is not None:
            indices.setdefault(one.cohort, []).append(one.index.value)
    ordered = {cohort: sorted(values, reverse=True) for cohort, values in indices.items()}
    return [
        _Place(answers, one, None if one.index.value is None else ordered[one.cohort].index(one.index.value) + 1)
        for answers, one in found
    ]


def _effect(one: _Place, other: _Place) -> Effect:
    before, after = one.scored.index.value, other.scored.index.value
    return Effect(
        line=one.answers.line,
        region=one.answers.region,
        cohort=other.scored.cohort,
        before=before,
        after=after,
        difference=None if before is None or after is None else after - before,
        predicate_before=one.predicate,
        predicate_after=other.predicate,
        rank_before=one.rank,
        rank_after=other.rank,
        move=None if one.rank is None or other.rank is None else one.rank - other.rank,
    )


# -- the definitions --------------------------------------------------------------------------------------------------

# What is spoken of, what is said of it, and the text. What only one instrument has is told by its name alone.
_Fact = tuple[str, str, str]
_THERE = ""


def changes(before: Instrument, after: Instrument) -> tuple[Change, ...]:
    """Everything that differs between two definitions and can change a score, in the order of the files."""
    old = {(subject, aspect): text for subject, aspect, text in _facts(before)}
    new = {(subject, aspect): text for subject, aspect, text in _facts(after)}
    shared = {subject for subject, _ in old} & {subject for subject, _ in new}
    return tuple(
        Change(": ".join(filter(None, place)), old.get(place), new.get(place))
        for place in {**old, **new}
        if old.get(place) != new.get(place) and (place[0] in shared or place[1] == _THERE)
    )


def _facts(instrument: Instrument) -> Iterator[_Fact]:
    """What an instrument says."""
    yield "status", _THERE, instrument.status
    if instrument.scale:
        yield "scale", _THERE, f"{shown(instrument.scale[0])} to {shown(instrument.scale[1])}"
    yield "rounding", _THERE, f"{instrument.rounding.mode}, {instrument.rounding.decimals} decimals"
    for kind, counts in instrument.missing.items():
        yield f"what is not answered ({kind}) counts", _THERE, shown(counts)
    for depth, level in enumerate(instrument.levels):
        times = "" if level.times == 1 else f", times {shown(level.times)}"
        yield f"level {depth}", _THERE, f"{level.follows} of {level.of} values{times}"
    if instrument.method is not None:
        yield from _numbers("method", instrument.method.model_dump(by_alias=True))
    for part in instrument.nodes.values():
        yield f"part {part.id}", _THERE, _THERE
        if part.weight is not None:
            yield f"part {part.id}", "weight", shown(part.weight)
    for cohort in instrument.cohorts:
        yield from _cohort(cohort)
    seen: Counter[str] = Counter()
    for asked in instrument.asked.values():
        yield from _question(asked, seen)
    yield from _predicates("predicate", instrument.predicates)


def _cohort(cohort: Cohort) -> Iterator[_Fact]:
    name = f"cohort {cohort.printed}"
    yield name, _THERE, _THERE
    yield name, "is the default", "yes" if cohort.default else "no"
    for part, weight in cohort.weight.items():
        yield name, f"weight of {part}", shown(weight)
    yield name, "weighted parts before the sum", cohort.components
    yield name, "improvement", cohort.improvement or "not known"
    for subject, _, text in _numbers("", cohort.numbers):
        yield name, subject.strip(), text
    for subject, _, text in _predicates("predicate", cohort.predicates):
        yield name, subject, text


def _question(asked: Asked, seen: Counter[str]) -> Iterator[_Fact]:
    """A question is known by its words: codes and positions move from year to year."""
    name = f"{asked.dimension}: {said(asked.question.text, 'id')}"
    seen[name] += 1
    name = f"question {name}" if seen[name] == 1 else f"question {name} ({seen[name]})"
    yield name, _THERE, _THERE
    yield name, "answered", asked.answered
    if asked.weight is not None:
        yield name, "weight", shown(asked.weight)
    if asked.rubric is not None:
        yield name, "rubric", _rubric(asked.rubric)


def _rubric(rubric: Rubric) -> str:
    if rubric.options is not None:
        scores = [f"{option}: {shown(score)}" for option, score in rubric.options.items()]
    else:
        scores = [f"{band.bounds}: {shown(band.score)}" for band in rubric.bands or ()]
    return f"{'; '.join(scores)} ({rubric.status})"


def _predicates(name: str, predicates: Predicates | None) -> Iterator[_Fact]:
    for band in predicates.bands if predicates else ():
        yield f"{name} {band}", _THERE, band.bounds


def _numbers(name: str, value: Any) -> Iterator[_Fact]:
    """The numbers of a method, each by its place."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _numbers(f"{name} {key}", inner)
    elif isinstance(value, list | tuple) and any(isinstance(inner, Mapping) for inner in value):
        for nth, inner in enumerate(value, start=1):
            yield from _numbers(f"{name} {nth}", inner)
    elif isinstance(value, list | tuple):
        yield name, _THERE, ", ".join(text for inner in value for _, _, text in _numbers(name, inner))
    elif isinstance(value, Fraction):
        yield name, _THERE, shown(value)
    elif value is not None:
        yield name, _THERE, str(value)


# -- for people -------------------------------------------------------------------------------------------------------


def render(
    names: tuple[str, str], found: Sequence[Change], moved: Sequence[Effect] | None, console: Console
) -> None:  # fmt: skip
    """Print what differs between the definitions, and what it does to each region."""
    for change in found:
        console.print(escape(_line(names, change)), soft_wrap=True)
    console.print(f"{len(found)} differences between {names[0]} and {names[1]}", soft_wrap=True)
    if moved is not None:
        console.print(_table(names, moved))
        console.print(_summary(moved), soft_wrap=True)


def _line(names: tuple[str, str], change: Change) -> str:
    if change.before is None or change.after is None:
        there, text = (names[1], change.after) if change.before is None else (names[0], change.before)
        return f"{change.what}: only in {there}" + (f": {text}" if text else "")
    return f"{change.what}: {change.before} -> {change.after}"


def _table(names: tuple[str, str], moved: Sequence[Effect]) -> Table:
    table = Table("line", "region", box=None, pad_edge=False)
    for heading in (*names, "difference", "rank", "moves"):
        table.add_column(heading, justify="right")
    table.add_column("predicate")
    for one in moved:
        changed = one.predicate_before != one.predicate_after
        predicate = f"{one.predicate_before} -> {one.predicate_after}" if changed else one.predicate_after or ""
        cells = [_text(value) for value in (one.before, one.after)]
        cells += [_signed(one.difference), f"{_text(one.rank_before)} -> {_text(one.rank_after)}", _signed(one.move)]
        style = "bold" if changed or one.move else None
        table.add_row(str(one.line), escape(one.region), *cells, escape(predicate), style=style)
    return table


def _text(value: Decimal | int | None) -> str:
    return "-" if value is None else str(value)


def _signed(value: Decimal | int | None) -> str:
    return "-" if value is None else f"{value:+}" if value else str(value)


def _summary(moved: Sequence[Effect]) -> str:
    both = [one for one in moved if one.difference is not None]
    higher = sum(one.difference > 0 for one in both if one.difference is not None)
    lower = sum(one.difference < 0 for one in both if one.difference is not None)
    named = sum(one.predicate_before != one.predicate_after for one in both)
    ranked = sum(bool(one.move) for one in both)
    return (
        f"{len(moved)} regions: {higher} higher, {lower} lower, {len(both) - higher - lower} the same; "
        f"{named} with another predicate; {ranked} with another rank in their cohort; "
        f"{len(moved) - len(both)} not comparable"
    )
