"""Indices and ranks when assumed thresholds and weights are varied. Pure, in whole numbers: nothing is a float.

Every threshold and every weight has its own series of draws, which follows from the seed and its name. All regions
share them, so a region's range is the same whoever else is simulated. No draw depends on a version of Python.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor, lcm

GRID = 1000
"""A draw is one of the whole numbers from -GRID to GRID: so many thousandths of the whole variation."""

HUNDREDTHS = 100
"""Dimensions and indices of the ministry's evaluation have two decimals."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """Where a higher band begins. ``step`` is how far it may shift; it is 0 where it is not varied.

    ``series`` names its draws. ``belongs``: the threshold itself lies in the higher band.
    """

    series: str
    at: Fraction
    step: Fraction
    belongs: bool


@dataclass(frozen=True, slots=True)
class Rubric:
    """Thresholds from low to high, and the score of each band between them: one more than there are thresholds."""

    thresholds: tuple[Threshold, ...]
    scores: tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """A measured value and the rubric that scores it."""

    value: Fraction
    rubric: Rubric


@dataclass(frozen=True, slots=True)
class Dimension:
    """One weighed dimension: given as a value, or the mean of judged questions rounded half up to two decimals."""

    id: str
    value: Fraction | None
    questions: tuple[Judged, ...] = ()


@dataclass(frozen=True, slots=True)
class Entrant:
    """A region that has an index: its dimensions, each of which the rules weigh."""

    region: str
    dimensions: tuple[Dimension, ...]


@dataclass(frozen=True, slots=True)
class Weighing:
    """The weights of one rule set. ``percent`` is by how much each is varied.

    ``parts_rounded``: each weighted dimension is rounded before the sum, as in 2022.
    """

    name: str
    weights: Mapping[str, Fraction]
    percent: Mapping[str, int]
    parts_rounded: bool


@dataclass(frozen=True, slots=True)
class Range:
    """The index and the rank as they are, and the lowest and highest of all draws. Rank 1 is the best."""

    nominal: Decimal
    least: Decimal
    most: Decimal
    rank: int
    best: int
    worst: int


@dataclass(frozen=True, slots=True)
class Simulated:
    """What every draw gave, in hundredths. The first of each region is the one in which nothing is varied."""

    values: Mapping[str, Sequence[int]]

    def ranges(self) -> Mapping[str, Range]:
        """The range of each region."""
        ranks = self._ranks()
        return {
            region: Range(
                _decimal(drawn[0]),
                _decimal(min(drawn)),
                _decimal(max(drawn)),
                ranks[region][0],
                min(ranks[region]),
                max(ranks[region]),
            )
            for region, drawn in self.values.items()
        }

    def turns(self, higher: str, lower: str) -> Fraction:
        """In which share of the draws the second region is not below the first one."""
        pairs = list(zip(self.values[higher], self.values[lower], strict=True))[1:]
        return Fraction(sum(second >= first for first, second in pairs), len(pairs))

    def _ranks(self) -> Mapping[str, list[int]]:
        ranks: dict[str, list[int]] = {region: [] for region in self.values}
        for drawn in zip(*self.values.values(), strict=True):
            ordered = sorted(drawn)
            for region, value in zip(ranks, drawn, strict=True):
                ranks[region].append(len(ordered) - bisect_right(ordered, value) + 1)
        return ranks


def simulate(entrants: Sequence[Entrant], weighing: Weighing, draws: int, seed: int) -> Simulated:
    """The index of every entrant in every draw, after the one in which nothing is varied."""
    series = _Series(seed, draws)
    weights = _weights(weighing, series)
    return Simulated({one.region: _indices(one, weighing, weights, series) for one in entrants})


def halves_up(numerator: int, denominator: int) -> int:
    """A quotient as a whole number, a half upwards; both are positive or the first is 0."""
    return (2 * numerator + denominator) // (2 * denominator)


@dataclass(slots=True)
class _Series:
    """The draws of each name. The first is 0: nothing is varied in it."""

    seed: int
    draws: int
    _known: dict[str, Sequence[int]] = field(default_factory=dict)

    def of(self, name: str) -> Sequence[int]:
        if name not in self._known:
            source = hashlib.shake_256(f"{self.seed}\n{name}".encode()).digest(8 * self.draws)
            # Of 2^64 numbers some are drawn once more often than others: too seldom to be seen in any figure.
            numbers = (int.from_bytes(source[at : at + 8], "big") for at in range(0, len(source), 8))
            self._known[name] = [0, *(number % (2 * GRID + 1) - GRID for number in numbers)]
        return self._known[name]


def _weights(weighing: Weighing, series: _Series) -> Sequence[tuple[int, Mapping[str, int]]]:
    """The weights of each draw as whole numbers, and their sum."""
    whole = lcm(*(weight.denominator for weight in weighing.weights.values()))
    columns = {
        name: [
            int(weight * whole) * (100 * GRID + weighing.percent[name] * draw)
            for draw in series.of(f"weight {weighing.name} {name}")
        ]
        for name, weight in weighing.weights.items()
    }
    rows = (dict(zip(columns, drawn, strict=True)) for drawn in zip(*columns.values(), strict=True))
    return [(sum(row.values()), row) for row in rows]


def _indices(
    entrant: Entrant, weighing: Weighing, weights: Sequence[tuple[int, Mapping[str, int]]], series: _Series
) -> Sequence[int]:
    columns = [(one.id, _hundredths(one, series)) for one in entrant.dimensions]
    found = []
    for number, (whole, weight) in enumerate(weights):
        parts = [weight[name] * column[number] for name, column in columns]
        found.append(
            sum(halves_up(part, whole) for part in parts) if weighing.parts_rounded else halves_up(sum(parts), whole)
        )
    return found


def _hundredths(dimension: Dimension, series: _Series) -> Sequence[int]:
    """A dimension in each draw, in hundredths."""
    count = series.draws + 1
    if dimension.value is not None:
        return [int(dimension.value * HUNDREDTHS)] * count
    settled, moving = 0, []
    for one in dimension.questions:
        turn = _turn(one)
        if turn is None:
            settled += int(score_of(one) * HUNDREDTHS)
        else:
            moving.append(turn)
    questions = len(dimension.questions)
    if not moving:
        return [halves_up(settled, questions)] * count
    drawn = [(series.of(turn.series), turn) for turn in moving]
    return [
        halves_up(settled + sum(turn.above if own[n] <= turn.last else turn.below for own, turn in drawn), questions)
        for n in range(count)
    ]


def score_of(judged: Judged) -> Fraction:
    """The score where nothing is varied."""
    reached = sum(judged.value >= one.at if one.belongs else judged.value > one.at for one in judged.rubric.thresholds)
    return judged.rubric.scores[reached]


@dataclass(frozen=True, slots=True)
class _Turn:
    """A value so near a threshold that its score depends on the draw: ``above`` it up to the
    draw ``last``, else ``below``."""

    series: str
    last: int
    below: int
    above: int


def _turn(judged: Judged) -> _Turn | None:
    """The threshold that may pass the value: one at most, for a step is less than half of what lies between two."""
    for number, one in enumerate(judged.rubric.thresholds):
        if one.step and abs(judged.value - one.at) <= one.step:
            draw = (judged.value - one.at) / one.step * GRID
            last = floor(draw) if one.belongs else ceil(draw) - 1
            below, above = (int(score * HUNDREDTHS) for score in judged.rubric.scores[number : number + 2])
            return _Turn(one.series, last, below, above)
    return None


def thresholds_with_steps(starts: Sequence[tuple[Fraction, bool]], step: Fraction, series: str) -> Iterator[Threshold]:
    """Thresholds that may each shift by ``step`` of the distance to the nearest other; one alone has no measure."""
    for number, (at, belongs) in enumerate(starts):
        near = [abs(at - other) for place, (other, _) in enumerate(starts) if place != number]
        yield Threshold(f"{series} {number}", at, step * min(near) if near else Fraction(0), belongs)


def _decimal(hundredths: int) -> Decimal:
    return Decimal(hundredths).scaleb(-2)
