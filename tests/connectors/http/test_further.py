"""Hosts whose names change below one domain: where a sheet in the cloud leads to, and nobody else."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from connectors.http.addresses import connect_to
from connectors.http.client import HttpClient, Request
from connectors.http.further import FurtherOrigins
from connectors.http.limits import Limits
from connectors.http.verdict import json_verdict
from ledger.errors import ConfigError, SourceError
from ledger.settings import Connection
from tests.connectors.certificates import certificate
from tests.connectors.http.conftest import Server, response

SECRET = "kunci-rahasia-9f3a"  # a canary: it must appear nowhere


def further(*origins: object) -> FurtherOrigins:
    return FurtherOrigins.of(Connection(url="https://docs.example", extra={"origins": list(origins)}))


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("doc-0a-sheets.isi.example", True),
        ("a.b.isi.example", True),
        ("isi.example", False),
        ("evilisi.example", False),
        ("isi.example.evil.example", False),
        ("docs.example", False),
    ],
)
def test_a_domain_stands_for_the_hosts_below_it(host: str, allowed: bool) -> None:
    made = further("https://*.isi.example")
    assert made.may_lead_to(("https", host, 443)) is allowed
    assert not made.may_lead_to(("http", host, 80))
    assert not made.may_lead_to(("https", host, 8443))
    assert not made.may_be_asked(("https", host, 443))


def test_a_host_may_be_named_beside_a_domain() -> None:
    made = further("https://*.isi.example:8443/", "http://lain.example")
    assert made.may_lead_to(("https", "x.isi.example", 8443))
    assert made.may_be_asked(("http", "lain.example", 80))
    assert made.may_lead_to(("http", "lain.example", 80))


@pytest.mark.parametrize(
    "bad",
    [
        "https://*",
        "https://*.",
        "https://*.com",
        "https://*.id",
        "https://*.go.id",
        "https://*.sch.id",
        "https://*.co.uk",
        "https://*.github.io",
        "https://*.0.0.1",
        "https://a.*.example.com",
        "https://*a.example.com",
        "https://*.*.example.com",
        "http://*.example.com",
    ],
)
def test_p10_a_star_for_everybody_is_refused(bad: str) -> None:
    with pytest.raises((ConfigError, SourceError), match=r"no domain|everybody may have|not readable|only http"):
        further(bad)


@dataclass(frozen=True)
class Cloud:
    """One server with many names, over TLS."""

    server: Server
    ca: str

    def url(self, host: str, path: str = "/") -> str:
        return f"https://{host}:{self.server.port}{path}"


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    cert, key = certificate(tmp_path, hosts=["docs.example", "*.isi.example", "*.lain.example"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(listener.getsockname()[1])

    def run() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            with contextlib.suppress(ssl.SSLError):
                server.answer(context.wrap_socket(plain, server_side=True))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield Cloud(server, str(cert))
    with contextlib.suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(2)


Client = Callable[..., HttpClient]
PUBLIC, INSIDE = "93.184.216.34", "10.0.0.5"


@pytest.fixture
def client(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """Clients for whom every host stands at a public address, unless it is told otherwise."""
    made: list[HttpClient] = []

    def dialled(address: str, port: int, *rest: object) -> socket.socket:
        assert address == PUBLIC
        return connect_to("127.0.0.1", port, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr("connectors.http.addresses.connect_to", dialled)

    def make(domain: str = "isi.example", inside: str = "") -> HttpClient:
        extra = {"ca_bundle": cloud.ca, "origins": [f"https://*.{domain}:{cloud.server.port}"]}
        connection = Connection(url=cloud.url("docs.example"), password=SECRET, extra=extra)
        limits = Limits(connect_s=2, read_s=2, total_s=5, attempts=1)
        found = HttpClient(connection, limits, resolve=lambda host, port: [INSIDE if host == inside else PUBLIC])
        made.append(found)
        return found

    yield make
    for one in made:
        one.close()


CONTENT = "doc-0a-1b-sheets.isi.example"


def ask(client: HttpClient, cloud: Cloud) -> bytes:
    request = Request(cloud.url("docs.example", "/pub"), credentials={"Authorization": f"Bearer {SECRET}"})
    return client.fetch(request, json_verdict).body


@pytest.mark.fault(15)
@pytest.mark.integration
def test_p6_a_redirect_below_the_domain_is_followed_without_credentials(cloud: Cloud, client: Client) -> None:
    cloud.server.on("/pub", response(b"", 307, Location=cloud.url(CONTENT, "/isi"), Set_Cookie="sid=1"))
    cloud.server.on("/isi", response(b"[1]"))
    assert ask(client(), cloud) == b"[1]"
    first, second = cloud.server.heard
    assert (first.headers["host"], first.headers["authorization"]) == (
        f"docs.example:{cloud.server.port}",
        f"Bearer {SECRET}",
    )
    assert second.headers["host"] == f"{CONTENT}:{cloud.server.port}"
    assert not {"authorization", "cookie", "referer"} & second.headers.keys()


@pytest.mark.integration
@pytest.mark.parametrize("host", ["x.lain.example", "isi.example", "x.isi.example.lain.example"])
def test_a_redirect_elsewhere_is_refused(cloud: Cloud, client: Client, host: str) -> None:
    cloud.server.on("/pub", response(b"", 307, Location=cloud.url(host, "/isi")))
    with pytest.raises(SourceError, match="another host") as caught:
        ask(client(), cloud)
    assert (caught.value.kind, len(cloud.server.heard)) == ("permanent", 1)


@pytest.mark.integration
def test_a_host_below_the_domain_that_stands_at_a_private_address_is_refused(cloud: Cloud, client: Client) -> None:
    cloud.server.on("/pub", response(b"", 307, Location=cloud.url(CONTENT, "/isi")))
    with pytest.raises(SourceError, match=INSIDE) as caught:
        ask(client(inside=CONTENT), cloud)
    assert (caught.value.kind, len(cloud.server.heard)) == ("permanent", 1)


@pytest.mark.integration
def test_nobody_is_asked_first_below_the_domain(cloud: Cloud, client: Client) -> None:
    with pytest.raises(ConfigError, match="is not the connection's host"):
        client().fetch(Request(cloud.url(CONTENT, "/isi")), json_verdict)
    assert cloud.server.heard == []
