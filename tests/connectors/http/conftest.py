"""A loopback server whose every byte the test decides."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from connectors.http.client import HttpClient
from connectors.http.limits import Limits
from ledger.settings import Connection

Reply = Callable[[socket.socket, "Heard"], None] | bytes
QUICK = Limits(connect_s=2, read_s=2, total_s=5, attempts=3, retry_total_s=5, backoff_s=0.01)


@dataclass(frozen=True)
class Heard:
    """One request as it came."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Server:
    """Answers by path, each request with the path's next reply (the last one again and again)."""

    port: int
    replies: dict[str, list[Reply]] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def on(self, path: str, *replies: Reply) -> str:
        self.replies[path] = list(replies)
        return f"{self.url}{path}"

    def answer(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), sock:
            heard = hear(sock)
            if heard is None:
                return
            self.heard.append(heard)
            path = heard.line.split(" ")[1].partition("?")[0]
            queue = self.replies.get(path, [response(b"{}", 404)])
            reply = queue.pop(0) if len(queue) > 1 else queue[0]
            if isinstance(reply, bytes):
                sock.sendall(reply)
            else:
                reply(sock, heard)


def hear(sock: socket.socket) -> Heard | None:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(65536)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    line, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (item.partition(":") for item in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += sock.recv(65536)
    return Heard(line, headers, body)


def response(body: bytes = b'{"ok": true}', status: int = 200, kind: str = "application/json", **headers: str) -> bytes:
    """A whole answer with the right length, unless told otherwise; the connection closes after it."""
    named = {"Content-Type": kind, "Content-Length": str(len(body)), "Connection": "close"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items() if value)
    return f"HTTP/1.1 {status} Something\r\n{lines}\r\n".encode() + body


@pytest.fixture
def respond() -> Callable[..., bytes]:
    return response


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as made:
        yield made


@pytest.fixture
def other() -> Iterator[Server]:
    """A second server: same machine, another origin."""
    with serving() as made:
        yield made


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    listener = socket.create_server(("127.0.0.1", 0))
    made = Server(listener.getsockname()[1])

    def run() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=made.answer, args=(sock,), daemon=True).start()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield made
    with contextlib.suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(2)


@pytest.fixture
def client(server: Server) -> Iterator[Callable[..., HttpClient]]:
    """Makes clients of the server; limits may be changed by name."""
    made: list[HttpClient] = []

    def make(
        url: str = "", *, password: str = "", extra: dict[str, object] | None = None, **limits: float
    ) -> HttpClient:
        connection = Connection(url=url or server.url, password=password, extra={"private": True, **(extra or {})})
        found = HttpClient(connection, QUICK.model_copy(update=limits))
        made.append(found)
        return found

    yield make
    for one in made:
        one.close()
