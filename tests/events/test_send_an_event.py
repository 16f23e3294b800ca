"""The programs of docs/send-an-event.md, run as they stand there against the real door in a process of its own."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from ledger.settings import REPOSITORY, Settings
from ledger.store import Ledger
from pilar.platform.airflow_settings import base_environment
from pilar.platform.new_installation import webhook_secret
from pilar.platform.processes import Service, Supervisor
from tests.ports import free_port

pytestmark = pytest.mark.integration

PAGE = (REPOSITORY / "docs" / "send-an-event.md").read_text(encoding="utf-8")
PROGRAMS: Mapping[str, str] = dict(re.findall(r"^```\w+ (\S+)\n(.*?)^```$", PAGE, flags=re.M | re.S))
KEY_PAIR = "key-pair.sh"
RUN_BY = {"send-event.sh": "bash", "send_event.py": sys.executable, "send-event.php": "php"}
NEEDS = {"send-event.sh": ("bash", "curl", "openssl"), "send_event.py": (), "send-event.php": ("php",)}
SOURCE, SECRET_NAME = "diskominfo_spbe", "PILAR_SECRET_DISKOMINFO_WEBHOOK"


@dataclass(frozen=True)
class Door:
    """A door that listens: its address, a secret of the source, and a private key whose other half it has."""

    url: str
    secret: str
    private: str


@pytest.fixture(scope="module")
def key_pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """The private and the public key that the page's own program makes."""
    folder = tmp_path_factory.mktemp("pair")
    (folder / KEY_PAIR).write_text(PROGRAMS[KEY_PAIR], encoding="utf-8")
    subprocess.run(["bash", folder / KEY_PAIR, folder], check=True, timeout=60, capture_output=True)
    assert sorted(one.name for one in folder.iterdir()) == [KEY_PAIR, "private.key", "public.key"]
    return (folder / "private.key").read_text().strip(), (folder / "public.key").read_text().strip()


@pytest.fixture
def door(settings: Settings, key_pair: tuple[str, str]) -> Iterator[Door]:
    """The door as the platform starts it. Nobody is where it looks for Airflow: events are stored all the same."""
    port, secret = free_port(), webhook_secret()
    private, public = key_pair
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return httpx.get(f"{url}/health", trust_env=False, timeout=5).is_success
        except httpx.HTTPError:
            return False

    with Supervisor() as supervisor:
        supervisor.start(
            Service(
                name="door",
                command=(sys.executable, "-m", "pilar.platform.door", str(port), "--with-parent"),
                log=settings.log_dir / "door.log",
                environment={
                    **base_environment(settings),
                    SECRET_NAME: f"{public} {secret}",
                    "PILAR_AIRFLOW_URL": f"http://127.0.0.1:{free_port()}",
                },
                ready=answers,
            )
        )
        supervisor.wait_ready("door")
        yield Door(url, secret, private)


def send(program: str, folder: Path, door: Door, source: str = SOURCE, secret: str = "") -> tuple[int, str]:
    """Run a program of the page as an agency would; its exit code and what it said."""
    lacking = [tool for tool in NEEDS[program] if shutil.which(tool) is None]
    if lacking:
        pytest.skip(f"{', '.join(lacking)} is not installed here")
    file = folder / program
    file.write_text(PROGRAMS[program], encoding="utf-8")
    kept = ("PATH", "LD_LIBRARY_PATH", "HOME")
    environment: Mapping[str, str] = {name: os.environ[name] for name in kept if name in os.environ}
    done = subprocess.run(
        [RUN_BY[program], file.name, source],
        cwd=folder,
        env={**environment, "PILAR_DOOR": door.url, "PILAR_SECRET": secret or door.secret},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_page_has_a_program_for_each_language() -> None:
    assert set(PROGRAMS) == {*RUN_BY, KEY_PAIR}


@pytest.mark.parametrize("program", sorted(RUN_BY))
def test_a_program_of_the_page_is_understood(program: str, tmp_path: Path, door: Door, ledger: Ledger) -> None:
    for key in (door.secret, door.private):  # each event is a new one
        code, said = send(program, tmp_path, door, secret=key)
        assert (code, '"event":"' in said, f'"source":"{SOURCE}"' in said) == (0, True, True), said
    assert len(ledger.events_of(SOURCE)) == 2

    code, said = send(program, tmp_path, door, secret=webhook_secret())
    assert (code != 0, '"error":"not verified' in said) == (True, True), said

    code, said = send(program, tmp_path, door, source=f"nobody_{uuid.uuid4().hex[:6]}")
    assert (code != 0, "no source of this name" in said) == (True, True), said
    assert len(ledger.events_of(SOURCE)) == 2
    assert refused_once(ledger)


def test_an_operator_sends_an_event_by_the_command_line(door: Door, ledger: Ledger) -> None:
    def typed(*words: str, **environment: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-c", "from pilar.cli import main; main()", "event", "send", *words, "--door", door.url],
            env={"PATH": os.environ["PATH"], **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    # As the door has it: the secret that can sign is found behind the public key.
    code, said = typed(SOURCE, **{SECRET_NAME: f"whpk_AAAA {door.secret}"})
    [event] = ledger.events_of(SOURCE)
    assert (code, event.event_id in said) == (0, True), said
    code, said = typed(SOURCE, "--json", PILAR_SECRET=door.private)
    assert (code, json.loads(said)["source"]) == (0, SOURCE), said
    assert len(ledger.events_of(SOURCE)) == 2

    for words, environment, told in (
        ((SOURCE,), {}, SECRET_NAME),
        ((SOURCE,), {SECRET_NAME: webhook_secret()}, "not verified"),
    ):
        code, said = typed(*words, **environment)
        assert (code, told in said, said.count("\n")) == (2, True, 1), said


def refused_once(ledger: Ledger) -> bool:
    """The refusal is counted once the answer is sent."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if [refusal.reason for refusal in ledger.refusals(SOURCE)] == ["signature"]:
            return True
        time.sleep(0.05)
    return False
