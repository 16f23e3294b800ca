"""``docs/follow-a-row.md`` is true: what it names exists, and is called in the order in which it stands there."""

import ast
import base64
import json
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from events.airflow_client import AirflowClient
from events.dispatch import Dispatcher
from events.door import Senders, create_app
from ledger.settings import REPOSITORY, Settings
from ledger.store import Ledger
from pilar import steps
from simulator.data.assessments import spbe_rows
from simulator.server import Simulator
from simulator.systems.rest import Endpoint, Rest
from tests.events.conftest import message, signed
from tests.events.test_door import eventually
from tests.integration.conftest import Installation, set_to

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

PAGE = (REPOSITORY / "docs" / "follow-a-row.md").read_text()
PACKAGES = "events|dags|pilar|connectors|definitions|ledger|expectations|publication"
SOURCE, OPD = "diskominfo_spbe", "diskominfo"
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


def names(text: str) -> list[str]:
    """The functions that a text names, in its order."""
    return re.findall(rf"`((?:{PACKAGES})(?:\.\w+)+)`", text)


NAMED = names(PAGE)
BEFORE, AFTER = (names(part) for part in PAGE.split("## The evaluation: build", 1))


def defined(name: str) -> bool:
    """Whether a dotted name is a function, or a class's, in the files. Nothing is imported: DAGs need Airflow."""
    parts = name.split(".")
    depth = next(n for n in range(len(parts), 0, -1) if (REPOSITORY / Path(*parts[:n])).with_suffix(".py").is_file())
    body: list[ast.stmt] = ast.parse((REPOSITORY / Path(*parts[:depth])).with_suffix(".py").read_text()).body
    for nth, part in enumerate(parts[depth:], depth + 1):
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef) if nth == len(parts) else (ast.ClassDef,)
        found = [node for node in body if isinstance(node, kinds) and node.name == part]
        if not found:
            return False
        body = found[0].body
    return depth < len(parts)


@pytest.mark.parametrize("name", NAMED)
def test_what_the_page_names_exists(name: str) -> None:
    assert defined(name)


def test_a_name_that_is_not_there_is_noticed() -> None:
    assert len(NAMED) == len(set(NAMED)) > 50
    assert not defined("pilar.steps.nothing")
    assert not defined("ledger.event_store.Nobody.record_events")


@contextmanager
def following(wanted: list[str]) -> Iterator[list[str]]:
    """The functions among ``wanted`` in the order in which each is called for the first time, in whatever thread."""
    left, called = set(wanted), []
    codes: dict[Any, str] = {}

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event != "call":
            return
        code = frame.f_code
        if code not in codes:
            codes[code] = f"{frame.f_globals.get('__name__')}.{code.co_qualname}"
        if codes[code] in left:
            left.discard(codes[code])
            called.append(codes[code])

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield called
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def run_by_pilar(page: list[str]) -> list[str]:
    """The page's functions without Airflow's tasks, which run on its machines only."""
    return [name for name in page if not name.startswith("dags.")]


@pytest.fixture
def airflow() -> Iterator[tuple[AirflowClient, list[bytes]]]:
    """Airflow's client, and what it posted to an Airflow that says yes."""
    posted: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/token":
            return httpx.Response(201, json={"access_token": "t"})
        if request.method == "GET":
            return httpx.Response(200, json={"assets": [{"id": 1, "name": f"opd__{OPD}"}]})
        posted.append(request.content)
        return httpx.Response(200, json={"id": 1})

    with AirflowClient("http://airflow", transport=httpx.MockTransport(answer)) as client:
        yield client, posted


@pytest.fixture
def _installed(settings: Settings) -> Iterator[None]:
    """An installation in which nothing is yet, and the agency's system."""
    endpoint = Endpoint(spbe_rows, 2, envelope=False)
    with Simulator(systems=[Rest(OPD, {"/api/spbe": endpoint}, token="t")]) as simulator:
        variables = {
            "PILAR_HOME": str(settings.home),
            "PILAR_LEDGER_URL": settings.ledger_url,
            "PILAR_KEYS": str(settings.key_dir),
            f"PILAR_CONN_{OPD.upper()}": json.dumps(simulator.connections()[OPD]),
        }
        with set_to(variables):
            yield


@pytest.mark.usefixtures("_installed")
def test_an_event_and_its_pull_go_the_way_of_the_page(
    ledger: Ledger, settings: Settings, airflow: tuple[AirflowClient, list[bytes]]
) -> None:
    client, posted = airflow
    opd_of: Callable[[str], str | None] = {SOURCE: OPD}.get
    dispatcher = Dispatcher(ledger, client, opd_of)
    door = create_app(settings, ledger, dispatcher, Senders(opd_of, lambda _: [SECRET]))
    body = message(SOURCE)
    page = run_by_pilar(BEFORE)
    with following(page) as called:
        assert TestClient(door).post("/events", content=body, headers=signed(body, SECRET)).status_code == 202
        # The door would have started it with itself: then it looks for events before one is there, too.
        dispatcher.start()
        assert eventually(lambda: [event.status for event in ledger.events_of(SOURCE)] == ["dispatched"])
        dispatcher.stop()
        outcome = steps.ingest(SOURCE)
    assert len(posted) == 1
    assert {batch.status for batch in outcome.batches} == {"accepted"}
    assert [event.status for event in ledger.events_of(SOURCE)] == ["done"]
    assert called == page


def test_an_evaluation_goes_the_way_of_the_page(installation: Installation) -> None:
    page = run_by_pilar(AFTER)
    with following(page) as called:
        installation.evaluate()
    assert called == page
