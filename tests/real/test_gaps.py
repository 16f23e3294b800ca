"""Gaps over the real figures of East Java's 38 regencies and cities, for every question that has bands.

What a gap names reaches the next band, and one unit or one case less does not (health profile of East Java 2025).
"""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from definitions.bands import Rubric
from definitions.indicators import all_indicators
from definitions.instruments import load_instruments
from ledger.errors import ConfigError
from pilar.explanations.explanation import measurement
from pilar.explanations.gaps import Measurement, Reached, measured_gap, ratio_value
from tests.real.test_mother_and_child import PRINTED, rows

pytestmark = pytest.mark.real

INDICATORS = {one.id: one for _, one in all_indicators()}
QUESTIONS = {
    f"{name}/{key}": asked.rubric
    for name, instrument in load_instruments().items()
    for key, asked in instrument.asked.items()
    if asked.rubric is not None and asked.rubric.bands is not None
}


@pytest.fixture(scope="module")
def figures(real_data: Path) -> dict[tuple[str, str], Measurement]:
    """Each share of each region, with the numerator and the denominator that the table prints."""
    found = {}
    for name, (table, whole, part, share) in PRINTED.items():
        for row in rows(real_data, table):
            own = {"numerator": Decimal(row[part]), "denominator": Decimal(row[whole])}
            value = Decimal(row[share]).quantize(Decimal("0.01"))
            measured = measurement(INDICATORS[name], {"value": value, **own})
            assert measured is not None
            found[name, row[0]] = measured
    assert len(found) == 38 * len(PRINTED)
    return found


def score(rubric: Rubric, value: Fraction) -> Fraction | None:
    try:
        return rubric.of_value(value).score
    except ConfigError:  # the rubric says nothing of it
        return None


@pytest.mark.parametrize("question", sorted(QUESTIONS))
def test_the_gap_of_every_region_reaches_the_next_band_and_one_less_does_not(
    question: str, figures: dict[tuple[str, str], Measurement]
) -> None:
    rubric, reached = QUESTIONS[question], 0
    for where, measured in figures.items():
        now = score(rubric, measured.value)
        if now is None:
            continue
        gap = measured_gap(rubric, measured)
        if gap.needed is not None:
            reached += 1
            assert_nearest(rubric, now, measured.value, gap.needed, Fraction(1, 10**measured.decimals), where)
        if gap.count is not None and measured.ratio is not None:
            for steps, reaches in ((gap.count.steps, True), (gap.count.steps - sign(gap.count.steps), False)):
                value = ratio_value(measured.ratio, steps, measured.decimals)
                assert ((score(rubric, value) or now) > now) is reaches, (where, steps)
    assert reached or all(score(rubric, one.value) in (None, best(rubric)) for one in figures.values())


def assert_nearest(
    rubric: Rubric, now: Fraction, value: Fraction, needed: Reached, unit: Fraction, where: tuple[str, str]
) -> None:
    assert needed.value == value + needed.steps * unit, where
    assert score(rubric, needed.value) == needed.score > now, where
    assert (score(rubric, needed.value - sign(needed.steps) * unit) or now) <= now, where


def sign(steps: int) -> int:
    return 1 if steps > 0 else -1


def best(rubric: Rubric) -> Fraction:
    return max(band.score for band in rubric.bands or ())
