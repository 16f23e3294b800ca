"""How much of an instrument's weight has no answer or a simulated one; weights held against the scoring itself."""

from fractions import Fraction
from pathlib import Path

import pytest

from definitions.instruments import load_instruments
from definitions.scoring import score
from pilar.explanations.answered import Answered, answered, weights

TREES = ("epss-2022", "pemdi-2026", "sakip-2021", "skm-2017", "spbe-2018", "spbe-2020")


@pytest.fixture(scope="module")
def found(sample_publication: Path) -> list[Answered]:
    return list(answered(sample_publication))


def of(found: list[Answered], region: str, instrument: str, role: str) -> Answered:
    return next(one for one in found if (one.region_code, one.instrument, one.role) == (region, instrument, role))


@pytest.mark.parametrize("name", TREES)
def test_a_question_weighs_what_it_moves_the_index_by(name: str) -> None:
    instrument = load_instruments()[name]
    found = weights(instrument)
    assert found is not None
    scales = {key: asked.scale or (Fraction(0), Fraction(1)) for key, asked in instrument.asked.items()}
    lowest = {key: low for key, (low, _) in scales.items()}
    base = score(instrument, lowest).index.exact
    assert base is not None
    moved = {}
    for key, (_, high) in scales.items():
        raised = score(instrument, {**lowest, key: high}).index.exact
        assert raised is not None
        moved[key] = raised - base
    assert {key: by / sum(moved.values()) for key, by in moved.items()} == found


def test_an_index_that_is_no_tree_has_no_weights() -> None:
    assert [name for name, one in load_instruments().items() if weights(one) is None] == [
        *("ipm", "kami-4.2", "kami-5.0", "sipsn", "iid-2026")
    ]


def test_shares_follow_from_states_and_sum_to_one(found: list[Answered]) -> None:
    """Pemdi in Malang waits for two of four other bodies; EPSS is taken over from a simulated index."""
    one = of(found, "35.07", "pemdi-2026", "external")
    assert one.shares == {"missing": 0, "waiting": Fraction(6, 100), "simulated": Fraction(94, 100)}
    assert (one.rank, one.of, one.by) == (1, 3, "weight")
    for each in found:
        assert each.sure + sum(each.shares.values()) == 1
        assert each.sure >= 0


def test_without_an_index_there_is_no_rank(found: list[Answered]) -> None:
    one = of(found, "62.02", "sakip-2021", "internal")
    assert (one.value, one.rank, one.shares["missing"]) == (None, None, 1)
    one = of(found, "64.02", "smart-city-2023", "opd")
    # One answer counts, a simulated one; all else is refused or open.
    assert (one.value, one.rank, sum(one.shares.values())) == (None, None, 1)
    assert one.shares["simulated"] == Fraction(1, 110)


def test_one_region_is_ranked_among_all(sample_publication: Path, found: list[Answered]) -> None:
    alone = answered(sample_publication, "62.02")
    assert list(alone) == [one for one in found if one.region_code == "62.02"]
