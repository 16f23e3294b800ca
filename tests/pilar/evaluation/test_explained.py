"""Explanations are made and written one after the other: memory is that of one region, not of all."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from weakref import ref

import duckdb
import pytest

from definitions.instruments import load_instruments
from pilar.evaluation import carried_explanations, explained
from pilar.evaluation.definition_tables import write_rows
from pilar.evaluation.explained import Groups, write_explanations
from pilar.evaluation.instrument_scores import write_instrument_scores
from tests.publication.sample_warehouse import _answers, build


class Row(dict[str, Any]):
    """A row that can be watched."""


def test_a_row_is_let_go_before_the_next_one_is_made(tmp_path: Path) -> None:
    left: list[int] = []

    def rows() -> Iterator[Row]:
        made: list[ref[Row]] = []
        for number in range(5):
            row = Row(region_code=f"64.0{number}", explanation="{}")
            made.append(ref(row))
            yield row
            del row
            left.append(sum(one() is not None for one in made))

    with duckdb.connect(str(tmp_path / "e.duckdb")) as connection:
        write_rows(connection, "scores", "explanations", rows())
        assert connection.execute("select count(*) from scores.explanations").fetchall() == [(5,)]
    assert max(left) == 1


def test_groups_are_read_in_their_order_and_what_is_not_there_is_none() -> None:
    with duckdb.connect() as connection:
        connection.execute("create table t as from (values (1, 'a'), (1, 'b'), (2, 'c'), (4, 'd')) as t(k, v)")
        groups = Groups(connection, "from t order by k, v", ("k", "v"))
        assert groups.of((1, "b")) == [{"k": 1, "v": "b"}]
        assert groups.of((2, "a")) == ()
        assert groups.of((4, "d")) == [{"k": 4, "v": "d"}]
        assert groups.of((5, "a")) == ()


TABLES = ("explanations", "gaps")


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scored file that notes what its explanations were made from."""
    return build(tmp_path_factory.mktemp("explained") / "1.duckdb")


@pytest.fixture
def second(first: Path, tmp_path: Path) -> Path:
    """A later file beside it with the same scores, not explained yet."""
    for name in ("1.duckdb", "2.duckdb"):
        (tmp_path / name).write_bytes(first.read_bytes())
        with duckdb.connect(str(tmp_path / name)) as connection:
            _answers(connection)
    changed(tmp_path / "2.duckdb", "drop table scores.explanations; drop table scores.gaps")
    return tmp_path / "2.duckdb"


@pytest.fixture
def explained_anew(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The regions of the sheets that are explained, each time one is."""
    found = []

    def explain(at: Any, *given: Any, **named: Any) -> Any:
        found.append(at.region_code)
        return real(at, *given, **named)

    real = explained.explain
    monkeypatch.setattr(explained, "explain", explain)
    return found


def changed(file: Path, statement: str) -> None:
    with duckdb.connect(str(file)) as connection:
        connection.execute(statement)


def write(file: Path) -> None:
    write_explanations(file, load_instruments(), write_instrument_scores(file))


def told(file: Path) -> list[list[tuple[Any, ...]]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return [connection.execute(f"from scores.{name} order by all").fetchall() for name in TABLES]


def test_what_follows_from_the_same_is_taken_over(first: Path, second: Path, explained_anew: list[str]) -> None:
    """Whichever evaluation promoted its pillars."""
    changed(second, "update scores.pillar_scores set evaluation_id = 'another'")
    write(second)

    assert explained_anew == []
    assert told(second) == told(first)


def test_p7_one_changed_row_explains_its_region_anew_and_no_other(second: Path, explained_anew: list[str]) -> None:
    changed(second, "update scores.question_scores set score = 1 where region_code = '64.02' and score is not null")
    write(second)
    assert {*explained_anew} == {"64.02"}

    carried = told(second)
    (second.parent / "1.duckdb").unlink()
    write(second)
    assert {*explained_anew} > {"64.02"}
    assert carried == told(second), "taken over and made anew are the same"


def test_an_explanation_that_was_carried_is_carried_on(second: Path, explained_anew: list[str]) -> None:
    write(second)
    third = second.with_name("3.duckdb")
    third.write_bytes(second.read_bytes())
    (second.parent / "1.duckdb").unlink()
    write(third)

    assert explained_anew == []
    assert told(third) == told(second)


@pytest.mark.parametrize(
    "damage",
    [
        "drop table main.explained_from",
        "update main.explained_from set made_by = 'other code'",
        "drop table scores.explanations",
    ],
)
def test_in_any_doubt_everything_is_explained(second: Path, explained_anew: list[str], damage: str) -> None:
    changed(second.parent / "1.duckdb", damage)
    write(second)

    assert {*explained_anew} == {"35.07", "62.02", "64.02"}


def test_other_columns_of_either_table_are_other_code(monkeypatch: pytest.MonkeyPatch) -> None:
    then = carried_explanations._code.__wrapped__()
    monkeypatch.setattr(carried_explanations, "GAPS", "readiness")
    assert carried_explanations._code.__wrapped__() != then


def test_a_file_that_dies_between_its_tables_is_no_one_to_take_from(
    second: Path, explained_anew: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its note is taken out first, and written last."""
    write(second)
    monkeypatch.setattr(explained, "carry", lambda *_: (_ for _ in ()).throw(OSError("no room")))
    with pytest.raises(OSError, match="no room"):
        write(second)
    with duckdb.connect(str(second), read_only=True) as connection:
        assert connection.execute("select 1 from duckdb_tables() where table_name = 'explained_from'").fetchall() == []
