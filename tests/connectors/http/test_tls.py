"""Whom we talk to is always proved: certificates of unknown authorities, other hosts and past dates are refused."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from connectors.http.client import HttpClient, Request
from connectors.http.limits import Limits
from connectors.http.verdict import json_verdict
from ledger.errors import SourceError
from ledger.settings import Connection
from tests.connectors.certificates import certificate

pytestmark = pytest.mark.integration


@dataclass(frozen=True)
class Secure:
    url: str
    ca: str


def serve(cert: Path, key: Path, listener: socket.socket) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)

    def run() -> None:
        while True:
            try:
                plain, _ = listener.accept()
                with context.wrap_socket(plain, server_side=True) as sock:
                    sock.recv(65536)
                    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
            except ssl.SSLError:
                continue
            except OSError:
                return

    threading.Thread(target=run, daemon=True).start()


@pytest.fixture
def secure(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Secure]:
    cert, key = certificate(tmp_path, expired=getattr(request, "param", "") == "expired")
    listener = socket.create_server(("127.0.0.1", 0))
    serve(cert, key, listener)
    yield Secure(f"https://127.0.0.1:{listener.getsockname()[1]}/a", str(cert))
    listener.close()


def client(url: str, **extra: str) -> HttpClient:
    connection = Connection(url=url, extra={"private": True, **extra})
    return HttpClient(connection, Limits(attempts=2, backoff_s=0.01), resolve=lambda host, port: ["127.0.0.1"])


def failing(made: HttpClient, url: str) -> SourceError:
    with pytest.raises(SourceError) as caught:
        made.fetch(Request(url), json_verdict)
    return caught.value


def test_the_agencys_own_authority_can_be_named(secure: Secure) -> None:
    assert client(secure.url, ca_bundle=secure.ca).fetch(Request(secure.url), json_verdict).status == 200


def test_an_unknown_authority_is_refused_once_and_says_what_to_do(secure: Secure) -> None:
    error = failing(client(secure.url), secure.url)
    assert error.kind == "permanent"
    assert "identity could not be proved" in error.what
    assert "asked" not in error.what
    assert "ca_bundle" in error.do


def test_a_certificate_of_another_name_is_refused(secure: Secure) -> None:
    url = secure.url.replace("127.0.0.1", "opd.example")
    assert failing(client(url, ca_bundle=secure.ca), url).kind == "permanent"


@pytest.mark.parametrize("secure", ["expired"], indirect=True)
def test_a_certificate_of_yesterday_is_refused(secure: Secure) -> None:
    assert failing(client(secure.url, ca_bundle=secure.ca), secure.url).kind == "permanent"


@pytest.mark.fault(11)
def test_a_handshake_that_never_ends_meets_the_deadline() -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        sock, _ = listener.accept()
        sock.recv(65536)
        sock.sendall(b"\x16\x03\x03\x40\x00")  # a record of 16 KiB is announced, and drips
        for _ in range(200):
            try:
                sock.sendall(b"\x00")
            except OSError:
                return
            time.sleep(0.05)

    threading.Thread(target=run, daemon=True).start()
    url = f"https://127.0.0.1:{listener.getsockname()[1]}/a"
    made = HttpClient(Connection(url=url, extra={"private": True}), Limits(total_s=0.6, attempts=1))
    started = time.monotonic()
    assert failing(made, url).kind == "retryable"
    assert time.monotonic() - started < 2
    listener.close()
