"""What every test of verification begins with."""

import uuid
from collections.abc import Iterator

import psycopg
import pytest

from ledger.keys import Keys
from ledger.settings import Settings
from ledger.store import Ledger
from tests.conftest import database_url
from tests.connectors.pulling import make, page, pull_pages, records, two_years
from tests.pilar.audit.house import TABLES, House


@pytest.fixture(scope="module")
def built(postgres_url: str, ledger_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("verified")
    Keys.ensure(folder / "keys")
    (folder / "home").mkdir()
    database = f"verified_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create database {database} template {ledger_template}")
    url = database_url(postgres_url, database)
    settings = Settings(home=folder / "home", ledger_url=url, key_dir=folder / "keys")
    house = House(Ledger(url), settings)
    source = make()
    assert [b.status for b in pull_pages(source, two_years(), house.ledger, settings).batches] == ["accepted"] * 2
    assert [b.status for b in pull_pages(source, two_years(), house.ledger, settings).batches] == ["unchanged"] * 2
    (held,) = pull_pages(source, [page(0, records(3, n="x") + records(6), "2025")], house.ledger, settings).batches
    assert held.status == "held"
    house.ledger.release_batches([held.batch_id], "the agency confirmed it")
    house.sql(*(f"create table kept_{name} as table {name}" for name in TABLES))
    yield house
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"drop database {database} with (force)")


@pytest.fixture
def house(built: House) -> Iterator[House]:
    """The house as it was built: whatever a test alters is put back."""
    files = {path: path.read_bytes() for path in built.settings.home.rglob("*") if path.is_file()}
    yield built
    built.sql(*(f"delete from {name}; insert into {name} table kept_{name}" for name in TABLES))
    for path in built.settings.home.rglob("*"):
        if path.is_file() and path not in files:
            path.unlink()
    for path, content in files.items():
        path.unlink(missing_ok=True)
        path.write_bytes(content)
