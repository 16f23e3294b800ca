"""Indices that are no weighted tree, worked by hand: innovation, information security, human development, waste."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from definitions.instruments import load_instruments
from definitions.methods import Kami
from definitions.scoring import Answer, Measured, Scored, score
from ledger.errors import ConfigError

SHIPPED = load_instruments()


def scored(name: str, answers: Mapping[str, Answer], cohort: str | None = None) -> Scored:
    return score(SHIPPED[name], answers, cohort)


# -- innovation -------------------------------------------------------------------------------------------------------

# The region: 1 x 3 + 1.5 x 3 (WTP) + 1 x 2 (B) = 9.5. First innovation: 3 x 3 + 2 x 2 + 3 x 2 (300 people) = 19.
# Second: 3 x 1 + 4 x 3 = 15.
INNOVATIONS: Mapping[str, Answer] = {
    "1": 3,
    "8": "WTP",
    "9": "B",
    "16#1": 3,
    "19#1": 2,
    "33a#1": Measured(300),
    "16#2": 1,
    "35#2": 3,
}


@pytest.mark.parametrize(
    ("more", "cohort", "points", "index"),
    [
        # Two innovations are divided by at least twelve; of affairs nothing is known, so none are counted.
        ({}, None, ("9.5", Fraction(34, 12), "0"), "4.93"),
        # Thirteen are stated: divided by thirteen, and counted with five affairs.
        ({"36": 13, "urusan": 5}, None, ("9.5", Fraction(34, 13), "4.94"), "6.82"),
        ({"36": 13, "urusan": 4}, None, ("9.5", Fraction(34, 13), "0"), "4.85"),
        # In 2027 six affairs are required, and the floor is fourteen.
        ({"36": 13, "urusan": 5}, "2027", ("9.5", Fraction(34, 14), "0"), "4.77"),
        ({"36": 13, "urusan": 6}, "2027", ("9.5", Fraction(34, 14), "4.94"), "6.75"),
        # In 2023 none was asked for, and the floor was ten.
        ({}, "2023", ("9.5", Fraction(34, 10), "0.76"), "5.46"),
        # No more than two hundred count, and fewer than were answered cannot be stated.
        ({"36": 300, "urusan": 6}, None, ("9.5", Fraction(34, 300), "76"), "34.25"),
        ({"36": 1, "urusan": 6}, None, ("9.5", Fraction(34, 12), "0.76"), "5.24"),
    ],
)
def test_innovation_by_hand(
    more: dict[str, Answer], cohort: str | None, points: tuple[str, Fraction, str], index: str
) -> None:
    found = scored("iid-2026", {**INNOVATIONS, **more}, cohort)
    assert [found.nodes[part].exact for part in ("spd", "sid", "jumlah")] == [Fraction(one) for one in points]
    assert str(found.index.value) == index
    assert str(found.predicate) == "Kurang Inovatif"


def test_everything_reached_is_a_hundred() -> None:
    iid = SHIPPED["iid-2026"]
    answers: dict[str, Answer] = {one.key: 3 for one in iid.asked_of["spd"]}
    answers |= {f"{one.key}#{turn}": 3 for one in iid.asked_of["sid"] for turn in range(1, 13)}
    twelve = score(iid, {**answers, "urusan": 5})
    assert (twelve.nodes["spd"].exact, twelve.nodes["sid"].exact) == (63, 111)
    # 63 + 111 + 12 x 0.38 of 250.
    assert (twelve.index.exact, str(twelve.predicate)) == (Fraction("71.424"), "Sangat Inovatif")
    assert score(iid, {}).index.value == 0
    assert str(score(iid, {}).predicate) == "Tidak Dapat Dinilai"


@pytest.mark.parametrize(
    ("value", "cohort", "name"),
    [("0", "2026", "Tidak Dapat Dinilai"), ("0.01", "2026", "Kurang Inovatif"), ("40.00", "2026", "Kurang Inovatif"),
     ("40.01", "2026", "Inovatif"), ("65.00", "2026", "Inovatif"), ("65.01", "2026", "Sangat Inovatif"),
     ("34.99", "2023", "Kurang Inovatif"), ("35", "2023", "Inovatif"), ("60.01", "2023", "Sangat Inovatif")],
)  # fmt: skip
def test_categories_of_innovation_by_year(value: str, cohort: str, name: str) -> None:
    iid = SHIPPED["iid-2026"]
    table = iid.predicates_of(iid.cohort(cohort))
    assert table is not None
    assert str(table.of(Decimal(value))) == name


BAD_INNOVATIONS: Mapping[str, tuple[dict[str, Answer], str]] = {
    "two bases": ({"33a#1": Measured(1), "33b#1": Measured(9)}, "is answered twice"),
    "a base with points": ({"33a#1": 2}, "is one of several ways to measure"),
    "no innovation is named": ({"16": 3}, "is not how it is answered"),
    "savings above all bands": ({"33c#1": Measured(31)}, "31 is in no band"),
    "a parameter above three": ({"16#1": 4}, "4 is not from 0 to 3"),
}


@pytest.mark.parametrize(("answers", "message"), BAD_INNOVATIONS.values(), ids=BAD_INNOVATIONS)
def test_answers_on_innovations_that_cannot_be_used(answers: dict[str, Answer], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        scored("iid-2026", answers)


def test_of_two_printed_bands_the_one_with_the_higher_score_wins() -> None:
    """Unemployment of 5.92 % is both '2.34 to 5.92' and '5.91 and more'."""
    found = scored("iid-2026", {"5b": Measured(Decimal("5.92")), "4": Measured(Decimal("5.23"))})
    assert (found.marks["spd/7"].score, found.marks["spd/5"].score) == (Fraction(2), Fraction(3))


# -- information security ---------------------------------------------------------------------------------------------


def security(version: str, category: str, answer: str, **areas: Mapping[str, str]) -> Scored:
    """All answers alike, but for those of some areas by label: ``tata_kelola={"1": "sebagian"}``."""
    instrument = SHIPPED[f"kami-{version}"]
    answers: dict[str, Answer] = {}
    for one in instrument.asked.values():
        label = str(one.weight)
        answers[one.key] = category if one.dimension == "kategori" else areas.get(one.dimension, {}).get(label, answer)
    return score(instrument, answers)


@pytest.mark.parametrize(("version", "total"), [("4.2", 645), ("5.0", 918)])
def test_everything_done_is_the_maximum(version: str, total: int) -> None:
    found = security(version, "C", "menyeluruh")
    assert (found.index.value, str(found.predicate)) == (total, "Baik")
    assert found.nodes["kategori"].value == 10
    assert found.notes == ("category of the electronic system: Rendah",)
    nothing = security(version, "A", "tidak")
    assert (nothing.index.value, str(nothing.predicate)) == (0, "Tidak Layak")
    assert nothing.notes[-1] == "tata_kelola is below its floor of 16 points"


# Governance has 8, 8 and 6 questions: the gate opens at 2 x 8 + 4 x 8 = 48 points of labels 1 and 2.
FULL = {"1": "menyeluruh", "3": "menyeluruh"}


@pytest.mark.parametrize(
    ("version", "second", "points"),
    [("5.0", "direncanakan", 24 + 16), ("5.0", "sebagian", 24 + 32 + 54), ("4.2", "sebagian", 24 + 32 + 54)],
)
def test_questions_of_label_three_wait_for_the_others(version: str, second: str, points: int) -> None:
    found = security(version, "C", "menyeluruh", tata_kelola={**FULL, "2": second})
    assert found.nodes["tata_kelola"].value == points
    assert ("tata_kelola: questions of label 3 do not count yet" in found.notes) == (points == 40)


@pytest.mark.parametrize(
    ("version", "first", "opens"),
    [
        ("5.0", ["sebagian"] * 2, True),
        # 3 x 8 - 2 points are needed of label 1, and no more than two may be partly done.
        ("5.0", ["sebagian"] * 3, False),
        ("5.0", ["direncanakan"], False),
        ("5.0", ["tidak"], False),
        # Version 4 asks for none of this.
        ("4.2", ["direncanakan"], True),
        ("4.2", ["sebagian"] * 3, True),
    ],
)
def test_version_five_asks_for_more_of_label_one(version: str, first: list[str], opens: bool) -> None:
    instrument = SHIPPED[f"kami-{version}"]
    answers: dict[str, Answer] = {one.key: "C" if one.dimension == "kategori" else "menyeluruh"
                                  for one in instrument.asked.values()}  # fmt: skip
    answers |= {f"tata_kelola/{nth}": text for nth, text in enumerate(first, start=1)}
    third = 54 if opens else 0
    lost = sum({"tidak": 3, "direncanakan": 2, "sebagian": 1}[text] for text in first)
    assert score(instrument, answers).nodes["tata_kelola"].value == 24 + 48 + third - lost


@pytest.mark.parametrize(
    ("version", "category", "total", "status"),
    [("5.0", "Rendah", 247, "Tidak Layak"), ("5.0", "Rendah", 248, "Pemenuhan Kerangka Kerja Dasar"),
     ("5.0", "Tinggi", 646, "Pemenuhan Kerangka Kerja Dasar"), ("5.0", "Tinggi", 647, "Cukup Baik"),
     ("5.0", "Strategis", 864, "Cukup Baik"), ("5.0", "Strategis", 865, "Baik"),
     ("4.2", "Rendah", 174, "Tidak Layak"), ("4.2", "Rendah", 536, "Baik"), ("4.2", "Tinggi", 273,
     "Pemenuhan Kerangka Kerja Dasar"), ("4.2", "Strategis", 609, "Cukup Baik"), ("4.2", "Strategis", 610, "Baik")],
)  # fmt: skip
def test_thresholds_by_category(version: str, category: str, total: int, status: str) -> None:
    method = SHIPPED[f"kami-{version}"].method
    assert isinstance(method, Kami)
    assert str(method.thresholds[category].of(Fraction(total))) == status


@pytest.mark.parametrize(
    ("letters", "category"),
    [("CCCCCCCCCC", "Rendah"), ("BBBBBCCCCC", "Rendah"), ("BBBBBBCCCC", "Tinggi"), ("AAAAAABBCC", "Strategis")],
)
def test_the_category_follows_from_ten_letters(letters: str, category: str) -> None:
    """Ten C are 10; five B and five C are 15, six B 16; six A, two B and two C are 36."""
    instrument = SHIPPED["kami-5.0"]
    answers: dict[str, Answer] = {one.key: 2 for one in instrument.asked.values() if one.dimension != "kategori"}
    answers |= {f"kategori/{nth}": letter for nth, letter in enumerate(letters, start=1)}
    assert f"category of the electronic system: {category}" in score(instrument, answers).notes


def test_an_area_below_its_floor_is_not_fit_whatever_the_total() -> None:
    found = security("5.0", "C", "menyeluruh", risiko={"1": "tidak", "2": "direncanakan", "3": "tidak"})
    assert found.nodes["risiko"].value == 8
    assert found.index.value == 918 - 72 + 8
    assert str(found.predicate) == "Tidak Layak"


def test_one_question_without_an_answer_leaves_no_total() -> None:
    instrument = SHIPPED["kami-5.0"]
    answers: dict[str, Answer] = {one.key: 2 for one in instrument.asked.values()}
    del answers["aset/3"]
    found = score(instrument, answers)
    assert found.index.value is found.predicate is None
    assert found.unanswered == ("aset/3",)


# -- human development and waste --------------------------------------------------------------------------------------


def test_human_development_of_kutai_kartanegara_2020() -> None:
    """Health 0.80523, education (0.75500 + 0.61467) / 2, expenditure 0.72261: 73.5872 (BPS: 73.59)."""
    found = scored(
        "ipm", {"uhh": Decimal("72.34"), "hls": Decimal("13.59"), "rls": Decimal("9.22"), "pengeluaran_ribu": 10720}
    )
    parts = {name: float(node.exact) for name, node in found.nodes.items() if node.exact is not None}
    assert parts == pytest.approx(
        {"kesehatan": 0.80523, "pendidikan": 0.68483, "pengeluaran": 0.72261, "index": 73.5872}, abs=5e-5
    )
    assert (str(found.index.value), str(found.predicate)) == ("73.59", "Tinggi")


@pytest.mark.parametrize("code", ["uhh", "hls", "rls", "pengeluaran_ribu"])
def test_without_a_component_there_is_no_index(code: str) -> None:
    answers: dict[str, Answer] = {"uhh": 72, "hls": 13, "rls": 9, "pengeluaran_ribu": 10720}
    del answers[code]
    found = scored("ipm", answers)
    assert found.index.value is found.predicate is None


@given(st.integers(2000, 8500), st.integers(0, 1800), st.integers(0, 1500), st.integers(1008, 26572))
def test_an_index_lies_between_0_and_100_and_grows_with_each_component(
    uhh: int, hls: int, rls: int, money: int
) -> None:
    answers: dict[str, Answer] = {"uhh": Decimal(uhh) / 100, "hls": Decimal(hls) / 100, "rls": Decimal(rls) / 100}
    answers["pengeluaran_ribu"] = money
    index = scored("ipm", answers).index.exact
    assert index is not None
    assert 0 <= index <= 100
    more = scored("ipm", {**answers, "hls": Decimal(hls + 1) / 100}).index.exact
    assert more is not None
    assert more >= index


def test_waste_of_kutai_kartanegara_2024() -> None:
    """SIPSN 2024: generated 135,200.79 t, reduced 15.68 %, handled 57.94 %, managed 99,534.97 t, which are 73.62 %."""
    figures = {"timbulan": "135200.79", "pengurangan": "21197.61", "penanganan": "78337.36"}
    found = scored("sipsn", {name: Decimal(text) for name, text in figures.items()})
    nodes = {name: str(node.value) for name, node in found.nodes.items() if node.value is not None}
    assert nodes == {
        "persen_pengurangan": "15.68",
        "persen_penanganan": "57.94",
        "terkelola": "99534.97",
        "persen_terkelola": "73.62",
        "daur_ulang_dan_bahan_baku": "0.00",
        "index": "73.62",
    }
    # What was recycled is not in the row: it counts as nothing, as in the tables, and is told.
    assert found.unanswered == ("sampah/4", "sampah/5")
    assert scored("sipsn", {"timbulan": 0, "pengurangan": 0, "penanganan": 0}).index.value is None


def test_satisfaction_worked_by_hand() -> None:
    """29 respondents; totals 105 101 100 116 102 105 106 105 115: 955 / 29 / 9 x 25 = 91.475."""
    totals = (105, 101, 100, 116, 102, 105, 106, 105, 115)
    found = scored("skm-2017", {f"U{nth}": Fraction(total, 29) for nth, total in enumerate(totals, start=1)})
    assert found.index.exact == Fraction(955 * 25, 29 * 9)
    assert (str(found.index.value), str(found.predicate)) == ("91.48", "A (Sangat Baik)")


@pytest.mark.parametrize(
    ("index", "letter"),
    [("25", "D"), ("64.99", "D"), ("64.994", "D"), ("64.995", "C"), ("76.6", "C"), ("76.604", "C"), ("76.605", "B"),
     ("88.3", "B"), ("88.31", "A"), ("100", "A")],
)  # fmt: skip
def test_satisfaction_is_rounded_before_it_is_named(index: str, letter: str) -> None:
    table = SHIPPED["skm-2017"].predicates
    assert table is not None
    found = table.of(Fraction(index))
    assert found is not None
    assert found.letter == letter
