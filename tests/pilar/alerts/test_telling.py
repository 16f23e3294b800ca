"""From the ledger to a real mail server and a real webhook."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from structlog.testing import capture_logs

from ledger import tables as t
from ledger.alert_records import Condition
from ledger.engine import make_engine
from ledger.errors import ConfigError
from ledger.records import BatchResult
from ledger.settings import Settings
from ledger.store import Ledger
from pilar import cli
from pilar.alerts import course, look
from pilar.alerts.addresses import Address, quiet_hours
from pilar.alerts.course import Blindness, look_and_tell, tell_once
from pilar.platform import alerts as lookout
from tests.pilar.conftest import Type
from tests.pilar.platform.sources_of_tests import write_sources
from tests.ports import free_port

pytestmark = pytest.mark.integration
NO_NIGHT = quiet_hours({"PILAR_ALERT_QUIET": "none"})


class Webhook:
    """A service that takes messages as JSON; it can be told to refuse them."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.refuses = False
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if not owner.refuses:
                    owner.taken.append(json.loads(body))
                self.send_response(500 if owner.refuses else 200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"json://127.0.0.1:{self._server.server_address[1]}/token-hidden"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def titles(self) -> list[str]:
        return [one["title"] for one in self.taken]


class Mailbox:
    """A mail server's handler that keeps what it gets."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, str]] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802
        letter = message_from_bytes(envelope.content, policy=policy.default)
        body = letter.get_body(("plain",))
        self.letters.append((str(letter["subject"]), body.get_content() if body else ""))
        return "250 taken"


@pytest.fixture(autouse=True)
def _room_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "_disk", lambda _settings: (2**40, 2**40))


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    made = Webhook()
    yield made
    made.stop()


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, str]]:
    box = Mailbox()
    port = free_port()
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    yield box, f"mailto://127.0.0.1:{port}/?from=pilar@example.go.id&to=kepala@example.go.id&mode=insecure"
    server.stop()


@pytest.fixture
def sources_dir(tmp_path: Path) -> Path:
    return write_sources(tmp_path / "sources")


Ends = Callable[..., tuple[int, str]]


@pytest.fixture
def ends(typed: Type, capsys: pytest.CaptureFixture[str]) -> Ends:
    """``ends("status")``: the exit code, and what is printed on both outputs."""

    def run(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        code = cli.app(list(words), standalone_mode=False) or 0
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return run


@pytest.fixture
def house(settings: Settings, sources_dir: Path) -> Settings:
    return settings.model_copy(update={"sources_dir": sources_dir})


@pytest.fixture
def later(ledger_url: str) -> Callable[[timedelta], None]:
    """Lets time pass: everything that the ledger knows of alerts is so much older."""

    def move(age: timedelta) -> None:
        columns = [t.alert.c.seen_at, t.alert.c.gone_at, t.alert_address.c.tried_at, t.alert_address.c.told_at]
        engine = make_engine(ledger_url)
        with engine.begin() as connection:
            for column in columns:
                connection.execute(sa.update(column.table).values({column.name: column - age}))

    return move


def beat(ledger: Ledger, ledger_url: str, ago: timedelta) -> None:
    """Watch ran so long ago."""
    ledger.beat("watch")
    with make_engine(ledger_url).begin() as connection:
        connection.execute(sa.update(t.heartbeat).values(at=sa.func.now() - ago, since=sa.func.now() - ago))


def hold(ledger: Ledger, source_id: str = "births", opd: str = "health", coverage: str = "2024") -> str:
    batch_id = ledger.start_batch(source_id, opd, "c" * 64)
    result = BatchResult("held", coverage, 1, 1, 0, None, None, "d" * 64, False)
    ledger.finish_batch(batch_id, result)
    return batch_id


def fail(ledger: Ledger, source_id: str, opd: str = "health", kind: str = "auth") -> None:
    ledger.fail_batch(ledger.start_batch(source_id, opd, "c" * 64), kind, "the token of Siti was refused")


def test_a_held_batch_is_told_to_its_agency_and_to_operators_until_it_is_released(
    ledger: Ledger,
    house: Settings,
    webhook: Webhook,
    mailbox: tuple[Mailbox, str],
    later: Callable[[timedelta], None],
) -> None:
    box, mail = mailbox
    to = [Address("operator", 1, webhook.url), Address("health", 1, mail), Address("budget", 1, mail)]
    batch_id = hold(ledger)
    ledger.beat("watch")
    look_and_tell(ledger, house, to, NO_NIGHT)
    assert (webhook.taken, box.letters) == ([], [])  # not before it lasts
    later(timedelta(minutes=3))
    for _ in range(3):
        look_and_tell(ledger, house, to, NO_NIGHT)
    assert webhook.titles == ["Pilar: 1 thing needs a person"]
    assert "a batch of births, 2024 is held" in webhook.taken[0]["message"]
    assert [subject for subject, _ in box.letters] == ["Pilar, Health: 1 hal perlu ditindaklanjuti"]
    assert "Kiriman births, 2024 ditahan" in box.letters[0][1]
    ledger.release_batches([batch_id], "the agency confirmed it")
    later(timedelta(minutes=11))
    for _ in range(2):
        look_and_tell(ledger, house, to, NO_NIGHT)
    assert webhook.titles[1:] == ["Pilar: over"]
    assert [subject for subject, _ in box.letters[1:]] == ["Pilar, Health: sudah selesai"]


def test_an_agency_is_told_once_the_reason_is_its_own(
    ledger: Ledger, house: Settings, webhook: Webhook, later: Callable[[timedelta], None]
) -> None:
    """A pull failed by this machine, which concerns no agency. Then the agency's system refuses the login."""
    to = [Address("health", 1, webhook.url)]
    ledger.beat("watch")
    fail(ledger, "births", kind="machine")
    ours = Condition("failed", "births", ledger.now(), "health", {"error_kind": "machine", "pulls": "1"})
    ledger.record_conditions([ours])
    later(timedelta(minutes=3))
    fail(ledger, "births", kind="auth")
    look_and_tell(ledger, house, to, NO_NIGHT)
    assert webhook.titles == ["Pilar, Health: 1 hal perlu ditindaklanjuti"]
    assert "akun atau kata sandi ditolak" in webhook.taken[0]["message"]
    assert len(ledger.alerts()) == 1


def test_forty_failures_at_once_are_one_message(
    ledger: Ledger, house: Settings, webhook: Webhook, later: Callable[[timedelta], None]
) -> None:
    template = (house.sources_dir / "health" / "births.yaml").read_text()
    for number in range(40):
        name = f"many_{number:02}"
        (house.sources_dir / "health" / f"{name}.yaml").write_text(template.replace("id: births", f"id: {name}"))
        fail(ledger, name)
    ledger.beat("watch")
    to = [Address("operator", 1, webhook.url)]
    look_and_tell(ledger, house, to, NO_NIGHT)
    later(timedelta(minutes=3))
    for _ in range(3):
        look_and_tell(ledger, house, to, NO_NIGHT)
        later(timedelta(minutes=11))
    assert webhook.titles == ["Pilar: 40 things need a person"]
    assert "Siti" not in json.dumps(webhook.taken)


def test_p1_what_could_not_be_told_is_told_later_and_no_address_is_logged(
    ledger: Ledger, house: Settings, webhook: Webhook, later: Callable[[timedelta], None]
) -> None:
    to = [Address("operator", 1, webhook.url), Address("operator", 2, "nonsense-hidden")]
    hold(ledger)
    ledger.beat("watch")
    look_and_tell(ledger, house, to, NO_NIGHT)
    later(timedelta(minutes=3))
    webhook.refuses = True
    with capture_logs() as logged:
        for _ in range(3):
            look_and_tell(ledger, house, to, NO_NIGHT)
    assert ledger.addresses()["operator/1"].failures == 1  # bounded: it is not tried at every look
    assert "hidden" not in json.dumps(logged)
    assert {line["address"] for line in logged} == {"operator/1", "operator/2"}
    webhook.refuses = False
    later(timedelta(minutes=3))
    look_and_tell(ledger, house, to, NO_NIGHT)
    assert webhook.titles == ["Pilar: 1 thing needs a person"]
    assert ledger.addresses()["operator/1"].failures == 0


def test_a_ledger_that_is_away_is_told_once_and_that_it_is_back(
    ledger: Ledger, house: Settings, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = Ledger(f"postgresql://nobody@127.0.0.1:{free_port()}/none")
    to = [Address("operator", 1, webhook.url), Address("health", 1, webhook.url)]
    blindness = Blindness.remembered(house)
    assert [one.subject for one in tell_once(nowhere, house, to, NO_NIGHT, blindness).holding] == ["ledger"]
    assert webhook.taken == []
    assert blindness.since is not None
    blindness.since -= timedelta(minutes=3)
    for _ in range(2):
        tell_once(nowhere, house, to, NO_NIGHT, blindness)
        blindness = Blindness.remembered(house)  # as the next process would
    assert webhook.titles == ["Pilar: 1 thing needs a person"]
    assert "the ledger (PostgreSQL) is not well" in webhook.taken[0]["message"]
    ledger.beat("watch")
    tell_once(ledger, house, to, NO_NIGHT, blindness)
    assert webhook.titles[1:] == ["Pilar: over"]
    assert not blindness.file.exists()


def test_a_look_that_stumbles_is_told_too(
    ledger: Ledger, house: Settings, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(course, "look", stumble)
    blindness = Blindness.remembered(house)
    to = [Address("operator", 1, webhook.url)]
    for _ in range(2):
        assert [one.subject for one in tell_once(ledger, house, to, NO_NIGHT, blindness).holding] == ["lookout"]
        assert blindness.since is not None
        blindness.since -= timedelta(minutes=3)
    assert "the lookout itself is not well" in webhook.taken[0]["message"]
    assert len(webhook.taken) == 1


def test_p4_silence_is_noticed_by_a_process_outside_airflow(
    ledger: Ledger, ledger_url: str, house: Settings, webhook: Webhook, later: Callable[[timedelta], None]
) -> None:
    """The lookout runs, Airflow does not, and its scheduler is dead: somebody hears of it at night, too."""
    beat(ledger, ledger_url, timedelta(minutes=20))
    port = free_port()
    environment = {
        **os.environ,
        "PILAR_HOME": str(house.home),
        "PILAR_LEDGER_URL": ledger_url,
        "PILAR_SOURCES": str(house.sources_dir),
        "PILAR_KEYS": str(house.key_dir),
        "PILAR_ALERT_TO_OPERATOR": webhook.url,
        "PILAR_ALERT_QUIET": "00:00-23:59",
        "PILAR_ALERT_EVERY_SECONDS": "0.2",
        "PILAR_AIRFLOW_URL": f"http://127.0.0.1:{free_port()}",
    }
    process = subprocess.Popen([sys.executable, "-m", "pilar.platform.alerts", str(port)], env=environment)
    try:
        until(lambda: len(ledger.alerts()) == 2)
        later(timedelta(minutes=3))
        until(lambda: webhook.taken)
        assert webhook.titles == ["Pilar: 2 things need a person"]
        assert "nothing runs: watch did not run" in webhook.taken[0]["message"]
        assert "Airflow's interface is not well" in webhook.taken[0]["message"]
        page = f"http://127.0.0.1:{port}"
        told = httpx.get(f"{page}/status.json")
        assert told.status_code == 503
        assert [one["subject"] for one in told.json()["conditions"]] == ["watch", "airflow"]
        assert "2 things need a person." in httpx.get(page).text
        metrics = httpx.get(f"{page}/metrics/").text
        assert 'pilar_conditions{kind="silent"} 1.0' in metrics
        assert 'pilar_part_up{part="airflow"} 0.0' in metrics
    finally:
        process.terminate()
        process.wait(20)


def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def test_each_line_of_a_test_names_an_address_and_its_outcome(
    ends: Ends, webhook: Webhook, mailbox: tuple[Mailbox, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    box, mail = mailbox
    monkeypatch.setenv("PILAR_ALERT_TO_OPERATOR", f"{webhook.url} json://127.0.0.1:{free_port()}/hidden nonsense")
    monkeypatch.setenv("PILAR_ALERT_TO_HEALTH", mail)
    code, said = ends("alerts", "test")
    assert code == 1
    assert said.splitlines() == [
        "operator/1 (json): taken",
        "operator/2 (json): not taken: the service could not be reached, or it refused",
        "operator/3 (unreadable): this is no address that Apprise knows",
        "health/1 (mailto): taken",
    ]
    assert webhook.titles == ["Pilar: a test"]
    assert [subject for subject, _ in box.letters] == ["Pilar: uji coba"]


def test_the_status_says_in_its_first_line_whether_anything_needs_a_person(
    ends: Ends, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.beat("watch")
    assert ends("status") == (0, "Nothing needs a person.\n")
    hold(ledger)
    code, said = ends("status")
    assert code == 1
    assert said.splitlines()[0] == "1 thing needs a person."
    assert said.splitlines()[1].startswith("- a batch of births, 2024 is held (since ")
    code, said = ends("status", "--json")
    told = json.loads(said)
    assert (code, told["well"], [one["kind"] for one in told["conditions"]]) == (1, False, ["held"])
    monkeypatch.setenv("PILAR_LEDGER_URL", f"postgresql://nobody@127.0.0.1:{free_port()}/none")
    code, said = ends("status")
    assert (code, said.splitlines()[0]) == (1, "1 thing needs a person.")
    assert "the ledger (PostgreSQL) is not well" in said


def test_the_list_says_who_was_told(
    typed: Type, ledger: Ledger, house: Settings, webhook: Webhook, later: Callable[[timedelta], None]
) -> None:
    assert typed("alerts", "list").startswith("Nobody looked yet")
    hold(ledger)
    ledger.beat("watch")
    to = [Address("operator", 1, webhook.url)]
    look_and_tell(ledger, house, to, NO_NIGHT)
    assert "nobody" in typed("alerts", "list")
    later(timedelta(minutes=3))
    look_and_tell(ledger, house, to, NO_NIGHT)
    assert "operator/1" in typed("alerts", "list")


@pytest.mark.parametrize("said", ["soon", "0", "-1", "nan", "inf", "601"])
def test_p10_how_often_is_looked_is_a_number_of_seconds(said: str) -> None:
    with pytest.raises(ConfigError, match="PILAR_ALERT_EVERY_SECONDS"):
        lookout._every_seconds(said)
    assert (lookout._every_seconds(""), lookout._every_seconds("0.2")) == (60.0, 0.2)
