"""What a gap names reaches the next band, and one unit less does not: for every rubric of every instrument."""

from collections.abc import Iterator
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from definitions.bands import Rubric
from definitions.indicators import DIVIDED, Indicator, all_indicators
from definitions.instruments import load_instruments
from ledger.errors import ConfigError
from pilar.explanations.gaps import Measurement, Ratio, measured_gap, ratio_value

DOWNWARDS = Rubric.model_validate(
    {
        "status": "assumed",
        "basis": "less is better",
        "bands": [{"to": 4, "score": 4}, {"above": 4, "to": 9, "score": 2}, {"above": 9, "score": 1}],
    }
)
BETWEEN = Rubric.model_validate(
    {
        "status": "assumed",
        "basis": "neither too little nor too much",
        "bands": [{"below": 2, "score": 1}, {"from": 2, "to": 3, "score": 4}, {"above": 3, "score": 2}],
    }
)


def _rubrics() -> Iterator[tuple[str, Rubric, int]]:
    """Every rubric with bands that a question has, with the decimals of the indicator that answers it."""
    decimals = {answer.question: one.decimals for _, one in all_indicators() for answer in one.answers}
    for name, instrument in load_instruments().items():
        for key, asked in instrument.asked.items():
            if asked.rubric is not None and asked.rubric.bands is not None:
                yield f"{name}/{key}", asked.rubric, decimals.get(f"{name}/{key}", 2)


RUBRICS = [*_rubrics(), ("downwards", DOWNWARDS, 1), ("between", BETWEEN, 2)]


def _score(rubric: Rubric, value: Fraction) -> Fraction | None:
    try:
        return rubric.of_value(value).score
    except ConfigError:
        return None


@given(data=st.data())
def test_the_value_that_a_gap_names_scores_higher_and_one_unit_less_does_not(data: st.DataObject) -> None:
    _, rubric, decimals = data.draw(st.sampled_from(RUBRICS))
    unit = Fraction(1, 10**decimals)
    edges = [
        int(bound / unit) for band in rubric.bands or () for bound in (band.lower, band.upper) if bound is not None
    ]
    near = st.sampled_from(edges).flatmap(lambda edge: st.integers(edge - 3, edge + 3))
    value = unit * data.draw(st.one_of(near, st.integers(min(edges) - 1000, max(edges) + 1000)))
    now = _score(rubric, value)
    if now is None:
        return
    gap = measured_gap(rubric, Measurement(value, decimals))
    if gap.needed is None:
        assert gap.state == "highest"
        assert all(band.score <= now for band in rubric.bands or ())
        return
    towards = unit if gap.needed.value > value else -unit
    reached, short = _score(rubric, gap.needed.value), _score(rubric, gap.needed.value - towards)
    assert reached is not None
    assert reached > now
    assert gap.needed.score == reached
    assert short is None or short <= now


@given(
    data=st.data(),
    whole=st.booleans(),
    denominator=st.integers(1, 40_000),
    share=st.fractions(0, 1),
)
def test_the_count_that_a_gap_names_scores_higher_and_one_less_does_not(
    data: st.DataObject, whole: bool, denominator: int, share: Fraction
) -> None:
    _, rubric, decimals = data.draw(st.sampled_from(RUBRICS))
    ratio = Ratio(Fraction(int(share * denominator)), Fraction(denominator), whole=whole)
    value = ratio_value(ratio, 0, decimals)
    now = _score(rubric, value)
    if now is None:
        return
    gap = measured_gap(rubric, Measurement(value, decimals, Fraction(0), Fraction(100) if whole else None, ratio))
    if gap.count is None:
        assert gap.needed is None
        if whole:  # every number of them is tried
            found = {_score(rubric, ratio_value(ratio, n, decimals)) for n in _all_steps(ratio)}
            assert all(score is None or score <= now for score in found)
        return
    steps = gap.count.steps
    reached = _score(rubric, ratio_value(ratio, steps, decimals))
    short = _score(rubric, ratio_value(ratio, steps - (1 if steps > 0 else -1), decimals))
    assert reached is not None
    assert reached > now
    assert short is None or short <= now
    if whole:
        assert 0 <= ratio.numerator + steps <= ratio.denominator


def _all_steps(ratio: Ratio) -> range:
    """Where there are many, the last ones: scores change at few places, and the last of each way are the farthest."""
    first, last = int(-ratio.numerator), int(ratio.denominator - ratio.numerator)
    return range(first, last + 1) if last - first < 300 else range(last - 20, last + 1)


@pytest.mark.parametrize(
    ("rubric", "measured", "steps", "value"),
    [
        (DOWNWARDS, Measurement(Fraction("9.1"), 1), -1, "9.0"),
        (DOWNWARDS, Measurement(Fraction("4.1"), 1, Fraction(0)), -1, "4.0"),
        (BETWEEN, Measurement(Fraction("1.5"), 2), 50, "2"),
        (BETWEEN, Measurement(Fraction("3.4"), 2), -40, "3"),
    ],
)
def test_the_nearer_way_is_taken(rubric: Rubric, measured: Measurement, steps: int, value: str) -> None:
    needed = measured_gap(rubric, measured).needed
    assert needed is not None
    assert (needed.steps, needed.value) == (steps, Fraction(value))


def test_households_are_counted_whole() -> None:
    rubric = load_instruments()["smart-city-2023"].asked["outcome/19"].rubric
    assert rubric is not None
    # Whole households do not give every value: the first count that passes the edge is named.
    ratio = Ratio(Fraction(18_960), Fraction(29_995), whole=True)
    gap = measured_gap(rubric, Measurement(Fraction("63.21"), 2, Fraction(0), Fraction(100), ratio))
    assert gap.needed is not None
    assert gap.count is not None
    found = ratio_value(ratio, gap.count.steps, 2)
    assert found >= gap.needed.value > ratio_value(ratio, gap.count.steps - 1, 2)


def test_what_no_number_of_cases_gives_is_out_of_reach() -> None:
    # One of two: 50 %, then 100 %. From 2 to 3 % there is nothing, and everything else scores less.
    rubric = Rubric.model_validate(
        {
            "status": "assumed",
            "basis": "narrow",
            "bands": [{"below": 60, "score": 1}, {"from": 60, "to": 70, "score": 3}, {"above": 70, "score": 1}],
        }
    )
    ratio = Ratio(Fraction(1), Fraction(2), whole=True)
    assert measured_gap(rubric, Measurement(Fraction(50), 2, ratio=ratio)).state == "out_of_reach"
    assert measured_gap(rubric, Measurement(Fraction(50), 2)).state == "reachable"


def _answered_by_a_ratio() -> list[Indicator]:
    return [one for _, one in all_indicators() if one.answers and one.formula in DIVIDED]


def test_every_indicator_with_a_denominator_can_be_counted() -> None:
    assert len(_answered_by_a_ratio()) > 5
    assert all(one.denominator is not None for one in _answered_by_a_ratio())


@pytest.mark.parametrize(("to", "steps"), [(2, 1), (3, 3), (4, 8)])
def test_a_higher_score_than_the_next_takes_more(to: int, steps: int) -> None:
    rubric = load_instruments()["smart-city-2023"].rubrics["jumlah"]
    # Nothing, some, 5 and 10 are the edges; two are there.
    gap = measured_gap(rubric, Measurement(Fraction(2), 0), Fraction(to)) if to > 2 else None
    from_nought = measured_gap(rubric, Measurement(Fraction(0), 0), Fraction(to))
    assert from_nought.needed is not None
    assert from_nought.needed.steps == {2: 1, 3: 5, 4: 10}[to]
    assert gap is None or (gap.needed is not None and gap.needed.steps == steps)
