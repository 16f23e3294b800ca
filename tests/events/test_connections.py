"""P4: who opens connections and sends nothing, little or for ever keeps no event out. Real sockets, a real server."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

import pytest
import uvicorn
from structlog.testing import capture_logs

from events.connections import LARGEST_HEAD, patient
from events.dispatch import Dispatcher
from events.door import Senders, create_app
from ledger.patience import Patience
from ledger.settings import Settings
from ledger.store import Ledger
from tests.events.conftest import message, signed

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]

LONG = 600.0
EVENT = b"POST /events HTTP/1.1\r\nHost: door\r\nContent-Type: application/cloudevents+json\r\n"
STALLED = {
    "nothing": b"",
    "half a line": b"POST /eve",
    "half of its headers": b"POST /events HTTP/1.1\r\nHost: door\r\nContent-Le",
    "no body": EVENT + b"Content-Length: 100\r\n\r\n",
    "half a body": EVENT + b"Content-Length: 100\r\n\r\n{",
    "half a chunk": EVENT + b"Transfer-Encoding: chunked\r\n\r\n50\r\n{",
    "a second request": b"GET /health HTTP/1.1\r\nHost: door\r\n\r\nGET /heal",
}


@dataclass(frozen=True)
class OpenDoor:
    """A door that listens on every loopback address."""

    port: int

    def connect(self, address: str = "127.0.0.1", sent: bytes = b"") -> socket.socket:
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=20, source_address=(address, 0))
        sock.sendall(sent)
        return sock

    def tell(self, address: str = "127.0.0.1") -> int:
        """Send an event; the status of the answer."""
        body = message()
        lines = "".join(f"{name}: {value}\r\n" for name, value in signed(body).items())
        request = (
            f"POST /events HTTP/1.1\r\nHost: door\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{lines}\r\n"
        )
        with self.connect(address, request.encode() + body) as sock:
            return status_of(whole(sock))


def whole(sock: socket.socket) -> bytes:
    """What comes until the other side closes, or resets."""
    parts = []
    try:
        while part := sock.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ")[1]) if answer else 0


Opened = Callable[[Patience], OpenDoor]


@pytest.fixture
def opened(settings: Settings, ledger: Ledger, dispatcher: Dispatcher, senders: Senders) -> Iterator[Opened]:
    """``opened(patience)``: a door in a thread, on a port of its own."""
    with ExitStack() as doors:

        def start(patience: Patience) -> OpenDoor:
            app = create_app(settings, ledger, dispatcher, senders)
            return doors.enter_context(serving(app, patience))

        yield start


@contextmanager
def serving(app: object, patience: Patience) -> Iterator[OpenDoor]:
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]  # an application
        log_level="error",
        http=patient(patience),
        h11_max_incomplete_event_size=LARGEST_HEAD,
        limit_concurrency=200,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield OpenDoor(listener.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@pytest.mark.parametrize("sent", STALLED.values(), ids=STALLED)
def test_a_request_that_is_not_whole_in_time_is_given_up(opened: Opened, sent: bytes) -> None:
    door = opened(Patience(request_seconds=0.4))
    with capture_logs() as logged, door.connect(sent=sent) as sock:
        answer = whole(sock)
    if sent.startswith(b"GET /health"):
        assert status_of(answer) == 200
    else:
        assert status_of(answer) == 408
    assert [line for line in logged if line["log_level"] in ("error", "critical")] == []
    assert door.tell() == 202


@pytest.mark.fault(12)
def test_bytes_that_drip_do_not_prolong_the_time(opened: Opened) -> None:
    door, answer = opened(Patience(request_seconds=0.6)), b""
    with door.connect() as sock:
        sock.settimeout(0.1)
        for byte in b"POST /events HTTP/1.1\r\nHost: door\r\nX-Filler: " + b"x" * 1000:
            with suppress(BrokenPipeError, ConnectionResetError):
                sock.send(bytes([byte]))
            with suppress(TimeoutError):
                answer = sock.recv(100)
                break
        else:
            pytest.fail("it dripped for ever")
    assert status_of(answer) == 408
    assert door.tell() == 202


@pytest.mark.parametrize("addresses", [1, 8], ids=["of one address", "of many addresses"])
@pytest.mark.parametrize("sent", [STALLED["nothing"], STALLED["half a body"]], ids=["nothing", "half a body"])
def test_p4_an_event_gets_through_four_hundred_stalled_connections(
    opened: Opened, ledger: Ledger, addresses: int, sent: bytes
) -> None:
    """Nobody's time runs out here: the longest stalled give way, of the same address too."""
    door = opened(Patience(request_seconds=LONG))
    with ExitStack() as stalled, capture_logs() as logged:
        for number in range(400):
            stalled.enter_context(door.connect(f"127.0.0.{2 + number % addresses}", sent))
        for _ in range(3):
            assert door.tell("127.0.0.2") == 202
            assert door.tell("127.0.1.1") == 202
    assert len(ledger.events_of("health_births", 50)) == 6
    assert [line["event"] for line in logged if line["log_level"] in ("warning", "error")] == ["connections closed"]


def test_a_request_that_is_worked_on_does_not_give_way(opened: Opened) -> None:
    door = opened(Patience(request_seconds=LONG, per_address=2, at_once=3))
    for _ in range(20):
        assert door.tell() == 202


def test_a_kept_connection_owes_each_of_its_requests(opened: Opened) -> None:
    door = opened(Patience(request_seconds=0.5))
    request = b"GET /health HTTP/1.1\r\nHost: door\r\n\r\n"
    with door.connect() as sock:
        for _ in range(3):
            sock.sendall(request)
            assert status_of(sock.recv(65536)) == 200
        sock.sendall(request[:10])
        assert status_of(whole(sock)) == 408


def test_a_reader_that_takes_nothing_is_let_go(opened: Opened, settings: Settings) -> None:
    published = settings.published_dir / "20240101T000000000Z-00000000"
    published.mkdir(parents=True)
    (published / "index.html").write_bytes(b"x" * 50_000_000)
    (settings.published_dir / "current").symlink_to(published.name)
    door = opened(Patience(read_seconds=0.4))
    with capture_logs() as logged, door.connect(sent=b"GET /published/ HTTP/1.1\r\nHost: door\r\n\r\n") as sock:
        threading.Event().wait(1.5)
        assert len(whole(sock)) < 50_000_000
    assert [line["last"] for line in logged if line["event"] == "connections closed"] == ["the answer was not read"]


@pytest.mark.parametrize("pause", [0.0, 0.05], ids=["at once", "in pieces"])
def test_a_head_that_is_too_large_is_answered_431(opened: Opened, pause: float) -> None:
    door = opened(Patience())
    head = b"POST /events HTTP/1.1\r\nHost: door\r\n" + b"X-Filler: " + b"x" * (2 * LARGEST_HEAD) + b"\r\n\r\n"
    with door.connect() as sock:
        for at in range(0, len(head), 4096 if pause else len(head)):
            with suppress(BrokenPipeError, ConnectionResetError):
                sock.sendall(head[at : at + (4096 if pause else len(head))])
            threading.Event().wait(pause)
        assert status_of(sock.recv(65536)) == 431
    assert door.tell() == 202
