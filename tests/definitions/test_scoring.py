"""Scores worked by hand, exactly: rounding, what is missing, what waits, letters, bands."""

import random
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from definitions.exact import exact, rounded, shown
from definitions.instrument import Instrument
from definitions.instruments import load_instruments
from definitions.scoring import Answer, Measured, Scored, improvement, score, with_score
from ledger.errors import ConfigError

SHIPPED = load_instruments()


def scored(name: str, answers: Mapping[str, Answer], cohort: str | None = None) -> Scored:
    return score(SHIPPED[name], answers, cohort)


def values(*numbers: str) -> dict[str, Decimal]:
    names = ("baseline", "output", "outcome", "impact", "quick_wins", "kolaborasi")
    return {name: Decimal(number) for name, number in zip(names, numbers, strict=False)}


def everything(instrument: Instrument, value: Answer) -> dict[str, Answer]:
    return dict.fromkeys(instrument.asked, value)


@pytest.mark.parametrize(
    ("value", "decimals", "mode", "expected"),
    [
        ("2.125", 2, "half_up", "2.13"),
        ("2.125", 2, "half_even", "2.12"),
        ("2.135", 2, "half_even", "2.14"),
        ("-2.125", 2, "half_up", "-2.13"),
        ("2.1249999999999999999999", 2, "half_up", "2.12"),
        ("2/3", 2, "half_up", "0.67"),
        ("3", 2, "half_up", "3.00"),
        ("-0.001", 2, "half_up", "0.00"),
        ("7", 0, "half_up", "7"),
    ],
)
def test_rounding(value: str, decimals: int, mode: str, expected: str) -> None:
    assert str(rounded(Fraction(value), decimals, mode)) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["", "1e3", "1,5", "NaN", "1/0", "٣", "--1", "9" * 5000, "1/" + "9" * 5000, True, None, float("inf")]
)
def test_what_is_no_number_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        exact(text)


@pytest.mark.parametrize(
    ("value", "text"), [("1/9", "1/9"), ("2.50", "2.5"), ("-3", "-3"), ("10/3", "10/3"), ("0.125", "0.125")]
)
def test_numbers_are_shown_as_they_are_written(value: str, text: str) -> None:
    assert shown(exact(value)) == text


# The rows of the published lists that tell the rules apart.
@pytest.mark.parametrize(
    ("name", "cohort", "numbers", "index", "resummed"),
    [
        # Kab. Malang 2022: .14 + .31 + .88 + .26 + .92; the sum is 2.504. Kota Kediri 2022: 3.31, the sum is 3.315.
        ("smart-city-2022", "KPPN & IKN", ("1.40", "1.54", "2.92", "2.56", "3.08"), "2.51", "2.504"),
        ("smart-city-2022", "REGULER", ("3.60", "3.21", "3.23", "3.07", "3.65"), "3.31", "3.315"),
        # 2023 rounds the sum, a half goes up.
        ("smart-city-2023", "kppn-ikn", ("2.52", "2.26", "2.20", "1.94", "1.98", "1.97"), "2.13", "2.125"),
        ("smart-city-2023", "kppn-ikn", ("3.92", "3.49", "2.93", "3.34", "3.07", "2.07"), "3.17", "3.165"),
        ("smart-city-2023", "kppn-ikn", ("3.20", "2.40", "2.80", "2.99", "2.45", "2.17"), "2.67", "2.665"),
        ("smart-city-2023", "kppn-ikn", ("4.00", "3.00", "3.55", "3.31", "3.63", "3.07"), "3.41", "3.405"),
        ("smart-city-2023", "REGULER", ("3.48", "2.86", "3.27", "3.04", "3.48"), "3.21", "3.205"),
        ("smart-city-2023", "REGULER", ("2.88", "2.31", "2.99", "2.52", "1.97"), "2.55", "2.545"),
        # A Kolaborasi of 0 counts, with its weight (Kab. Buton).
        ("smart-city-2023", "KPPN&IKN", ("1.92", "1.63", "2.29", "2.80", "1.73", "0"), "1.88", "1.882"),
    ],
)
def test_rows_that_tell_the_rules_apart(
    name: str, cohort: str, numbers: tuple[str, ...], index: str, resummed: str
) -> None:
    found = scored(name, values(*numbers), cohort)
    assert (str(found.index.value), found.index.exact) == (index, Fraction(resummed))


def test_the_improvement_counts_from_the_previous_years_unrounded_sum() -> None:
    """Kab. Malang: 2.94 - 2.50 = 0.44. The index published in 2022 was 2.51."""
    before = scored("smart-city-2022", values("1.4", "1.54", "2.92", "2.56", "3.08"))
    now = scored("smart-city-2023", values("3.6", "2.29", "3.41", "2.81", "3.13", "2.53"), "KPPN&IKN")
    assert improvement(SHIPPED["smart-city-2023"], now, before) == Decimal("0.44")
    assert improvement(SHIPPED["smart-city-2023"], now, None) is None
    # How 2022 counted it is not known.
    assert improvement(SHIPPED["smart-city-2022"], before, before) is None


def test_a_dimension_without_a_value_leaves_the_index_missing_and_one_without_weight_is_not_used() -> None:
    found = scored("smart-city-2023", values("3", "3", "3", "3"), "REGULER")
    assert found.index.value is found.index.exact is found.predicate is None
    assert found.unanswered == tuple(f"quick_wins/{nth}" for nth in range(1, 13))
    with_more = scored("smart-city-2023", values("3", "3", "3", "3", "3", "0"), "REGULER")
    assert with_more.index.value == Decimal("3.00")
    assert "kolaborasi" not in with_more.nodes


def test_other_bodies_indices_wait() -> None:
    """In the smart city an index that was not delivered is not measured as anything."""
    instrument = SHIPPED["smart-city-2023"]
    answers = everything(instrument, Decimal(3))
    del answers["outcome/4"]
    found = score(instrument, answers, "REGULER")
    assert found.waiting == ("outcome/4",)
    assert found.unanswered == ()
    assert found.nodes["outcome"].value is None
    assert found.nodes["impact"].value == Decimal("3.00")


def test_pemdi_by_hand_with_waiting_externals() -> None:
    """I5, I6, I7, I18 count 1 until they are delivered: 3 x 0.86 + 1 x 0.14 = 2.72; the aspect Data (4x3+11x1)/15."""
    externals = ("I5", "I6", "I7", "I18")
    answers: dict[str, Answer] = {f"I{nth}": 3 for nth in range(1, 21) if f"I{nth}" not in externals}
    found = scored("pemdi-2026", answers)
    assert found.index.exact == Fraction("2.72")
    assert found.nodes["3"].exact == Fraction(23, 15)
    assert found.nodes["6"].exact == Fraction(39, 15)
    assert found.waiting == ("3/1", "3/2", "3/3", "6/4")
    assert found.unanswered == ()
    assert str(found.predicate) == "Baik"
    delivered = scored("pemdi-2026", answers | dict.fromkeys(externals, Decimal("2.5")))
    assert delivered.index.exact == Fraction("2.93")
    assert delivered.waiting == ()
    # An indicator of Pemdi's own that nobody answered is missing, not 1.
    del answers["I20"]
    assert scored("pemdi-2026", answers).index.value is None
    assert scored("pemdi-2026", answers).nodes["1"].value == Decimal("3.00")


@pytest.mark.parametrize(
    ("value", "name"),
    [("1", "Kurang"), ("1.49", "Kurang"), ("1.5", "Cukup"), ("2.5", "Baik"), ("3.49", "Baik"), ("3.5", "Sangat Baik"),
     ("3.99", "Sangat Baik"), ("4", "Memuaskan"), ("5", "Memuaskan")],
)  # fmt: skip
def test_pemdis_predicates(value: str, name: str) -> None:
    found = scored("pemdi-2026", everything(SHIPPED["pemdi-2026"], Decimal(value)))
    assert str(found.predicate) == name


def test_spbe_2020_of_denpasar_2021() -> None:
    """Domain values 3.00, 3.30, 2.18, 3.55: 3.18995, published as 3.19."""
    answers: dict[str, Answer] = {f"D{n}": Decimal(v) for n, v in enumerate(("3", "3.3", "2.18", "3.55"), start=1)}
    found = scored("spbe-2020", answers)
    assert (found.index.exact, str(found.index.value), str(found.predicate)) == (Fraction("3.18995"), "3.19", "Baik")


def test_epss_worked_example() -> None:
    """Domains 3.85, 4.20, 3.50, 3.80, 4.00 by 28, 24, 19, 17, 12: 3.877."""
    answers = {str(n): Decimal(v) for n, v in enumerate(("3.85", "4.2", "3.5", "3.8", "4"), start=1)}
    found = scored("epss-2022", answers)
    assert (found.index.exact, str(found.predicate)) == (Fraction("3.877"), "Sangat Baik")


def test_epss_is_weighted_at_every_step() -> None:
    """One 5 among ones, at 20101: aspect 1 + 4 x 60 %, domain + 21 % of that, index + 24 % of that."""
    instrument = SHIPPED["epss-2022"]
    found = score(instrument, {**everything(instrument, 1), "2/1": 5})
    assert found.nodes["201"].exact == Fraction("3.4")
    assert found.nodes["2"].exact == 1 + Fraction("2.4") * Fraction("0.21")
    assert found.index.exact == 1 + Fraction("2.4") * Fraction("0.21") * Fraction("0.24")


@pytest.mark.parametrize(
    ("letter", "index", "predicate"),
    [("AA", "100.00", "AA (Sangat Memuaskan)"), ("A", "90.00", "A (Memuaskan)"), ("BB", "80.00", "BB (Sangat Baik)"),
     ("B", "70.00", "B (Baik)"), ("CC", "60.00", "CC (Cukup)"), ("C", "50.00", "C (Kurang)"),
     ("D", "30.00", "D (Sangat Kurang)"), ("E", "0.00", "D (Sangat Kurang)")],
)  # fmt: skip
def test_sakip_of_one_letter_everywhere(letter: str, index: str, predicate: str) -> None:
    """Exactly 90.00 is an A, as it is printed (more than 90 is AA): a sheet of nothing but A is an A."""
    found = scored("sakip-2021", everything(SHIPPED["sakip-2021"], letter))
    assert (str(found.index.value), str(found.predicate)) == (index, predicate)


def test_sakip_by_hand() -> None:
    """Planning A, A, BB: 5.4 + 8.1 + 12 of 30; measurement B, 21; reporting CC, 9; evaluation C, 12.5."""
    answers = dict.fromkeys(("1a", "1b"), "A") | {"1c": "BB"} | dict.fromkeys(("2a", "2b", "2c"), "B")
    answers |= dict.fromkeys(("3a", "3b", "3c"), "CC") | dict.fromkeys(("4a", "4b", "4c"), "C")
    found = scored("sakip-2021", answers)
    assert [str(found.nodes[part].value) for part in "1234"] == ["25.50", "21.00", "9.00", "12.50"]
    assert (str(found.index.value), str(found.predicate)) == ("68.00", "B (Baik)")


@pytest.mark.parametrize("text", ["A", "Memuaskan", "a (memuaskan)", "A (Satisfying)"])
def test_a_predicate_is_read_as_documents_write_it(text: str) -> None:
    table = SHIPPED["sakip-2021"].predicates
    assert table is not None
    assert str(table.named(text)) == "A (Memuaskan)"


@pytest.mark.parametrize(
    ("text", "message"),
    [("A (Sangat Baik)", r"names two predicates: A \(Memuaskan\) and BB \(Sangat Baik\)"), ("AB", "is no predicate")],
)
def test_a_letter_that_disagrees_with_its_predicate_is_refused(text: str, message: str) -> None:
    table = SHIPPED["sakip-2021"].predicates
    assert table is not None
    with pytest.raises(ConfigError, match=message):
        table.named(text)


def test_a_measured_value_gets_the_score_of_its_band_and_a_bare_number_is_a_score() -> None:
    found = scored("smart-city-2023", {"3.10.2": Measured(Decimal("73.59")), "3.10.1": Measured(5), "outcome/19": 4})
    marks = found.marks
    assert marks["outcome/13"].score == 3
    assert marks["outcome/12"].score == 4
    assert marks["outcome/19"].score == 4


BAD: Mapping[str, tuple[str, dict[str, Answer], str]] = {
    "an unknown name": ("ipm", {"uhx": 1}, "there is no question or part 'uhx'"),
    "a code that repeats": ("smart-city-2023", {"5.1.1": 3}, "there is no question or part '5.1.1'"),
    "above the scale": ("pemdi-2026", {"I1": Decimal("5.01")}, "5.01 is not from 1 to 5"),
    "below the scale": ("pemdi-2026", {"I1": 0}, "0 is not from 1 to 5"),
    "an unknown letter": ("sakip-2021", {"1a": "A+"}, "'A+' is no option of the rubric"),
    "a letter without a rubric": ("pemdi-2026", {"I1": "A"}, "takes a number"),
    "a value without a rubric": ("pemdi-2026", {"I1": Measured(3)}, "has no rubric"),
    "a part that is a letter": ("sakip-2021", {"1": "A"}, "'1' is a part, and needs a number"),
    "twice": ("pemdi-2026", {"I1": 3, "1/1": 3}, "is answered twice"),
    "a part twice": ("smart-city-2023", {"baseline": 3, "BASELINE": 2}, "is answered twice"),
    "a part above its questions' scale": ("smart-city-2023", {"impact": Decimal("4.01")}, "4.01 is not from 0 to 4"),
    "a part below its questions' scale": ("spbe-2020", {"D1": Decimal("0.99")}, "0.99 is not from 1 to 5"),
    "a part of a part above the scale": ("spbe-2020", {"A1": 6}, "6 is not from 1 to 5"),
    "a part below a part": ("spbe-2020", {"A1": 3, "D1": 3}, "A1 is answered, and its part D1 is given"),
    "a part and its question": ("pemdi-2026", {"I1": 3, "1": 3}, "1/1 is answered, and its part 1 is given"),
    "a turn nobody asks for": ("pemdi-2026", {"I1#1": 3}, "is not how it is answered"),
    "the index": ("pemdi-2026", {"index": 3}, "'index' cannot be answered"),
}


@pytest.mark.parametrize(("name", "answers", "message"), BAD.values(), ids=BAD)
def test_answers_that_cannot_be_used_are_refused(name: str, answers: dict[str, Answer], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        scored(name, answers)
    assert message in str(caught.value)
    assert name in caught.value.where


def test_an_unknown_cohort_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"the cohort 'LAIN' is not known .*Write one of: REGULER, KPPN&IKN"):
        scored("smart-city-2023", {}, "LAIN")


TREES = ["smart-city-2022", "smart-city-2023", "spbe-2018", "spbe-2020", "pemdi-2026", "epss-2022"]


@given(st.sampled_from(TREES), st.data())
def test_a_mean_lies_between_its_extremes_and_the_order_of_answers_means_nothing(
    name: str, data: st.DataObject
) -> None:
    instrument = SHIPPED[name]
    assert instrument.scale is not None
    low, high = (int(end * 100) for end in instrument.scale)
    numbers = data.draw(
        st.lists(st.integers(low, high), min_size=len(instrument.asked), max_size=len(instrument.asked))
    )
    answers = {key: Decimal(number) / 100 for key, number in zip(instrument.asked, numbers, strict=True)}
    found = score(instrument, answers)
    shuffled = list(answers.items())
    random.Random(1).shuffle(shuffled)  # noqa: S311 - an order, no secret
    assert score(instrument, dict(shuffled)).nodes == found.nodes
    for part, asked in instrument.asked_under.items():
        if asked and part in found.nodes:
            scores = [found.marks[one.key].score for one in asked]
            given_scores = [one for one in scores if one is not None]
            value = found.nodes[part].exact
            assert value is not None
            assert min(given_scores) <= value <= max(given_scores)
    index = found.index.exact
    assert index is not None
    assert instrument.scale[0] <= index <= instrument.scale[1]


@given(data=st.data(), name=st.sampled_from(["spbe-2020", "pemdi-2026", "epss-2022", "smart-city-2022", "skm-2017"]))
def test_one_other_score_gives_what_scoring_all_anew_gives(data: st.DataObject, name: str) -> None:
    instrument = SHIPPED[name]
    low, high = next(iter(instrument.asked.values())).scale or (Fraction(0), Fraction(0))
    answers: dict[str, Answer] = {
        key: Fraction(int(low) + place * 7 % (int(high - low) + 1)) for place, key in enumerate(instrument.asked)
    }
    left_out = data.draw(st.sets(st.sampled_from([*answers]), max_size=2))
    answers = {key: answer for key, answer in answers.items() if key not in left_out}
    key, to = data.draw(st.sampled_from([*instrument.asked])), high
    anew = score(instrument, {**answers, key: to})
    found = with_score(instrument, score(instrument, answers), key, to)
    assert (found.nodes, found.predicate) == (anew.nodes, anew.predicate)
    assert found.marks == anew.marks
