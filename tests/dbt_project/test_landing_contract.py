"""The tests that follow from the contracts run on the landing, and in no evaluation."""

import shutil
from pathlib import Path

import duckdb

from pilar.parsed_project import parsed_project
from pilar.transform import run_dbt
from tests.dbt_project.conftest import Built

CONTRACT_TESTS = "source:landing"


def test_the_landing_holds_its_contracts_and_a_broken_one_is_noticed(built: Built, warehouses: Path) -> None:
    warehouse = warehouses / "0191-landing.duckdb"
    shutil.copyfile(built.warehouse, warehouse)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("insert into landing.diskominfo_spbe select * from landing.diskominfo_spbe limit 1")
        connection.execute("update landing.dpmptsp_proyek set skala_usaha = '05' where id_proyek like '64.02%'")
    result = run_dbt(warehouse, CONTRACT_TESTS, command="test")
    failed = {name for node in result.nodes if not node.ok for name in node.depends_on}
    assert len(result.nodes) > 50
    assert failed == {"diskominfo_spbe", "dpmptsp_proyek"}


def test_no_evaluation_runs_them(built: Built, warehouses: Path) -> None:
    manifest = parsed_project(warehouses / "dbt", {}, ())
    of_landing = {
        node.name
        for node in manifest.nodes.values()
        if node.resource_type == "test" and any(".landing." in parent for parent in node.depends_on.nodes)
    }
    assert len(of_landing) > 50
    assert not of_landing & {node.name for node in built.candidate.nodes}
