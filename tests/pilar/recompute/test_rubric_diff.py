"""What other rules would change, before they are adopted: in the definitions, and for every region of a list."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from definitions.instruments import find_instrument, read_instrument
from ledger.errors import ConfigError
from pilar.cli import app
from pilar.recompute.rubric_diff import Change, changes, effects

Write = Callable[[str, str], Path]

WHAT_IF = """
based_on: smart-city-2023
id: what-if
status: assumed
source: outcome for quick wins
cohorts:
  - id: reguler
    printed: REGULER
    name: {id: Coba, en: What if}
    default: true
    origin: assumed
    source: what if
    weights:
      - {origin: assumed, source: what if, of: {baseline: 10, output: 20, outcome: 40, impact: 20, quick_wins: 10}}
"""
LIST = """name,baseline,output,outcome,impact,quick_wins,nilai_final,ket
A,3,3,3,3,3,3,REGULER
B,3,3,2,3,4,3,REGULER
C,3,3,4,3,2,3,REGULER
D,2,2,2,2,2,2,REGULER
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def _write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return _write


def test_nothing_differs_from_itself() -> None:
    instrument = find_instrument("smart-city-2023")
    assert changes(instrument, instrument) == ()


def test_other_weights_move_regions(write: Write) -> None:
    """A stays at 3.00; B loses 0.1 x 2 and 0.1 x 4 is taken: 2.80 from 3.00 - 0.10; C gains as much."""
    own = read_instrument(write("own.yaml", WHAT_IF))
    found = effects(write("list 2023.csv", LIST), find_instrument("smart-city-2023"), own)
    assert [(one.region, str(one.before), str(one.after), str(one.difference)) for one in found] == [
        ("A", "3.00", "3.00", "0.00"),
        ("B", "2.90", "2.70", "-0.20"),
        ("C", "3.10", "3.30", "0.20"),
        ("D", "2.00", "2.00", "0.00"),
    ]
    assert [(one.rank_before, one.rank_after, one.move) for one in found] == [
        (2, 2, 0),
        (3, 3, 0),
        (1, 1, 0),
        (4, 4, 0),
    ]


def test_the_definitions_differ_in_plain_words(write: Write) -> None:
    own = read_instrument(write("own.yaml", WHAT_IF))
    found = changes(find_instrument("smart-city-2023"), own)
    assert Change("status", "official", "assumed") in found
    assert Change("cohort REGULER: weight of outcome", "30", "40") in found
    assert Change("cohort REGULER: weight of quick_wins", "20", "10") in found
    assert Change("cohort KPPN&IKN", "", None) in found
    assert not [one for one in found if one.what.startswith("question")]


def test_questions_are_known_by_their_words_and_not_by_their_codes() -> None:
    found = changes(find_instrument("smart-city-2022"), find_instrument("smart-city-2023"))
    new = {
        one.what for one in found if one.before is None and one.what.startswith("question outcome") and not one.after
    }
    assert {"question outcome: Pertumbuhan realisasi investasi dua tahun",
            "question outcome: Identitas visual daerah ditetapkan dan dipakai"} <= new  # fmt: skip
    # Stunting moved from 3.11.1 to 3.12.1, and is the same question.
    assert not [one for one in found if "stunting" in one.what and not one.what.endswith("rubric")]


@pytest.mark.parametrize(
    ("before", "after", "what", "old", "new"),
    [
        ("pemdi-2026", "spbe-2020", "predicate Memuaskan", "from 4 to 5", "from 4.2 to 5"),
        ("kami-4.2", "kami-5.0", "method gate no_planned_first", "False", "True"),
        ("kami-4.2", "kami-5.0", "method thresholds Rendah bands 4 to", "645", "918"),
        ("sakip-2021", "epss-2022", "scale", "0 to 1", "1 to 5"),
    ],
)
def test_numbers_of_other_kinds_are_told_too(before: str, after: str, what: str, old: str, new: str) -> None:
    found = {one.what: one for one in changes(find_instrument(before), find_instrument(after))}
    assert (found[what].before, found[what].after) == (old, new)


def test_another_rubric_is_told_and_moves_an_index(write: Write) -> None:
    text = "\n".join([
        "based_on: sakip-2021", "id: strict", "status: assumed", "source: what if",
        "rubrics: {huruf: {status: assumed, basis: stricter, options: {AA: 1, A: 0.8, B: 0.6}}}",
    ])  # fmt: skip
    strict = read_instrument(write("strict.yaml", text))
    old = find_instrument("sakip-2021")
    assert [one.after for one in changes(old, strict) if one.what.endswith("Keberadaan laporan: rubric")] == [
        "AA: 1; A: 0.8; B: 0.6 (assumed)"
    ]
    rows = [
        f"{region},{part}{sub},{letter}"
        for region, letter in (("X", "A"), ("Y", "B"))
        for part in "1234"
        for sub in "abc"
    ]
    found = effects(write("answers.csv", "\n".join(["region,code,value", *rows, ""])), old, strict)
    assert [
        (one.region, str(one.before), str(one.after), one.predicate_before, one.predicate_after) for one in found
    ] == [
        ("X", "90.00", "80.00", "A (Memuaskan)", "BB (Sangat Baik)"),
        ("Y", "70.00", "60.00", "B (Baik)", "CC (Cukup)"),
    ]


def test_equal_ones_share_a_rank_and_cohorts_are_ranked_apart(write: Write) -> None:
    lines = "name,baseline,output,outcome,impact,quick_wins,kolaborasi,ket\n"
    lines += "".join(f"{name},{v},{v},{v},{v},{v},,REGULER\n" for name, v in (("A", 3), ("B", 3), ("C", 2)))
    lines += "D,1,1,1,1,1,1,KPPN&IKN\n"
    instrument = find_instrument("smart-city-2023")
    found = effects(write("list.csv", lines), instrument, instrument)
    assert [one.rank_before for one in found] == [1, 1, 3, 1]


def test_a_region_stays_in_its_cohort(write: Write) -> None:
    """The list of 2022 is KPPN&IKN. Under the rules of 2023 that cohort weighs Kolaborasi, which 2022 did not have."""
    path = write("list.csv", "name,baseline,output,outcome,impact,quick_wins\nA,1.4,1.54,2.92,2.56,3.08\n")
    [found] = effects(path, find_instrument("smart-city-2022"), find_instrument("smart-city-2023"))
    assert (str(found.before), found.after, found.difference, found.cohort) == ("2.51", None, None, "kppn-ikn")


def test_codes_that_only_one_of_them_asks_are_left_out_and_unknown_ones_refused(write: Write) -> None:
    old, new = find_instrument("spbe-2020"), find_instrument("pemdi-2026")
    path = write(
        "a.csv", "code,value\n" + "".join(f"{n},3\n" for n in range(1, 48)) + "".join(f"I{n},4\n" for n in range(1, 21))
    )
    [found] = effects(path, old, new)
    assert (found.before, found.after) == (Decimal("3.00"), Decimal("4.00"))
    with pytest.raises(ConfigError, match="'X1' is no question"):
        effects(write("b.csv", "code,value\nX1,3\n"), old, new)


def test_the_command(write: Write) -> None:
    own, path = write("own.yaml", WHAT_IF), write("list.csv", LIST)
    words = ["rubric", "diff", "smart-city-2023", str(own)]
    plain = CliRunner().invoke(app, words)
    assert plain.exit_code == 0
    assert "cohort REGULER: weight of outcome: 30 -> 40\n" in plain.output
    assert "cohort KPPN&IKN: only in smart-city-2023\n" in plain.output
    whole = CliRunner().invoke(app, [*words, str(path)])
    assert whole.exit_code == 0
    assert "4 regions: 1 higher, 1 lower, 2 the same; 0 with another predicate; 0 with another rank" in whole.output
    told = json.loads(CliRunner().invoke(app, [*words, str(path), "--json"]).output)
    assert (told["before"], told["after"], told["regions"][1]["difference"]) == ("smart-city-2023", "what-if", "-0.20")
