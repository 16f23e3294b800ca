"""Ranges of indices and ranks, held against the same arithmetic done in fractions, threshold by threshold."""

import random
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest

from pilar.explanations import simulation
from pilar.explanations.simulation import (
    GRID,
    Dimension,
    Entrant,
    Judged,
    Rubric,
    Simulated,
    Threshold,
    Weighing,
    simulate,
    thresholds_with_steps,
)

DRAWS = 60
SEED = 7


def of_case(case: int) -> random.Random:
    return random.Random(case)  # noqa: S311 (made-up cases)


def rubric(chance: random.Random, name: str) -> Rubric:
    starts = sorted(chance.sample(range(0, 60, 3), chance.randint(1, 3)))
    found = tuple(thresholds_with_steps([(Fraction(at), chance.random() < 0.5) for at in starts], Fraction(1, 4), name))
    scores = [Fraction(one) for one in range(1, len(found) + 2)]
    return Rubric(found, tuple(scores if chance.random() < 0.5 else scores[::-1]))


def entrants(chance: random.Random) -> list[Entrant]:
    rubrics = [rubric(chance, f"r{number}") for number in range(5)]
    return [
        Entrant(
            f"r{number}",
            (
                Dimension("outcome", None, tuple(Judged(Fraction(chance.randint(0, 240), 4), one) for one in rubrics)),
                Dimension("impact", Fraction(chance.randint(0, 400), 100)),
            ),
        )
        for number in range(6)
    ]


def weighing(parts_rounded: bool) -> Weighing:
    return Weighing(
        "2023-x", {"outcome": Fraction(3, 5), "impact": Fraction(2, 5)}, {"outcome": 10, "impact": 20}, parts_rounded
    )


def half_up(value: Fraction) -> Decimal:
    # Thirty digits tell every half apart here.
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def by_hand(entrant: Entrant, weighing: Weighing, draw: int) -> Decimal:
    """The index in one draw, told from the draws alone."""
    series = simulation._Series(SEED, DRAWS)

    def moved(one: Threshold) -> Fraction:
        return one.at + one.step * Fraction(series.of(one.series)[draw], GRID)

    def score(one: Judged) -> Fraction:
        passed = [one.value > moved(at) or (at.belongs and one.value == moved(at)) for at in one.rubric.thresholds]
        return one.rubric.scores[sum(passed)]

    values = {
        one.id: one.value
        if one.value is not None
        else Fraction(half_up(sum(map(score, one.questions), Fraction(0)) / len(one.questions)))
        for one in entrant.dimensions
    }
    drawn = {
        name: weight
        * (
            1
            + Fraction(weighing.percent[name], 100) * Fraction(series.of(f"weight {weighing.name} {name}")[draw], GRID)
        )
        for name, weight in weighing.weights.items()
    }
    parts = [drawn[name] * value / sum(drawn.values()) for name, value in values.items()]
    return sum(map(half_up, parts), Decimal(0)) if weighing.parts_rounded else half_up(sum(parts, Fraction(0)))


@pytest.mark.parametrize("parts_rounded", [False, True])
@pytest.mark.parametrize("case", range(6))
def test_every_draw_is_what_fractions_give(case: int, parts_rounded: bool) -> None:
    own, rules = entrants(of_case(case)), weighing(parts_rounded)
    found = simulate(own, rules, DRAWS, SEED)
    for entrant in own:
        expected = [by_hand(entrant, rules, draw) for draw in range(DRAWS + 1)]
        assert [Decimal(value).scaleb(-2) for value in found.values[entrant.region]] == expected
    assert any(len(set(drawn)) > 1 for drawn in found.values.values())


@pytest.mark.parametrize("case", range(20))
def test_ranges_hold_what_nothing_varied_gives(case: int) -> None:
    own = entrants(of_case(case))
    ranges = simulate(own, weighing(False), 20, case).ranges()
    still = Weighing("still", weighing(False).weights, {"outcome": 0, "impact": 0}, parts_rounded=False)
    fixed = [
        Entrant(one.region, tuple(Dimension(d.id, d.value, tuple(map(unmoved, d.questions))) for d in one.dimensions))
        for one in own
    ]
    exact = simulate(fixed, still, 1, case).ranges()
    for region, one in ranges.items():
        assert one.nominal == exact[region].nominal == exact[region].least == exact[region].most
        assert one.least <= one.nominal <= one.most
        assert one.best <= one.rank <= one.worst
        assert one.rank == exact[region].rank


def unmoved(one: Judged) -> Judged:
    settled = tuple(Threshold(at.series, at.at, Fraction(0), at.belongs) for at in one.rubric.thresholds)
    return Judged(one.value, Rubric(settled, one.rubric.scores))


def test_the_same_seed_gives_the_same_and_another_one_gives_another() -> None:
    own = entrants(of_case(3))
    first, again, other = (simulate(own, weighing(False), 300, seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_draws_do_not_change_with_pythons_versions() -> None:
    assert simulation._Series(1, 5).of("weight 2023-reguler outcome") == [0, -631, -439, 726, 942, 811]


def test_a_region_has_one_range_whoever_else_is_there() -> None:
    own = entrants(of_case(4))
    everybody = simulate(own, weighing(False), 50, SEED).values
    alone = simulate(own[2:3], weighing(False), 50, SEED).values
    assert alone[own[2].region] == everybody[own[2].region]


def test_ranks_are_shared_and_an_order_turns_where_the_lower_one_is_not_below() -> None:
    found = Simulated({"a": [300, 300, 310, 290], "b": [290, 300, 300, 300], "c": [290, 200, 200, 200]})
    ranges = found.ranges()
    assert (ranges["a"].rank, ranges["b"].rank, ranges["c"].rank) == (1, 2, 2)
    assert (ranges["a"].best, ranges["a"].worst) == (1, 2)
    assert (ranges["c"].best, ranges["c"].worst) == (2, 3)
    assert found.turns("a", "b") == Fraction(2, 3)
    assert found.turns("b", "c") == 0


def steps(starts: list[int]) -> Iterator[Fraction]:
    return (one.step for one in thresholds_with_steps([(Fraction(at), True) for at in starts], Fraction(1, 4), "x"))


def test_a_threshold_may_shift_by_a_part_of_the_way_to_the_nearest_one() -> None:
    assert list(steps([20, 40, 50])) == [5, Fraction(5, 2), Fraction(5, 2)]
    assert list(steps([20])) == [0]
