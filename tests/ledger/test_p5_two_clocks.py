"""What a record is about and when something happened are different types with names of their own."""

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from ledger.project import columns, mart_of, pillar_ids
from ledger.settings import REPOSITORY
from ledger.tables import metadata

ABOUT = {"coverage", "period", "year"}
HAPPENED = re.compile(r"(.*_)?(at|since|until|day)")


def test_p5_a_column_of_the_ledger_says_which_clock_it_reads() -> None:
    for table in metadata.sorted_tables:
        for column in table.columns:
            is_moment = isinstance(column.type, sa.DateTime | sa.Date)
            assert is_moment == bool(HAPPENED.fullmatch(column.name)), f"{table.name}.{column.name}"
            if column.name in ABOUT:
                assert not is_moment, f"{table.name}.{column.name}"


@pytest.mark.parametrize("pillar", pillar_ids())
def test_p5_a_column_of_a_mart_says_which_clock_it_reads(pillar: str) -> None:
    names = {column.name: column.type.upper() for column in columns(mart_of(pillar))}
    assert ABOUT & names.keys()
    for name, kind in names.items():
        assert not (name in ABOUT and kind.startswith(("TIMESTAMP", "DATE"))), name


def test_p5_mypy_refuses_to_compare_the_clocks(tmp_path: Path) -> None:
    """Each comparison is wrong by its type: the one of two coverages beside them is not."""
    body = """
from ledger.records import Batch, Evaluation
def both(batch: Batch, about: str, evaluation: Evaluation) -> list[bool]:
    return [
        about > about,
        about > batch.started_at,
        batch.started_at > about,
        evaluation.started_at > batch.coverage,
    ]
"""
    # The project's configuration names its packages, which mypy does not take beside a program.
    # In a process of its own: mypy lets this one call as deep as it likes.
    words = ["--config-file=", "--strict", "--no-error-summary", "--cache-dir", str(tmp_path), "-c", body]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *words], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    said = done.stdout
    assert not done.stderr
    assert [line for line in said.splitlines() if ":5: error" in line] == []
    for line in (6, 7, 8):
        assert re.search(rf"<string>:{line}: error: Unsupported operand types for >", said), said


def test_p5_comparing_the_clocks_fails_where_no_checker_looked() -> None:
    coverage: object = "2026"
    with pytest.raises(TypeError):
        assert coverage > datetime(2026, 1, 1, tzinfo=UTC)  # type: ignore[operator]
