"""The cheapest steps are as cheap as the cheapest of all, tried one by one; and they reach what they say."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from definitions.instrument import Instrument
from definitions.instruments import load_instruments
from definitions.scoring import Answer
from ledger.errors import ConfigError
from pilar.explanations.case import Case, stand
from pilar.explanations.cheapest import cheapest
from pilar.explanations.gaps import scores_of

WEIGHED: dict[str, Any] = {"follows": "weighted_mean"}


def _small(of: str, components: str) -> Instrument:
    """Five questions in two dimensions, one of which has parts."""
    text = {"id": "a", "en": "a"}

    def questions(*codes: str) -> list[dict[str, Any]]:
        return [{"code": code, "text": text} for code in codes]

    return Instrument.model_validate(
        {
            "id": "small",
            "name": text,
            "years": [2023],
            "status": "assumed",
            "source": "a test",
            "scale": [0, 3],
            "rounding": {"decimals": 1},
            "levels": [{**WEIGHED, "of": of}, {"follows": "mean", "of": of}, {"follows": "mean"}],
            "cohorts": [
                {
                    "id": "all",
                    "name": text,
                    "printed": "ALL",
                    "default": True,
                    "components": components,
                    "origin": "assumed",
                    "source": "a test",
                    "weights": [{"of": {"a": 30, "b": 70}, "origin": "assumed", "source": "a test"}],
                }
            ],
            "parts": [
                {"id": "a", "name": text, "parts": [{"id": "a1", "name": text, "questions": questions("q1", "q2")}]},
                {
                    "id": "b",
                    "name": text,
                    "parts": [{"id": "b1", "name": text, "questions": questions("q3", "q4", "q5")}],
                },
            ],
        }
    )


SMALL = [_small(of, components) for of in ("exact", "rounded") for components in ("exact", "rounded")]


def _cheapest_of_all(case: Case, target: Decimal, costs: Mapping[str, Fraction] | None) -> tuple[Fraction, int] | None:
    """By trying everything."""
    found = []
    for changed, cost, raised in _everything(case, costs):
        index = stand(case.with_answers(changed)).index
        if index is not None and index >= target:
            found.append((cost, raised))
    return min(found, default=None)


def _everything(
    case: Case, costs: Mapping[str, Fraction] | None
) -> Iterator[tuple[Mapping[str, Answer], Fraction, int]]:
    marks = {key: mark for key, mark in stand(case).marks.items() if mark.score is not None}
    levels = []
    for key, mark in marks.items():
        assert mark.score is not None
        price = Fraction(1) if costs is None else costs.get(key)
        higher = [one for one in scores_of(case.instrument.asked[key]) if one > mark.score] if price is not None else []
        levels.append([(mark.score, Fraction(0), 0)] + [(to, (price or 0) * n, 1) for n, to in enumerate(higher, 1)])
    for chosen in product(*levels):
        answers: dict[str, Answer] = {key: to for key, (to, _, raised) in zip(marks, chosen, strict=True) if raised}
        yield answers, sum((cost for _, cost, _ in chosen), Fraction(0)), sum(raised for *_, raised in chosen)


@settings(deadline=None, max_examples=30)  # everything is tried
@given(data=st.data(), instrument=st.sampled_from(SMALL), tenths=st.integers(0, 31), priced=st.booleans())
def test_nothing_is_cheaper(data: st.DataObject, instrument: Instrument, tenths: int, priced: bool) -> None:
    scores = st.integers(0, 3).map(Fraction)
    answers: dict[str, Answer] = {key: data.draw(scores) for key in instrument.asked}
    price = st.fractions(0, 5, max_denominator=3)
    costs = {key: data.draw(price) for key in list(answers)[1:]} if priced else None
    case, target = Case(instrument, None, answers), Decimal(tenths) / 10
    best, plan = _cheapest_of_all(case, target, costs), cheapest(case, target, costs)
    if plan is None:
        assert best is None
        return
    assert (plan.cost, len(plan.raises)) == best
    assert plan.after.index is not None
    assert plan.after.index >= target


SMART_CITY = load_instruments()["smart-city-2023"]
REPORTED = {
    "baseline": Fraction("3.6"),
    "output": Fraction("2.89"),
    "impact": Fraction("2.59"),
    "quick_wins": Fraction(3),
}
BANDED = [one.key for one in SMART_CITY.asked_of["outcome"] if one.rubric is not None and one.rubric.bands is not None]


@settings(deadline=None, max_examples=10)
@given(data=st.data(), count=st.integers(1, 3), hundredths=st.integers(250, 340))
def test_nothing_is_cheaper_where_a_dimension_is_the_mean_of_what_is_answered(
    data: st.DataObject, count: int, hundredths: int
) -> None:
    answers: dict[str, Answer] = {**REPORTED}
    answers |= {key: Fraction(data.draw(st.integers(1, 4))) for key in BANDED[:count]}
    case, target = Case(SMART_CITY, "reguler", answers, of_answered=True), Decimal(hundredths) / 100
    best, plan = _cheapest_of_all(case, target, None), cheapest(case, target)
    assert (plan and (plan.cost, len(plan.raises))) == best


def test_steps_of_a_whole_instrument_are_found_quickly_and_reach_the_target() -> None:
    for name in ("spbe-2020", "pemdi-2026", "epss-2022"):
        instrument = load_instruments()[name]
        case = Case(instrument, None, {key: Fraction(2 + place % 2) for place, key in enumerate(instrument.asked)})
        plan = cheapest(case, Decimal("3.50"))
        assert plan is not None
        assert plan.after.index is not None
        assert plan.after.index >= Decimal("3.50")


def test_an_index_that_is_missing_cannot_be_raised() -> None:
    with pytest.raises(ConfigError, match="is missing"):
        cheapest(Case(SMART_CITY, None, {"baseline": Fraction(3)}, of_answered=True), Decimal(3))


def test_what_waits_for_another_body_is_not_the_regions_to_raise() -> None:
    pemdi = load_instruments()["pemdi-2026"]
    own: dict[str, Answer] = {key: Fraction(4) for key, one in pemdi.asked.items() if one.answered != "external"}
    assert cheapest(Case(pemdi, None, own), Decimal(5)) is None
