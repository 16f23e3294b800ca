"""A running simulator, and sessions that carry each system's credential."""

import uuid
from collections.abc import Callable, Iterator

import psycopg
import pytest
import requests

from simulator.server import ConnectionInfo, Simulator

Get = Callable[..., requests.Response]


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    """One simulator for a module, without a database."""
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def simulator(running: Simulator) -> Iterator[Simulator]:
    """The module's simulator, healthy again after each test."""
    yield running
    running.faults.clear()


@pytest.fixture
def connections(simulator: Simulator) -> dict[str, ConnectionInfo]:
    return simulator.connections()


@pytest.fixture
def get(connections: dict[str, ConnectionInfo]) -> Get:
    """``get("sipd", "/aklap/...", params)`` with the connection's bearer token."""

    def ask(name: str, path: str, params: object = None, timeout: float = 10) -> requests.Response:
        headers = {"Authorization": f"Bearer {connections[name]['password']}"}
        return requests.get(connections[name]["url"] + path, params=params, headers=headers, timeout=timeout)  # type: ignore[arg-type]

    return ask


@pytest.fixture
def survey_url(postgres_url: str) -> Iterator[str]:
    """An empty database of this test's own."""
    # Workers share one server: a name of its own.
    name = f"survey_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    head, _, query = postgres_url.partition("?")
    yield f"{head.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")
