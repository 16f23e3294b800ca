"""The four commands that explain, over a publication: what they say, as a person and as a program reads it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ledger.errors import ConfigError, NoPublicationError
from pilar.cli import app
from publication import pointer
from publication.build import Published
from tests.pilar.explanations.recomputed import Recomputed, exact, read


@pytest.fixture(scope="module")
def installation(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose current publication is the sample."""
    folder = tmp_path_factory.mktemp("installation")
    shutil.copytree(published.path, folder / "published" / published.id)
    pointer.swap(folder / "published", published.id)
    return folder


@pytest.fixture(autouse=True)
def home(installation: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PILAR_HOME", str(installation))


def run(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def lines(*words: str) -> list[str]:
    result = run(*words)
    assert result.exit_code == 0, result.exception
    return [" ".join(line.split()) for line in result.output.splitlines()]


def told(*words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*words, "--json").output)
    return found


def test_a_score_is_told_from_the_index_to_the_bytes() -> None:
    shown = lines("explain", "kab kutai kartanegara", "outcome/17")
    names = [line.split()[0] for line in shown if line]
    assert shown[0] == "Kabupaten Kutai Kartanegara (64.02), smart-city-2023 of 2023, computed: outcome/17"
    chain = ["index", "outcome", "score", "band", "rubric", "value", "formula", "basis", "records", "source", "batch"]
    assert [name for name in names if name in chain] == chain
    assert any("assumed, not official" in line for line in shown)
    assert "formula 100 x 494 / 500, half up to 2 decimals" in shown
    assert any(line.startswith("check pilar trace 0193a1b0-") for line in shown)
    assert "pilar verify" in shown
    assert any("6 more (Births attended by a health worker) of 500 give 100; score 3 -> 4" in line for line in shown)


def test_a_question_without_an_answer_says_why_and_whose_it_is() -> None:
    shown = lines("explain", "64.02", "outcome/1")
    assert "owner Bappeda" in shown
    assert "why No data of its indicator has been delivered." in shown


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("index", "weighted mean of 10 x baseline 3.60"),
        ("outcome", "outcome 3.22 = mean of 9 scored questions of 33"),
        ("living", "living 3.67 = mean of 3 scored questions of 17"),
        ("I7", "pemdi-2026"),
    ],
)
def test_parts_pillars_and_other_instruments_are_told_too(name: str, said: str) -> None:
    assert any(said in line for line in lines("explain", "64.02", name))


def test_p7_what_others_gave_stands_beside() -> None:
    assert "reported 2.92 (stands by itself)" in lines("explain", "64.02", "outcome")


@pytest.mark.parametrize(
    ("words", "error", "says"),
    [
        (("explain", "64.02", "outcome/99"), ConfigError, "no question"),
        (("explain", "Bali", "index"), ConfigError, "province"),
        (("explain", "35.73", "index"), NoPublicationError, "explains nothing"),
        (("explain", "64.02", "index", "--instrument", "kami-5.0"), ConfigError, "no such scores"),
        (("whatif", "64.02", "outcome/17"), ConfigError, "QUESTION=VALUE"),
        (("whatif", "64.02", "outcome/17=many"), ConfigError, "no answer"),
        (("whatif", "64.02", "outcome/17=score:9"), ConfigError, "not from 0 to 4"),
        (("whatif", "64.02", "baseline/1=4"), ConfigError, "as it was given"),
        (("whatif", "64.02", "index=4"), ConfigError, "follows from its parts"),
        (("whatif", "64.02", "outcome/17=80", "outcome/17=90"), ConfigError, "two answers"),
        (("whatif", "64.02", "outcome/17=80", "OUTCOME/17=score:4"), ConfigError, "two answers"),
        (("whatif", "64.02", "baseline=3", "Baseline=4"), ConfigError, "two answers"),
        (("whatif", "64.02", "outcome=3", "outcome/17=80"), ConfigError, "outcome is tried as a whole"),
        (("whatif", "64.02", "outcome/17=80", "outcome=3"), ConfigError, "outcome is tried as a whole"),
        (("whatif", "64.02", "baseline=9"), ConfigError, "9 is not from 0 to 4"),
        (("whatif", "64.02", "baseline=-1"), ConfigError, "-1 is not from 0 to 4"),
        (("whatif", "64.02", "outcome/17=100.01"), ConfigError, "no possible value"),
        (("whatif", "64.02", "outcome/17=value:-0.01"), ConfigError, "no possible value"),
        (("whatif", "64.02", "outcome/17=1e400"), ConfigError, "no answer"),
        (("whatif", "64.02", "outcome/17=82%"), ConfigError, "no answer"),
        (("whatif", "64.02", "outcome/17=NaN"), ConfigError, "no answer"),
        (("whatif", "64.02", "outcome/17=3,5"), ConfigError, "no answer"),
        (("whatif", "64.02", f"outcome/17={'9' * 5000}"), ConfigError, "no answer"),
        (("steps", "64.02", "--target", "much"), ConfigError, "not a number"),
    ],
)
def test_what_cannot_be_told_says_so(words: tuple[str, ...], error: type[Exception], says: str) -> None:
    found = run(*words).exception
    assert isinstance(found, error)
    assert says in str(found)


@pytest.mark.parametrize("region", ["64.02", "62.02", "35.07"])
def test_trying_what_a_gap_names_gives_what_the_gap_promises(region: str) -> None:
    gaps = [one for one in told("gap", region)["gaps"] if "value_needed" in one]
    assert gaps
    for gap in gaps:
        value = gap.get("value_reached", gap["value_needed"])
        changes = told("whatif", region, f"{gap['question']}={value}")["changes"]
        after = {one["what"]: one["after"] for one in changes}
        assert exact(after[gap["question"]]) == exact(gap["next_score"])
        assert exact(after["index"]) == exact(gap["index"]["after"])
        assert exact(after.get(gap["pillar"]["id"], gap["pillar"]["after"])) == exact(gap["pillar"]["after"])


def test_a_part_may_be_tried_and_letters_too() -> None:
    assert "baseline 3.60 -> 4.00" in lines("whatif", "64.02", "baseline=4")
    assert "1/1 0.8 -> 0.9" in lines("whatif", "64.02", "1a=A", "--instrument", "sakip-2021")
    assert "outcome/17 3 -> 1" in lines("whatif", "64.02", "outcome/17=score:1")


def test_the_steps_reach_the_target_and_their_values_give_their_scores(published: Published) -> None:
    plan = told("steps", "64.02", "--target", "3,00")
    assert exact(plan["after"]) >= 3
    document = read((published.path / "v1/explanations/64.02.json").read_text())
    sheet = next(one for one in document["sheets"] if one["role"] == "computed")
    after = Recomputed(sheet, {one["question"]: exact(one["to"]) for one in plan["raises"]})
    assert after.value("index") == exact(plan["after"])
    for one in plan["raises"]:
        value = one["needs"].get("value_reached", one["needs"]["value_needed"])
        changes = told("whatif", "64.02", f"{one['question']}={value}")["changes"]
        assert exact(changes[0]["after"]) == exact(one["to"])


def test_the_steps_end_with_the_words_that_show_what_they_do() -> None:
    last = lines("steps", "64.02", "--target", "3,00")[-1]
    words = last.partition("`pilar ")[2].partition("`")[0].split()
    plan = told("steps", "64.02", "--target", "3,00")
    assert f"{plan['before']} -> {plan['after']}" in " ".join(lines(*words))


def test_a_target_that_nothing_reaches_is_said_with_the_exit_code() -> None:
    result = run("steps", "64.02", "--target", "4.00")
    assert result.exit_code == 1
    assert "stays below 4" in result.output


def test_costs_of_ones_own_decide(tmp_path: Path) -> None:
    costs = tmp_path / "costs.csv"
    costs.write_text("question,cost\noutcome/17,100\noutcome/4,1\n")
    plan = told("steps", "64.02", "--target", "2.90", "--costs", str(costs))
    assert [one["question"] for one in plan["raises"]] == ["outcome/4"]
    costs.write_text("question,price\noutcome/17,100\n")
    assert isinstance(run("steps", "64.02", "--target", "2.90", "--costs", str(costs)).exception, ConfigError)
