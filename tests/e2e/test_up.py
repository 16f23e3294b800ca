"""`pilar up` as users run it: the platform on one's own installation, an event of its agency, and a publication."""

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import duckdb
import httpx
import psutil
import pytest

from tests.e2e.test_demo import environment, eventually_none
from tests.events.test_send_an_event import PROGRAMS
from tests.ports import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

PILAR = str(Path(sys.executable).with_name("pilar"))
PATIENCE_SECONDS = 300


@pytest.fixture
def home() -> Iterator[Path]:
    """An installation for a region that is not of the demo, with a file in its inbox."""
    # A short path: PostgreSQL's user must be able to enter it, and pytest's own folder is closed to others.
    folder = Path(tempfile.mkdtemp(prefix="pilar-up-"))
    folder.chmod(0o711)
    own = folder / "own"
    try:
        subprocess.run([PILAR, "init", str(own), "--region", "kab. merauke"], env=environment(own), check=True)
        (own / "kiriman" / "spbe_2024.csv").write_text("kode_daerah;indeks\n93.01;2,75\n", encoding="utf-8")
        yield own
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def until(what: Callable[[], bool], platform: psutil.Popen, told: Path) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not what():
        assert platform.poll() is None, told.read_text()
        assert time.monotonic() < end, told.read_text()
        time.sleep(0.5)


def settings_of(home: Path) -> Mapping[str, str]:
    lines = (home.with_name("own-keys") / "secrets.env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line.startswith("PILAR_"))


def test_an_event_of_an_agency_ends_in_a_publication_and_nothing_is_left(home: Path) -> None:
    door, status, told = free_port(), free_port(), home / "told.txt"
    ports = ["--port", str(door), "--airflow-port", str(free_port()), "--status-port", str(status)]
    command = [PILAR, "up", *ports]
    with told.open("w") as said:
        # A run in the background of a shell ignores Ctrl-C, and so would whatever it starts.
        platform = psutil.Popen(
            command,
            env=dict(environment(home)),
            stdout=said,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
    try:
        until(lambda: "Press Ctrl-C" in told.read_text(), platform, told)
        assert "The platform runs for Kabupaten Merauke." in told.read_text()

        sender = home / "send_event.py"
        sender.write_text(PROGRAMS["send_event.py"], encoding="utf-8")
        secret = settings_of(home)["PILAR_SECRET_DISKOMINFO_WEBHOOK"]
        agency = {"PILAR_DOOR": f"http://127.0.0.1:{door}", "PILAR_SECRET": secret}
        subprocess.run([sys.executable, sender, "diskominfo_spbe"], env=agency, check=True, timeout=60)

        published = home / "published" / "current" / "marts.duckdb"
        until(published.exists, platform, told)
        operators_page = f"http://127.0.0.1:{status}/status.json"
        seen = httpx.get(operators_page, trust_env=False).json()
        kinds = {one["kind"] for one in seen["conditions"]}
        assert not kinds & {"silent", "unwell", "failed", "held", "gate"}, seen
        platform.send_signal(signal.SIGINT)
        assert platform.wait(120) == 0, told.read_text()
    finally:
        if platform.poll() is None:
            platform.terminate()
            platform.wait(60)
    assert eventually_none(home) == []
    with duckdb.connect(str(published), read_only=True) as connection:
        found = connection.execute(
            "select region_code, value::double, state, synthetic from scores.question_scores "
            "where indicator_id = 'gov_spbe'"
        ).fetchall()
    assert found == [("93.01", 2.75, "measured", False)]


def test_p10_what_is_no_installation_of_ones_own_is_not_run_and_no_demo_runs_in_one(home: Path) -> None:
    nothing = home.with_name("nothing")
    refused = subprocess.run([PILAR, "up"], env=environment(nothing), capture_output=True, text=True, check=False)
    assert (refused.returncode, "there is no installation in this folder" in refused.stderr) == (2, True)
    demo = subprocess.run([PILAR, "demo", "--once"], env=environment(home), capture_output=True, text=True, check=False)
    assert (demo.returncode, "in which nothing is simulated" in demo.stderr) == (2, True)
    assert not (home / "landing").exists()
