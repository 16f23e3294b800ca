"""Every protocol against every fault that the simulator's system of it can play: one table, real sockets.

A protocol without a system fails the first test; so does a fault without an outcome.
"""

import contextlib
import socket
import uuid
from collections.abc import Iterator
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
from simulator.faults import HTTP
from simulator.server import Simulator
from tests.conftest import database_url, kept_connections
from tests.connectors.http.conftest import Server, serving
from tests.connectors.landing.conftest import land_pages, source_of
from tests.connectors.protocols.systems import LOGIN, MARK, PASSWORD, ROWS, SECRETS, SYSTEMS, USER_KEY
from tests.connectors.protocols.wire_faults import FAULTS, ORDINARY, kind_of

pytestmark = pytest.mark.integration

OTHERS = {"sql", "files.csv", "files.evidence", "files.xlsx"}  # they do not speak HTTP: test_other_faults
KINDS = {"retryable", "quota", "auth", "permanent", "damaged"}
LIMITS = {"attempts": 2, "backoff_s": 0.01, "connect_s": 2, "read_s": 5, "total_s": 10, "max_received": 20_000}
LIMITS |= {"max_decoded": 100_000}
# Of no system, but of the way to it: nobody listens there, or the address is not one that may be asked.
ON_THE_WAY = {"none": "lands", "nobody_there": "retryable", "private_address": "permanent"}


def outcome_of(protocol: str, fault: str) -> str:
    return ON_THE_WAY.get(fault) or SYSTEMS[protocol].but.get(fault, FAULTS[fault].outcome)


def faults_of(protocol: str) -> list[str]:
    return [*ON_THE_WAY, *(fault for fault in FAULTS if kind_of(fault) in SYSTEMS[protocol].system.playable)]


PAIRS = [(protocol, fault) for protocol in sorted(SYSTEMS) for fault in faults_of(protocol)]


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Server]:
    """A host that nobody may be led to."""
    with serving() as server:
        yield server


@pytest.fixture(scope="module")
def systems(elsewhere: Server) -> Iterator[Simulator]:
    """The system of each protocol."""
    with Simulator(systems=[asked.system for asked in SYSTEMS.values()], elsewhere=elsewhere.url) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def undisturbed(systems: Simulator) -> dict[str, list[bytes]]:
    """What each protocol reads of a healthy system."""
    return {protocol: texts(take(source_for(protocol, "none"), link_to(systems, protocol))) for protocol in SYSTEMS}


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


def test_no_protocol_and_no_fault_is_left_out() -> None:
    assert set(registry.names()) == set(SYSTEMS) | OTHERS
    assert all(asked.system.name == protocol for protocol, asked in SYSTEMS.items())
    assert {kind_of(fault) for fault in FAULTS} | ORDINARY == HTTP
    assert {outcome_of(protocol, fault) for protocol, fault in PAIRS} == KINDS | {"held", "lands"}
    assert not {fault for asked in SYSTEMS.values() for fault in asked.but} - set(FAULTS)


@pytest.mark.fault(10, 11, 24)
@pytest.mark.parametrize(("protocol", "fault"), PAIRS, ids=[f"{protocol}-{fault}" for protocol, fault in PAIRS])
def test_what_a_protocol_makes_of_it(
    protocol: str,
    fault: str,
    tmp_path: Path,
    systems: Simulator,
    elsewhere: Server,
    undisturbed: dict[str, list[bytes]],
) -> None:
    """Its error, or its pages: those of an undisturbed pull, or such as the landing holds back."""
    expected, source = outcome_of(protocol, fault), source_for(protocol, fault)
    with playing(systems, elsewhere, protocol, fault) as link, capture_logs() as logs:
        try:
            pages, found, told = take(source, link), "lands", ""
        except SourceError as error:
            pages, found, told = [], error.kind, str(error)
        if expected == "held" and pages:
            counts = land_pages(source, pages, tmp_path).counts
            found = "held" if counts.quarantined or not counts.landed else found
    assert found == expected, told
    if expected == "lands":
        assert texts(pages) == undisturbed[protocol]
    nothing_is_told(f"{told} {logs} {[page.request for page in pages]}")


WHOLE = [("rest", fault) for fault in faults_of("rest")] + [
    (protocol, "none") for protocol in sorted(SYSTEMS) if protocol != "rest"
]


@pytest.mark.fault(13)
@pytest.mark.parametrize(("protocol", "fault"), WHOLE, ids=[f"{protocol}-{fault}" for protocol, fault in WHOLE])
def test_p3_what_becomes_of_a_whole_pull(
    protocol: str,
    fault: str,
    home: Settings,
    ledger: Ledger,
    systems: Simulator,
    elsewhere: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From the wire to the ledger. Whatever raises out of a protocol takes this way, so that one of them is enough."""
    expected, source = outcome_of(protocol, fault), source_for(protocol, fault)
    # No two sources may bring the same bytes: the gate would hold them.
    monkeypatch.setitem(ROWS[1], "nama", source.id)
    with playing(systems, elsewhere, protocol, fault) as link, capture_logs() as logs:
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


def texts(pages: list[Page]) -> list[bytes]:
    return [page.records.removeprefix(b"\xef\xbb\xbf") for page in pages]


def source_for(protocol: str, fault: str) -> Source:
    asked = SYSTEMS[protocol]
    columns = {name: {"from": origin} for name, origin in asked.columns.items()}
    args = {**asked.args, "max_pages": 4}
    more = {"protocol": protocol, "args": args, "for_each": asked.for_each, "id": f"{protocol}_{fault}"}
    assertions = {"rows": {"min": 1}, "quarantine": {"max": "5%"}, "shrink": {"max": "20%"}}
    return source_of(columns, ["id"], assertions=assertions, **more)


@contextlib.contextmanager
def playing(systems: Simulator, elsewhere: Server, protocol: str, fault: str) -> Iterator[Connection]:
    """A system with a fault: a connection to it, and what must not be asked."""
    if fault in FAULTS:
        how, match = FAULTS[fault], SYSTEMS[protocol].data
        systems.faults.set(protocol, kind_of(fault), value=how.value, times=how.times, match=match)
    systems.asked.clear()
    try:
        yield link_to(systems, protocol, fault)
    finally:
        systems.faults.clear()
    assert elsewhere.heard == []
    assert bool(systems.asked) == (fault not in {"nobody_there", "private_address"})


def link_to(systems: Simulator, protocol: str, fault: str = "none") -> Connection:
    limits = {**LIMITS, **(FAULTS[fault].limits if fault in FAULTS else {})}
    extra: dict[str, Any] = {"user_key": USER_KEY, "basic_password": PASSWORD, "limits": limits}
    url = systems.connections()[protocol]["url"]
    if fault == "nobody_there":
        url = f"http://127.0.0.1:{closed_port()}"
    if fault != "private_address":
        extra["private"] = True
    return Connection(url=url, login=LOGIN, password=PASSWORD, extra=extra)


def closed_port() -> int:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port: int = listener.getsockname()[1]
        return port
