"""``python -m simulator``: one line when ready, one line when it cannot."""

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from simulator.errors import SimulatorError
from simulator.server import Simulator

pytestmark = pytest.mark.integration
ROOT = Path(__file__).resolve().parents[2]


def test_ready_line_then_a_clean_end() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "simulator"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert {"sipd", "eppgbm_sftp"} <= set(ready["connections"])
        assert requests.get(f"{ready['control']}/_faults", timeout=10).status_code == 200
        process.send_signal(signal.SIGTERM)
        rest, errors = process.communicate(timeout=20)
    finally:
        process.kill()
    assert (process.returncode, rest, errors) == (0, "", "")


def test_a_taken_port_is_one_clear_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "simulator", "--port", str(port)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"simulator: port {port} is taken [--port]. Choose another, or 0 for any free one\n"


def test_it_may_be_started_again_but_not_twice() -> None:
    simulator = Simulator()
    with pytest.raises(SimulatorError, match="not running"):
        simulator.connections()
    for _ in range(2):
        with simulator:
            assert requests.get(f"{simulator.base_url}/_faults", timeout=10).status_code == 200
            with pytest.raises(SimulatorError, match="running already"):
                simulator.start()
    with pytest.raises(SimulatorError, match="not running"):
        simulator.connections()
    simulator.stop()
