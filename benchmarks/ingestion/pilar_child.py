"""One whole pull of Pilar's: source, client, pages kept encrypted, landing, gate, receipt. Prints JSON.

``--without`` leaves one thing out, to say what it costs: the contract's checks, pseudonyms, pages (kept and encrypted),
or the ledger with its receipts. Without landing nothing but the protocol is left, which gives its pages.
"""

import argparse
import contextlib
import json
import logging
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import structlog

from benchmarks.ingestion.children import told
from benchmarks.ingestion.records import REST_ARGS, source
from connectors.http.client import HttpClient
from connectors.pull.course import pull
from connectors.pull.page_store import PageStore
from connectors.source.protocol import protocol_of
from connectors.source.source import Source
from ledger.keys import Keys
from ledger.settings import Connection, Settings
from ledger.store import Ledger

PARTS = ("contract", "pseudonyms", "pages", "ledger", "landing")


def main(arguments: Sequence[str] | None = None) -> None:
    """Pull once and say how long it took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("home", type=Path)
    parser.add_argument("ledger_url")
    parser.add_argument("--without", choices=PARTS)
    parser.add_argument("--limits", type=json.loads, default={})
    parser.add_argument("--protocol", default="rest")
    parser.add_argument("--args", type=json.loads, default=REST_ARGS)
    given = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    asked = source(
        contract=given.without != "contract",
        pseudonyms=given.without != "pseudonyms",
        protocol=given.protocol,
        args=given.args,
    )
    settings = Settings(home=given.home, ledger_url=given.ledger_url, key_dir=given.home / "keys")
    connection = Connection(url=given.url, extra={"private": True, "limits": given.limits})
    ledger: Any = NoLedger() if given.without == "ledger" else Ledger(given.ledger_url)
    Keys.ensure(settings.key_dir)
    warm()
    if given.without == "landing":
        told(seconds=pages_alone(asked, connection))
        return
    with without_pages() if given.without == "pages" else contextlib.nullcontext():
        began = time.perf_counter()
        with ledger.one_connection():  # as the platform pulls
            outcome = pull(asked, ledger, settings, connection=connection)
        seconds = time.perf_counter() - began
    (batch,) = outcome.batches
    if batch.status != "accepted":
        raise RuntimeError(f"the batch is {batch.status}: {batch.reasons}")
    told(seconds=seconds, received=batch.received, landed=batch.landed, quarantined=batch.quarantined)


def warm() -> None:
    """What a worker of the platform has imported already: DuckDB imports pandas with a process's first parameters."""
    import duckdb

    import connectors.http.client
    import connectors.protocols.registry  # noqa: F401 (imported for its effect)

    duckdb.connect().execute("SELECT $one", {"one": 1}).fetchall()


def pages_alone(asked: Source, connection: Connection) -> float:
    """How long the protocol takes to give every page."""
    began = time.perf_counter()
    with HttpClient(connection) as http:
        for _ in protocol_of(asked, connection, asked.for_each, http).pages():
            pass
    return time.perf_counter() - began


class NoLedger:
    """A ledger that remembers nothing: what PostgreSQL and the receipts cost is the difference to the real one."""

    @contextlib.contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """No lock."""
        yield

    @contextlib.contextmanager
    def one_connection(self) -> Iterator[None]:
        """No connection."""
        yield

    @contextlib.contextmanager
    def deciding(self, source_id: str) -> Iterator[None]:
        """No lock."""
        yield

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """No transaction."""
        yield

    def start_batch(self, *_: Any, **__: Any) -> str:
        """One batch."""
        return "batch"

    def now(self) -> datetime:
        """This machine's clock."""
        return datetime.now(UTC)

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: ()


@contextlib.contextmanager
def without_pages() -> Iterator[None]:
    """Nothing is kept of the answers."""
    with (
        mock.patch.object(PageStore, "write", lambda store, seq, *_: store.path(seq)),
        mock.patch.object(PageStore, "settle", return_value=None),
    ):
        yield


if __name__ == "__main__":
    sys.exit(main())
