"""What an evaluation need not do each time: seeds are loaded once for a state of the project, and still tested."""

import shutil
from pathlib import Path

import duckdb
import pytest

from ledger.project import pillar_ids
from ledger.settings import Settings
from pilar.evaluation import build as evaluation_build
from pilar.evaluation import parsed_project, transform
from pilar.evaluation.build import begin_with_seeds, build_candidates, build_scores, seeds_template
from pilar.evaluation.rehearsal import rehearse
from pilar.evaluation.warehouse import opened
from tests.conftest import DEMO_REGIONS
from tests.dbt_project.landing import create, example, fetch, promote

SEED_TABLES = "select count(*) from duckdb_tables() where schema_name = 'seeds'"


def kinds(result: transform.DbtResult) -> set[str]:
    return {node.kind for node in result.nodes}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """One home for all files, so that the project is parsed and its seeds are loaded once."""
    home = tmp_path_factory.mktemp("home")
    return Settings(home=home, ledger_url="postgresql://none", key_dir=home / "keys", regions=DEMO_REGIONS)


@pytest.fixture(scope="module")
def folder(settings: Settings) -> Path:
    settings.warehouse_dir.mkdir()
    return settings.warehouse_dir


@pytest.fixture
def edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project that a test may change."""
    copy = tmp_path / "dbt_project"
    shutil.copytree(parsed_project.PROJECT, copy)
    monkeypatch.setattr(parsed_project, "PROJECT", copy)
    monkeypatch.setattr(transform, "PROJECT", copy)
    return copy


def test_an_evaluation_finds_the_seeds_and_loads_none(folder: Path) -> None:
    warehouse = folder / "seeded.duckdb"
    begin_with_seeds(warehouse, {})
    assert fetch(warehouse, SEED_TABLES) == [(len(list((parsed_project.PROJECT / "seeds").glob("*.csv"))),)]
    create(warehouse, example())
    candidate = build_candidates(warehouse, {}, None)
    assert candidate.ok, candidate.first_failure()
    promote(warehouse)
    scores = build_scores(warehouse)
    assert scores.ok, scores.first_failure()
    assert "seed" not in kinds(candidate) | kinds(scores)


def test_the_template_is_made_once_for_a_state_of_the_project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template = seeds_template(folder / "dbt")
    assert template is not None
    monkeypatch.setattr(evaluation_build, "run_dbt", None)  # would fail if it were called
    assert seeds_template(folder / "dbt") == template


def test_a_file_without_the_seeds_of_now_loads_them_itself(folder: Path) -> None:
    warehouse = folder / "older.duckdb"
    begin_with_seeds(warehouse, {})
    with opened(warehouse) as connection:
        connection.execute("update main.seeded_with set fingerprint = 'of another day'")
    create(warehouse, {})
    assert "seed" in kinds(build_candidates(warehouse, {}, None))


def test_p9_seeds_that_do_not_pass_stop_what_depends_on_them_and_nothing_else(edited: Path, tmp_path: Path) -> None:
    figures = edited / "seeds" / "published_figures.csv"
    lines = figures.read_text().splitlines()
    figures.write_text("\n".join([*lines, lines[-1]]) + "\n")
    warehouse = tmp_path / "evaluation.duckdb"
    begin_with_seeds(warehouse, {})
    assert fetch(warehouse, SEED_TABLES) == [(0,)]
    create(warehouse, example())
    result = build_candidates(warehouse, {}, None)
    assert "unique_combination_published_figures" in result.first_failure()
    assert len(result.failed_marts()) == len(pillar_ids())


def test_rehearsing_leaves_what_the_first_evaluation_needs_and_nothing_else(settings: Settings, folder: Path) -> None:
    before = set(folder.glob("*.duckdb"))
    rehearse(settings)
    assert set(folder.glob("*.duckdb")) == before
    assert list(folder.glob(".rehearsal*")) == []
    (template,) = (folder / "dbt").glob("seeds-*.duckdb")
    with duckdb.connect(str(template)) as connection:  # nothing holds it
        connection.execute("create table t as select 1")
