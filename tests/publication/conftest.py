"""A warehouse built once, and one publication of it that tests may read but not change."""

from pathlib import Path

import pytest

from publication.build import Published, publish
from tests.publication.sample_meta import sample_meta
from tests.publication.sample_warehouse import build


@pytest.fixture(scope="session")
def sample_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("warehouse") / "evaluation.duckdb")


@pytest.fixture(scope="session")
def published(sample_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Published:
    return publish(sample_file, sample_meta(), tmp_path_factory.mktemp("published"))
