"""Indices that are no weighted tree: each a small named method, whose numbers stand in the instrument's file."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field

from definitions.bands import Predicate, Predicates
from definitions.exact import Exact, shown
from definitions.words import Strict

# Digits that logarithms and roots are computed with; results are printed with two.
_DIGITS = 50


@dataclass(frozen=True, slots=True)
class Item:
    """One question as a method sees it. ``turn`` tells the innovations apart, where a part is answered for each."""

    code: str
    weight: Fraction
    score: Fraction | None
    turn: str = ""


Items = Mapping[str, Sequence[Item]]
"""The questions of each part of the first level, by its id."""


@dataclass(frozen=True, slots=True)
class Computed:
    """What a method gives: exact values by node, remarks for the reader, and the predicate where it decides it."""

    nodes: Mapping[str, Fraction | None]
    notes: tuple[str, ...] = ()
    predicate: Predicate | None = None


class Ipm(Strict):
    """The human development index: parts are means of indices between goalposts, the index their geometric mean.

    ``logarithms`` names the components whose logarithm is taken first.
    """

    name: Literal["ipm"]
    goalposts: dict[str, tuple[Exact, Exact]]
    logarithms: tuple[str, ...] = ()
    times: Exact = Fraction(100)

    def problems(self, parts: Items) -> Iterator[str]:
        """What does not fit the questions."""
        codes = {item.code for items in parts.values() for item in items}
        yield from (f"goalposts of {code!r}, which no question has" for code in {*self.goalposts} - codes)
        yield from (f"no goalposts for {code!r}" for code in codes - {*self.goalposts})
        yield from (
            f"goalposts of {code} are not in order" for code, (low, high) in self.goalposts.items() if low >= high
        )

    def compute(self, parts: Items) -> Computed:
        """The indices of the parts and the whole; None where a component is missing or outside its logarithm."""
        with localcontext() as context:
            context.prec = _DIGITS
            nodes = {part: self._mean(items) for part, items in parts.items()}
            return Computed({**nodes, "index": self._geometric(list(nodes.values()))})

    def _mean(self, items: Sequence[Item]) -> Fraction | None:
        found = [self._between(item) for item in items]
        given = [one for one in found if one is not None]
        return sum(given, Fraction(0)) / len(found) if len(given) == len(found) else None

    def _between(self, item: Item) -> Fraction | None:
        if item.score is None:
            return None
        low, high = self.goalposts[item.code]
        if item.code not in self.logarithms:
            return (item.score - low) / (high - low)
        if item.score <= 0:
            return None
        value, lowest, highest = (_decimal(number).ln() for number in (item.score, low, high))
        return Fraction((value - lowest) / (highest - lowest))

    def _geometric(self, values: Sequence[Fraction | None]) -> Fraction | None:
        product = Fraction(1)
        for value in values:
            if value is None or value < 0:
                return None
            product *= value
        if product == 0:
            return Fraction(0)
        return self.times * Fraction((_decimal(product).ln() / len(values)).exp())


def _decimal(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator)


class Share(Strict):
    """One published share: the sum of some figures by another."""

    of: Annotated[tuple[str, ...], Field(min_length=1)]
    by: str | None = None


class Shares(Strict):
    """Figures of one table set against each other; a share without ``by`` is a plain sum. ``index`` is the main one."""

    name: Literal["shares"]
    shares: dict[str, Share]
    index: str
    times: Exact = Fraction(100)

    def problems(self, parts: Items) -> Iterator[str]:
        """What does not fit the questions."""
        codes = {item.code for items in parts.values() for item in items}
        named = {code for share in self.shares.values() for code in (*share.of, *([share.by] if share.by else []))}
        yield from (f"a share of {code!r}, which is no question" for code in sorted(named - codes))
        if self.index not in self.shares:
            yield f"the index is {self.index!r}, which is no share"

    def compute(self, parts: Items) -> Computed:
        """Every share; None where a figure is missing or it is by zero."""
        given = {item.code: item.score for items in parts.values() for item in items}
        nodes = {name: self._share(share, given) for name, share in self.shares.items()}
        return Computed({**nodes, "index": nodes[self.index]})

    def _share(self, share: Share, given: Mapping[str, Fraction | None]) -> Fraction | None:
        total = Fraction(0)
        for code in share.of:
            value = given[code]
            if value is None:
                return None
            total += value
        if share.by is None:
            return total
        whole = given[share.by]
        return self.times * total / whole if whole else None


class Iid(Strict):
    """The regional innovation index: points of the region, the mean points of its innovations, and their number.

    ``once``, ``each`` and ``number`` name the three parts; ``affairs`` is the code of the number of basic-service
    affairs that have an innovation. ``divisor_floor``: fewer innovations are divided by it all the same.
    """

    name: Literal["iid"]
    once: str
    each: str
    number: str
    affairs: str
    points: dict[str, Exact]
    top: Exact
    cap: Annotated[int, Field(gt=0)]
    divisor_floor: Annotated[int, Field(gt=0)]
    affairs_required: Annotated[int, Field(ge=0)]

    def problems(self, parts: Items) -> Iterator[str]:
        """What does not fit the questions."""
        if set(parts) != {self.once, self.each, self.number} or set(parts) != set(self.points):
            yield f"parts are {', '.join(parts)}; once, each, number and points name others"
            return
        for part, times in ((self.once, self.top), (self.each, self.top), (self.number, Fraction(self.cap))):
            reached = times * sum((item.weight for item in parts[part]), Fraction(0))
            if reached != self.points[part]:
                yield f"{part} can reach {shown(reached)} points by its weights, not {shown(self.points[part])}"
        if len(parts[self.number]) != 2 or self.affairs not in {item.code for item in parts[self.number]}:
            yield f"{self.number} needs two questions: the number of innovations, and {self.affairs} for the affairs"

    def compute(self, parts: Items) -> Computed:
        """The points of each part and the index from 0 to 100."""
        counted, affairs = sorted(parts[self.number], key=lambda item: item.code == self.affairs)
        # Innovations with answers are there, whatever number is stated.
        answered = Fraction(len({item.turn for item in parts[self.each] if item.turn}))
        number = max(counted.score or Fraction(0), answered)
        enough = (affairs.score or 0) >= self.affairs_required
        nodes: dict[str, Fraction | None] = {
            self.once: _points(parts[self.once]),
            self.each: _points(parts[self.each]) / max(Fraction(self.divisor_floor), number),
            self.number: counted.weight * min(number, Fraction(self.cap)) if enough else Fraction(0),
        }
        reached = sum((points for points in nodes.values() if points is not None), Fraction(0))
        index = 100 * reached / sum(self.points.values())
        return Computed({**nodes, "index": index}, () if enough else (self._too_few(affairs.score),))

    def _too_few(self, affairs: Fraction | None) -> str:
        have = shown(affairs or Fraction(0))
        return f"the number of innovations does not count: {have} of {self.affairs_required} required affairs have one"


def _points(items: Iterable[Item]) -> Fraction:
    return sum((item.weight * (item.score or 0) for item in items), Fraction(0))


class KamiGate(Strict):
    """When an area's questions of the highest label count; bounds in numbers of questions of labels 1 and 2."""

    points_of: tuple[int, int]
    no_planned_first: bool = False
    least_first: tuple[int, int] | None = None


class Kami(Strict):
    """The information-security index: points by area, a gate for the highest label, a floor, thresholds by category.

    A question's weight is its label (1, 2, 3); an answer is 0 to 3 (none, planned, partly, fully).
    ``floors``: an area below so many times its number of first-label questions makes the whole *not fit*.
    """

    name: Literal["kami"]
    category: str
    categories: Predicates
    points: dict[str, Exact]
    gate: KamiGate
    floors: dict[str, Exact]
    outside_total: tuple[str, ...] = ()
    thresholds: dict[str, Predicates]

    def problems(self, parts: Items) -> Iterator[str]:
        """What does not fit the questions."""
        areas = set(parts) - {self.category}
        if self.category not in parts or areas != set(self.points):
            yield f"parts are {', '.join(parts)}; category and points name others"
            return
        for area in sorted(areas):
            reached = 3 * sum((item.weight for item in parts[area]), Fraction(0))
            if reached != self.points[area]:
                yield f"{area} can reach {shown(reached)} points by its labels, not {shown(self.points[area])}"
        yield from (f"a floor for {area!r}, which is no area" for area in sorted(set(self.floors) - areas))
        names = {one.names[0] for one in self.categories.bands}
        if names != set(self.thresholds):
            yield f"thresholds are for {', '.join(self.thresholds)}; categories are {', '.join(sorted(names))}"
        most = sum((points for area, points in self.points.items() if area not in self.outside_total), Fraction(0))
        for category, table in self.thresholds.items():
            if table.of(Fraction(0)) is None or table.of(most) is None:
                yield f"thresholds of {category} do not hold every total from 0 to {shown(most)}"

    def compute(self, parts: Items) -> Computed:
        """Points of each area and the total, the status by category; None where a question is not answered."""
        nodes: dict[str, Fraction | None] = {}
        notes: list[str] = []
        for area, items in parts.items():
            answered = [item for item in items if item.score is not None]
            nodes[area] = None if len(answered) < len(items) else self._area(area, answered, notes)
        counted = [nodes[area] for area in parts if area != self.category and area not in self.outside_total]
        given = [points for points in counted if points is not None]
        total = sum(given, Fraction(0)) if len(given) == len(counted) else None
        status = self._status(parts, nodes, total, notes)
        return Computed({**nodes, "index": total}, tuple(notes), status)

    def _area(self, area: str, items: Sequence[Item], notes: list[str]) -> Fraction:
        if area == self.category:
            return _points(items)
        first, second, third = ([item for item in items if item.weight == label] for label in (1, 2, 3))
        reached = _points([*first, *second])
        if not third or self._opens(first, second, reached):
            return reached + _points(third)
        notes.append(f"{area}: questions of label 3 do not count yet")
        return reached

    def _opens(self, first: Sequence[Item], second: Sequence[Item], reached: Fraction) -> bool:
        ones, twos = self.gate.points_of
        if reached < ones * len(first) + twos * len(second):
            return False
        if self.gate.no_planned_first and any(item.score == 1 for item in first):
            return False
        if self.gate.least_first is None:
            return True
        times, less = self.gate.least_first
        return _points(first) >= times * len(first) - less

    def _status(
        self, parts: Items, nodes: Mapping[str, Fraction | None], total: Fraction | None, notes: list[str]
    ) -> Predicate | None:
        category = nodes[self.category]
        if category is None or total is None:
            return None
        named = self.categories.of(category)
        if named is None:
            return None
        table = self.thresholds[named.names[0]]
        notes.append(f"category of the electronic system: {named.names[0]}")
        for area, times in self.floors.items():
            floor = times * sum(item.weight == 1 for item in parts[area])
            if (nodes[area] or Fraction(0)) < floor:
                notes.append(f"{area} is below its floor of {shown(floor)} points")
                return table.bands[0]
        return table.of(total)


Method = Annotated[Ipm | Shares | Iid | Kami, Field(discriminator="name")]
