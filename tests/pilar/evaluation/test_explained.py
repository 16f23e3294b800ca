"""Explanations are made and written one after the other: memory is that of one region, not of all."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from weakref import ref

import duckdb

from pilar.evaluation.definition_tables import write_rows
from pilar.evaluation.explained import Groups


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
