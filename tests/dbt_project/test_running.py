"""Running dbt: what one failure takes with it, what is left behind, what a second run changes."""

import os
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from definitions import instruments, tables
from ledger.errors import TransformError
from ledger.project import pillar_ids
from pilar.evaluation import parsed_project
from pilar.evaluation.definition_tables import write_definitions
from pilar.evaluation.transform import FILE_VARIABLE, run_dbt
from tests.dbt_project.conftest import Built
from tests.dbt_project.landing import KUKAR, candidates, create, example, fetch, promote

PROJECT = Path(__file__).parents[2] / "dbt_project"
TABLES = ("candidate", "indicators", "scores")
# What readers see comes in one order; between the models order means nothing.
ORDERED = ("candidate.", "scores.question", "scores.pillar", "scores.dimension", "scores.index")


def contents(warehouse: Path) -> dict[str, object]:
    """Every built table; those that readers see in the order they were written."""
    # One connection for all: opening the file takes longer than reading a table.
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        names = connection.execute(
            f"select table_schema || '.' || table_name from information_schema.tables where table_schema in {TABLES}"
        ).fetchall()
        found = {str(name): connection.execute(f"from {name}").fetchall() for (name,) in names}
    return {name: rows if name.startswith(ORDERED) else sorted(rows, key=repr) for name, rows in found.items()}


def project_files() -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in PROJECT.rglob("*") if path.is_file()}


def test_the_formulas_do_what_their_unit_tests_say(built: Built, tmp_path: Path, subtests: pytest.Subtests) -> None:
    """On a file in which the tables that they name are there already. Each that fails is reported by its name."""
    warehouse = tmp_path / "unit.duckdb"
    shutil.copy(built.warehouse, warehouse)
    # The command `test`, not `build`: there, one that fails hides those of the models behind it.
    result = run_dbt(
        warehouse,
        "tag:candidate tag:scores",
        command="test",
        unit_tests=True,
        without=("test_type:data",),
    )
    ran = {node.name: node for node in result.nodes if node.kind == "unit_test"}
    for name, node in ran.items():
        with subtests.test(name):
            assert node.ok, node.message
    assert len(ran) >= 10
    tested = {name for node in ran.values() for name in node.depends_on}
    formulas = {path.stem for path in PROJECT.glob("models/scores/*.sql")}
    # The marts are one macro.
    assert formulas - tested == set()
    assert tested & {f"mart_{pillar}" for pillar in pillar_ids()}


def test_p3_one_pillar_that_breaks_stops_no_other(warehouses: Path) -> None:
    warehouse = warehouses / "broken.duckdb"
    create(warehouse, example())
    with duckdb.connect(str(warehouse)) as connection:
        # A column the contract promises is gone.
        connection.execute("alter table landing.dlh_sipsn drop column timbulan")
        # A condition that a pillar's figures do not survive.
        broken = "select * replace (error('spbe') as period) from figures.society"
        connection.execute(f"create or replace view figures.governance as {broken}")
    result = run_dbt(warehouse, "tag:candidate")
    assert not result.ok
    assert set(result.failed_marts()) == {"mart_environment", "mart_governance"}
    for pillar in ("branding", "economy", "living", "society"):
        assert not result.failed_for(f"mart_{pillar}")
        assert fetch(warehouse, f"select count(*) > 0 from candidate.mart_{pillar}") == [(True,)]
    assert "timbulan" in result.first_failure() or "spbe" in result.first_failure()


def test_p3_a_pillar_never_promoted_is_missing_not_gone(built: Built, tmp_path: Path) -> None:
    warehouse = tmp_path / "absent.duckdb"
    shutil.copy(built.warehouse, warehouse)
    promote(warehouse, absent=["economy"])
    result = run_dbt(warehouse, "tag:scores")
    assert result.ok, result.first_failure()
    found = fetch(
        warehouse, "select distinct state, score, questions_total from scores.pillar_scores where pillar = 'economy'"
    )
    assert found == [("missing", None, 13)]


def test_without_any_data_every_row_says_missing(warehouses: Path) -> None:
    warehouse = warehouses / "nothing.duckdb"
    create(warehouse, {})
    assert run_dbt(warehouse, "tag:candidate").ok
    promote(warehouse)
    assert run_dbt(warehouse, "tag:scores").ok
    assert fetch(warehouse, f"select distinct state, period from {candidates()}") == [("missing", "2023")]
    assert fetch(warehouse, "select distinct state from scores.index_scores") == [("missing",)]


def test_p2_a_second_run_gives_the_same_tables(built: Built) -> None:
    before = contents(built.warehouse)
    for tag in ("tag:candidate", "tag:scores"):
        assert run_dbt(built.warehouse, tag, without=("resource_type:test",)).ok
    assert contents(built.warehouse) == before


def test_the_file_is_let_go(built: Built, tmp_path: Path) -> None:
    """Another process can write, the views hold under the file's own name, and no write-ahead log is left."""
    copy = tmp_path / "0191-renamed.duckdb"
    shutil.copy(built.warehouse, copy)
    assert not built.warehouse.with_name(built.warehouse.name + ".wal").exists()
    script = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1]); c.execute('create table t as select 1');"
        "print(c.execute('select count(*) from figures.environment').fetchone()[0])"
    )
    for file in (built.warehouse, copy):
        done = subprocess.run([sys.executable, "-c", script, str(file)], capture_output=True, text=True, check=True)
        assert int(done.stdout) > 0
    with duckdb.connect(str(built.warehouse)) as connection:
        connection.execute("drop table t")


def test_nothing_is_left_behind(warehouses: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FILE_VARIABLE, raising=False)
    before = project_files()
    warehouse = warehouses / "clean.duckdb"
    create(warehouse, {})
    run_dbt(warehouse, "tag:scores", command="ls")
    run_dbt(warehouse, "regions")
    assert project_files() == before
    assert FILE_VARIABLE not in os.environ


def test_a_locked_file_is_a_clear_error(warehouses: Path) -> None:
    warehouse = warehouses / "locked.duckdb"
    create(warehouse, {})
    script = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(warehouse)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        try:
            with pytest.raises(TransformError, match="lock"):
                run_dbt(warehouse, "tag:candidate")
        finally:
            holder.terminate()


def test_a_copy_of_the_parsed_project_that_was_cut_short_is_made_again(
    warehouses: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def in_a_new_process() -> None:
        monkeypatch.setattr(parsed_project, "_last", {})

    in_a_new_process()
    run_dbt(warehouses / "whole.duckdb", "regions", command="ls")
    (kept,) = (warehouses / "dbt").glob("parsed-*.msgpack")
    whole = kept.read_bytes()
    copy = tmp_path / "dbt" / kept.name
    copy.parent.mkdir()
    copy.write_bytes(whole[: len(whole) // 2])
    warehouse = tmp_path / "cut.duckdb"
    create(warehouse, {})
    in_a_new_process()
    assert run_dbt(warehouse, "regions").ok
    assert copy.stat().st_size > len(whole) // 2


@pytest.fixture(scope="module")
def project_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(PROJECT, tmp_path_factory.mktemp("edited") / "dbt_project"))


def test_p9_a_rule_change_is_a_change_of_data(tmp_path: Path, built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = tmp_path / "instruments"
    shutil.copytree(instruments.SHIPPED, changed)
    bands = "{from: 70, below: %s, score: 3}, {from: %s,"
    replace(changed / "smart-city-2023.yaml", bands % (80, 80), bands % (74, 74))
    first_year = changed / "smart-city-2022.yaml"
    first_year.write_text(first_year.read_text().replace("components: rounded", "components: exact"))
    monkeypatch.setattr(tables, "shipped_instruments", lambda: instruments.load_instruments(changed))
    copy = tmp_path / "changed.duckdb"
    shutil.copy(built.warehouse, copy)
    with duckdb.connect(str(copy)) as connection:
        write_definitions(connection)
    result = run_dbt(copy, "tag:scores")
    assert result.ok, result.first_failure()
    # An IPM of 74.06 now scores 4, and the sum of 2022 is rounded instead of its parts: 2.504.
    assert fetch(
        copy, f"select score from scores.question_scores where indicator_id = 'eco_ipm' and region_code = '{KUKAR}'"
    ) == [(Decimal(4),)]
    assert fetch(copy, "select index_value from scores.index_scores where rule_set_id = '2022-kppn-ikn'") == [
        (Decimal("2.50"),)
    ]


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1, old
    path.write_text(text.replace(old, new))
