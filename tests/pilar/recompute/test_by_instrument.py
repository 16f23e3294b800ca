"""Answers to any instrument computed again: two forms of file, what was published, and what rounding allows."""

import json
import random
import time
from collections.abc import Callable, Mapping
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from definitions.instruments import SHIPPED, find_instrument
from ledger.errors import ConfigError
from pilar.cli import app
from pilar.recompute.by_instrument import Answered, Region, recompute_answers, render

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def _write(*lines: str, name: str = "answers.csv") -> Path:
        path = tmp_path / name
        path.write_text("\n".join([*lines, ""]))
        return path

    return _write


def shown(answered: Answered) -> str:
    output = StringIO()
    render(answered, Console(file=output, width=400))
    return output.getvalue()


def only(answered: Answered) -> Region:
    [region] = answered.regions
    return region


def sheet(**letters: str) -> list[str]:
    """A whole sheet of SAKIP: letters by component."""
    return ["code,value", *(f"{part}{sub},{letters[f'c{part}']}" for part in "1234" for sub in "abc")]


def test_a_sheet_of_letters_with_published_points_and_predicate(write: Write) -> None:
    lines = sheet(c1="A", c2="B", c3="CC", c4="C")
    found = recompute_answers(write(*lines, "1,27", "index,69.5", "predicate,B (Baik)"), "sakip-2021")
    region = only(found)
    assert (str(region.index), region.predicate) == ("69.50", "B (Baik)")
    assert {name: str(value) for name, value in region.parts.items()} == {
        "1": "27.00",
        "2": "21.00",
        "3": "9.00",
        "4": "12.50",
    }
    assert found.differences == ()
    assert "1 region under sakip-2021 (official); published figures: 2 compared, 0 differ" in shown(found)


def test_what_differs_is_shown_with_its_place(write: Write) -> None:
    lines = sheet(c1="A", c2="B", c3="CC", c4="C")
    found = recompute_answers(write(*lines, "1,27.01", "index,69.5", "predicate,BB"), "sakip-2021")
    assert [one.name for one in only(found).compared if one.differs] == ["1"]
    assert only(found).predicate_differs
    text = shown(found)
    assert "1 27.00, published 27.01\n" in text
    assert "predicate B (Baik), published BB\n" in text
    assert "2 compared, 2 differ" in text


def test_a_letter_that_disagrees_with_its_predicate_is_refused(write: Write) -> None:
    path = write(*sheet(c1="A", c2="A", c3="A", c4="A"), "predicate,A (Sangat Baik)")
    with pytest.raises(ConfigError, match=r"names two predicates: A \(Memuaskan\) and BB \(Sangat Baik\)"):
        recompute_answers(path, "sakip-2021")


@pytest.mark.parametrize(
    ("published", "differs"), [("3.21", True), ("3.22", False), ("3.23", False), ("3.24", True), ("3.225", False)]
)
def test_a_figure_differs_only_beyond_what_rounding_allows(write: Write, published: str, differs: bool) -> None:
    """I1 3.00 and I2 3.45 stand for 2.995 to 3.005 and 3.445 to 3.455: their mean is 3.22 to 3.23."""
    found = recompute_answers(write("code,value,published", "I1,3.00,", "I2,3.45,", f"1,,{published}"), "pemdi-2026")
    [compared] = only(found).compared
    assert (str(compared.computed)[:4], compared.differs) == ("3.23" if len(published) == 4 else "3.22", differs)


@pytest.mark.parametrize(("published", "differs"), [("5.00", False), ("5.01", True)])
def test_no_answer_stands_for_more_than_the_scale_has(write: Write, published: str, differs: bool) -> None:
    found = recompute_answers(write("code,value,published", "I19,5.00,", "I20,5.00,", f"7,,{published}"), "pemdi-2026")
    assert [one.differs for one in only(found).compared] == [differs]


@pytest.mark.parametrize(
    ("published", "differs"), [("49.93", False), ("50.08", False), ("49.92", True), ("50.09", True)]
)
def test_a_share_may_be_more_where_what_it_is_by_is_less(write: Write, published: str, differs: bool) -> None:
    """5.00 of 10.00 t is 4.995 of 10.005 (49.93 %) to 5.005 of 9.995 (50.08 %)."""
    path = write("region,timbulan,pengurangan,persen_pengurangan", f"A,10.00,5.00,{published}")
    assert [one.differs for one in only(recompute_answers(path, "sipsn")).compared] == [differs]


def test_what_waits_and_what_is_missing_is_told(write: Write) -> None:
    answers = [f"I{nth},3" for nth in range(1, 20) if nth not in (5, 6, 7, 18)]
    found = recompute_answers(write("code,value", *answers, "I20,"), "pemdi-2026")
    region = only(found)
    assert region.index is None
    assert region.unanswered == ("7/2",)
    assert region.waiting == ("3/1", "3/2", "3/3", "6/4")
    text = shown(found)
    assert "waiting for another body's index: 3/1 (I5), 3/2 (I6), 3/3 (I7), 6/4 (I18)\n" in text
    assert "not answered: 7/2 (I20)\n" in text
    assert "without an index, for an answer is missing: 1" in text


def test_a_part_with_answers_below_it_is_published_and_one_without_is_given(write: Write) -> None:
    lines = ["code,value", "D1,3", "D2,3.3", "D3,2.18", "D4,3.55", "index,3.19"]
    given = recompute_answers(write(*lines), "spbe-2020")
    assert [one.name for one in only(given).compared] == ["index"]
    assert str(only(given).index) == "3.19"
    published = recompute_answers(write(*lines, "A3,2", "A4,2"), "spbe-2020")
    # Domain 2 has an aspect without an answer now: it cannot be computed, and nothing is said of what was published.
    compared = {one.name: one for one in only(published).compared}
    assert set(compared) == {"D2", "index"}
    assert compared["D2"].computed is None
    assert published.differences == ()
    assert "could not be computed: 2" in shown(published)


def test_several_regions_of_a_wide_table(write: Write) -> None:
    head = "name,baseline,output,outcome,impact,quick_wins,kolaborasi,nilai_final,ket,pic"
    path = write(
        head, "A,3.48,2.86,3.27,3.04,3.48,,3.21,REGULER,x", "B,1.92,1.63,2.29,2.8,1.73,0,1.87,KPPN & IKN,y"
    )  # fmt: skip
    found = recompute_answers(path, "smart-city-2023")
    assert [(one.region, one.cohort, str(one.index)) for one in found.regions] == [
        ("A", "reguler", "3.21"),
        ("B", "kppn-ikn", "1.88"),
    ]
    assert [one.region for one in found.differences] == ["B"]
    text = shown(found)
    assert "columns not used: pic\n" in text
    assert "line 3: B: index 1.88, published 1.87\n" in text


def test_the_cohort_is_told_by_a_part_where_it_is_not_stated(write: Write) -> None:
    path = write("name,baseline,output,outcome,impact,quick_wins,kolaborasi", "A,1,2,3,4,0,", "B,1,2,3,4,0,2")
    assert [one.cohort for one in recompute_answers(path, "smart-city-2023").regions] == ["reguler", "kppn-ikn"]


@pytest.mark.parametrize("again", ["reguler", "Reguler", " REGULER"])
def test_a_cohort_may_be_written_in_any_case(write: Write, again: str) -> None:
    path = write("cohort,code,value", "REGULER,baseline,3", f"{again},output,3")
    assert only(recompute_answers(path, "smart-city-2023")).cohort == "reguler"


def test_a_value_that_the_cohort_does_not_weigh_is_told(write: Write) -> None:
    path = write("name,baseline,output,outcome,impact,quick_wins,kolaborasi,ket", "A,1,2,3,4,0,2,REGULER")
    found = recompute_answers(path, "smart-city-2023")
    assert str(only(found).index) == "2.20"
    assert "kolaborasi is not weighed under REGULER, and not used" in shown(found)


def test_innovations_and_measured_values(write: Write) -> None:
    path = write(
        "region,cohort,code,value,measured", "A,2026,16#1,3,", "A,,33a#1,,300", "A,,36,13,", "A,,urusan,5,", "A,,8,WTP,"
    )
    region = only(recompute_answers(path, "iid-2026"))
    assert {name: str(value) for name, value in region.parts.items()} == {
        "spd": "4.50",
        "sid": "1.15",
        "jumlah": "4.94",
    }
    wide = write("region,16#1,36,urusan,8", "A,3,13,5,WTP")
    assert str(only(recompute_answers(wide, "iid-2026")).parts["sid"]) == "0.69"


def test_fractions_are_exact(write: Write) -> None:
    totals = (105, 101, 100, 116, 102, 105, 106, 105, 115)
    found = recompute_answers(
        write("no,nrr", *(f"U{nth},{total}/29" for nth, total in enumerate(totals, 1)), "SKM,91.4751"), "skm-2017"
    )
    assert (str(only(found).index), found.differences) == ("91.48", ())


def test_sums_of_rounded_tonnes_may_differ_by_their_rounding(write: Write) -> None:
    head = "region,timbulan,pengurangan,penanganan,terkelola,index"
    found = recompute_answers(
        write(head, 'A,"1,000.00",100.14,200.15,300.30,30.03', "B,1000,100.14,200.15,300.31,30.03"), "sipsn"
    )
    assert [[one.name for one in region.compared if one.differs] for region in found.regions] == [[], ["terkelola"]]


def test_an_instrument_of_ones_own(write: Write) -> None:
    own = write(
        "based_on: sakip-2021",
        "id: own",
        "status: assumed",
        "source: what if",
        "rubrics: {huruf: {status: assumed, basis: halves, options: {A: 1, B: 0.5}}}",
        name="own.yaml",
    )
    found = recompute_answers(write(*sheet(c1="A", c2="B", c3="A", c4="B")), str(own))
    assert str(only(found).index) == "72.50"
    assert "under own (assumed)" in shown(found)


BAD: Mapping[str, tuple[str, list[str], str]] = {
    "a code nobody asks": ("pemdi-2026", ["code,value", "I21,3"], "'I21' is no question and no part of pemdi-2026"),
    "a code of several": ("smart-city-2023", ["code,value", "5.1.1,3"], "stands for 10 questions"),
    "an empty code": ("pemdi-2026", ["code,value", ",3"], "the code is empty"),
    "a code twice": ("pemdi-2026", ["code,value", "I1,3", "I1,4"], "stands twice for the region, first in line 2"),
    "two codes of one question": ("pemdi-2026", ["code,value", "I1,3", "1/1,4"], "is answered twice"),
    "a decimal comma": ("pemdi-2026", ["code,value", 'I1,"3,5"'], "'3,5' has a decimal comma"),
    "thousands that may be a decimal": ("sipsn", ["code,value", 'timbulan,"1,066"'], "has a decimal comma"),
    "a word": ("pemdi-2026", ["code,value", "I1,baik"], "takes a number"),
    "a published word": ("pemdi-2026", ["code,published", "1,baik"], "'baik' is not a number"),
    "above the scale": ("pemdi-2026", ["code,value", "I1,6"], "6 is not from 1 to 5"),
    "a cohort nobody knows": ("pemdi-2026", ["code,value,cohort", "I1,3,X"], "the cohort 'X' is not known"),
    "two cohorts": ("iid-2026", ["code,value,cohort", "1,3,2026", "8,WTP,2027"], "the region has two cohorts"),
    "nothing it knows": ("pemdi-2026", ["a,b", "1,2"], "no column is a code of pemdi-2026"),
    "two columns of values": ("skm-2017", ["no,nrr,value", "U1,3,3"], "several columns are the value"),
    "a part twice": ("smart-city-2023", ["code,value", "baseline,3", "BASELINE,2"], "is answered twice"),
    "a part above the scale": ("smart-city-2023", ["code,value", "baseline,9"], "9 is not from 0 to 4"),
    "a number of thousands of digits": ("sipsn", ["code,value", f"timbulan,{'9' * 5000}"], "takes a number"),
    "a fraction of thousands of digits": ("sipsn", ["code,measured", f"timbulan,1/{'9' * 5000}"], "is not a number"),
    "thousands of decimals": ("pemdi-2026", ["code,published", f"index,0.{'9' * 5000}"], "is not a number"),
    "a score and a value": ("smart-city-2023", ["code,value,measured", "outcome/1,3,10"], "a value and a measured one"),
    "a score above a value": (
        "smart-city-2023",
        ["code,value,measured", "outcome/1,3,", "outcome/1,,10"],
        "a value and a measured one",
    ),
    "two predicates": ("sakip-2021", ["code,value,published", "predicate,A,BB"], "predicate is published twice"),
    "two lines of predicates": ("sakip-2021", ["code,value", "predicate,A", "Predicate,BB"], "published twice"),
    "semicolons": ("pemdi-2026", ["code;value", "I1;3"], "separated by semicolons"),
}


@pytest.mark.parametrize(("instrument", "lines", "message"), BAD.values(), ids=BAD)
def test_what_cannot_be_used_is_refused_with_its_place(
    write: Write, instrument: str, lines: list[str], message: str
) -> None:
    path = write(*lines)
    with pytest.raises(ConfigError) as caught:
        recompute_answers(path, instrument)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_rows_in_any_order_give_the_same(write: Write) -> None:
    lines = [f"R{region},I{nth},{(region * nth) % 5 + 1}" for region in range(4) for nth in range(1, 21)]
    before = recompute_answers(write("region,code,value", *lines), "pemdi-2026")
    random.Random(5).shuffle(lines)  # noqa: S311 - an order, no secret
    after = recompute_answers(write("region,code,value", *lines), "pemdi-2026")
    assert {one.region: one.parts for one in before.regions} == {one.region: one.parts for one in after.regions}


def test_the_command_tells_by_its_exit_code_and_as_json(write: Write) -> None:
    good = write(*sheet(c1="A", c2="A", c3="A", c4="A"), "index,90")
    words = ["recompute", str(good), "--instrument", "sakip-2021"]
    done = CliRunner().invoke(app, words)
    assert (done.exit_code, "A (Memuaskan)" in done.output) == (0, True)
    told = json.loads(CliRunner().invoke(app, [*words, "--json"]).output)
    assert (told["instrument"], told["status"], told["differences"]) == ("sakip-2021", "official", [])
    assert told["regions"][0]["index"] == "90.00"
    bad = write(*sheet(c1="A", c2="A", c3="A", c4="A"), "index,90.01", name="bad.csv")
    assert CliRunner().invoke(app, ["recompute", str(bad), "--instrument", "sakip-2021"]).exit_code == 1
    refused = CliRunner().invoke(app, [*words, "--year", "2023"])
    assert isinstance(refused.exception, ConfigError)


def test_514_regions_of_117_answers_take_less_than_two_seconds(write: Write) -> None:
    """Some 60,000 answers; the machine may be busy, so the bound is wide. What is constant is prepared once."""
    instrument = find_instrument("smart-city-2023")
    keys = list(instrument.asked)
    numbers = ("2.80", "3.00", "3.60", "4.00", "1.20")
    lines = [",".join([f"R{n}", *(numbers[(n + at) % 5] for at in range(len(keys)))]) for n in range(514)]
    path = write(",".join(["region", *keys]), *lines)
    begun = time.process_time()
    found = recompute_answers(path, "smart-city-2023")
    assert time.process_time() - begun < 2
    assert len(found.regions) == 514
    assert all(one.index is not None for one in found.regions)


@pytest.mark.real
@pytest.mark.parametrize(
    ("table", "instrument", "regions", "compared"),
    [
        ("indices/result_epss_worked_example.csv", "epss-2022", 1, 1),
        ("indices/result_skm_bantul_dptr_2023.csv", "skm-2017", 1, 1),
        ("ipm_jatim_2019_2021/derived_components_and_published.csv", "ipm", 114, 114),
        ("ministry_results/index_2022.csv", "smart-city-2022", 20, 20),
        ("ministry_results/index_2023_stage2.csv", "smart-city-2023", 72, 72),
        ("sipsn_2024/Data_Capaian_Pengelolaan_Sampah.csv", "sipsn", 159, 600),
        ("sipsn_kaltim_2019_2024/capaian_kaltim_2019_2024.csv", "sipsn", 40, 160),
    ],
)
def test_published_tables_as_they_are(
    real_data: Path, table: str, instrument: str, regions: int, compared: int
) -> None:
    """Nothing is renamed or mended first: the instrument knows what the table calls its columns."""
    found = recompute_answers(real_data / table, instrument)
    assert len(found.regions) >= regions
    assert sum(one.computed is not None for region in found.regions for one in region.compared) >= compared
    assert found.differences == ()


@pytest.mark.real
@pytest.mark.parametrize(("year", "differ"), [(2018, set()), (2019, {"A3", "A5"})])
def test_the_published_nodes_of_denpasar(real_data: Path, write: Write, year: int, differ: set[str]) -> None:
    """Of 2019 two aspects do not follow from the levels that were kept, nor what stands above them."""
    levels = {2018: "result_spbe_denpasar_2018.csv", 2019: "result_spbe_denpasar_2019_levels.csv"}[year]
    rows = [line.split(",") for line in (real_data / "indices" / levels).read_text().splitlines()[1:]]
    nodes = [
        line.split(",")
        for line in (real_data / "indices" / "result_spbe_denpasar_aggregates.csv").read_text().splitlines()
    ]
    path = write(
        "code,value", *(f"{row[0]},{row[2]}" for row in rows), *(f"{n[1]},{n[3]}" for n in nodes if n[0] == str(year))
    )
    compared = only(recompute_answers(path, "spbe-2018")).compared
    assert len(compared) == 11
    aspects = {one.name for one in compared if one.differs and one.name.startswith("A")}
    assert aspects == differ


def test_every_foreign_name_leads_to_something(subtests: pytest.Subtests) -> None:
    for path in SHIPPED.glob("*.yaml"):
        instrument = find_instrument(path.stem)
        words = {"code", "value", "region", "cohort", "year", "index"}
        for theirs, ours in instrument.names.items():
            with subtests.test(f"{instrument.id}: {theirs}"):
                assert ours in words or ours.casefold() in instrument.targets
