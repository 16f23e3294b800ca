"""The interface over two publications, as a real server on loopback."""

import shutil
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import uvicorn
from pytest_socket import enable_socket

from api.answers import AnswerCache
from api.app import create_app
from api.audit import Audit
from api.checks import Checker
from api.connections import MOST_CONNECTIONS, patient
from api.deprecation import DEPRECATED, Deprecation
from api.front import Desk
from api.identity import Bearers, People
from api.keys import Keyring, new_key_id, new_secret, token
from api.library import Library
from api.rates import Rates
from ledger.api_records import ApiKey, ApiLevel
from ledger.patience import Patience
from ledger.store import Ledger
from publication.build import publish
from publication.pointer import swap
from publication.tables import DUCKDB_FILE
from tests.publication.sample_meta import CREATED, sample_meta
from tests.publication.sample_warehouse import build


@dataclass(frozen=True)
class Shelf:
    """Four publications: ``now`` is current, ``before`` and ``oldest`` were, and ``taken_back`` is newer than all.

    ``truth`` is a copy of the current one's tables: one process opens a DuckDB file in one way only.
    """

    folder: Path
    truth: Path
    oldest: str
    before: str
    now: str
    taken_back: str


@pytest.fixture(scope="session")
def sample_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an evaluation."""
    return build(tmp_path_factory.mktemp("warehouse") / "evaluation.duckdb")


@pytest.fixture(scope="session")
def shelf(sample_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    folder = tmp_path_factory.mktemp("published")
    ids = []
    for hours in (-48, -24, 0, 24):
        meta = sample_meta().model_copy(update={"created_at": CREATED + timedelta(hours=hours)})
        ids.append(publish(sample_file, meta, folder).id)
    swap(folder, ids[2])
    truth = tmp_path_factory.mktemp("truth") / DUCKDB_FILE
    shutil.copy(folder / ids[2] / DUCKDB_FILE, truth)
    return Shelf(folder, truth, *ids)


class NoLedger:
    """For tests that send no key: there is none, and nobody counts."""

    def api_key(self, key_id: str) -> ApiKey | None:
        return None

    def record_api_use(self, counts: Mapping[str, tuple[int, int]]) -> None:
        pass


def desk(
    shelf: Shelf,
    ledger: Ledger | NoLedger,
    *,
    people: People | None = None,
    public_per_minute: int = 1_000_000,
    deprecated: Mapping[str, Deprecation] = DEPRECATED,
) -> Desk:
    """What an interface works with."""
    return Desk(
        Library(shelf.folder),
        Bearers(Keyring(ledger.api_key), people),
        Rates(),
        Audit(ledger.record_api_use),
        AnswerCache(),
        public_per_minute,
        deprecated,
    )


@contextmanager
def serving(
    desk: Desk, checker: Checker | None = None, patience: Patience | None = None, full: int = MOST_CONNECTIONS
) -> Iterator[str]:
    """The interface behind the interface's own protocol, in a thread; gives its address."""
    config = uvicorn.Config(
        create_app(desk, checker),
        log_level="error",
        http=patient(patience or Patience(), desk.quick, full),
        loop="uvloop",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@pytest.fixture(scope="module")
def client(shelf: Shelf) -> Iterator[httpx.Client]:
    """A client without a key, of an interface that the tests of a module share."""
    enable_socket()
    with serving(desk(shelf, NoLedger())) as address, httpx.Client(base_url=address, timeout=20) as opened:
        yield opened


def key(ledger: Ledger, level: ApiLevel = "regency", per_minute: int = 100_000, **scope: tuple[str, ...]) -> str:
    """A new key, as its holder sends it."""
    key_id, (secret, sha256) = new_key_id(), new_secret()
    ledger.add_api_key(key_id, sha256, holder="test", level=level, per_minute=per_minute, **scope)
    return token(key_id, secret)


def bearer(sent: str) -> dict[str, str]:
    return {"authorization": f"Bearer {sent}"}
