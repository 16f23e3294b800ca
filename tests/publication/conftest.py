"""A warehouse built once, and one publication of it that tests may read but not change."""

from pathlib import Path

import duckdb
import pytest

from ledger.project import mart_of, pillar_ids
from ledger.sql import literal
from publication.build import Published, publish
from publication.content import Content, read_content
from publication.tables import DUCKDB_FILE
from tests.publication.sample_meta import sample_meta
from tests.publication.sample_warehouse import build


@pytest.fixture(scope="session")
def sample_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("warehouse") / "evaluation.duckdb")


@pytest.fixture(scope="session")
def published(sample_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Published:
    return publish(sample_file, sample_meta(), tmp_path_factory.mktemp("published"))


@pytest.fixture(scope="session")
def content(published: Published) -> Content:
    """What the sample publication says, as its documents and its page read it."""
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH {literal(str(published.path / DUCKDB_FILE))} AS publication (READ_ONLY)")
        return read_content(connection, sample_meta(), {pillar: mart_of(pillar) for pillar in pillar_ids()})
