"""The cheapest steps to an index: which questions to raise by how many bands. Exact, and optimal.

From the questions up, each part keeps only those ways to raise it that no other way beats: none is as cheap and gives
as much. A part is a sum of what stands below it, and rounding keeps the order, so nothing that was dropped could win.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from definitions.exact import rounded
from definitions.instrument import Asked, Level, Part
from definitions.scoring import Mark
from ledger.errors import ConfigError
from pilar.explanations.case import Case, Standing, stand
from pilar.explanations.gaps import scores_of

Cost = tuple[Fraction, int]
"""What the bands cost, and how many questions are raised."""


@dataclass(frozen=True, slots=True)
class Raise:
    """One question that is raised, and over how many bands."""

    key: str
    score: Fraction
    to: Fraction
    bands: int
    cost: Fraction


@dataclass(frozen=True, slots=True)
class Plan:
    """The cheapest raises that reach a target, and what they come to. None are needed where it is reached already."""

    raises: tuple[Raise, ...]
    cost: Fraction
    before: Decimal
    after: Standing


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to raise a part. ``below`` are the ways of what stands below, as pairs."""

    cost: Cost
    value: Fraction
    below: "tuple[_Way | Raise, ...]" = ()

    def raises(self) -> Iterator[Raise]:
        for one in self.below:
            if isinstance(one, Raise):
                yield one
            else:
                yield from one.raises()


_NOUGHT = _Way((Fraction(0), 0), Fraction(0))


def cheapest(
    case: Case,
    target: Decimal,
    costs: Mapping[str, Fraction] | None = None,
    scores: Mapping[str, Sequence[Fraction]] | None = None,
) -> Plan | None:
    """The cheapest raises with which the rounded index is at least the target; None where even all of them do not do.

    A band climbed costs 1, or what ``costs`` says of its question: one that ``costs`` leaves out is left as it is.
    Of ways that cost the same, the one with fewer questions. ``scores``: those that a question can reach, where they
    are not all that its rubric has. Raises ConfigError where the index is missing, or its instrument is no tree of
    sums.
    """
    before = stand(case)
    if case.instrument.method is not None:
        what = (
            f"{case.instrument.id} follows by a method of its own ({case.instrument.method.name}), and not as a sum of "
            "its questions: which steps are the cheapest cannot be computed"
        )
        do = "Try one value after the other: `pilar whatif REGION PART=VALUE` says what each would do to the index"
        raise ConfigError(what, where=case.instrument.id, do=do)
    if before.index is None:
        missing = [
            part.id for part in case.instrument.parts if part.id in before.nodes and before.value(part.id) is None
        ]
        what = f"there is no index to raise: {', '.join(missing) or 'a part'} is missing"
        raise ConfigError(what, where=case.instrument.id, do="Answer it first; see `pilar explain REGION index`")
    search = _Search(case, before, costs, scores or {})
    reached = [way for way in search.index() if search.rounded_index(way) >= target]
    if not reached:
        return None
    best = min(reached, key=lambda way: (way.cost, -way.value))
    raises = tuple(sorted(best.raises(), key=lambda one: (-one.cost, one.key)))
    after = stand(case.with_answers({one.key: one.to for one in raises}))
    return Plan(raises, best.cost[0], before.index, after)


@dataclass(frozen=True, slots=True)
class _Search:
    case: Case
    standing: Standing
    costs: Mapping[str, Fraction] | None
    scores: Mapping[str, Sequence[Fraction]]

    def index(self) -> Sequence[_Way]:
        """Ways to raise the index; their value is the sum that is rounded last."""
        instrument = self.case.instrument
        level, rules = instrument.levels[0], instrument.cohort(self.case.cohort)
        weights = instrument.weights_of(rules)
        tops = [(weights[part.id], self._used(part, 1)) for part in instrument.parts if part.id in weights]
        if rules is None or rules.components == "exact":
            return _follow(level, tops)
        weighed = [(weight, ways) for weight, ways in tops if weight is not None]
        whole = sum((weight for weight, _ in weighed), Fraction(0))
        return _sum(
            _best(_Way(one.cost, self._round(weight * one.value / whole, None), (one,)) for one in ways)
            for weight, ways in weighed
        )

    def rounded_index(self, way: _Way) -> Decimal:
        """The index that a way gives."""
        return self._rounded(way.value, self.case.instrument.levels[0].decimals)

    def _used(self, part: Part, depth: int) -> Sequence[_Way]:
        """A part as its parent follows from it: its exact values, or the rounded ones."""
        instrument = self.case.instrument
        ways, decimals = self._part(part, depth), instrument.levels[depth].decimals
        if instrument.levels[depth - 1].of == "exact" and not self.case.of_answered:
            return ways
        return _best(_Way(one.cost, self._round(one.value, decimals), (one,)) for one in ways)

    def _part(self, part: Part, depth: int) -> Sequence[_Way]:
        instrument = self.case.instrument
        level = instrument.levels[depth]
        if part.id in self.case.answers:
            given = self.standing.nodes[part.id].exact
            assert given is not None
            return [_Way(_NOUGHT.cost, given)]
        if part.parts:
            return _follow(level, [(one.weight, self._used(one, depth + 1)) for one in part.parts])
        asked = instrument.asked_under[part.id]
        if self.case.of_answered:
            # As the evaluation counts: questions without a score do not count.
            scored = [one for one in asked if one.key in self.standing.marks]
            return _follow(Level(follows="mean"), [(None, self._question(one)) for one in scored])
        return _follow(level, [(one.weight, self._question(one)) for one in asked])

    def _question(self, asked: Asked) -> Sequence[_Way]:
        mark = self.standing.marks[asked.key]
        assert mark.score is not None
        return [_Way(_NOUGHT.cost, mark.score), *self._raises(asked, mark)]

    def _raises(self, asked: Asked, mark: Mark) -> Iterator[_Way]:
        price = Fraction(1) if self.costs is None else self.costs.get(asked.key)
        # What waits for another body's index is not the region's to raise.
        if price is None or mark.score is None or mark.state == "waiting":
            return
        higher = [one for one in self.scores.get(asked.key, scores_of(asked)) if one > mark.score]
        for bands, to in enumerate(higher, start=1):
            yield _Way((price * bands, 1), to, (Raise(asked.key, mark.score, to, bands, price * bands),))

    def _round(self, value: Fraction, decimals: int | None) -> Fraction:
        return Fraction(self._rounded(value, decimals))

    def _rounded(self, value: Fraction, decimals: int | None) -> Decimal:
        rounding = self.case.instrument.rounding
        return rounded(value, rounding.decimals if decimals is None else decimals, rounding.mode)


def _follow(level: Level, children: Sequence[tuple[Fraction | None, Sequence[_Way]]]) -> Sequence[_Way]:
    """Ways to raise a node from those of its children, by the level's rule."""
    weights = [weight if level.weighs and weight is not None else Fraction(1) for weight, _ in children]
    divisor = {"weighted_mean": sum(weights, Fraction(0)), "mean": Fraction(len(children))}.get(
        level.follows, Fraction(1)
    )
    factors = [level.times * weight / divisor for weight in weights]
    return _sum(
        [_Way(one.cost, one.value * factor, (one,)) for one in ways]
        for factor, (_, ways) in zip(factors, children, strict=True)
    )


def _sum(children: Iterable[Sequence[_Way]]) -> Sequence[_Way]:
    found: Sequence[_Way] = [_NOUGHT]
    for ways in children:
        found = _best(
            _Way((one.cost[0] + other.cost[0], one.cost[1] + other.cost[1]), one.value + other.value, (one, other))
            for one in found
            for other in ways
        )
    return found


def _best(ways: Iterable[_Way]) -> Sequence[_Way]:
    """Those that no other beats: from cheap to dear, each gives more than all before it."""
    kept: list[_Way] = []
    for way in sorted(ways, key=lambda one: (one.cost, -one.value)):
        if not kept or way.value > kept[-1].value:
            kept.append(way)
    return kept
