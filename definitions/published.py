"""Whether a published figure follows from the answers, within what their own rounding allows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from definitions.exact import rounded
from definitions.instrument import Instrument
from definitions.scoring import Answer, Scored, score


@dataclass(frozen=True, slots=True)
class Compared:
    """A published figure beside the computed one, and the least and the most that rounding allows.

    The three are None where nothing can be computed, and then nothing is said of the figure. ``differs``: no answers
    that round to the given ones lead to it.
    """

    name: str
    published: Decimal
    computed: Decimal | None
    least: Decimal | None
    most: Decimal | None
    differs: bool


def compare(
    instrument: Instrument,
    answers: Mapping[str, Answer],
    cohort: str | None,
    published: Mapping[str, Decimal],
    found: Scored | None = None,
) -> tuple[Compared, ...]:
    """Each published node or score beside what follows from the answers; ``found`` is their score, if it is there.

    Answers that are printed rounded stand for every number that rounds to them. A figure is compared with the decimals
    it is printed with, and with the instrument's at least.
    """
    main = found or score(instrument, answers, cohort)
    others = [score(instrument, corner, cohort) for corner in _corners(instrument, answers)] if published else []
    return tuple(_compared(instrument, name, figure, [main, *others]) for name, figure in published.items())


def _compared(instrument: Instrument, name: str, figure: Decimal, scored: list[Scored]) -> Compared:
    decimals = max(instrument.rounding.decimals, -int(figure.as_tuple().exponent))
    values = [_value(instrument, one, name, decimals) for one in scored]
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return Compared(name, figure, None, None, None, differs=False)
    least, most = min(known), max(known)
    return Compared(name, figure, values[0], least, most, differs=not least <= figure <= most)


def _value(instrument: Instrument, scored: Scored, name: str, decimals: int) -> Decimal | None:
    node = scored.nodes.get(name)
    exact = scored.marks[name].score if node is None and name in scored.marks else node.exact if node else None
    if node is not None and node.value is not None and decimals <= -int(node.value.as_tuple().exponent):
        return node.value
    return None if exact is None else rounded(exact, decimals, instrument.rounding.mode)


def _corners(instrument: Instrument, answers: Mapping[str, Answer]) -> Iterator[Mapping[str, Answer]]:
    """The answers at the ends of what they stand for.

    A mean grows with each of its parts, so two corners are enough for a tree. A share falls with what it is by, so for
    a method each answer is turned against the others too.
    """
    steps = {name: step for name, answer in answers.items() if (step := _step(instrument, name, answer))}
    if not steps:
        return
    for against in [""] if instrument.method is None else ["", *steps]:
        for sign in (1, -1):
            signed = {name: -sign * step if name == against else sign * step for name, step in steps.items()}
            yield {**answers, **{name: _moved(instrument, name, answers[name], by) for name, by in signed.items()}}


def _step(instrument: Instrument, name: str, answer: Answer) -> Fraction:
    """Half a step of the last digit that an answer is printed with; 0 where it is what it says."""
    if not isinstance(answer, Decimal):
        return Fraction(0)
    key, _ = instrument.targets[name.casefold().partition("#")[0]]
    if key in instrument.asked:
        return _half(instrument.rounded_answers)
    # A part that was given was rounded as the instrument rounds; where parents follow from rounded parts, it is exact.
    exact = instrument.levels[0].of == "rounded" and any(part.id == key for part in instrument.parts)
    return _half(None if exact else instrument.rounding.decimals)


def _half(decimals: int | None) -> Fraction:
    return Fraction(0) if decimals is None else Fraction(1, 2 * 10**decimals)


def _moved(instrument: Instrument, name: str, answer: Answer, step: Fraction) -> Fraction:
    assert isinstance(answer, Decimal)
    moved = Fraction(answer) + step
    key, _ = instrument.targets[name.casefold().partition("#")[0]]
    scale = instrument.asked[key].scale if key in instrument.asked else instrument.scales.get(key)
    return moved if scale is None else min(max(moved, scale[0]), scale[1])
