"""The programs of docs/send-an-event.md, run as they stand there against the real door in a process of its own."""

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
RUN_BY = {"send-event.sh": "bash", "send_event.py": sys.executable, "send-event.php": "php"}
NEEDS = {"send-event.sh": ("bash", "curl", "openssl"), "send_event.py": (), "send-event.php": ("php",)}
SOURCE, SECRET_NAME = "diskominfo_spbe", "PILAR_SECRET_DISKOMINFO_WEBHOOK"


@dataclass(frozen=True)
class Door:
    """A door that listens: its address, and the secret of the source."""

    url: str
    secret: str


@pytest.fixture
def door(settings: Settings) -> Iterator[Door]:
    """The door as the platform starts it. Nobody is where it looks for Airflow: events are stored all the same."""
    port, secret = free_port(), webhook_secret()
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
                    SECRET_NAME: secret,
                    "PILAR_AIRFLOW_URL": f"http://127.0.0.1:{free_port()}",
                },
                ready=answers,
            )
        )
        supervisor.wait_ready("door")
        yield Door(url, secret)


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
    assert set(PROGRAMS) == set(RUN_BY)


@pytest.mark.parametrize("program", sorted(RUN_BY))
def test_a_program_of_the_page_is_understood(program: str, tmp_path: Path, door: Door, ledger: Ledger) -> None:
    code, said = send(program, tmp_path, door)
    assert (code, '"new":true' in said) == (0, True), said
    assert len(ledger.events_of(SOURCE)) == 1

    # Each event is a new one.
    code, said = send(program, tmp_path, door)
    assert (code, '"new":true' in said) == (0, True), said

    code, said = send(program, tmp_path, door, secret=webhook_secret())
    assert (code != 0, '"error":"not verified' in said) == (True, True), said

    code, said = send(program, tmp_path, door, source=f"nobody_{uuid.uuid4().hex[:6]}")
    assert (code != 0, "no source of this name" in said) == (True, True), said
    assert len(ledger.events_of(SOURCE)) == 2
    assert refused_once(ledger)


def refused_once(ledger: Ledger) -> bool:
    """The refusal is counted once the answer is sent."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if [refusal.reason for refusal in ledger.refusals(SOURCE)] == ["signature"]:
            return True
        time.sleep(0.05)
    return False
