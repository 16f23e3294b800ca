"""The shipped instruments on published results: every node that was printed follows from what was printed below it."""

import csv
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from definitions.exact import rounded
from definitions.instruments import load_instruments
from definitions.scoring import Answer, Scored, improvement, score

pytestmark = pytest.mark.real

SHIPPED = load_instruments()
DIMENSIONS = {
    "Baseline": "baseline",
    "Output": "output",
    "Outcome": "outcome",
    "Impact": "impact",
    "Quick Wins": "quick_wins",
    "Kolaborasi": "kolaborasi",
}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def listed(path: Path, name: str) -> dict[str, tuple[dict[str, str], Scored]]:
    """Each region of a ministry's list with what follows from its dimensions."""
    dimensions = DIMENSIONS.values()
    return {
        row["name"]: (row, score(SHIPPED[name], {d: Decimal(row[d]) for d in dimensions if row.get(d)}, row.get("ket")))
        for row in rows(path)
    }


def test_every_index_and_improvement_of_both_lists(real_data: Path) -> None:
    folder = real_data / "ministry_results"
    before = listed(folder / "index_2022.csv", "smart-city-2022")
    now = listed(folder / "index_2023_stage2.csv", "smart-city-2023")
    for row, found in (*before.values(), *now.values()):
        assert found.index.value == Decimal(row["nilai_final"]), row["name"]
    both = set(before) & set(now)
    assert len(both) >= 11
    for name in both:
        row, found = now[name]
        assert improvement(SHIPPED["smart-city-2023"], found, before[name][1]) == Decimal(row["improvement"]), name


@pytest.mark.parametrize(("year", "dimensions"), [(2022, 5), (2023, 6)])
def test_every_dimension_of_kabupaten_malang_is_the_mean_of_its_questions(
    real_data: Path, year: int, dimensions: int
) -> None:
    answers: dict[str, Answer] = {}
    published: dict[str, Decimal] = {}
    positions: Counter[str] = Counter()
    codes: dict[str, str] = {}
    for row in rows(real_data / "ministry_results" / f"malang_{year}_questions.csv"):
        dimension = DIMENSIONS[row["dimensi"]]
        positions[dimension] += 1
        key = f"{dimension}/{positions[dimension]}"
        answers[key] = Decimal(row["nilai"])
        codes[key] = row["pertanyaan_raw"].split()[0].rstrip(".")
        published[dimension] = Decimal(row["rata_rata_terbit"])
    instrument = SHIPPED[f"smart-city-{year}"]
    # The printed codes in the printed order are the instrument's own.
    assert codes == {key: asked.code for key, asked in instrument.asked.items()}
    found = score(instrument, answers, "KPPN&IKN")
    assert len(published) == dimensions
    assert {name: found.nodes[name].value for name in published} == published
    assert str(found.index.value) == {2022: "2.51", 2023: "2.94"}[year]


def denpasar(real_data: Path, file: str, level: str) -> Scored:
    levels = rows(real_data / "indices" / file)
    return score(SHIPPED["spbe-2018"], {row["no"]: Decimal(row[level]) for row in levels})


def published_nodes(real_data: Path, year: str) -> Mapping[str, Decimal]:
    found = rows(real_data / "indices" / "result_spbe_denpasar_aggregates.csv")
    return {row["node"].replace("INDEX", "index"): Decimal(row["published"]) for row in found if row["year"] == year}


def test_all_eleven_nodes_of_denpasar_2018(real_data: Path) -> None:
    found = denpasar(real_data, "result_spbe_denpasar_2018.csv", "level_final")
    published = published_nodes(real_data, "2018")
    assert len(published) == 11
    assert {name: node.value for name, node in found.nodes.items()} == published


def test_denpasar_2019_follows_from_unrounded_parts_and_two_aspects_not_from_the_stored_levels(real_data: Path) -> None:
    published = published_nodes(real_data, "2019")
    from_levels = denpasar(real_data, "result_spbe_denpasar_2019_levels.csv", "level_stored")
    differ = {name for name, value in published.items() if from_levels.nodes[name].value != value}
    assert {"A3", "A5"} <= differ
    assert differ <= {"A3", "A5", "D2", "index"}
    # The other aspects from their levels, these two as fractions of their two and three indicators: 3.50 and 2.67.
    whole = {row["no"]: Decimal(row["level_stored"]) for row in
             rows(real_data / "indices" / "result_spbe_denpasar_2019_levels.csv")}  # fmt: skip
    found = score(SHIPPED["spbe-2018"], whole | {"19": Decimal(4), "24": Decimal(2)})
    assert {name: node.value for name, node in found.nodes.items()} == published
    assert found.index.exact is not None
    assert str(round(found.index.exact, 4)) == "33333/10000"
    # From rounded domains it would be another index.
    rounded = score(SHIPPED["spbe-2018"], {name: published[name] for name in ("D1", "D2", "D3")})
    assert str(rounded.index.value) == "3.34"


def test_the_domain_values_of_the_worked_example_of_epss(real_data: Path) -> None:
    example = rows(real_data / "indices" / "result_epss_worked_example.csv")
    found = score(
        SHIPPED["epss-2022"], {r["domain"]: Decimal(r["domain_index"]) for r in example if r["domain"] != "index"}
    )
    [index] = [Decimal(row["domain_index"]) for row in example if row["domain"] == "index"]
    assert found.index.exact == index


def test_every_human_development_index_of_east_java(real_data: Path) -> None:
    table = rows(real_data / "ipm_jatim_2019_2021" / "derived_components_and_published.csv")
    codes = [asked.code for asked in SHIPPED["ipm"].asked.values()]
    found = [(score(SHIPPED["ipm"], {code: Decimal(row[code]) for code in codes}), row) for row in table]
    assert len(found) == 114
    assert [row["kabupaten_kota"] for one, row in found if one.index.value != Decimal(row["ipm_terbit"])] == []
    bands = {"Low": "Rendah", "Normal": "Sedang", "High": "Tinggi", "Very-High": "Sangat Tinggi"}
    assert [str(one.predicate) for one, _ in found] == [bands[row["kategori"]] for _, row in found]


@pytest.mark.parametrize(
    ("weight", "index"), [(None, "87.28"), ("0.11", "86.41"), ("0.111", "87.19")], ids=["1/9", "0.11", "0.111"]
)
def test_the_satisfaction_of_bantul_is_told_by_ninths_alone(real_data: Path, weight: str | None, index: str) -> None:
    """Dinas Pertanahan dan Tata Ruang 2023: 87.28 is published. The printed weights give another value."""
    table = rows(real_data / "indices" / "result_skm_bantul_dptr_2023.csv")
    [published] = [row["nrr"] for row in table if row["no"] == "SKM"]
    answers = {row["no"]: Decimal(row["nrr"]) for row in table if row["no"] != "SKM"}
    skm = SHIPPED["skm-2017"]
    if weight is None:
        found = score(skm, answers)
        assert str(found.index.value) == index == published
        assert str(found.predicate) == "B (Baik)"
    else:
        assert (
            str(rounded(sum((Fraction(v) for v in answers.values()), Fraction(0)) * Fraction(weight) * 25, 2)) == index
        )
