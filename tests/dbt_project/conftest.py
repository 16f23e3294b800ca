from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from pilar.evaluation.transform import DbtResult, run_dbt
from tests.dbt_project.landing import create, example, fetch, promote

Fetch = Callable[[str], list[tuple[object, ...]]]


@dataclass(frozen=True)
class Built:
    """An evaluation's file after both builds, and what dbt said."""

    warehouse: Path
    candidate: DbtResult
    scores: DbtResult

    def fetch(self, sql: str) -> list[tuple[object, ...]]:
        return fetch(self.warehouse, sql)


@pytest.fixture(scope="session")
def warehouses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all files, so that the project is parsed once."""
    return tmp_path_factory.mktemp("warehouse")


@pytest.fixture(scope="session")
def built(warehouses: Path) -> Built:
    """The example through both builds, with Environment held."""
    warehouse = warehouses / "0190-example.duckdb"
    create(warehouse, example())
    candidate = run_dbt(warehouse, "tag:candidate")
    promote(warehouse, held="environment")
    return Built(warehouse, candidate, run_dbt(warehouse, "tag:scores"))
