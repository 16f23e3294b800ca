"""One publication of the sample, which tests may read and copy."""

from pathlib import Path

import pytest

from publication.build import publish
from tests.publication.sample_meta import sample_meta
from tests.publication.sample_warehouse import build


@pytest.fixture(scope="session")
def sample_publication(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    return publish(build(folder / "evaluation.duckdb"), sample_meta(), folder / "published").path
