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


def measured_gap(rubric: Rubric, measured: Measurement, to: Fraction | None = None) -> Gap:
    """The gap of a measured value under a rubric of bands: to the next higher score, or to at least ``to``.

    Raises ConfigError where the value lies in no band.
    """
    now = rubric.of_value(measured.value).score
    higher = [band.score for band in rubric.bands or () if band.score > now]
    if not higher:
        return Gap("highest")
    unit, least = Fraction(1, 10**measured.decimals), min(higher) if to is None else to

    def of_value(steps: int) -> Fraction:
        return measured.value + steps * unit

    needed = _Search(
        *(rubric, least, of_value, lambda edge: (edge - measured.value) / unit),
        None if measured.low is None else ceil((measured.low - measured.value) / unit),
        None if measured.high is None else floor((measured.high - measured.value) / unit),
    ).nearest()
    if needed is None or not ratio_holds(measured):
        return Gap("out_of_reach") if needed is None else Gap("reachable", needed)
    count = _counted(rubric, least, measured)
    # A ratio of few cases cannot take every value: what no whole number gives is out of reach.
    return Gap("out_of_reach") if count is None else Gap("reachable", needed, count)


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


def _counted(rubric: Rubric, least: Fraction, measured: Measurement) -> Reached | None:
    ratio = measured.ratio
    assert ratio is not None
    n, d, base = ratio.numerator, ratio.denominator, ratio.denominator if ratio.growth else 0

    def of_count(steps: int) -> Fraction:
        return ratio_value(ratio, steps, measured.decimals)

    found = _Search(
        *(rubric, least, of_count, lambda edge: edge * d / ratio.factor + base - n),
        ceil(-n),
        floor(d - n) if ratio.whole else None,
    ).nearest()
    return found if found is not None and _within(found.value, measured) else None


def _within(value: Fraction, measured: Measurement) -> bool:
    return (measured.low is None or value >= measured.low) and (measured.high is None or value <= measured.high)


@dataclass(frozen=True, slots=True)
class _Search:
    """Steps from ``lowest`` to ``highest``, what value each gives, and about how many lead to an edge."""

    rubric: Rubric
    least: Fraction
    at: Callable[[int], Fraction]
    about: Callable[[Fraction], Fraction]
    lowest: int | None
    highest: int | None

    def nearest(self) -> Reached | None:
        """The nearest step with at least the score that is wanted; upwards where both ways are as near."""
        found = [
            Reached(steps, self.at(steps), band.score)
            for steps in self._behind_edges()
            if (band := _band(self.rubric, self.at(steps))) is not None and band.score >= self.least
        ]
        return min(found, key=lambda one: (abs(one.steps), -one.steps), default=None)

    def _behind_edges(self) -> Iterator[int]:
        """The first step at each edge of a band, and the first behind it, upwards and downwards."""
        here = self._sought(0)
        for sign, limit in ((1, self.highest), (-1, None if self.lowest is None else -self.lowest)):
            for edge in (edge for edge in self._edges() if sign * (edge - here) >= 0):
                for beyond in (False, True):
                    about = floor(sign * self.about(edge))
                    first = _first(partial(self._passed, edge, sign, beyond), about, limit)
                    if first is not None:
                        yield sign * first

    def _edges(self) -> set[Fraction]:
        bands = [
            # Where bands overlap, an edge of a lower one may be where a higher one begins to count.
            band
            for band in self.rubric.bands or ()
            if band.score >= self.least or self.rubric.overlap is not None
        ]
        return {bound for band in bands for bound in (band.lower, band.upper) if bound is not None}

    def _passed(self, edge: Fraction, sign: int, beyond: bool, steps: int) -> bool:
        distance = sign * (self._sought(sign * steps) - edge)
        return distance > 0 if beyond else distance >= 0

    def _sought(self, steps: int) -> Fraction:
        value = self.at(steps)
        return value if self.rubric.decimals is None else Fraction(rounded(value, self.rubric.decimals))


def _first(reached: Callable[[int], bool], about: int, limit: int | None) -> int | None:
    """The smallest whole number from 1 to the limit that reaches; once reached it stays so. It is about ``about``."""
    if limit is not None and limit < 1:
        return None
    low, stride = 0, 1
    high = max(about, 1) if limit is None else min(max(about, 1), limit)
    while not reached(high):
        if limit is not None and high >= limit:
            return None
        low, stride = high, stride * 2
        high = high + stride if limit is None else min(high + stride, limit)
    while high - stride > low and reached(high - stride):
        high, stride = high - stride, stride * 2
    low = max(low, high - stride)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


def _band(rubric: Rubric, value: Fraction) -> ScoreBand | None:
    try:
        return rubric.of_value(value)
    except ConfigError:  # the rubric says nothing of it
        return None
