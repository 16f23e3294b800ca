"""Every model, seed and column says what it is, as it was built; a record has each of its keys once."""

import re
import shutil
from pathlib import Path

import duckdb
import pytest

from definitions.records import load_records
from expectations.gate import rules_of
from ledger.project import PROJECT, pillar_ids
from pilar.evaluation.parsed_project import parsed_project
from pilar.evaluation.transform import places, run_dbt
from publication.tables import FOUND, IN_FORCE, NEEDED, SCORES, WELCOME
from tests.dbt_project.conftest import Built


@pytest.fixture(scope="module")
def described(warehouses: Path, built: Built) -> dict[tuple[str, str], dict[str, str]]:
    """(schema, table) -> column -> description, with the table's own description under the empty name."""
    manifest = parsed_project(warehouses / "dbt", {}, places(warehouses / "dbt"))
    return {
        (node.schema, node.name): {"": node.description} | {name: c.description for name, c in node.columns.items()}
        for node in manifest.nodes.values()
        if node.resource_type in {"model", "seed"}
    }


def test_everything_has_a_description(described: dict[tuple[str, str], dict[str, str]]) -> None:
    silent = [(table, column) for table, columns in described.items() for column, text in columns.items() if not text]
    assert silent == []
    assert len(described) >= 14


def test_the_descriptions_name_the_columns_that_are_there(
    described: dict[tuple[str, str], dict[str, str]], built: Built
) -> None:
    found: dict[tuple[str, str], list[str]] = {}
    query = "select table_schema, table_name, column_name from information_schema.columns order by ordinal_position"
    for schema, table, column in built.fetch(query):
        found.setdefault((str(schema), str(table)), []).append(str(column))
    for table, columns in described.items():
        assert found[table] == [name for name in columns if name], table


@pytest.fixture(scope="module")
def read_by(warehouses: Path) -> dict[str, set[str]]:
    """Exposure -> the tables that it reads, as publications name them."""
    manifest = parsed_project(warehouses / "dbt", {}, places(warehouses / "dbt"))
    tables = {**manifest.nodes, **manifest.sources}
    return {
        exposure.name: {tables[name].name for name in exposure.depends_on_nodes}
        for exposure in manifest.exposures.values()
    }


def test_every_published_table_has_a_reader(read_by: dict[str, set[str]]) -> None:
    published = {IN_FORCE.partition(".")[2], *SCORES, *NEEDED, *WELCOME, FOUND}
    assert read_by["package"] == published
    assert read_by["dashboard"] == read_by["documents"] == published


def test_the_gates_read_what_their_rules_name(read_by: dict[str, set[str]]) -> None:
    def named(gate: str) -> set[str]:
        rules = rules_of(gate)
        return {rule.table.partition(".")[2] for rule in rules} | {
            seed for rule in rules for seed in re.findall(r"\{seed:(\w+)\}", str(rule.arguments))
        }

    assert read_by["gates_of_pillars"] == {name for pillar in pillar_ids() for name in named(pillar)}
    assert read_by["gate_of_scores"] == named("scores")


LAYERS = {
    "reference": r"regions",
    "pillars": r"mart_\w+",
    # What is published, and what only the scores read.
    "scores": r"\w+_scores|int_\w+",
}


def test_a_models_folder_and_name_say_its_layer() -> None:
    models = [path.relative_to(PROJECT / "models") for path in (PROJECT / "models").rglob("*.sql")]
    assert len(models) >= 12
    for model in models:
        assert re.fullmatch(LAYERS[model.parent.as_posix()], model.stem), model


def test_p9_no_weight_or_band_stands_in_sql() -> None:
    """Numbers of rules are data: beside types, SQL holds a first row, two decimals and the digits of a year."""
    folder = Path(__file__).parents[2] / "dbt_project" / "models" / "scores"
    for path in folder.glob("*.sql"):
        code = "\n".join(line.split("--")[0] for line in path.read_text().splitlines())
        without_types = re.sub(r"decimal\(\d+, \d+\)", "decimal", code)
        assert set(re.findall(r"(?<![\w.])\d[\d.]*", without_types)) <= {"0", "1", "2", "4"}, path.name


def test_a_record_has_each_key_once_and_one_that_has_it_twice_is_noticed(built: Built, warehouses: Path) -> None:
    warehouse = warehouses / "0191-records.duckdb"
    shutil.copyfile(built.warehouse, warehouse)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("insert into landing.perkim_sanitasi select * from landing.perkim_sanitasi limit 1")
    result = run_dbt(warehouse, "source:records", command="test")
    failed = {name for node in result.nodes if not node.ok for name in node.depends_on}
    assert len(result.nodes) == len(load_records())
    assert failed == {"household"}


def test_no_evaluation_runs_them(built: Built, warehouses: Path) -> None:
    manifest = parsed_project(warehouses / "dbt", {}, ())
    of_records = {
        node.name
        for node in manifest.nodes.values()
        if node.resource_type == "test" and any(".records." in parent for parent in node.depends_on.nodes)
    }
    assert len(of_records) == len(load_records())
    assert not of_records & {node.name for node in built.candidate.nodes}
