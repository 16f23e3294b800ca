"""The whole course through Airflow: signed events have agencies pulled, and what is accepted is evaluated by itself.

What people decide is typed into the command line. PostgreSQL, Airflow, the door and every step are the real ones.
"""

import base64
import json
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from ledger.names import EVALUATE, WATCH
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.evaluation import evaluate
from pilar.platform import logs
from pilar.platform.stack import Ports, Stack
from simulator.push import post_event
from tests.integration.course import Became, Town
from tests.integration.whole_course import REGIONS, found, whole_course
from tests.ports import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

SECRET = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
PATIENCE_SECONDS = 240


@dataclass(frozen=True)
class PlatformTown(Town):
    """A town whose agencies send events, and whose platform does the rest."""

    stack: Stack

    @property
    def evaluates_by_itself(self) -> bool:
        return True

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.stack.settings.ledger_url)

    def write_source(self, opd: str, made: Mapping[str, object]) -> None:
        events = made["events"]
        assert isinstance(events, dict)
        super().write_source(opd, {**made, "events": {**events, "secret": "course_hook"}})

    def pull_all(self, *ids: str) -> dict[str, list[Became]]:
        """All agencies announce their data at once, and Airflow pulls each."""
        for id_ in ids:
            sent = post_event(f"{self.stack.door_url}/events", id_, SECRET)
            assert sent.status == 202, sent.body
        until(lambda: all(self.ledger.events_of(id_)[0].status in ("done", "failed") for id_ in ids), self.stack)
        return {id_: self._became(id_) for id_ in ids}

    def _became(self, id_: str) -> list[Became]:
        [event] = self.ledger.events_of(id_, 1)
        own = [batch for batch in self.ledger.batches(id_) if batch.started_at >= event.received_at]
        return [(one.status, one.rows_landed or 0, one.rows_quarantined or 0) for one in reversed(own)]

    def evaluate(self) -> None:
        """What was accepted is evaluated by itself. What was only typed waits for `watch`, or for who starts it."""
        until(self.rests, self.stack)
        if evaluate.due(self.ledger, self.stack.settings):
            self.ask("POST", f"{EVALUATE}/dagRuns", {"logical_date": None})
            until(lambda: self.rests() and not evaluate.due(self.ledger, self.stack.settings), self.stack)
        last = self.ledger.last_evaluation()
        assert last is not None
        assert last.status == "published", last

    def alone(self) -> None:
        """`watch` pulls what was never tried, whenever the clock strikes: it would come between what is looked at."""
        # A run of a paused DAG never ends: it is paused between two of its runs.
        while True:
            until(self.rests, self.stack)
            self.ask("PATCH", WATCH, {"is_paused": True})
            if self.rests():
                return
            self.ask("PATCH", WATCH, {"is_paused": False})

    def rests(self) -> bool:
        """Whether no run is under way."""
        return not any(self.ask("GET", f"~/dagRuns?state={state}")["dag_runs"] for state in ("queued", "running"))

    def ask(self, method: str, path: str, body: object = None) -> dict[str, list[object]]:
        """What Airflow answers about its DAGs."""
        url = self.stack.airflow_url
        token = httpx.get(f"{url}/auth/token").json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        answer = httpx.request(method, f"{url}/api/v2/dags/{path}", json=body, headers=headers, timeout=20)
        assert answer.is_success, answer.text
        told: dict[str, list[object]] = answer.json()
        return told


def until(condition: Callable[[], bool], stack: Stack) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        stack.check()
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.2)


@pytest.fixture
def town(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[PlatformTown]:
    # A short path: PostgreSQL's user must be able to enter it, and pytest's own folder is closed to others.
    folder = Path(tempfile.mkdtemp(prefix="pilar-course-"))
    folder.chmod(0o711)
    settings = Settings(
        home=folder / "home",
        ledger_url="",
        sources_dir=folder / "sources",
        key_dir=folder / "keys",
        regions=tuple(sorted(REGIONS)),
    )
    letters = folder / "kiriman"
    own = {"PILAR_CONN_KIRIMAN": json.dumps({"url": letters.as_uri()})}
    stack = Stack(
        settings,
        Ports(door=free_port(), airflow=free_port()),
        environment={**own, "PILAR_SECRET_COURSE_HOOK": SECRET},
    )
    made = PlatformTown(settings.home, settings.sources_dir, letters, lambda: capsys.readouterr().out, stack)
    try:
        found(made)
        with stack:
            variables = {"HOME": settings.home, "LEDGER_URL": stack.settings.ledger_url, "KEYS": settings.key_dir}
            variables |= {"REGIONS": ",".join(settings.regions), "SOURCES": settings.sources_dir}
            for name, value in variables.items():
                monkeypatch.setenv(f"PILAR_{name}", str(value))
            monkeypatch.setenv("PILAR_CONN_KIRIMAN", own["PILAR_CONN_KIRIMAN"])
            logs.configure("ERROR")
            made.alone()
            yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_p3_p8_a_whole_course_through_airflow(
    town: PlatformTown, record_property: Callable[[str, object], None]
) -> None:
    began = time.monotonic()
    whole_course(town)
    record_property("seconds", round(time.monotonic() - began, 1))
