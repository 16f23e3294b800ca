"""An evaluation that begins with what an earlier one built has the tables of one that builds all, row for row."""

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ledger.project import pillar_ids
from ledger.regions import Region, known
from pilar.evaluation import earlier_warehouse, parsed_project, transform
from pilar.evaluation.build import begin_warehouse, begin_with_seeds, build_candidates, build_scores
from pilar.evaluation.transform import DbtResult
from pilar.evaluation.warehouse import View, regions_view
from tests.dbt_project.landing import CHOSEN, COLUMNS, KUKAR, above, create, example, fetch, promote

Rows = dict[str, dict[str, Any]]
PUBLISHED = {"records.published_figure", "records.published_figure__set_aside"}
SPBE = {"landing.diskominfo_spbe", *PUBLISHED, "figures.governance"}
SCHEMAS = "('candidate', 'definitions', 'figures', 'reference', 'scores', 'seeds')"


class House:
    """A folder of warehouses and of landed files, one for a source: written anew where its rows are others."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.landed = folder / "landed"
        self.landed.mkdir(parents=True)
        self._number = 0

    def views(self, rows: Rows, regions: Sequence[Region] = CHOSEN) -> Mapping[str, View]:
        """The landing with these rows, as files and the views over them."""
        targets = {source: self._target(source, rows.get(source, {})) for source in COLUMNS}
        missing = {source: target for source, target in targets.items() if not target.exists()}
        if missing:
            file = self.landed / "rows.duckdb"
            file.unlink(missing_ok=True)
            create(file, {source: rows.get(source, {}) for source in missing})
            with duckdb.connect(str(file)) as connection:
                for source, target in missing.items():
                    connection.execute(f"copy landing.{source} to '{target}' (format parquet)")
        files = {
            f"landing.{source}": View(f"select * from read_parquet('{target}')", (target,))
            for source, target in targets.items()
        }
        landing = {**files, **regions_view(regions)}
        return {**landing, **above(landing, regions)}

    def _target(self, source: str, rows: object) -> Path:
        return self.landed / f"{source}-{hashlib.sha256(repr(rows).encode()).hexdigest()[:12]}.parquet"

    def evaluate(
        self, views: Mapping[str, View], *, full: bool = False, scores: bool = False
    ) -> tuple[Path, frozenset[str] | None, DbtResult]:
        """Build the candidates in a new file, from an earlier one where it can be or ``full``; and the scores."""
        self._number += 1
        warehouse = self.folder / f"{self._number:04}.duckdb"
        changed = begin_with_seeds(warehouse, views) if full else begin_warehouse(warehouse, views)
        result = build_candidates(warehouse, views, None if full else changed)
        if scores:
            promote(warehouse)
            assert build_scores(warehouse).ok
        return warehouse, changed, result

    def same_as_full(self, rows: Rows) -> tuple[frozenset[str] | None, DbtResult]:
        """Evaluate both ways, and hold the files against each other."""
        views = self.views(rows)
        warehouse, changed, result = self.evaluate(views, scores=True)
        full, _, _ = self.evaluate(views, full=True, scores=True)
        assert contents(warehouse) == contents(full)
        return changed, result


def contents(warehouse: Path) -> dict[str, object]:
    """Every table and view of a file with its columns; the rows of marts and scores in their order."""
    found: dict[str, object] = {}
    # One connection for all: opening the file takes longer than reading a table.
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        names = connection.execute(
            "select table_schema || '.' || table_name, table_type from information_schema.tables "
            f"where table_schema in {SCHEMAS}"
        ).fetchall()
        for name, kind in names:
            columns = connection.execute(f"describe {name}").fetchall()
            rows = connection.execute(f"from {name}").fetchall()
            ordered = str(name).startswith(("candidate.", "scores."))
            found[f"{kind} {name}"] = (columns, rows if ordered else sorted(rows, key=repr))
    return found


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which one evaluation was made."""
    house = House(tmp_path_factory.mktemp("earlier") / "warehouse")
    _, changed, result = house.evaluate(house.views(example()))
    assert changed is None
    assert result.ok, result.first_failure()
    return house.folder


@pytest.fixture
def house(built: Path, tmp_path: Path) -> House:
    """The same, to be changed. Files are the same files: a view names them, and their times are kept."""
    made = House(tmp_path / "warehouse")
    made.landed = built / "landed"
    made._number = 1
    shutil.copytree(built / "dbt", made.folder / "dbt")
    shutil.copy(built / "0001.duckdb", made.folder / "0001.duckdb")
    return made


def restated() -> Rows:
    rows: Rows = {source: dict(covered) for source, covered in example().items()}
    coverage, first = next(iter(rows["diskominfo_spbe"].items()))
    rows["diskominfo_spbe"][coverage] = [(*row[:-1], "1.11") for row in first]
    return rows


def test_p2_the_same_data_build_nothing(house: House) -> None:
    warehouse, changed, result = house.evaluate(house.views(example()))
    assert (changed, result.nodes, result.ok) == (frozenset(), (), True)
    assert contents(warehouse) == contents(house.folder / "0001.duckdb")


def test_p2_a_restated_period_builds_what_it_reaches_and_no_more(house: House) -> None:
    changed, result = house.same_as_full(restated())
    assert changed == SPBE
    assert {node.name for node in result.nodes if node.kind == "model"} == {"mart_governance"}


def test_p2_back_and_forth_ends_where_it_began_and_is_no_larger(house: House) -> None:
    first = house.folder / "0001.duckdb"
    before = first.read_bytes()
    for rows in (restated(), example()):
        last, changed, _ = house.evaluate(house.views(rows))
        assert changed == SPBE
    assert contents(last) == contents(first)
    assert last.stat().st_size <= 1.5 * first.stat().st_size
    assert first.read_bytes() == before


def test_p2_a_source_whose_rows_are_gone(house: House) -> None:
    rows = example()
    changed, result = house.same_as_full({name: own for name, own in rows.items() if name != "dlh_sipsn"})
    own = {"records.waste_balance", "records.waste_balance__set_aside"}
    assert changed == {"landing.dlh_sipsn", *own, "figures.environment"}
    assert "mart_environment" in {node.name for node in result.nodes}


def test_p2_other_regions_of_the_installation_reach_every_pillar(house: House) -> None:
    regions = known((KUKAR, "35.73"))
    views = house.views(example(), regions)
    warehouse, changed, result = house.evaluate(views, scores=True)
    full, _, _ = house.evaluate(views, full=True, scores=True)
    assert changed == {
        "landing._regions",
        "records.birth",
        *PUBLISHED,
        *(
            f"records.{record}{behind}"
            for record in ("disaster_event", "facility", "school", "waste_balance")
            for behind in ("", "__set_aside")
        ),
        *(f"figures.{pillar}" for pillar in ("economy", "environment", "living", "society")),
    }
    assert {f"mart_{pillar}" for pillar in pillar_ids()} <= {node.name for node in result.nodes}
    assert contents(warehouse) == contents(full)
    assert fetch(warehouse, "select distinct region_code from candidate.mart_economy order by 1") == [
        ("35.73",),
        (KUKAR,),
    ]


def test_p3_what_breaks_is_missing_and_its_file_serves_nobody(house: House) -> None:
    rows: Rows = {source: dict(covered) for source, covered in example().items()}
    # An answer to which the mapping gives no code.
    rows["perkim_sanitasi"]["2021"] = [*rows["perkim_sanitasi"]["2021"], ("64.02-0", KUKAR, 2021, "lain", "layak")]
    views = house.views(rows)
    warehouse, changed, result = house.evaluate(views)
    full, _, entire = house.evaluate(views, full=True)
    assert changed == {"landing.perkim_sanitasi", "records.household", "figures.living"}
    assert result.failed_marts() == entire.failed_marts() == ("mart_living",)
    assert result.first_failure() == entire.first_failure()
    tables = "select table_name from duckdb_tables() where schema_name = 'candidate' order by 1"
    assert fetch(warehouse, tables) == fetch(full, tables)
    # The next one begins with the last that was whole.
    _, changed, result = house.evaluate(house.views(example()))
    assert (changed, result.ok) == (frozenset(), True)


@pytest.mark.parametrize(
    "spoil",
    [
        "drop table main.built_by",
        "update main.built_by set builder = 'another version'",
        "insert into main.built_from values ('a_source_of_then', 'x')",
    ],
    ids=["not whole", "built by another", "with another source"],
)
def test_p2_in_doubt_everything_is_built(house: House, spoil: str) -> None:
    with duckdb.connect(str(house.folder / "0001.duckdb")) as connection:
        connection.execute(spoil)
    changed = begin_warehouse(house.folder / "0002.duckdb", house.views(example()))
    assert changed is None
    assert fetch(house.folder / "0002.duckdb", "select * from duckdb_tables() where schema_name = 'candidate'") == []


def test_p2_a_landed_file_that_was_touched_is_read_again(house: House) -> None:
    views = house.views(example())
    (path,) = views["landing.diskominfo_spbe"].files
    times = path.stat()
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns + 1))
    try:
        assert begin_warehouse(house.folder / "0002.duckdb", views) == SPBE
    finally:
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_p2_other_columns_of_a_source_build_everything(house: House) -> None:
    views = dict(house.views(example()))
    view = views["landing.dlh_sipsn"]
    views["landing.dlh_sipsn"] = View(f"select *, 1 as one_more from ({view.sql})", view.files)
    assert begin_warehouse(house.folder / "0002.duckdb", views) is None


def test_p9_a_changed_seed_builds_everything(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "dbt_project"
    shutil.copytree(parsed_project.PROJECT, copy)
    for module in (parsed_project, transform):
        monkeypatch.setattr(module, "PROJECT", copy)
    figures = copy / "seeds" / "published_figures.csv"
    figures.write_text(figures.read_text().rstrip("\n") + " \n")
    assert earlier_warehouse.copy_earlier(house.folder / "0002.duckdb", house.views(example())) is None


def test_p3_a_file_that_is_being_written_is_left_alone(house: House) -> None:
    earlier = house.folder / "0001.duckdb"
    (house.folder / "0001.duckdb.wal").write_bytes(b"not yet in the file")
    before = earlier.read_bytes()
    assert earlier_warehouse.copy_earlier(house.folder / "0002.duckdb", house.views(example())) is None
    assert earlier.read_bytes() == before
