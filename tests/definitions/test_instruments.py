"""Instruments as files: what is shipped hangs together, and what contradicts itself is refused in one line."""

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from definitions.instrument import Instrument
from definitions.instruments import (
    SHIPPED,
    computing_order,
    find_instrument,
    load_instruments,
    read_form,
    read_instrument,
)
from definitions.words import said
from ledger.errors import ConfigError
from ledger.settings import REPOSITORY

Write = Callable[[Mapping[str, Any]], Path]

SMALL: Mapping[str, Any] = {
    "id": "small",
    "name": {"id": "Kecil", "en": "Small"},
    "years": [2026],
    "status": "assumed",
    "source": "nowhere",
    "scale": [1, 5],
    "levels": [{"follows": "weighted_mean"}, {"follows": "weighted_mean"}],
    "weights": {"to": 100, "of": "parent"},
    "rubrics": {"r": {"status": "assumed", "basis": "b", "bands": [{"to": 50, "score": 1}, {"above": 50, "score": 5}]}},
    "predicates": {"bands": [{"from": 1, "below": 3, "is": "Rendah"}, {"from": 3, "to": 5, "is": "Tinggi"}]},
    "parts": [
        {
            "id": "a",
            "name": "A",
            "weight": 40,
            "questions": [
                {"code": "q1", "text": "satu", "weight": 30, "rubric": "r"},
                {"code": "q2", "text": "dua", "weight": 70},
            ],
        },
        {"id": "b", "name": "B", "weight": 60, "questions": [{"code": "q3", "text": "tiga", "weight": 100}]},
    ],
}


@pytest.fixture(scope="module")
def shipped() -> Mapping[str, Instrument]:
    return load_instruments()


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def _write(content: Mapping[str, Any]) -> Path:
        path = tmp_path / f"{content.get('id', 'x')}.yaml"
        path.write_text(yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True))
        return path

    return _write


def changed(*steps: tuple[tuple[str | int, ...], Any]) -> dict[str, Any]:
    """The small instrument with values replaced at some places; None takes a key away."""
    content = deepcopy(dict(SMALL))
    for place, value in steps:
        here: Any = content
        for part in place[:-1]:
            here = here[part]
        if value is None:
            del here[place[-1]]
        else:
            here[place[-1]] = value
    return content


SIZES = {
    "smart-city-2022": 59,
    "smart-city-2023": 117,
    "smart-city-2024": 117,
    "spbe-2018": 37,
    "spbe-2020": 47,
    "pemdi-2026": 20,
    "epss-2022": 38,
    "sakip-2021": 12,
    "skm-2017": 9,
    # 20 rows of the region, 20 of each innovation, their number, and the affairs that have one.
    "iid-2026": 42,
    # Ten on the category of the system among them.
    "kami-4.2": 141,
    "kami-5.0": 185,
    "ipm": 4,
    "sipsn": 5,
}


@pytest.mark.parametrize(("name", "size"), SIZES.items(), ids=SIZES)
def test_every_instrument_has_its_questions(shipped: Mapping[str, Instrument], name: str, size: int) -> None:
    assert len(shipped[name].asked) == size


def test_every_shipped_file_is_of_a_known_size(shipped: Mapping[str, Instrument]) -> None:
    assert set(shipped) == set(SIZES) == {path.stem for path in SHIPPED.glob("*.yaml")}


def test_dimensions_of_the_smart_city(shipped: Mapping[str, Instrument]) -> None:
    sizes = {name: [len(asked) for asked in shipped[name].asked_of.values()] for name in shipped if "city" in name}
    assert sizes["smart-city-2022"] == [5, 7, 31, 4, 12]
    assert sizes["smart-city-2023"] == sizes["smart-city-2024"] == [5, 7, 33, 54, 12, 6]


def test_impact_2023_is_six_pillars_of_three_sub_dimensions_of_three(shipped: Mapping[str, Instrument]) -> None:
    instrument = shipped["smart-city-2023"]
    impact = instrument.asked_of["impact"]
    assert [one.code for one in impact[:9]] == [f"4.{sub}.{nth}" for sub in (1, 2, 3) for nth in (1, 2, 3)]
    pillars = [one.pillar for one in impact]
    assert pillars == [pillar for pillar in dict.fromkeys(pillars) for _ in range(9)]
    groups = [one.question.sub_dimension for one in impact]
    assert groups == [group for group in dict.fromkeys(groups) for _ in range(3)]


def test_a_question_inherits_from_every_part_it_stands_in(write: Write) -> None:
    inner = {"id": "aspect", "name": "Aspek", "questions": [{"code": "q3", "text": "tiga"}]}
    domain = {"id": "domain", "name": "Domain", "owner": "bpkad", "pillar": "living", "parts": [inner]}
    top = {"id": "b", "name": "B", "owner": "dlh", "answered": "survey", "parts": [domain]}
    levels = [{"follows": "mean"}] * 4
    found = read_instrument(write({**SMALL, "rubrics": {}, "levels": levels, "parts": [top]})).asked["b/1"]
    assert (found.part, found.owner, found.pillar, found.answered) == ("aspect", "bpkad", "living", "survey")


def test_a_printed_code_that_repeats_names_nothing(shipped: Mapping[str, Instrument]) -> None:
    instrument = shipped["smart-city-2023"]
    assert instrument.question("outcome/19").code == "3.13.2"
    assert instrument.question("3.13.2").key == "outcome/19"
    with pytest.raises(ConfigError, match=r"there is no question '5\.1\.1'"):
        instrument.question("5.1.1")


def test_questions_are_our_own_short_words(shipped: Mapping[str, Instrument]) -> None:
    """The ministry's sentences are its own: ours are names, not questions."""
    for instrument in shipped.values():
        for asked in instrument.asked.values():
            for language in ("id", "en"):
                text = said(asked.question.text, language)
                assert 0 < len(text) <= 60, text
                assert "?" not in text
                assert not text.lower().startswith(("apakah", "sejauh mana", "berapa", "berdasarkan"))


def test_each_comes_after_what_it_takes_over(shipped: Mapping[str, Instrument]) -> None:
    order = list(shipped)
    assert order.index("epss-2022") < order.index("pemdi-2026")
    for before in ("ipm", "sakip-2021", "spbe-2020"):
        assert order.index(before) < order.index("smart-city-2023")


def test_an_instrument_that_feeds_itself_is_refused(tmp_path: Path, write: Write) -> None:
    one = changed((("id",), "one"), (("parts", 0, "questions", 0, "from"), "two"))
    two = changed((("id",), "two"), (("parts", 1, "questions", 0, "from"), "one"))
    write(one)
    write(two)
    with pytest.raises(ConfigError, match=r"feeds itself: (one -> two -> one|two -> one -> two)"):
        load_instruments(tmp_path)
    with pytest.raises(ConfigError, match="takes over the index of 'two', which is no instrument"):
        computing_order({"one": read_instrument(write(one))})


def test_indicators_that_are_not_known_are_refused(write: Write) -> None:
    path = write(changed((("parts", 0, "questions", 0, "indicator"), "eco_ipm")))
    assert read_instrument(path).asked["a/1"].question.indicator == "eco_ipm"
    assert read_instrument(path, {"eco_ipm"})
    with pytest.raises(ConfigError, match=r"indicator 'eco_ipm' is not known .*a/1.*Did you mean 'eco_ipn'"):
        read_instrument(path, {"eco_ipn"})


def test_the_small_instrument_is_in_order(write: Write) -> None:
    assert read_instrument(write(SMALL)).asked["a/2"].weight == Fraction(70)


Q1, Q2, B = ("parts", 0, "questions", 0), ("parts", 0, "questions", 1), ("parts", 1)
BANDS = ("rubrics", "r", "bands")
REFUSED: Mapping[str, tuple[dict[str, Any], str]] = {
    "weights that sum to 99": (changed(((*B, "weight"), 59)), "weights in the parts sum to 99, not 100"),
    "weights of questions": (changed(((*Q1, "weight"), 29)), "weights in a sum to 99, not 100"),
    "0.11 for a ninth": (changed(((*Q1, "weight"), 0.11), ((*Q2, "weight"), 99.88)), "sum to 99.99, not 100"),
    "no weight": (changed(((*Q1, "weight"), None)), "q1 in a has no weight"),
    "a weight of zero": (changed(((*Q1, "weight"), 0), ((*Q2, "weight"), 100)), "weights in a are more than zero"),
    "a weight that is a word": (changed(((*Q1, "weight"), "banyak")), "'banyak' is not a number"),
    "a weight nobody uses": (changed((("levels", 1, "follows"), "mean")), "q1 has a weight, and a is a plain mean"),
    "a gap in bands": (changed(((*BANDS, 1, "above"), 51)), "gap between the bands to 50 and above 51"),
    "bands that overlap": (changed(((*BANDS, 1, "above"), 49)), "bands overlap: to 50 and above 49; say with overlap"),
    "both bounds belong": (changed(((*BANDS, 1), {"from": 50, "score": 5})), "bands overlap"),
    "no bound belongs": (changed(((*BANDS, 0), {"below": 50, "score": 1})), "gap between the bands"),
    "a band of nothing": (changed(((*BANDS, 0), {"from": 9, "to": 1, "score": 1})), "holds no value"),
    "a winner without overlap": (changed((("rubrics", "r", "overlap"), "higher_score")), "and none overlap"),
    "a gap in predicates": (changed((("predicates", "bands", 1, "from"), 4)), "gap between the bands from 1 below 3"),
    "a scale without a name": (changed((("predicates", "bands", 1, "to"), 4)), "no predicate holds 5"),
    "a question twice": (changed(((*Q2, "code"), "q1"), ((*Q2, "text"), "Satu")), "question q1 stands twice in a"),
    "a part twice": (changed(((*B, "id"), "A")), "part 'a' stands twice"),
    "a part named as the index": (changed(((*B, "id"), "index")), "part 'index' stands twice"),
    "a part named as a question": (changed(((*B, "id"), "q1")), "'q1' is a part and the code of a question"),
    "an empty part": (changed(((*B, "questions"), [])), "b needs either parts or questions"),
    "a level too many": (
        changed((("levels",), [{"follows": "sum"}] * 3)),
        "a is 1 below the index, and there are 3 levels",
    ),
    "no levels": (changed((("levels",), None)), "needs levels, or a method"),
    "an unknown rubric": (changed(((*Q2, "rubric"), "s")), "rubric 's' is not known"),
    "an unused rubric": (changed(((*Q1, "rubric"), None)), "rubric 'r' is used by no question"),
    "an unknown sub-dimension": (changed(((*Q1, "sub_dimension"), "x")), "sub_dimension 'x' is not known"),
    "another's index, unnamed": (changed(((*Q1, "answered"), "external")), "say whose, with by or from"),
    "an unknown key": (changed(((*Q1, "weigth"), 1)), "unknown key 'weigth'. Did you mean 'weight'?"),
    "an unknown way of answering": (changed(((*Q1, "answered"), "guess")), "Input should be 'computed', 'evidence'"),
    "an unknown base": (changed((("based_on",), "smart-city-2032")), "no instrument 'smart-city-2032'. Did you mean"),
    "a cohort of unknown parts": (
        changed(
            (("parts", 0, "weight"), None),
            (("parts", 1, "weight"), None),
            (
                ("cohorts",),
                [
                    {
                        "id": "c",
                        "printed": "C",
                        "name": {"id": "C", "en": "C"},
                        "default": True,
                        "origin": "assumed",
                        "source": "s",
                        "weights": [{"origin": "assumed", "source": "s", "of": {"a": 50, "d": 50}}],
                    }
                ],
            ),
        ),
        "cohort c names 'd', which is no part",
    ),
}


@pytest.mark.parametrize(("content", "message"), REFUSED.values(), ids=REFUSED)
def test_what_contradicts_itself_is_refused(write: Write, content: dict[str, Any], message: str) -> None:
    path = write(content)
    found = read_form(path)
    assert isinstance(found, tuple)
    assert message in str(found[0])
    with pytest.raises(ConfigError) as caught:
        read_instrument(path)
    assert "\n" not in str(caught.value)
    assert path.name in caught.value.where
    assert caught.value.do


WRONG_COPIES: Mapping[str, tuple[str, str, str, str]] = {
    "Pemdi by 99": ("pemdi-2026", "I18, weight: 3", "I18, weight: 2", "weights in 6 sum to 14, not 15"),
    "SKM by 0.11": ("skm-2017", "weight: 1/9", "weight: 0.11", "weights in unsur sum to 0.99, not 1"),
    "SPBE by rounded thirds": ("spbe-2018", "weight: 10/3", "weight: 3.33", "weights in A7 sum to 19.98, not 20"),
    "EPSS by a press report": (
        "epss-2022",
        "from: 1.8, below: 2.6",
        "from: 1.9, below: 2.5",
        "gap between the bands from 1 below 1.8 and from 1.9 below 2.5",
    ),
    "SAKIP without 50-60": (
        "sakip-2021",
        "    - {above: 50, to: 60, letter: CC, is: {id: Cukup, en: Sufficient}}\n",
        "",
        "gap between the bands above 30 to 50 and above 60 to 70",
    ),
    "IID with weight 39": (
        "iid-2026",
        "'35', weight: 4",
        "'35', weight: 6",
        "sid can reach 117 points by its weights, not 111",
    ),
    "KAMI with 37 assets": (
        "kami-4.2",
        "AS1, weight: 1, repeat: 24",
        "AS1, weight: 1, repeat: 23",
        "aset can reach 165 points",
    ),
    "KAMI up to 916": ("kami-5.0", "to: 918", "to: 916", "thresholds of Rendah do not hold every total from 0 to 918"),
    "IPM without a goalpost": ("ipm", "rls: [0, 15], ", "", "no goalposts for 'rls'"),
    "IPM upside down": ("ipm", "uhh: [20, 85]", "uhh: [85, 20]", "goalposts of uhh are not in order"),
    "a share of nothing": ("sipsn", "by: timbulan", "by: timbunan", "a share of 'timbunan', which is no question"),
}


@pytest.mark.parametrize(("name", "old", "new", "message"), WRONG_COPIES.values(), ids=WRONG_COPIES)
def test_wrong_copies_that_are_in_circulation_are_refused(
    tmp_path: Path, name: str, old: str, new: str, message: str
) -> None:
    text = (SHIPPED / f"{name}.yaml").read_text()
    assert old in text
    path = tmp_path / f"{name}.yaml"
    path.write_text(text.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        read_instrument(path)
    assert message in str(caught.value)


def test_every_choice_between_public_copies_is_told(shipped: Mapping[str, Instrument]) -> None:
    silent = {name for name, instrument in shipped.items() if not instrument.choices}
    assert silent == {"spbe-2020"}


def test_all_mistakes_are_told_at_once(write: Write) -> None:
    found = read_form(write(changed(((*B, "weight"), 59), ((*Q1, "weight"), 29))))
    assert isinstance(found, tuple)
    assert len(found) == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"- a\n- b\n", "is not a mapping"), (b"a: [", "is not YAML"), (b"id: a\nid: b\n", "key 'id' is given twice"),
     (b"\xff\xfe", "cannot be read")],
)  # fmt: skip
def test_a_file_that_is_none_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        read_instrument(path)


def test_the_guide_names_every_instrument_and_its_example_is_in_order(tmp_path: Path) -> None:
    text = (REPOSITORY / "docs" / "instruments.md").read_text(encoding="utf-8")
    table = text.partition("| id | what |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`([a-z0-9.-]+)`", table)) == set(SIZES)
    example = tmp_path / "example.yaml"
    example.write_text(re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)[0])
    assert read_instrument(example).cohort("REGULER").weight["outcome"] == 40  # type: ignore[union-attr]
    keys = set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (`[a-z_`, ]+`) \|", text, re.MULTILINE))))
    assert set(Instrument.model_fields) - keys == {"answered", "based_on", "owner", "rubric", "sub_dimensions"}


def test_an_instrument_is_named_by_its_id_or_its_file(write: Write, tmp_path: Path) -> None:
    assert find_instrument("ipm").id == "ipm"
    assert find_instrument(str(write(SMALL))).id == "small"
    with pytest.raises(ConfigError, match=r"no instrument 'pemdi-2025'\. Did you mean 'pemdi-2026'\?"):
        find_instrument("pemdi-2025")
    with pytest.raises(ConfigError, match="cannot be read"):
        find_instrument(str(tmp_path / "absent.yaml"))


def test_a_file_may_change_a_shipped_one_key_by_key(write: Write) -> None:
    own = read_instrument(
        write({"based_on": "pemdi-2026", "id": "own", "missing": {}, "status": "assumed", "source": "what if"})
    )
    assert own.prefix == "own"
    assert len(own.asked) == 20
    assert own.missing == {}


def test_bands_that_overlap_as_printed_need_a_rule_and_get_one(write: Write) -> None:
    """Row 5b of the innovation index prints 2.34-5.92 beside 5.91 and more: with two decimals they share two values."""
    printed = [{"from": 5.91, "score": 1}, {"from": 2.34, "to": 5.92, "score": 2}, {"to": 2.35, "score": 3}]
    rubric = {"status": "transcribed", "basis": "b", "decimals": 2, "bands": printed}
    with pytest.raises(ConfigError, match="say with overlap which one wins"):
        read_instrument(write(changed((("rubrics", "r"), rubric))))
    for overlap, scores in (("higher_score", (2, 3)), ("lower_score", (1, 2))):
        read = read_instrument(write(changed((("rubrics", "r"), {**rubric, "overlap": overlap})))).rubrics["r"]
        assert (read.of_value(Fraction("5.92")).score, read.of_value(Fraction("2.35")).score) == scores


def test_bands_printed_with_decimals_leave_no_gap_between_them(write: Write) -> None:
    printed = [{"from": 25, "to": 64.99, "score": 1}, {"from": 65, "to": 100, "score": 2}]
    rubric = {"status": "official", "basis": "b", "bands": printed}
    with pytest.raises(ConfigError, match=r"there is a gap between the bands from 25 to 64\.99 and from 65 to 100"):
        read_instrument(write(changed((("rubrics", "r"), rubric))))
    read = read_instrument(write(changed((("rubrics", "r"), {**rubric, "decimals": 2})))).rubrics["r"]
    # Rounded first: 64.995 is 65.00.
    assert read.of_value(Fraction("64.994")).score == 1
    assert read.of_value(Fraction("64.995")).score == 2
    wider = [{"from": 25, "to": 64.98, "score": 1}, {"from": 65, "to": 100, "score": 2}]
    with pytest.raises(ConfigError, match=r"gap between the bands from 25 to 64\.98 and from 65 to 100"):
        read_instrument(write(changed((("rubrics", "r"), {**rubric, "bands": wider, "decimals": 2}))))
    with pytest.raises(ConfigError, match="24 is in no band"):
        read.of_value(Fraction(24))
