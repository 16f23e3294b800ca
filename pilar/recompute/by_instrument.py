"""Answers of regions computed again under any instrument, and where a published figure does not follow from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from definitions.instrument import INDEX, Instrument
from definitions.instruments import find_instrument
from definitions.published import Compared, compare
from definitions.scoring import Scored, score
from definitions.words import said
from ledger.errors import ConfigError
from pilar.recompute.answers import Answers, read_answers


@dataclass(frozen=True, slots=True)
class Region:
    """One region of a file, computed again.

    ``parts`` are the values of every part, and of what a method computes beside them. ``compared`` holds every figure
    that was published, ``published_predicate`` the predicate as the file writes it.
    """

    line: int
    region: str
    cohort: str | None
    index: Decimal | None
    predicate: str | None
    published_predicate: str
    predicate_differs: bool
    parts: dict[str, Decimal | None]
    compared: tuple[Compared, ...]
    unanswered: tuple[str, ...]
    waiting: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether anything that was published does not follow from the answers."""
        return self.predicate_differs or any(one.differs for one in self.compared)


@dataclass(frozen=True, slots=True)
class Answered:
    """A whole file of answers, computed again."""

    file: Path
    instrument: Instrument
    regions: tuple[Region, ...]
    unused_columns: tuple[str, ...]

    @property
    def differences(self) -> tuple[Region, ...]:
        """The regions in which something published does not follow."""
        return tuple(one for one in self.regions if one.differs)


def recompute_answers(file: Path, named: str) -> Answered:
    """Compute every region of a file under an instrument, by its id or its file.

    Raises ConfigError where either cannot be used.
    """
    instrument = find_instrument(named)
    read, unused = read_answers(file, instrument)
    return Answered(file, instrument, tuple(_region(file, instrument, one) for one in read), unused)


def scored(file: Path, instrument: Instrument, answers: Answers) -> Scored:
    """The score of one region; an answer that cannot be used is refused with its place in the file."""
    try:
        return score(instrument, answers.answers, answers.cohort)
    except ConfigError as error:
        raise ConfigError(
            error.what, where=f"{file}, {answers.region or 'line 2'}: {error.where}", do=error.do
        ) from None


def _region(file: Path, instrument: Instrument, answers: Answers) -> Region:
    found = scored(file, instrument, answers)
    return Region(
        line=answers.line,
        region=answers.region,
        cohort=found.cohort,
        index=found.index.value,
        predicate=None if found.predicate is None else str(found.predicate),
        published_predicate=answers.predicate,
        predicate_differs=_predicate_differs(file, instrument, found, answers),
        parts={name: found.nodes[name].value for name in instrument.published if name in found.nodes},
        compared=compare(instrument, answers.answers, answers.cohort, answers.published, found),
        unanswered=found.unanswered,
        waiting=found.waiting,
        notes=(*found.notes, *_unweighed(instrument, found, answers)),
    )


def _predicate_differs(file: Path, instrument: Instrument, found: Scored, answers: Answers) -> bool:
    """Whether the published predicate is not that of the published index, or of the computed one where none is.

    Raises ConfigError where it is no predicate, or where its letter and its words are those of two.
    """
    if not answers.predicate or found.predicate is None:
        return False
    table = instrument.predicates_of(instrument.cohort(found.cohort))
    if table is None:
        return answers.predicate.casefold() not in map(str.casefold, found.predicate.names)
    index = answers.published.get(INDEX, found.index.value)
    try:
        return index is not None and table.named(answers.predicate) != table.of(index)
    except ConfigError as error:
        raise ConfigError(error.what, where=f"{file}, {answers.region or 'predicate'}", do=error.do) from None


def _unweighed(instrument: Instrument, found: Scored, answers: Answers) -> tuple[str, ...]:
    cohort = instrument.cohort(found.cohort)
    if cohort is None:
        return ()
    named = {name.casefold().partition("/")[0] for name in answers.answers}
    unused = [part.id for part in instrument.parts if part.id in named and part.id not in instrument.weights_of(cohort)]
    return tuple(f"{part} is not weighed under {cohort.printed}, and not used" for part in unused)


# -- for people -------------------------------------------------------------------------------------------------------


def render(answered: Answered, console: Console) -> None:
    """Print every region's parts and index, each figure that differs, and a closing line."""
    if answered.unused_columns:
        console.print(f"columns not used: {escape(', '.join(answered.unused_columns))}", soft_wrap=True)
    one = answered.regions[0] if len(answered.regions) == 1 else None
    console.print(_nodes(answered.instrument, one) if one else _table(answered))
    for region in answered.regions:
        for line in _lines(answered.instrument, region, several=one is None):
            console.print(line, soft_wrap=True)
    console.print(_summary(answered), soft_wrap=True)


def _table(answered: Answered) -> Table:
    valued = {name for region in answered.regions for name in region.parts}
    tops = [part.id for part in answered.instrument.parts if part.id in valued]
    shown = tops or [name for name in answered.instrument.published if name in valued]
    table = Table("line", "region", box=None, pad_edge=False)
    for name in (*shown, INDEX):
        table.add_column(name, justify="right")
    table.add_column("predicate")
    for region in answered.regions:
        cells = [_text(region.parts.get(name)) for name in shown] + [_text(region.index), region.predicate or ""]
        style = "bold red" if region.differs else None
        table.add_row(str(region.line), escape(region.region), *cells, style=style)
    return table


def _nodes(instrument: Instrument, region: Region) -> Table:
    table = Table("part", "name", box=None, pad_edge=False)
    for heading in ("value", "published"):
        table.add_column(heading, justify="right")
    compared = {one.name: one for one in region.compared}
    for name, value in (*region.parts.items(), (INDEX, region.index)):
        part = instrument.nodes.get(name)
        title = said(part.name if part else instrument.name if name == INDEX else None, "en")
        one = compared.get(name)
        style = "bold red" if one and one.differs else None
        table.add_row(name, escape(title), _text(value), str(one.published) if one else "", style=style)
    return table


def _text(value: Decimal | None) -> str:
    return "-" if value is None else str(value)


def _lines(instrument: Instrument, region: Region, *, several: bool) -> list[str]:
    """What is to be said of one region beside its row; of several regions, only what differs."""
    place = f"line {region.line}: {escape(region.region)}: " if several else ""
    lines = [f"{place}{_difference(one)}" for one in region.compared if one.differs]
    if region.predicate_differs:
        lines.append(
            f"{place}predicate [bold red]{region.predicate}[/], published {escape(region.published_predicate)}"
        )
    if not several:
        lines += [f"predicate: {region.predicate}"] if region.predicate else []
        lines += (
            [f"waiting for another body's index: {_questions(instrument, region.waiting)}"] if region.waiting else []
        )
        lines += [f"not answered: {_questions(instrument, region.unanswered)}"] if region.unanswered else []
    return [*lines, *(f"{place}{escape(note)}" for note in region.notes if not several or "not used" in note)]


def _difference(one: Compared) -> str:
    allowed = f" (rounding allows {one.least} to {one.most})" if one.least != one.most else ""
    return f"{one.name} [bold red]{one.computed}[/], published {one.published}{allowed}"


def _questions(instrument: Instrument, keys: Sequence[str]) -> str:
    """The first of some questions, by key and code, and how many more there are."""
    first = [f"{key} ({instrument.asked[key.partition('#')[0]].code})" for key in keys[:8]]
    return ", ".join(first) + (f" and {len(keys) - 8} more" if len(keys) > 8 else "")


def _summary(answered: Answered) -> str:
    compared = [one for region in answered.regions for one in region.compared]
    unknown = sum(one.computed is None for one in compared)
    differ = sum(one.differs for one in compared) + sum(one.predicate_differs for one in answered.regions)
    instrument, count = answered.instrument, len(answered.regions)
    parts = [
        f"{count} region{'' if count == 1 else 's'} under {instrument.id} ({instrument.status})",
        f"published figures: {len(compared) - unknown} compared, {differ} differ",
    ]
    if unknown:
        parts.append(f"could not be computed: {unknown}")
    without = sum(region.index is None for region in answered.regions)
    if without:
        parts.append(f"without an index, for an answer is missing: {without}")
    waiting = sum(bool(region.waiting) for region in answered.regions)
    if waiting:
        parts.append(f"waiting for another body's index: {waiting}")
    return "; ".join(parts)
