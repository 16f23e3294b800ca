"""A warehouse built once, and one publication of it that tests may read but not change."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from publication.build import Published, publish
from publication.content import Content, opened_content
from tests.publication.sample_meta import sample_meta
from tests.publication.sample_warehouse import build


@pytest.fixture(scope="session")
def sample_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("warehouse") / "evaluation.duckdb")


@pytest.fixture(scope="session")
def published(sample_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Published:
    return publish(sample_file, sample_meta(), tmp_path_factory.mktemp("published"))


@pytest.fixture(scope="session")
def content(published: Published, sample_file: Path) -> Iterator[Content]:
    """What the sample publication says, as its documents and its pages read it."""
    with opened_content(published.path, sample_file, sample_meta()) as found:
        yield found
