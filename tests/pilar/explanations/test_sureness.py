"""What an index of the sample rests on, and that its nominal value is the published one."""

import shutil
from dataclasses import astuple
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest

from definitions.exact import rounded
from definitions.variations import Variations, load_variations
from ledger.errors import ConfigError, PublicationError
from pilar.explanations.sureness import Sureness, sureness
from publication.tables import read_rows

KUKAR = "64.02"


def of(found: list[Sureness], region: str, basis: str) -> Sureness:
    return next(one for one in found if (one.region_code, one.basis, one.year) == (region, basis, 2023))


def altered(publication: Path, tmp_path: Path, *statements: str) -> Path:
    folder = tmp_path / "altered"
    folder.mkdir()
    file = Path(shutil.copyfile(publication / "marts.duckdb", folder / "marts.duckdb"))
    with duckdb.connect(str(file)) as connection:
        for statement in statements:
            connection.execute(statement)
    return folder


def test_every_index_is_the_published_one_and_lies_in_its_range(sample_publication: Path) -> None:
    with duckdb.connect(str(sample_publication / "marts.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "select region_code, rule_set_id, basis, index_value from scores.index_scores"
        ).fetchall()
    published = {tuple(row[:3]): row[3] for row in rows}
    found = sureness(sample_publication, load_variations())
    assert len(found) == len(published) == 7
    for one in found:
        assert one.range is not None
        assert one.range.nominal == published[one.region_code, one.rule_set, one.basis]
        assert one.range.least <= one.range.nominal <= one.range.most
    assert any(one.range is not None and one.range.least < one.range.most for one in found)


def test_shares_are_those_of_the_weights(sample_publication: Path) -> None:
    """Kutai Kartanegara: outcome weighs 0.2; 9 of its 33 questions have a score, 6 of them from simulated systems."""
    one = of(list(sureness(sample_publication, load_variations())), KUKAR, "computed")
    scored = Fraction(2, 10) / 9
    assert one.shares["assumed"] == Fraction(2, 10)
    assert one.shares["missing"] == Fraction(2, 10) * Fraction(24, 33)
    assert one.shares["simulated"] == Fraction(8, 10) + 6 * scored
    assert one.shares["proxy"] == 2 * scored
    assert one.shares["contradicted"] == 0
    assert one.sure == one.assumed_weights == 0


def test_the_published_table_says_what_the_function_says(sample_publication: Path) -> None:
    rows = {
        (row["region_code"], row["rule_set_id"], row["basis"]): row
        for row in read_rows(sample_publication, "from scores.sureness")
    }
    found = sureness(sample_publication, load_variations())
    assert len(rows) == len(found)
    for one in found:
        row = rows[one.region_code, one.rule_set, one.basis]
        assert one.range is not None
        told = [row[name] for name in ("index_value", "index_least", "index_most", "rank", "rank_best", "rank_worst")]
        assert told == list(astuple(one.range))
        shares = {kind: rounded(share, 6) for kind, share in one.shares.items()}
        assert {kind: row[f"share_{kind}"] for kind in one.shares} == shares
        assert [row["same_as_region_code"]] == ([other.region for other in one.meaningless] or [None])


def test_a_contradicted_figure_counts_in_its_own_region(sample_publication: Path, tmp_path: Path) -> None:
    folder = altered(
        sample_publication,
        tmp_path,
        "update quality.findings set subject = 'eco_ipm' where finding_id = '3'",
    )
    found = list(sureness(folder, load_variations()))
    assert of(found, KUKAR, "computed").shares["contradicted"] == Fraction(2, 10) / 9
    assert of(found, "35.07", "computed").shares["contradicted"] == 0
    assert of(found, KUKAR, "reported").shares["contradicted"] == 0


def test_without_an_index_there_is_no_range_and_what_is_missing_is_told(
    sample_publication: Path, tmp_path: Path
) -> None:
    own = f"region_code = '{KUKAR}' and basis = 'reported'"
    folder = altered(
        sample_publication,
        tmp_path,
        f"update scores.index_scores set index_value = null, state = 'missing' where {own}",
        f"update scores.dimension_scores set value = null, state = 'missing' where dimension = 'impact' and {own}",
    )
    one = of(list(sureness(folder, load_variations())), KUKAR, "reported")
    assert (one.range, one.of, one.meaningless) == (None, 2, ())
    assert one.shares["missing"] == Fraction(2, 10)
    assert one.sure == Fraction(8, 10)


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        (
            "update scores.index_scores set index_value = 2.95 where region_code = '35.07' and basis = 'reported'",
            "index",
        ),
        ("update scores.question_scores set score = 1 where question_key = '2023-outcome-13'", "2023-outcome-13"),
    ],
)
def test_an_index_that_does_not_follow_is_refused(
    sample_publication: Path, tmp_path: Path, statement: str, what: str
) -> None:
    with pytest.raises(PublicationError, match=what):
        sureness(altered(sample_publication, tmp_path, statement), load_variations())


def test_regions_that_are_near_differ_in_nothing_that_means_something(sample_publication: Path, tmp_path: Path) -> None:
    """Malang has 2.94, and Kutai Kartanegara gets it too by other dimensions."""
    own = f"region_code = '{KUKAR}' and basis = 'reported'"
    folder = altered(
        sample_publication,
        tmp_path,
        f"update scores.dimension_scores set value = 3.19 where dimension = 'impact' and {own}",
        f"update scores.index_scores set index_value = 2.94 where {own}",
    )
    alone = sureness(folder, load_variations(), KUKAR)
    assert {one.region_code for one in alone} == {KUKAR}
    (near,) = of(list(alone), KUKAR, "reported").meaningless
    assert near.region == "35.07"
    assert 0 < near.turned < 1
    assert of(list(sureness(sample_publication, load_variations(), KUKAR)), KUKAR, "reported").meaningless == ()


def test_more_draws_of_larger_variations_give_wider_ranges(sample_publication: Path) -> None:
    declared = load_variations()
    wide = declared.weights.model_copy(update={"percent": dict.fromkeys(declared.weights.percent, 50)})
    none = declared.weights.model_copy(update={"percent": dict.fromkeys(declared.weights.percent, 0)})

    def width(variations: Variations) -> Decimal:
        found = of(list(sureness(sample_publication, variations)), "35.07", "reported").range
        assert found is not None
        return found.most - found.least

    assert width(declared.model_copy(update={"weights": none})) == 0
    assert 0 < width(declared) < width(declared.model_copy(update={"weights": wide}))


@pytest.mark.parametrize(
    ("was", "becomes", "what"),
    [("step: 1/4", "step: 1/2", "step"), ("draws: 1000", "draws: 0", "draws"), ("seed: 20260101", "", "seed")],
)
def test_a_wrong_file_of_variations_is_refused(tmp_path: Path, was: str, becomes: str, what: str) -> None:
    from definitions.variations import FILE

    path = tmp_path / "variations.yaml"
    path.write_text(FILE.read_text().replace(was, becomes))
    with pytest.raises(ConfigError, match=what):
        load_variations(path)
