"""What agencies send on their own, caught by a receiver that checks the signature."""

import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from simulator.errors import SimulatorError
from simulator.push import event, post_event, receive_nib, signed_headers
from simulator.regions import KUKAR

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


@dataclass
class Door:
    url: str
    received: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def door() -> Iterator[Door]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            caught.received.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(202)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    caught = Door(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield caught
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.integration
def test_event_is_a_signed_cloud_event(door: Door) -> None:
    sent = post_event(f"{door.url}/events", "dinkes_eppgbm", SECRET, event_id="e-1")
    path, headers, body = door.received[0]
    assert (sent.status, sent.event_id, path) == (202, "e-1", "/events")
    Webhook(SECRET).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body.replace(b"dinkes", b"dokter"), headers)
    content = json.loads(body)
    assert {name: content[name] for name in ("specversion", "id", "type", "subject", "data")} == {
        "specversion": "1.0",
        "id": "e-1",
        "type": "id.go.opd.data.changed",
        "subject": "dinkes_eppgbm",
        "data": {"source": "dinkes_eppgbm"},
    }
    assert headers["content-type"] == "application/cloudevents+json"


def test_events_differ_and_an_old_one_can_be_signed() -> None:
    assert event("a")["id"] != event("a")["id"]
    moment = datetime(2024, 11, 4, tzinfo=UTC)
    headers = signed_headers("{}", SECRET, "m", moment)
    assert headers["webhook-timestamp"] == str(int(moment.timestamp()))
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify("{}", headers)


@pytest.mark.integration
def test_receive_nib_names_a_made_up_owner(door: Door) -> None:
    receive_nib(f"{door.url}/oss/receiveNIB", "key", KUKAR)
    path, headers, body = door.received[0]
    nib = json.loads(body)["dataNIB"]
    assert (path, headers["user_key"]) == ("/oss/receiveNIB", "key")
    assert len(nib["nib"]) == 13
    assert nib["penanggung_jwb"][0]["no_identitas_penanggung_jwb"].startswith("99")


@pytest.mark.integration
def test_nobody_at_the_door_is_one_clear_line() -> None:
    with pytest.raises(SimulatorError, match=r"no answer from 127\.0\.0\.1:1: ConnectionRefusedError"):
        post_event("http://127.0.0.1:1/events", "dinkes_eppgbm", SECRET)
    with pytest.raises(SimulatorError, match="is not an http or https address"):
        post_event("file:///etc/passwd", "dinkes_eppgbm", SECRET)
