"""The scores of the example: three regencies, one of which the ministry's list does not name."""

import shutil
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from definitions.instruments import load_instruments
from ledger.project import pillar_ids
from pilar.evaluation.explained import write_explanations
from tests.dbt_project.conftest import Built
from tests.dbt_project.landing import KOTIM, KUKAR, MALANG, fetch
from tests.pilar.explanations import recomputed


def test_everything_is_built_and_passes(built: Built) -> None:
    assert built.scores.ok, built.scores.first_failure()


def test_the_reported_index_is_the_published_one(built: Built) -> None:
    found = built.fetch(
        "select region_code, rule_set_id, index_value, published_value, improvement, state "
        "from scores.index_scores where basis = 'reported' order by 1, 2"
    )
    assert found == [
        (MALANG, "2022-kppn-ikn", Decimal("2.51"), Decimal("2.51"), None, "measured"),
        (MALANG, "2023-kppn-ikn", Decimal("2.94"), Decimal("2.94"), Decimal("0.44"), "measured"),
        (KOTIM, "2023-reguler", None, None, None, "missing"),
        (KUKAR, "2023-kppn-ikn", Decimal("2.82"), Decimal("2.82"), None, "measured"),
    ]


def test_the_computed_index_replaces_outcome_only(built: Built) -> None:
    found = built.fetch(
        "select dimension, value, value_from, questions_scored, questions_total from scores.dimension_scores "
        f"where region_code = '{KUKAR}' and basis = 'computed' and value_from = 'computed'"
    )
    # 29 points over nine scored questions of the instrument's 33.
    assert found == [("outcome", Decimal("3.13"), "computed", 8, 33)]
    index = built.fetch(
        f"select index_value from scores.index_scores where region_code = '{KUKAR}' and basis = 'computed'"
    )
    # 0.36 + 0.578 + 0.626 + 0.518 + 0.664 + 0.12 = 2.866
    assert index == [(Decimal("2.87"),)]


def test_p8_a_dimension_without_weight_does_not_apply(built: Built) -> None:
    found = built.fetch("select state, value, weight from scores.dimension_scores where dimension = 'kolaborasi' "
                        f"and region_code = '{KOTIM}' and basis = 'reported'")  # fmt: skip
    assert found == [("not_applicable", None, None)]


def test_a_question_is_scored_from_the_latest_year_of_its_source(built: Built) -> None:
    found = built.fetch(
        "select region_code, period, value, score, state from scores.question_scores "
        "where indicator_id = 'gov_spbe' order by 1"
    )
    assert found == [
        (MALANG, "2024", None, None, "missing"),
        (KOTIM, "2024", Decimal("3.22"), Decimal(3), "measured"),
        # An index of 2023 does not pass for that of 2024.
        (KUKAR, "2024", None, None, "missing"),
    ]


def test_scores_on_boundaries_of_the_example(built: Built) -> None:
    found = dict(built.fetch(f"select indicator_id, score from scores.question_scores where region_code = '{KUKAR}'"))
    assert found["eco_ipm"] == Decimal(3)
    # Exactly 75 %: the printed answer 76-100 % begins above it.
    assert found["liv_water_proper"] == Decimal(3)
    assert found["liv_births_health_worker"] == Decimal(3)


def test_p8_a_suppressed_value_is_not_scored(built: Built) -> None:
    found = built.fetch(
        "select score, state from scores.question_scores "
        f"where indicator_id = 'liv_births_health_worker' and region_code = '{KOTIM}'"
    )
    assert found == [(None, "suppressed")]


def test_every_region_has_its_six_pillars(built: Built) -> None:
    found = built.fetch("select region_code, list(pillar) from scores.pillar_scores group by 1 order by 1")
    assert found == [(region, list(pillar_ids())) for region in (MALANG, KOTIM, KUKAR)]


def test_p3_a_held_pillar_says_since_when_and_why(built: Built) -> None:
    found = built.fetch(
        "select distinct pillar, held_since, held_reason from scores.pillar_scores where held_since is not null"
    )
    assert found == [("environment", datetime(2024, 10, 1, tzinfo=UTC), "fail: a check")]


def test_p9_what_is_not_official_is_marked(built: Built) -> None:
    assert built.fetch("select distinct rubric_version, rubric_status from scores.question_scores") == [
        ("asumsi-1", "assumed")
    ]


def test_p7_every_scored_question_names_its_batches(built: Built) -> None:
    assert built.fetch(
        "select count(*) from scores.question_scores where score is not null and len(batch_ids) = 0"
    ) == [(0,)]
    found = built.fetch(
        f"select batch_ids from scores.question_scores where region_code = '{KUKAR}' and indicator_id = 'soc_apm_9y'"
    )
    assert found == [(["batch-bps_indikator-2024", "batch-disdik_peserta_didik-20241"],)]


def test_the_explanations_follow_from_themselves_and_are_what_dbt_computed(built: Built, tmp_path: Path) -> None:
    warehouse = tmp_path / "explained.duckdb"
    shutil.copy(built.warehouse, warehouse)
    write_explanations(warehouse, load_instruments(), ())
    found = list(recomputed.sheets(fetch(warehouse, "select explanation from scores.explanations")))
    assert sum(map(recomputed.check, found)) > 400
    assert {sheet["role"] for sheet in found} == {"computed", "reported"}
    why = {one["why"] for sheet in found for one in sheet["questions"] if one.get("score") is None}
    assert why == {"no_indicator", "not_delivered", "not_in_data", "older_only", "suppressed"}
    gaps = fetch(warehouse, "select state, count(*) from scores.gaps group by state")
    assert {state for state, _ in gaps} >= {"reachable", "highest"}
