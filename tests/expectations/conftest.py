"""A warehouse to spoil: built once, copied for each test."""

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from expectations.result import Check, GateResult
from tests.publication.sample_warehouse import PILLARS, build

Spoil = Callable[[str], Path]


def warnings(result: GateResult) -> tuple[Check, ...]:
    """Rules of severity warning that were not met."""
    return tuple(check for check in result.checks if (check.outcome, check.severity) == ("fail", "warning"))


@pytest.fixture(scope="session")
def good_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is in force is what the candidates say, and stays when they are spoiled."""
    warehouse = build(tmp_path_factory.mktemp("warehouse") / "evaluation.duckdb")
    with duckdb.connect(str(warehouse)) as connection:
        for pillar in PILLARS:
            connection.execute(
                f"CREATE TABLE promoted.kept_{pillar} AS FROM promoted.mart_{pillar}; "
                f"CREATE OR REPLACE VIEW promoted.mart_{pillar} AS FROM promoted.kept_{pillar}"
            )
    return warehouse


@pytest.fixture
def warehouse(good_warehouse: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(good_warehouse, tmp_path / "evaluation.duckdb"))


@pytest.fixture
def spoiled(warehouse: Path) -> Spoil:
    """Run a statement on the copy, then hand it out."""

    def run(statement: str) -> Path:
        with duckdb.connect(str(warehouse)) as connection:
            connection.execute(statement)
        return warehouse

    return run
