"""The six candidate marts of the example."""

from decimal import Decimal

import pytest

from ledger.project import columns, mart_of, pillar_ids
from tests.dbt_project.conftest import Built
from tests.dbt_project.landing import KOTIM, KUKAR, MALANG, candidates

Key = tuple[str, str, str]


def values(built: Built, wanted: str = "value, state") -> dict[Key, tuple[object, ...]]:
    rows = built.fetch(f"select region_code, indicator_id, period, {wanted} from {candidates()}")
    return {(str(row[0]), str(row[1]), str(row[2])): row[3:] for row in rows}


def test_everything_is_built_and_passes(built: Built) -> None:
    assert built.candidate.ok, built.candidate.first_failure()
    assert built.candidate.failed_marts() == ()
    assert {f"mart_{pillar}" for pillar in pillar_ids()} <= {node.name for node in built.candidate.nodes}


@pytest.mark.parametrize("pillar", pillar_ids())
def test_marts_keep_the_columns_their_readers_rely_on(built: Built, pillar: str) -> None:
    found = built.fetch(
        "select column_name, data_type from information_schema.columns "
        f"where table_schema = 'candidate' and table_name = 'mart_{pillar}' order by ordinal_position"
    )
    assert found == [(column.name, column.type.upper()) for column in columns(mart_of(pillar))]


@pytest.mark.parametrize(
    ("region", "indicator", "period", "value"),
    [
        (MALANG, "eco_ipm", "2021", "70.60"),
        (KUKAR, "eco_ipm", "2021", "74.06"),
        (KOTIM, "eco_ipm", "2021", "71.38"),
        (KUKAR, "eco_poverty_p0", "2021", "7.99"),
        (KUKAR, "env_waste_reduction", "2024", "15.68"),
        (KUKAR, "env_waste_handled", "2024", "57.94"),
        (KUKAR, "env_waste_managed", "2024", "73.62"),
        (KUKAR, "env_recycling_rate", "2024", "14.51"),
        (KOTIM, "env_waste_managed", "2024", "30.19"),
        (MALANG, "gov_revenue_realisation", "2023", "72.97"),
        (KOTIM, "gov_spbe", "2024", "3.22"),
        (MALANG, "liv_stunting_prevalence", "2024-08", "6.15"),
        (KUKAR, "liv_stunting_prevalence", "2024-08", "17.60"),
        (KUKAR, "liv_births_health_worker", "2024", "98.80"),
        (KUKAR, "soc_apm_9y", "2024", "95.00"),
        (KUKAR, "bra_investment_growth", "2024", "25.00"),
        (KOTIM, "bra_investment_growth", "2024", "-50.00"),
    ],
)
def test_figures(built: Built, region: str, indicator: str, period: str, value: str) -> None:
    assert values(built)[region, indicator, period] == (Decimal(value), "measured")


def test_p8_every_region_and_indicator_appears_with_a_state(built: Built) -> None:
    lacking = built.fetch(
        "select r.region_code, i.id from reference.regions r cross join definitions.indicators i "
        f"anti join {candidates()} v on v.region_code = r.region_code and v.indicator_id = i.id"
    )
    assert lacking == []


def test_p8_not_data_is_not_a_value(built: Built) -> None:
    found = values(built, "numerator, denominator, value, state")
    # Not in SIPSN's list of the year, although the city of the same name is.
    assert found[MALANG, "env_waste_managed", "2024"] == (None, None, None, "missing")
    # A blank part: 0.11 % would follow if it counted as zero.
    assert found[KOTIM, "env_recycling_rate", "2024"][2:] == (None, "missing")
    # A budget of nothing.
    assert found[KUKAR, "gov_apbd_realisation", "2023"] == (Decimal(70), Decimal(0), None, "missing")
    # No population of the year; and the three pupils that there are could be named.
    assert found[KOTIM, "soc_apm_9y", "2024"] == (None, None, None, "missing")
    # No school of the form is a number: zero.
    assert found[MALANG, "soc_schools", "2024"][2:] == (Decimal(0), "measured")


def test_p8_what_is_missing_names_the_batches_that_were_searched(built: Built) -> None:
    found = values(built, "batch_ids, synthetic")
    assert found[MALANG, "env_waste_managed", "2024"] == (["batch-dlh_sipsn-2024"], True)


def test_p6_small_counts_of_people_are_suppressed(built: Built) -> None:
    found = values(built, "numerator, denominator, value, state")
    # Two children; and two births without a health worker, which 48 of 50 would tell.
    assert found[KOTIM, "liv_stunting_prevalence", "2024-08"] == (None, None, None, "suppressed")
    assert found[KOTIM, "liv_births_health_worker", "2024"] == (None, None, None, "suppressed")


def test_a_bps_code_is_never_read_as_a_kemendagri_code(built: Built) -> None:
    """BPS 6402 is Kutai Barat (P0 10.24); Kutai Kartanegara, Kemendagri 64.02, is BPS 6403 (7.99)."""
    assert values(built)[KUKAR, "eco_poverty_p0", "2021"] == (Decimal("7.99"), "measured")
    assert built.fetch(f"select count(*) from {candidates()} where region_code = '64.03'") == [(0,)]


def test_published_figures_stand_beside_the_computed_ones(built: Built) -> None:
    found = values(built, "published_value, published_by")
    assert found[MALANG, "eco_ipm", "2021"] == (Decimal("70.60"), "BPS")
    assert found[KUKAR, "gov_spbe", "2024"] == (None, None)
