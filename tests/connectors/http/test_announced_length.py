"""A Content-Length that is too small: the end of the answer is cut off, and what was cut off still came."""

import socket
from typing import Any

import pytest

from connectors.http.client import Request
from connectors.http.verdict import Verdict
from ledger.errors import SourceError
from tests.connectors.http.conftest import Heard, response

pytestmark = pytest.mark.integration

TEXT = "kode,nama,n\n35.07,Malang \u00e9\u00e9,100\n35.79,Batu,12345\n"


def taken(status: int, headers: Any, body: bytes) -> Verdict:
    return Verdict("ok")


def characters(text: str) -> bytes:
    return response(text.encode(), kind="text/csv", Content_Length=str(len(text)))


@pytest.mark.parametrize("text", [TEXT, "\u00e9" * 3, "x" * 300_000 + "\u00e9\u20ac"], ids=["table", "short", "long"])
def test_p1_an_answer_whose_length_is_that_of_its_characters_is_damage(server, client, text: str) -> None:
    url = server.on("/a", characters(text))
    with pytest.raises(SourceError, match="goes on behind its announced length") as caught:
        client().fetch(Request(url), taken)
    assert (caught.value.kind, len(server.heard)) == ("damaged", 1)


@pytest.mark.parametrize("text", ["x", "xy", TEXT.replace("\u00e9", "e"), "x" * 600_000])
def test_an_answer_of_its_announced_length_is_taken_whole(server, client, text: str) -> None:
    url = server.on("/a", characters(text))
    assert client().fetch(Request(url), taken).body == text.encode()


def test_a_line_end_behind_the_answer_is_none_of_it(server, client) -> None:
    url = server.on("/a", characters("[1]") + b"\r\n")
    assert client().fetch(Request(url), taken).body == b"[1]"


def test_a_last_byte_that_comes_late_is_waited_for(server, client) -> None:
    def slowly(sock: socket.socket, heard: Heard) -> None:
        whole = characters("[1]")
        sock.sendall(whole[:-1])
        sock.settimeout(0.2)
        try:
            sock.recv(1)  # nothing comes: it only passes the time
        except TimeoutError:
            sock.sendall(whole[-1:])

    url = server.on("/a", slowly)
    assert client().fetch(Request(url), taken).body == b"[1]"


def test_a_last_byte_that_never_comes_is_a_cut(server, client) -> None:
    url = server.on("/a", characters("[1]")[:-1])
    with pytest.raises(SourceError, match="ended before its announced end"):
        client().fetch(Request(url), taken)
