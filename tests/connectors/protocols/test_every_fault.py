"""Every protocol against every fault: one table, real sockets.

A protocol without a system here fails the first test; so does a fault without an outcome.
"""

import contextlib
import functools
import socket
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from structlog.testing import capture_logs

from connectors.http.client import HttpClient
from connectors.protocols import registry
from connectors.protocols.base import Page
from connectors.pull.course import pull
from connectors.source.source import Source
from ledger.errors import SourceError
from ledger.keys import Keys
from ledger.settings import Connection, Settings
from ledger.store import Ledger
from tests.conftest import database_url, kept_connections
from tests.connectors.http.conftest import Heard, Server, response, serving
from tests.connectors.landing.conftest import land_pages, source_of
from tests.connectors.protocols.systems import LOGIN, MARK, PASSWORD, SECRETS, SYSTEMS, USER_KEY, System
from tests.connectors.protocols.wire_faults import FAULTS, Fault

pytestmark = pytest.mark.integration

OTHERS = {"sql", "files.csv", "files.xlsx"}  # they do not speak HTTP: test_other_faults
KINDS = {"retryable", "quota", "auth", "permanent", "damaged"}
LIMITS = {"attempts": 2, "backoff_s": 0.01, "connect_s": 2, "read_s": 5, "total_s": 10, "max_received": 20_000}
LIMITS |= {"max_decoded": 100_000}


def outcome_of(protocol: str, fault: str) -> str:
    return FAULTS[fault].but.get(protocol, FAULTS[fault].outcome)


PAIRS = [
    (protocol, fault)
    for protocol in sorted(SYSTEMS)
    for fault in FAULTS
    if not outcome_of(protocol, fault).startswith("not")
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, postgres_url: str, ledger_template: str) -> Iterator[Settings]:
    """One ledger for all pulls: each has a source of its own."""
    name = f"faults_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"create database {name} template {ledger_template}")
    folder = tmp_path_factory.mktemp("faults")
    Keys.ensure(folder / "keys")
    url = database_url(postgres_url, name)
    with kept_connections(url):
        yield Settings(home=folder, ledger_url=url, key_dir=folder / "keys")
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"drop database {name} with (force)")


@pytest.fixture(scope="module")
def ledger(home: Settings) -> Ledger:
    return Ledger(home.ledger_url)


def test_no_protocol_is_left_out() -> None:
    assert set(registry.names()) == set(SYSTEMS) | OTHERS
    outcomes = {outcome_of(protocol, fault) for protocol in SYSTEMS for fault in FAULTS}
    assert all(outcome in KINDS | {"held", "lands"} or outcome.startswith("not: ") for outcome in outcomes)
    assert not {protocol for fault in FAULTS.values() for protocol in fault.but} - set(SYSTEMS)


@pytest.mark.parametrize(("protocol", "fault"), PAIRS, ids=[f"{protocol}-{fault}" for protocol, fault in PAIRS])
def test_what_a_protocol_makes_of_it(protocol: str, fault: str, tmp_path: Path) -> None:
    """Its error, or its pages: those of an undisturbed pull, or such as the landing holds back."""
    expected, source = outcome_of(protocol, fault), source_for(protocol, fault)
    with playing(protocol, fault, "Biasa") as link, capture_logs() as logs:
        try:
            pages, found, told = take(source, link), "lands", ""
        except SourceError as error:
            pages, found, told = [], error.kind, str(error)
        if expected == "held" and pages:
            counts = land_pages(source, pages, tmp_path).counts
            found = "held" if counts.quarantined or not counts.landed else found
    assert found == expected, told
    if expected == "lands":
        assert texts(pages) == texts(undisturbed(protocol))
    nothing_is_told(f"{told} {logs} {[page.request for page in pages]}")


WHOLE = [("rest", fault) for fault in FAULTS] + [
    (protocol, "none") for protocol in sorted(SYSTEMS) if protocol != "rest"
]


@pytest.mark.parametrize(("protocol", "fault"), WHOLE, ids=[f"{protocol}-{fault}" for protocol, fault in WHOLE])
def test_p3_what_becomes_of_a_whole_pull(protocol: str, fault: str, home: Settings, ledger: Ledger) -> None:
    """From the wire to the ledger. Whatever raises out of a protocol takes this way, so that one of them is enough."""
    expected, source = outcome_of(protocol, fault), source_for(protocol, fault)
    with playing(protocol, fault, source.id) as link, capture_logs() as logs:
        try:
            pull(source, ledger, home, connection=link)
            told = ""
        except SourceError as error:
            told = str(error)
    [batch] = ledger.batches(source.id)
    assert batch.status == {"lands": "accepted", "held": "held"}.get(expected, "failed"), told
    assert batch.error_kind == (expected if expected in KINDS else None)
    if expected == "lands":
        assert (batch.rows_received, batch.rows_landed) == (4, 4)
    else:
        assert ledger.in_force(source.id) == []
    requests = [page.request for page in ledger.pages(batch.batch_id)]
    nothing_is_told(f"{told} {batch.error_message} {batch} {logs} {requests}")


def nothing_is_told(words: str) -> None:
    """Neither a secret nor a value of a record."""
    assert not [secret for secret in SECRETS if secret in words]
    assert MARK not in words


def take(source: Source, link: Connection) -> list[Page]:
    protocol = registry.get(source.protocol)
    with HttpClient(link) as http:
        return list(protocol(protocol.Args.model_validate(source.args), link, source.for_each, http).pages())


@functools.cache
def undisturbed(protocol: str) -> list[Page]:
    with playing(protocol, "none", "Biasa") as link:
        return take(source_for(protocol, "none"), link)


def texts(pages: list[Page]) -> list[bytes]:
    return [page.records.removeprefix(b"\xef\xbb\xbf") for page in pages]


def source_for(protocol: str, fault: str) -> Source:
    system = SYSTEMS[protocol]
    columns = {name: {"from": origin} for name, origin in system.columns.items()}
    args = {**system.args, "max_pages": 4}
    more = {"protocol": protocol, "args": args, "for_each": system.for_each, "id": f"{protocol}_{fault}"}
    assertions = {"rows": {"min": 1}, "quarantine": {"max": "5%"}, "shrink": {"max": "20%"}}
    return source_of(columns, ["id"], assertions=assertions, **more)


@contextlib.contextmanager
def playing(protocol: str, fault: str, name: str) -> Iterator[Connection]:
    """A system with a fault, whose rows but the first say ``name``: a connection to it, and what must not be asked."""
    how, system = FAULTS[fault], SYSTEMS[protocol]
    extra: dict[str, Any] = {"user_key": USER_KEY, "basic_password": PASSWORD, "limits": {**LIMITS, **how.limits}}
    if how.host != "private":
        extra["private"] = True
    with serving() as server, serving() as elsewhere:
        server.replies = Everywhere(player(elsewhere, system, how, name))
        url = server.url if how.host != "down" else f"http://127.0.0.1:{closed_port()}"
        yield Connection(url=url, login=LOGIN, password=PASSWORD, extra=extra)
        assert elsewhere.heard == []
        assert bool(server.heard) == (how.host not in {"down", "private"})


def player(elsewhere: Server, system: System, fault: Fault, name: str) -> Callable[[socket.socket, Heard], None]:
    left = [fault.times if fault.times is not None else 10**6]

    def reply(sock: socket.socket, heard: Heard) -> None:
        for path, text in system.aside.items():
            if path in heard.line:
                kind = "text/html" if text.startswith("<") else "application/json"
                sock.sendall(response(text.encode(), kind=kind))
                return
        text = system.serve(heard, fault.mood).replace("Biasa", name)
        healthy = system.wrap(fault.edit(text) if fault.edit else text, heard).encode()
        left[0] -= 1
        if fault.host in {"elsewhere", "circle"}:
            target = elsewhere.url if fault.host == "elsewhere" else ""
            sock.sendall(response(b"", 307, Location=f"{target}{heard.line.split(' ')[1]}"))
        elif fault.spoil is None or left[0] < 0:
            sock.sendall(response(healthy))
        else:
            fault.spoil(sock, healthy)

    return reply


class Everywhere(dict[str, Any]):
    """The same reply at every path."""

    def __init__(self, reply: Any) -> None:
        super().__init__()
        self._reply = reply

    def get(self, key: str, default: Any = None) -> Any:
        return [self._reply]


def closed_port() -> int:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port: int = listener.getsockname()[1]
        return port
