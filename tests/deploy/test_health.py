"""deploy/health.py, which the health checks run, against a server that answers well, badly or not at all."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ledger.settings import REPOSITORY

pytestmark = pytest.mark.integration

ANSWERS = {
    "/well": (200, b'{"scheduler": {"status": "healthy"}, "triggerer": {"status": null}}'),
    "/ill": (200, b'{"scheduler": {"status": "unhealthy"}}'),
    "/down": (503, b"{}"),
    "/text": (200, b"ok"),
    "/list": (200, b"[]"),
}


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, body = ANSWERS[self.path]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def check(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(REPOSITORY / "deploy" / "health.py"), *arguments]
    # A proxy in the environment must not be asked.
    environment = {"http_proxy": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


@pytest.mark.parametrize(
    ("path", "component", "status"),
    [
        ("/well", "scheduler", 0),
        ("/well", "", 0),
        ("/well", "triggerer", 1),
        ("/well", "dag_processor", 1),
        ("/ill", "scheduler", 1),
        ("/down", "", 1),
        ("/text", "", 1),
        ("/list", "scheduler", 1),
    ],
)
def test_only_a_well_service_is_healthy(address: str, path: str, component: str, status: int) -> None:
    done = check(address + path, *filter(None, [component]))
    assert done.returncode == status
    assert len(done.stderr.splitlines()) == status


def test_a_server_that_is_not_there_is_not_healthy() -> None:
    done = check("http://127.0.0.1:9/health")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1


def test_a_wrong_call_says_how() -> None:
    assert check().returncode == 2
