"""A warehouse to spoil: built once, copied for each test."""

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tests.publication.sample_warehouse import build

Spoil = Callable[[str], Path]


@pytest.fixture(scope="session")
def good_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("warehouse") / "evaluation.duckdb")


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
