"""Which hosts the client talks to: redirects, private addresses, rebinding."""

import socket

import pytest

from connectors.http.client import HttpClient, Request
from connectors.http.verdict import json_verdict
from ledger.errors import ConfigError, SourceError
from ledger.settings import Connection

pytestmark = pytest.mark.integration

SECRET = "kunci-rahasia-9f3a"  # a canary: it must appear nowhere


def failing(client: HttpClient, url: str, **request: object) -> SourceError:
    with pytest.raises(SourceError) as caught:
        client.fetch(Request(url, **request), json_verdict)  # type: ignore[arg-type]
    return caught.value


def test_a_redirect_on_the_same_host_is_followed(server, client, respond) -> None:
    url = server.on("/a", respond(b"", 302, Location="/b?x=1"))
    server.on("/b", respond())
    answer = client().fetch(Request(url, credentials={"Authorization": "Bearer t"}), json_verdict)
    assert answer.url == f"{server.url}/b?x=1"
    assert server.heard[1].headers["authorization"] == "Bearer t"


def test_a_redirect_to_another_host_is_refused(server, other, client, respond) -> None:
    url = server.on("/a", respond(b"", 302, Location=f"{other.url}/b"))
    error = failing(client(), url, credentials={"Authorization": f"Bearer {SECRET}"})
    assert error.kind == "permanent"
    assert "another host" in error.what
    assert other.heard == []


def test_credentials_stay_behind_when_an_allowed_redirect_changes_the_host(server, other, client, respond) -> None:
    url = server.on("/a", respond(b"", 307, Location=f"{other.url}/b", Set_Cookie="sid=1"))
    other.on("/b", respond())
    made = client(password=SECRET, extra={"origins": [other.url]})
    made.fetch(Request(url, credentials={"Authorization": f"Bearer {SECRET}", "user_key": SECRET}), json_verdict)
    assert server.heard[0].headers["user_key"] == SECRET
    assert not {"authorization", "user_key", "referer"} & other.heard[0].headers.keys()
    assert SECRET not in repr(other.heard)


def test_redirects_in_a_circle_and_to_a_login_page_end(server, client, respond) -> None:
    url = server.on("/a", respond(b"", 302, Location="/a"))
    assert "redirects" in failing(client(), url).what
    server.on("/a", respond(b"", 302, Location="/auth/login?next=/a"))
    assert failing(client(), url).kind == "auth"


def test_a_posted_request_is_not_turned_into_another_by_a_redirect(server, client, respond) -> None:
    url = server.on("/a", respond(b"", 302, Location="/b"))
    assert failing(client(), url, method="POST", json={}).kind == "permanent"


def test_a_request_to_a_host_that_is_not_the_connections_is_a_mistake_of_ours(server, other, client) -> None:
    with pytest.raises(ConfigError, match="is not the connection's host"):
        client().fetch(Request(f"{other.url}/a"), json_verdict)


def test_private_addresses_are_refused_unless_declared(server, respond) -> None:
    url = server.on("/a", respond())
    made = HttpClient(Connection(url=server.url))
    error = failing(made, url)
    assert error.kind == "permanent"
    assert "private" in error.do
    assert server.heard == []


def test_a_name_that_resolves_to_loopback_is_refused(server, respond) -> None:
    server.on("/a", respond())
    url = f"http://opd.example:{server.port}/a"
    made = HttpClient(Connection(url=url), resolve=lambda host, port: ["127.0.0.1"])
    assert "127.0.0.1" in failing(made, url).what
    assert server.heard == []


def test_the_address_that_was_checked_is_the_one_that_is_dialled(server, respond, monkeypatch) -> None:
    """DNS rebinding: the name answers a harmless address first, and ours when it is asked again."""
    server.on("/a", respond())
    url = f"http://opd.example:{server.port}/a"
    answers = iter([["93.184.216.34"], ["127.0.0.1"], ["127.0.0.1"]])
    dialled: list[str] = []

    def connect(address: str, port: int, *rest: object) -> socket.socket:
        dialled.append(address)
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr("connectors.http.addresses.connect_to", connect)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: pytest.fail("resolved a second time"))
    made = HttpClient(Connection(url=url), sleep=lambda s: None, resolve=lambda host, port: next(answers))
    assert "127.0.0.1" in failing(made, url).what  # the second attempt resolved anew, and was checked anew
    assert dialled == ["93.184.216.34"]


def test_the_named_host_is_still_the_host_that_is_asked(server, respond) -> None:
    server.on("/a", respond())
    url = f"http://opd.example:{server.port}/a"
    connection = Connection(url=url, extra={"private": True})
    made = HttpClient(connection, resolve=lambda host, port: ["127.0.0.1"])
    made.fetch(Request(url), json_verdict)
    assert server.heard[0].headers["host"] == f"opd.example:{server.port}"
