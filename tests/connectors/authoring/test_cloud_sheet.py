"""The worked example of a sheet in the cloud, against a cloud with many names: its redirect changes the host."""

import itertools
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from connectors.pull.course import pull
from connectors.source.source_files import load_sources
from ledger.errors import SourceError
from ledger.settings import REPOSITORY, Connection, Settings
from ledger.store import Ledger
from simulator.data.surveys import POINTS, wifi_points
from tests.connectors.certificates import certificate
from tests.connectors.pulling import states

pytestmark = pytest.mark.integration

SOURCE = load_sources(REPOSITORY / "docs" / "examples" / "sources")["lembar_wifi_publik"]
SHEET, DOMAIN = "docs.lembar.example", "isi-lembar.example"


@dataclass(frozen=True)
class Cloud:
    port: int
    ca: str
    heard: list[tuple[str, str, str]]

    def link(self, **extra: object) -> Connection:
        given = {"private": True, "synthetic": True, "ca_bundle": self.ca, **extra}
        return Connection(url=f"https://{SHEET}:{self.port}/spreadsheets/d/e", extra=given)


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """Every question is answered with a redirect to a host that was not there before."""
    cert, key = certificate(tmp_path, hosts=[SHEET, f"*.{DOMAIN}"])
    numbers, heard = itertools.count(1), list[tuple[str, str, str]]()
    lines = [",".join(f'"{cell}"' for cell in row) for row in wifi_points()]
    content = "\r\n".join([*lines, ""]).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host = self.headers["Host"].partition(":")[0]
            heard.append((self.command, host, self.path))
            if host == SHEET:
                port = self.server.server_address[1]
                self.send_response(307)
                self.send_header("Location", f"https://doc-{next(numbers):02d}-sheets.{DOMAIN}:{port}/pub/isi?x=1")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/csv")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        do_HEAD = do_GET  # noqa: N815 (the names that the base class asks for)

        def log_message(self, *words: object) -> None:
            """Nothing is told."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    resolve = socket.getaddrinfo

    def named(host: str, *rest: object, **more: object) -> object:
        return resolve("127.0.0.1" if host.endswith(".example") else host, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", named)
    yield Cloud(server.server_address[1], str(cert), heard)
    server.shutdown()
    server.server_close()


def test_a_sheet_is_read_from_wherever_its_domain_has_it_today(
    cloud: Cloud, ledger: Ledger, settings: Settings
) -> None:
    link = cloud.link(origins=[f"https://*.{DOMAIN}:{cloud.port}"])
    first = pull(SOURCE, ledger, settings, connection=link)
    assert [(batch.status, batch.landed, batch.quarantined) for batch in first.batches] == [("accepted", POINTS, 0)]
    assert states(pull(SOURCE, ledger, settings, connection=link)) == [("all", "unchanged")]
    asked = [path for _, host, path in cloud.heard if host == SHEET]
    assert set(asked) == {"/spreadsheets/d/e/2PACX-simulasi/pub?output=csv&gid=0&single=true"}
    assert len({host for _, host, _ in cloud.heard}) == 1 + len(asked)


@pytest.mark.parametrize("origins", [[], ["https://*.lain.example"]])
def test_without_its_domain_the_sheet_leads_nowhere(
    cloud: Cloud, ledger: Ledger, settings: Settings, origins: list[str]
) -> None:
    with pytest.raises(SourceError, match="points to another host") as caught:
        pull(SOURCE, ledger, settings, connection=cloud.link(origins=origins))
    assert caught.value.kind == "permanent"
    assert {host for _, host, _ in cloud.heard} == {SHEET}
