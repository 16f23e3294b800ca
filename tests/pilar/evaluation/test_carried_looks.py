"""What looks for findings saw before: taken over while what they read is the same, and never in any other case."""

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest

from definitions.records import SET_ASIDE
from pilar.evaluation.carried_looks import CarriedLooks
from pilar.evaluation.earlier_warehouse import note_built
from pilar.evaluation.warehouse import opened
from tests.pilar.evaluation.found import file_of, found

HOUSEHOLDS = ('select 1 from records."household" where region_code in (select region_code from landing._regions)',)
SHOWN = {"records.household": "a", "landing._regions": "b", "records.birth": "c"}
SAW = [{"rule": "jump", "scope": "household"}]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "1.duckdb"


def kept(file: Path, queries: tuple[str, ...] = HOUSEHOLDS, shown: Mapping[str, str] | None = SHOWN) -> None:
    """An evaluation whose candidates were all built, in which a look saw something."""
    if shown is not None:
        note_built(file, shown)
    with opened(file) as connection:
        carried = CarriedLooks(connection, ["agency"])
        carried.keep("look", queries, SAW)
        carried.write()


def seen(file: Path, queries: tuple[str, ...] = HOUSEHOLDS, told: object = ("agency",)) -> object:
    with opened(file) as connection:
        return CarriedLooks(connection, list(told) if isinstance(told, tuple) else told).seen("look", queries)


def test_what_a_look_saw_is_taken_over_where_another_view_changed(file: Path) -> None:
    kept(file)
    note_built(file, {**SHOWN, "records.birth": "another"})
    assert seen(file) == SAW


@pytest.mark.parametrize("changed", ["records.household", "landing._regions"])
def test_a_look_is_taken_again_where_what_it_reads_shows_something_else(file: Path, changed: str) -> None:
    kept(file)
    note_built(file, {**SHOWN, changed: "another"})
    assert seen(file) is None


def test_a_look_is_taken_again_by_another_query_or_with_other_agencies(file: Path) -> None:
    kept(file)
    assert seen(file, (*HOUSEHOLDS, "select 2")) is None
    assert seen(file, told=("another",)) is None


@pytest.mark.parametrize(
    "query",
    [
        "from marts_in_force",
        "from scores.answer_evidence",
        "from promoted.marts",
        'from records."unknown"',
        'from records."household" inner join of_another_schema."table" using (region_code)',
        "FROM main.looked_before",
    ],
)
def test_a_look_that_reads_what_no_signature_stands_for_is_taken_each_time(file: Path, query: str) -> None:
    kept(file, (query,))
    assert seen(file, (query,)) is None


def test_p3_nothing_is_taken_over_from_a_file_that_was_not_built_whole(file: Path) -> None:
    kept(file, shown=None)
    assert seen(file) is None


def test_what_was_not_kept_again_is_gone(file: Path) -> None:
    kept(file)
    with opened(file) as connection:
        CarriedLooks(connection, ["agency"]).write()
    assert seen(file) is None


def test_a_file_is_opened_once_for_all_that_a_thread_writes(file: Path) -> None:
    with opened(file) as connection:
        with opened(file) as beside:
            beside.execute("create table inner_one as select 1 as one")
        connection.execute("create table outer_one as from inner_one")
    with duckdb.connect(str(file), read_only=True) as connection:
        assert connection.execute("from outer_one").fetchall() == [(1,)]


def test_the_findings_are_those_of_looks_that_were_taken_and_of_those_that_need_not_be(tmp_path: Path) -> None:
    path = file_of(tmp_path / "1.duckdb", records={"birth": [{"region_code": "11.01"}, {"region_code": "11.01"}]})
    shown = {"records.birth": "a", f"records.birth{SET_ASIDE}": "a", "landing._regions": "a"}
    note_built(path, shown)

    def left_out() -> list[tuple[object, ...]]:
        return found(path, "rule", "row_count")

    before = left_out()
    assert ("region_out_of_scope", 2) in before
    with opened(path) as connection:
        connection.execute("delete from records.birth")
    assert left_out() == before, "nobody told of a change"
    note_built(path, {**shown, "records.birth": "b"})
    assert ("region_out_of_scope", 2) not in left_out()
