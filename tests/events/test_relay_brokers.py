"""The relay against brokers that run: both killed at every step, nothing lost, and what came twice recorded once."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from ledger.settings import Settings
from ledger.store import Ledger
from pilar.platform.airflow_settings import base_environment
from pilar.platform.processes import Supervisor
from pilar.platform.stack import Stack
from tests.events.brokers import BROKERS, Broker
from tests.events.conftest import message
from tests.pilar.platform.sources_of_tests import write_sources

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

SOURCE = "births"
# The relay, killed when it has (or has not yet) recorded its n-th message.
DYING = """
import os, signal, sys
from ledger.store import Ledger
from pilar.platform import relay
when, nth = sys.argv[1], int(sys.argv[2])
record, seen = Ledger.record_events, 0
def dying(self, events):
    global seen
    seen += 1
    if when == "before" and seen == nth:
        os.kill(os.getpid(), signal.SIGKILL)
    receipts = record(self, events)
    if when == "after" and seen == nth:
        os.kill(os.getpid(), signal.SIGKILL)
    return receipts
Ledger.record_events = dying
sys.exit(relay.main([]))
"""


@pytest.fixture(scope="module", params=sorted(BROKERS))
def broker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    made = BROKERS[request.param](tmp_path_factory.mktemp(request.param))
    try:
        made.start()
        made.prepare()
        yield made
    finally:
        made.kill()


class Relay:
    """The relay in processes of its own, one after the other."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self._environment = environment
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, when: str = "never", nth: int = 0) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", DYING, when, str(nth)], env=dict(self._environment), stdout=log, stderr=log
            )

    def dies(self) -> int:
        assert self._process is not None
        return self._process.wait(60)

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        assert self._process is not None
        self._process.send_signal(with_signal)
        return self._process.wait(60)


@pytest.fixture
def relay(broker: Broker, settings: Settings, tmp_path: Path) -> Iterator[Relay]:
    made = settings.model_copy(update={"sources_dir": write_sources(tmp_path / "sources")})
    environment = {
        **base_environment(made),
        "PATH": os.environ["PATH"],
        "PILAR_RELAY": "test_bus",
        "PILAR_CONN_TEST_BUS": broker.connection(["health"]),
    }
    one = Relay(environment, tmp_path / "relay.log")
    yield one
    one.stop(signal.SIGKILL)


def eventually(condition: Callable[[], bool], log: Path, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, log.read_text()[-3000:]
        time.sleep(0.1)


def test_p4_whatever_is_killed_no_message_is_lost_and_none_is_recorded_twice(
    broker: Broker, relay: Relay, ledger: Ledger, tmp_path: Path
) -> None:
    log = tmp_path / "relay.log"
    sent = [f"event-{number}" for number in range(12)]
    poison = b'{"specversion": "1.0", "nama": "Made Up"}'
    broker.send([message(SOURCE, identity) for identity in sent[:6]])
    broker.send([poison])
    broker.send([message(SOURCE, identity) for identity in (*sent[6:8], sent[0])])  # one of them comes twice

    def recorded() -> list[str]:
        return sorted(event.sender_event_id for event in ledger.events_of(SOURCE, 100))

    relay.start("before", 3)
    assert relay.dies() == -signal.SIGKILL
    assert recorded() == sorted(sent[:2])
    relay.start("after", 3)
    assert relay.dies() == -signal.SIGKILL
    assert recorded() == sorted(sent[:5])
    relay.start()
    eventually(lambda: recorded() == sorted(sent[:8]), log)
    if broker.survives:
        broker.kill()
        broker.start()
    broker.send([message(SOURCE, identity) for identity in sent[8:]])
    eventually(lambda: recorded() == sorted(sent), log)
    eventually(lambda: broker.left() == 0, log)
    assert relay.stop() == 0

    [letter] = ledger.dead_letters()
    assert (letter.queue, letter.reason, letter.bytes) == ("test_bus", "malformed", len(poison))
    told = log.read_text()
    assert "Made Up" not in told
    assert "Traceback" not in told


def test_an_event_in_binary_mode_is_read_from_the_broker_s_headers(
    broker: Broker, relay: Relay, ledger: Ledger, tmp_path: Path
) -> None:
    prefix = {"kafka": "ce_", "amqp": "cloudEvents:"}.get(broker.scheme, "ce-")
    attributes = {f"{prefix}{name}": value for name, value in json.loads(message(SOURCE, "binary")).items()}
    broker.send([b"\xff data"], {**attributes, "content-type": "application/octet-stream"})
    relay.start()
    eventually(lambda: len(ledger.events_of(SOURCE)) == 1, tmp_path / "relay.log")
    assert ledger.events_of(SOURCE)[0].sender_event_id == "binary"
    eventually(lambda: broker.left() == 0, tmp_path / "relay.log")


@pytest.mark.parametrize("broker", ["redis"], indirect=True)
def test_up_keeps_a_relay_where_queues_are_named(
    broker: Broker, settings: Settings, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PILAR_RELAY", "test_bus")
    monkeypatch.setenv("PILAR_CONN_TEST_BUS", broker.connection([SOURCE]))
    made = settings.model_copy(update={"sources_dir": write_sources(tmp_path / "sources")})
    broker.send([message(SOURCE, "by up")])
    with Supervisor() as supervisor:
        for service in Stack(made).listeners():
            supervisor.start(service)
        eventually(lambda: len(ledger.events_of(SOURCE)) == 1, made.log_dir / "relay.log")
    monkeypatch.setenv("PILAR_RELAY", "none")
    assert list(Stack(made).listeners()) == []
