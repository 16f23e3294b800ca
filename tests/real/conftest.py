"""One installation for all tests of this folder, and the servers it pulls from."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ledger.keys import Keys
from ledger.settings import Connection, Settings
from ledger.store import Ledger
from tests.conftest import database_url, kept_connections
from tests.real import servers
from tests.real.house import SOURCES, House

# Loopback is declared for each system: without it every address here would be refused.
PRIVATE = {"private": True}


@pytest.fixture(scope="session")
def satudata(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """A data portal (Datasette) with the tables of Satu Data Kabupaten Malang."""
    folder = tmp_path_factory.mktemp("satudata")
    servers.load_sqlite(real_data / "kab_malang_satudata", folder / "satudata.db")
    with servers.datasette(folder / "satudata.db", folder / "datasette.log") as url:
        yield Connection(url=url, extra=PRIVATE)


@pytest.fixture(scope="session")
def sikd(real_data: Path, postgres_url: str) -> Iterator[Connection]:
    """A database (PostgreSQL) with the budgets of the governments of East Java."""
    name = f"sikd_{uuid.uuid4().hex}"
    with servers.database(postgres_url, name):
        url = database_url(postgres_url, name)
        servers.load_budgets(real_data / "apbd_jatim", url)
        yield Connection(url=url, extra=PRIVATE)


@pytest.fixture(scope="session")
def berkas_publik(real_data: Path) -> Iterator[Connection]:
    """A drop of files (SFTP) with the health profile of East Java and the components of its development index."""
    with servers.sftp(real_data) as drop:
        extra = {**PRIVATE, "host_key": drop.host_key}
        yield Connection(url=drop.url, login=servers.LOGIN, password=servers.PASSWORD, extra=extra)


@pytest.fixture(scope="session")
def house(
    satudata: Connection,
    sikd: Connection,
    berkas_publik: Connection,
    postgres_url: str,
    ledger_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[House]:
    """An installation of its own that knows the three systems."""
    folder = tmp_path_factory.mktemp("house")
    Keys.ensure(folder / "keys")
    connections = {"satudata": satudata, "sikd": sikd, "berkas_publik": berkas_publik}
    name = f"ledger_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create database {name} template {ledger_template}")
        url = database_url(postgres_url, name)
        with kept_connections(url):
            yield House(
                Ledger(url),
                Settings(
                    home=folder / "home",
                    ledger_url=url,
                    sources_dir=SOURCES,
                    key_dir=folder / "keys",
                    lookup=connections.get,
                ),
            )
        connection.execute(f"drop database {name} with (force)")
