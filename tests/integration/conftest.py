"""An installation with simulated agencies in which everything was pulled, evaluated and published once."""

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from pytest_socket import enable_socket

from ledger.keys import Keys
from ledger.settings import Settings, sources_dir
from ledger.store import Ledger
from pilar import steps
from publication import pointer
from simulator.server import Simulator
from tests.agencies import PLAYED
from tests.conftest import database_url, kept_connections


@dataclass(frozen=True)
class Installation:
    """A running installation: what a test changes it must change back."""

    ledger: Ledger
    settings: Settings
    simulator: Simulator

    def published(self) -> str | None:
        """What readers see."""
        return pointer.current(self.settings.published_dir)

    def evaluate(self) -> str:
        """All three steps; returns the evaluation's id."""
        evaluation_id = steps.build_candidates(anyway=True)
        assert evaluation_id is not None
        steps.score(evaluation_id)
        steps.publish(evaluation_id)
        return evaluation_id


@pytest.fixture(scope="session")
def made(
    postgres_url: str, ledger_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Installation, Mapping[str, str]]]:
    """Everything accepted, all six pillars in force, one publication; with the variables that lead to it."""
    enable_socket()
    home = tmp_path_factory.mktemp("installation")
    ledger_name, systems_name = (f"{part}_{uuid.uuid4().hex}" for part in ("ledger", "systems"))
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create database {ledger_name} template {ledger_template}")
        connection.execute(f"create database {systems_name}")
    ledger_url = database_url(postgres_url, ledger_name)
    key_dir = home.parent / f"{home.name}-keys"
    Keys.ensure(key_dir)
    with (
        kept_connections(ledger_url),
        Simulator(postgres_url=database_url(postgres_url, systems_name)) as simulator,
    ):
        variables = {"PILAR_HOME": str(home), "PILAR_LEDGER_URL": ledger_url, "PILAR_KEYS": str(key_dir)}
        for name, value in simulator.connections().items():
            variables[f"PILAR_CONN_{name.upper()}"] = json.dumps(value)
        with set_to(variables):
            ledger, settings = steps.open_installation()
            found = Installation(ledger, settings, simulator)
            for source_id in PLAYED:
                steps.ingest(source_id)
            found.evaluate()
        yield found, variables


@pytest.fixture(scope="module")
def installation(made: tuple[Installation, Mapping[str, str]]) -> Iterator[Installation]:
    """The one installation, which the steps find while a file's tests run."""
    found, variables = made
    with set_to(variables):
        yield found


@contextmanager
def set_to(variables: Mapping[str, str]) -> Iterator[None]:
    """The environment as these variables say."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in variables.items():
            environment.setenv(name, value)
        yield


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the source files that a test may spoil; the installation reads it."""
    folder = tmp_path / "sources"
    for path in sorted(sources_dir().glob("*/*.yaml")):
        target = folder / path.parent.name / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    monkeypatch.setenv("PILAR_SOURCES", str(folder))
    return folder
