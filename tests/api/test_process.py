"""The interface as a process of its own, started as an installation starts it; and the commands for its keys."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from ledger.settings import REPOSITORY, Settings
from ledger.store import Ledger
from pilar.cli import app
from tests.api.conftest import Shelf, bearer
from tests.ports import free_port

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


@pytest.fixture
def environment(settings: Settings, shelf: Shelf) -> Mapping[str, str]:
    settings.published_dir.symlink_to(shelf.folder)
    return {
        "PILAR_HOME": str(settings.home),
        "PILAR_LEDGER_URL": settings.ledger_url,
        "PILAR_KEYS": str(settings.key_dir),
        "PILAR_REGIONS": ",".join(settings.regions),
    }


@contextmanager
def started(environment: Mapping[str, str], *command: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """A command that takes its port last; its address when it answers."""
    port = free_port()
    process = subprocess.Popen(
        [*command, str(port)],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 60
        while time.monotonic() < end and process.poll() is None:
            try:
                httpx.get(f"{address}/health")
                break
            except httpx.ConnectError:
                time.sleep(0.1)
        yield address, process
    finally:
        process.kill()
        process.wait(10)


def test_the_process_serves_counts_and_ends_when_it_is_told(
    environment: Mapping[str, str], ledger: Ledger, shelf: Shelf
) -> None:
    with started(environment, sys.executable, "-m", "pilar.platform.api") as (address, process):
        assert httpx.get(f"{address}/v1/regions").headers["pilar-publication"] == shelf.now
        assert httpx.post(f"{address}/v1/check/dlh_plastik", content=b"x").status_code == 401
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) in (0, -signal.SIGTERM)
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
    assert {use.key_id: (use.requests, use.refused) for use in ledger.api_use(1)} == {"public": (3, 1)}


def test_behind_a_proxy_every_reader_has_a_rate_of_its_own(environment: Mapping[str, str]) -> None:
    behind = {**environment, "PILAR_API_PROXY": "127.0.0.1", "PILAR_API_RATE": "1"}
    with started(behind, str(Path(sys.executable).with_name("pilar")), "api", "--port") as (address, _):

        def asked(reader: str, limits: range) -> list[int]:
            # Each asks for something else: what is in memory costs nothing.
            queries = [f"{address}/v1/scores/pillars?limit={limit}" for limit in limits]
            return [httpx.get(query, headers={"x-forwarded-for": reader}).status_code for query in queries]

        assert asked("10.0.0.1", range(1, 12)) == [200] * 10 + [429]
        assert asked("10.0.0.2", range(12, 13)) == [200]


def test_what_is_wrong_in_the_environment_is_said_in_one_line(environment: Mapping[str, str]) -> None:
    for wrong, said in (({"PILAR_API_RATE": "many"}, "PILAR_API_RATE"), ({"PILAR_OIDC_ISSUER": "x"}, "in part")):
        done = subprocess.run(
            [sys.executable, "-m", "pilar.platform.api", "1"],
            cwd=REPOSITORY,
            env={**os.environ, **environment, **wrong},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert said in done.stderr
        assert done.stderr.count("\n") == 1


@pytest.fixture
def run(environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def call(*words: str) -> Any:
        done = CliRunner().invoke(app, ["api", "keys", *words, "--json"], catch_exceptions=False)
        return json.loads(done.stdout)

    return call


def test_keys_are_made_listed_rotated_and_revoked(run: Any, environment: Mapping[str, str]) -> None:
    made = run("new", "dasbor dinkes", "--region", "64.02", "--opd", "dinas_kesehatan", "--pillar", "living")
    listed = run("list")["keys"]
    assert [(one["holder"], one["level"], one["regions"], one["opds"], one["pillars"]) for one in listed] == [
        ("dasbor dinkes", "regency", ["64.02"], ["dinas_kesehatan"], ["living"])
    ]
    assert made["token"].split("_", 2)[2] not in json.dumps(listed)
    other = run("rotate", made["key"], "--keep", "3")
    assert run("list")["keys"][0]["secrets"] == 2
    with started(environment, sys.executable, "-m", "pilar.platform.api") as (address, _):
        for sent in (made["token"], other["token"]):
            assert httpx.get(f"{address}/v1/findings?batch_id=b1", headers=bearer(sent)).status_code == 200
        run("revoke", made["key"])
        end = time.monotonic() + 15
        while (
            answer := httpx.get(f"{address}/v1/findings?batch_id=b1", headers=bearer(sent))
        ).status_code == 200 and time.monotonic() < end:
            time.sleep(0.5)
        assert answer.status_code == 401
    assert run("list")["keys"][0]["revoked_at"] is not None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("new", "x", "--level", "admin"), "level"),
        (("new", "x", "--region", "6403"), "6403"),
        (("new", "x", "--pillar", "nothing"), "pillar"),
        (("new", "x", "--opd", "nobody"), "agency"),
        (("revoke", "nothing"), "no key"),
        (("rotate", "nothing"), "no key"),
    ],
)
def test_p10_what_is_no_key_is_refused(
    environment: Mapping[str, str], words: tuple[str, ...], said: str, ledger: Ledger
) -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("pilar"), "api", "keys", *words],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert ledger.api_keys() == []
