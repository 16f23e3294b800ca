"""A record gives the rows that the hand-written model of its one source gives, under the record's codes."""

import shutil
from pathlib import Path

import duckdb
import pytest

from definitions.records import load_records
from pilar.evaluation.transform import run_dbt
from tests.dbt_project.conftest import Built

LINEAGE = "_coverage, _batch, _page, _row, _synthetic"
STAGED = "coverage, batch_id, page_no, row_no, is_synthetic"
SAME = {
    "bpkad_realisasi": (
        "budget_line",
        "region_code, year, account, account_level, account_name, budget, realised, published_percentage",
        "region_code, year, account_code, account_level, account_name, budget, realised, published_percentage",
    ),
    "bps_indikator": (
        "published_figure",
        "region_code, period, indicator, value",
        "region_code, year::varchar, ['ipm_uhh', 'ipm_hls', 'ipm_rls', 'ipm_expenditure', 'eco_poverty_p0', "
        "'population_7_15'][variable - 100], value",
    ),
    "dinkes_eppgbm": (
        "child_measurement",
        "region_code, month, child_id, birth_date, measured_on, age_months, height_for_age",
        "region_code, month, child_id, birth_date, measured_on, age_months, case height_for_age "
        "when 'Sangat Pendek' then 'severely_stunted' when 'Pendek' then 'stunted' when 'Normal' then 'normal' end",
    ),
    "dinkes_persalinan": (
        "birth",
        "region_code, year, birth_id, attendant, state",
        "region_code, year, encounter_id, case attendant when 'bidan' then 'midwife' when 'dukun' then 'traditional' "
        "end, case encounter_status when 'finished' then 'happened' end",
    ),
    "disdik_peserta_didik": (
        "pupil",
        "region_code, year, semester_id, pupil_id, birth_date, sex, grade, school_id",
        "region_code, school_year, semester_id, pupil_id, birth_date, case sex when 'L' then 'male' end, grade, npsn",
    ),
    "disdik_sekolah": (
        "school",
        "region_code, year, semester_id, school_id, level, status",
        "region_code, school_year, semester_id, npsn, school_form, case school_status when 'Negeri' then 'public' end",
    ),
    "diskominfo_penilaian": (
        "assessor_score",
        "region_code, year, cohort, dimension, value",
        "region_code, year, cohort, dimension, value",
    ),
    "diskominfo_spbe": (
        "published_figure",
        "region_code, period, indicator, value",
        "region_code, year::varchar, 'gov_spbe', spbe_index",
    ),
    "dlh_sipsn": (
        "waste_balance",
        "region_code, year, generated, reduced, reduced_percentage, handled, handled_percentage, managed, "
        "managed_percentage, recycled, raw_material, recycling_percentage",
        "region_code, year, generated, reduced, reduced_percentage, handled, handled_percentage, managed, "
        "managed_percentage, recycled, raw_material, recycling_percentage",
    ),
    "dpmptsp_proyek": (
        "investment_project",
        "region_code, year, project_id, filed_on, amount, scale, risk",
        "region_code, year, project_id, filed_on, investment, case business_scale when '01' then 'micro' end, "
        "case risk_level when 'R' then 'low' end",
    ),
    "perkim_sanitasi": (
        "household",
        "region_code, year, household_id, sanitation, drinking_water",
        "region_code, year, household_id, case sanitation_access when 'aman' then 'safely_managed' "
        "when 'layak_sendiri' then 'own_proper' when 'layak_bersama' then 'shared_proper' "
        "when 'babs_terbuka' then 'open_defecation' end, "
        "case drinking_water when 'layak' then 'proper' when 'tidak_layak' then 'improper' end",
    ),
}


@pytest.mark.parametrize("source", SAME)
def test_a_record_gives_what_the_staging_model_gives(built: Built, source: str) -> None:
    record, own, staged = SAME[source]
    mapped = built.fetch(f"select {own}, {LINEAGE} from records.{record} where _source = '{source}' order by all")
    # Where the region is none of the installation's, the model has a row of no region; a record has none.
    before = f"select {staged}, {STAGED} from staging.stg_{source} where region_code is not null order by all"
    assert mapped
    assert mapped == built.fetch(before)


def test_the_records_hold_their_keys_and_a_doubled_one_is_noticed(built: Built, warehouses: Path) -> None:
    assert built.fetch("select * from records.published_figure__set_aside") == []
    warehouse = warehouses / "0192-records.duckdb"
    shutil.copyfile(built.warehouse, warehouse)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("insert into landing.diskominfo_spbe select * from landing.diskominfo_spbe limit 1")
        # A birth counts once, in however many batches it came.
        connection.execute("insert into landing.dinkes_persalinan select * from landing.dinkes_persalinan limit 1")
    result = run_dbt(warehouse, "source:records", command="test")
    assert {name for node in result.nodes for name in node.depends_on} == set(load_records())
    assert {name for node in result.nodes if not node.ok for name in node.depends_on} == {"published_figure"}
