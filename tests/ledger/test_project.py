"""What the dbt project says once: read as it is written there, and refused in one line where it cannot be read."""

import subprocess
import sys
from pathlib import Path

import pytest

from ledger.errors import ConfigError
from ledger.project import Column, columns, key, mart_of, pillar_ids, pillars, table, tables

MODELS = """
models:
  - name: mart_air
    description: "Air."
    config:
      meta: {title: The air}
    data_tests:
      - stated_decimals
      - unique_combination:
          arguments: {columns: [region_code, period]}
    columns: &columns
      - name: region_code
        description: "Region."
        data_type: varchar
        constraints: [{type: not_null}]
      - name: period
        data_type: varchar
        constraints: [{type: check, expression: "true"}]
  - name: mart_water
    columns: *columns
"""
SEEDS = """
seeds:
  - name: pillars
    config:
      column_types: {id: varchar, position: integer}
    columns:
      - name: id
        data_tests: [not_null, unique]
      - name: position
"""
SOURCES = """
sources:
  - name: promoted
    tables:
      - name: marts
        columns: [{name: held_since, data_type: timestamptz}]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "p" / "models" / "pillars").mkdir(parents=True)
    (tmp_path / "p" / "seeds").mkdir()
    (tmp_path / "p" / "models" / "pillars" / "_pillars.yml").write_text(MODELS)
    (tmp_path / "p" / "models" / "sources.yml").write_text(SOURCES)
    (tmp_path / "p" / "seeds" / "_seeds.yml").write_text(SEEDS)
    (tmp_path / "p" / "seeds" / "pillars.csv").write_text(
        "id,position,name_id,name_en\nwater,2,Air,Water\nair,1,Udara,Air\n"
    )
    return tmp_path / "p"


def test_the_pillars_stand_in_the_order_of_their_positions(project: Path) -> None:
    assert [(one.id, one.name_id, one.name_en) for one in pillars(project)] == [
        ("air", "Udara", "Air"),
        ("water", "Air", "Water"),
    ]
    assert pillar_ids(project) == ("air", "water")


def test_a_model_says_its_columns_and_its_key(project: Path) -> None:
    found = table("mart_air", project)
    assert found.columns == (
        Column("region_code", "varchar", "Region.", required=True),
        Column("period", "varchar", "", required=False),
    )
    assert (found.title, found.description, found.where) == ("The air", "Air.", "p/models/pillars/_pillars.yml")
    assert (found.names, found.required) == (("region_code", "period"), ("region_code",))
    assert key("mart_air", project) == ("region_code", "period")
    assert columns("mart_water", project) == found.columns
    assert key("mart_water", project) == ()


def test_a_seed_and_the_table_of_a_source_say_theirs(project: Path) -> None:
    assert [(one.name, one.type) for one in columns("pillars", project)] == [("id", "varchar"), ("position", "integer")]
    assert key("pillars", project) == ("id",)
    assert [(one.name, one.type) for one in columns("promoted.marts", project)] == [("held_since", "timestamptz")]


def test_p10_a_table_that_nothing_describes_is_refused(project: Path) -> None:
    with pytest.raises(ConfigError, match=r"describes the table 'mart_fire'.*Describe it"):
        table("mart_fire", project)


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("models/sources.yml", "sources: [", "is not YAML.*sources.yml"),
        ("models/sources.yml", "sources: [{tables: [{name: a}]}]", "has no name.*sources.yml"),
        ("models/sources.yml", "models: [{description: a}]", "has no name.*sources.yml"),
        ("models/sources.yml", "- models", "has no name.*sources.yml"),
        ("seeds/pillars.csv", "id,name_id,name_en\na,b,c\n", "pillars cannot be read.*pillars.csv"),
        ("seeds/pillars.csv", "id,position,name_id,name_en\na,first,b,c\n", "pillars cannot be read.*pillars.csv"),
    ],
)
def test_p10_what_cannot_be_read_is_named(project: Path, file: str, content: str, told: str) -> None:
    (project / file).write_text(content)
    with pytest.raises(ConfigError, match=told):
        pillars(project) and tables(project)


def test_the_project_describes_a_mart_of_every_pillar_alike() -> None:
    first, *others = (table(mart_of(pillar)) for pillar in pillar_ids())
    assert len(first.columns) > 10
    assert first.key
    assert all((other.columns, other.key) == (first.columns, first.key) for other in others)


def test_importing_it_reads_no_file_and_loads_no_heavy_library() -> None:
    code = "import sys; import ledger.project; print([m for m in ('yaml', 'dbt', 'duckdb') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
