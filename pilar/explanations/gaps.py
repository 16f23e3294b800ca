"""The gap to the next band: the nearest value that scores higher, exactly, in the indicator's own unit.

A value moves in steps: of its last decimal, or of one in the numerator of a ratio whose denominator stays. Scores
change only where a step passes an edge of a band. So the nearest step with a higher score is the first behind one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial
from math import ceil, floor
from typing import Literal

from definitions.bands import Rubric, ScoreBand
from definitions.exact import rounded
from definitions.instrument import Asked, Scale
from ledger.errors import ConfigError

State = Literal["reachable", "highest", "out_of_reach"]


@dataclass(frozen=True, slots=True)
class Ratio:
    """What a value follows from: ``factor`` n / d, or the growth 100 (n - d) / d. ``whole``: n is a part of d."""

    numerator: Fraction
    denominator: Fraction
    factor: Fraction = Fraction(100)
    growth: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Measurement:
    """A measured value: how many decimals it is told with, the lowest and highest that are possible, and its parts."""

    value: Fraction
    decimals: int
    low: Fraction | None = None
    high: Fraction | None = None
    ratio: Ratio | None = None


@dataclass(frozen=True, slots=True)
class Reached:
    """A place with a higher score: ``steps`` away from the present one (below nought: downwards)."""

    steps: int
    value: Fraction
    score: Fraction


@dataclass(frozen=True, slots=True)
class Gap:
    """What the next band takes. ``needed`` is the nearest value with a higher score.

    ``count`` is how much the numerator has to move, in whole numbers, with the denominator that it has.
    """

    state: State
    needed: Reached | None = None
    count: Reached | None = None

    @property
    def score(self) -> Fraction | None:
        """The score that is reached: with the numerator's whole numbers where the value has one."""
        found = self.count or self.needed
        return None if found is None else found.score


def measured_gap(rubric: Rubric, measured: Measurement) -> Gap:
    """The gap of a measured value under a rubric of bands. Raises ConfigError where the value lies in no band."""
    now = rubric.of_value(measured.value).score
    if all(band.score <= now for band in rubric.bands or ()):
        return Gap("highest")
    unit = Fraction(1, 10**measured.decimals)
    lowest = None if measured.low is None else ceil((measured.low - measured.value) / unit)
    highest = None if measured.high is None else floor((measured.high - measured.value) / unit)
    needed = _nearest(rubric, lambda step: measured.value + step * unit, lowest, highest)
    count = _counted(rubric, measured)
    # A ratio of few cases cannot take every value: what no whole number gives is out of reach.
    if needed is None or (count is None and ratio_holds(measured)):
        return Gap("out_of_reach")
    return Gap("reachable", needed, count)


def ratio_holds(measured: Measurement) -> bool:
    """Whether the value follows from its parts, so that a step of the numerator moves it."""
    ratio = measured.ratio
    return ratio is not None and ratio.denominator > 0 and ratio_value(ratio, 0, measured.decimals) == measured.value


def ratio_value(ratio: Ratio, steps: int, decimals: int) -> Fraction:
    """The value, rounded half up, where the numerator is so much more."""
    number = ratio.numerator + steps - (ratio.denominator if ratio.growth else 0)
    return Fraction(rounded(ratio.factor * number / ratio.denominator, decimals))


def next_score(asked: Asked, now: Fraction) -> Fraction | None:
    """The next higher score that a question has; None where there is none."""
    return min((one for one in scores_of(asked) if one > now), default=None)


def scores_of(asked: Asked) -> tuple[Fraction, ...]:
    """Every score that a question may have: of its options or bands, else the whole numbers of its scale."""
    rubric = asked.rubric
    if rubric is not None and rubric.options is not None:
        return tuple(sorted(set(rubric.options.values())))
    if rubric is not None and rubric.bands is not None:
        return tuple(sorted({band.score for band in rubric.bands}))
    return _whole_numbers(asked.scale)


@cache
def _whole_numbers(scale: Scale | None) -> tuple[Fraction, ...]:
    return () if scale is None else tuple(map(Fraction, range(ceil(scale[0]), floor(scale[1]) + 1)))


def _counted(rubric: Rubric, measured: Measurement) -> Reached | None:
    ratio = measured.ratio
    if ratio is None or not ratio_holds(measured):
        return None
    lowest = ceil(-ratio.numerator)
    highest = floor(ratio.denominator - ratio.numerator) if ratio.whole else None

    def at(steps: int) -> Fraction:
        return ratio_value(ratio, steps, measured.decimals)

    found = _nearest(rubric, at, lowest, highest)
    possible = found is not None and _within(found.value, measured)
    return found if possible else None


def _within(value: Fraction, measured: Measurement) -> bool:
    return (measured.low is None or value >= measured.low) and (measured.high is None or value <= measured.high)


def _nearest(rubric: Rubric, at: Callable[[int], Fraction], lowest: int | None, highest: int | None) -> Reached | None:
    """The nearest step with a higher score; upwards where both ways are as near."""
    now = rubric.of_value(at(0)).score
    found = [
        Reached(steps, at(steps), band.score)
        for steps in _behind_edges(rubric, at, lowest, highest)
        if (band := _band(rubric, at(steps))) is not None and band.score > now
    ]
    return min(found, key=lambda one: (abs(one.steps), -one.steps), default=None)


def _behind_edges(
    rubric: Rubric, at: Callable[[int], Fraction], lowest: int | None, highest: int | None
) -> Iterator[int]:
    """The first step at each edge of a band, and the first behind it, upwards and downwards."""

    def sought(steps: int) -> Fraction:
        value = at(steps)
        return value if rubric.decimals is None else Fraction(rounded(value, rubric.decimals))

    here = sought(0)
    edges = {bound for band in rubric.bands or () for bound in (band.lower, band.upper) if bound is not None}
    for sign, limit in ((1, highest), (-1, None if lowest is None else -lowest)):
        for edge in (edge for edge in edges if sign * (edge - here) >= 0):
            for beyond in (False, True):
                first = _first(partial(_passed, sought, edge, sign, beyond), limit)
                if first is not None:
                    yield sign * first


def _passed(sought: Callable[[int], Fraction], edge: Fraction, sign: int, beyond: bool, steps: int) -> bool:
    distance = sign * (sought(sign * steps) - edge)
    return distance > 0 if beyond else distance >= 0


def _first(reached: Callable[[int], bool], limit: int | None) -> int | None:
    """The smallest whole number from 1 to the limit that reaches; once reached it stays so."""
    high = 1
    while limit is None or high < limit:
        if reached(high):
            break
        high *= 2
    if limit is not None and high >= limit:
        high = limit
        if high < 1 or not reached(high):
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


def _band(rubric: Rubric, value: Fraction) -> ScoreBand | None:
    try:
        return rubric.of_value(value)
    except ConfigError:  # the rubric says nothing of it
        return None
