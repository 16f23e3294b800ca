"""What is tried and cannot change anything, and what cannot be computed, is said in words that help."""

from decimal import Decimal

import pytest

from definitions.instruments import shipped_instruments
from ledger.errors import ConfigError
from pilar.explanations.case import Case
from pilar.explanations.cheapest import cheapest
from pilar.explanations.tried import tried

PARTS = dict.fromkeys(("baseline", "output", "outcome", "impact", "quick_wins"), 3)


@pytest.mark.parametrize("name", ["kolaborasi", "kolaborasi/1"])
def test_a_part_that_the_cohort_does_not_weigh_is_refused(name: str) -> None:
    case = Case(shipped_instruments()["smart-city-2023"], "reguler", PARTS, of_answered=True)
    with pytest.raises(ConfigError, match="kolaborasi does not count for the cohort reguler"):
        tried(case, [(name, "score:3")], {"questions": []})
    _before, after = tried(case, [("baseline", "4")], {"questions": []})
    assert after.index == Decimal("3.10")


@pytest.mark.parametrize("instrument", ["ipm", "iid-2026", "kami-5.0"])
def test_an_index_by_a_method_has_no_cheapest_steps_and_says_what_to_do(instrument: str) -> None:
    case = Case(shipped_instruments()[instrument], None, {}, of_answered=False)
    with pytest.raises(ConfigError, match=r"by a method of its own.*pilar whatif"):
        cheapest(case, Decimal(3))
