"""Folders of web servers by their index pages: only what lies in the folder itself is a file of it."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from connectors.protocols.files.web import index_names
from ledger.settings import Connection
from tests.connectors.protocols.test_transports import AUGUST, CSV, SEPTEMBER, kind, read, refused


@pytest.fixture
def index(tmp_path: Path) -> Iterator[tuple[Path, Connection]]:
    """A folder behind the web server of Python's own library, which writes its index page."""
    folder = tmp_path / "buka"
    (folder / "masuk").mkdir(parents=True)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield folder, Connection(url=f"http://127.0.0.1:{server.server_address[1]}", extra={"private": True})
    server.shutdown()
    server.server_close()


@pytest.mark.integration
class TestIndexPage:
    def test_files_are_listed_and_chosen_by_their_names(self, index: tuple[Path, Connection]) -> None:
        folder, connection = index
        for name in (AUGUST, SEPTEMBER, "lain.csv", f"masuk/{AUGUST}", "x y+z&#.csv"):
            (folder / name).write_bytes(CSV)
        assert [page.context["bulan"] for page in read(connection)] == ["2024-08", "2024-09"]
        assert [page.context["bulan"] for page in read(connection, newest={"by": "bulan"})] == ["2024-09"]
        assert len(read(connection, folder="masuk")) == 1
        assert len(read(connection, pattern=r"x y\+z&#\.csv")) == 1
        assert kind(connection, pattern="none") == "empty"
        assert kind(connection, folder="nowhere") == "permanent"
        assert "2 files fit" in str(refused(connection, max_files=1))

    def test_a_page_that_is_no_index_is_no_empty_folder(self, index: tuple[Path, Connection]) -> None:
        folder, connection = index
        for body, wanted in (
            ("<html><form><input type='password'></form></html>", "auth"),
            (f"<html><a href='{AUGUST}'>a</a>", "damaged"),
        ):
            (folder / "index.html").write_text(body)
            assert kind(connection) == wanted


ADDRESS = "https://opd.example/buka/data/"


@pytest.mark.parametrize(
    ("link", "names"),
    [
        ('<a href="a.csv">a.csv</a>', ["a.csv"]),
        ('<tr><td><img src="x"></td><td><A class="f" HREF=\'a%20b&amp;c.csv\'>a b..&gt;</A>', ["a b&c.csv"]),
        ('<a href="./a.csv">1</a><a href="a.csv#x">2</a>', ["a.csv"]),
        ('<a href="/buka/data/a.csv"><a href="https://opd.example/buka/data/b.csv">', ["a.csv", "b.csv"]),
        ('<a href="?C=N;O=D">Name</a><a href="../">Up</a><a href="/buka/">Up</a><a href="masuk/">masuk/</a>', []),
        ('<a href="masuk/a.csv"><a href="../a.csv"><a href="%2e%2e%2fa.csv"><a href="a%00.csv"><a href="..%5ca">', []),
        ('<a href="https://lain.example/buka/data/a.csv"><a href="//lain.example/buka/data/a.csv">', []),
        ('<a href="http://opd.example/buka/data/a.csv"><a href="https://opd.example:8443/buka/data/a.csv">', []),
        ('<a href="http://[/a.csv"><a href="javascript:a.csv"><a href="mailto:a@b.csv"><abbr href="y">', []),
    ],
    ids=["plain", "apache", "twice", "absolute", "navigation", "climbing", "hosts", "schemes", "no-links"],
)
def test_only_files_of_the_folder_itself_are_taken_from_an_index(link: str, names: list[str]) -> None:
    assert index_names(link, ADDRESS) == names
