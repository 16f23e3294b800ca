"""Which hosts the client talks to: redirects, private addresses, rebinding."""

import socket

import pytest

from connectors.http.client import HttpClient, Request
from connectors.http.verdict import Verdict, json_verdict
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


@pytest.mark.fault(15)
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


KEPT = (307, 308)
"""Redirects that leave method and body as they are; the others may turn a POST into a GET (RFC 9110, 15.4)."""


@pytest.mark.parametrize("status", [301, 302, 303, *KEPT])
@pytest.mark.parametrize("sent", [{"json": {"a": 1}}, {"form": {"a": "1"}}, {}], ids=["json", "form", "nothing"])
def test_a_posted_request_follows_only_a_redirect_that_keeps_what_was_posted(
    server, client, respond, status, sent
) -> None:
    url = server.on("/a", respond(b"", status, Location="/b"))
    server.on("/b", respond())
    if status in KEPT:
        client().fetch(Request(url, "POST", **sent), json_verdict)
        first, second = server.heard
        assert (second.line, second.body) == ("POST /b HTTP/1.1", first.body)
        assert second.headers.get("content-type") == first.headers.get("content-type")
    else:
        error = failing(client(), url, method="POST", **sent)
        assert (error.kind, f"HTTP {status} redirects a posted request" in error.what) == ("permanent", True)
        assert len(server.heard) == 1


@pytest.mark.parametrize("status", [301, 302, 303, *KEPT])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_only_asks_follows_every_redirect_and_stays_what_it_is(server, client, respond, method, status) -> None:
    url = server.on("/a", respond(b"", status, Location="/b"))
    server.on("/b", respond(b""))
    answer = client().fetch(Request(url, method), lambda status, headers, body: Verdict("ok"))
    assert [heard.line for heard in server.heard] == [f"{method} /a HTTP/1.1", f"{method} /b HTTP/1.1"]
    assert answer.status == 200


@pytest.mark.parametrize(("status", "location"), [(300, "/b"), (305, "/b"), (200, "/b"), (302, ""), (307, "")])
def test_what_is_no_redirect_is_an_answer(server, client, respond, status, location) -> None:
    url = server.on("/a", respond(b"[]", status, Location=location))
    answer = client().fetch(Request(url), lambda status, headers, body: Verdict("ok"))
    assert (answer.status, answer.body, len(server.heard)) == (status, b"[]", 1)


@pytest.mark.parametrize("most", [0, 1, 3])
def test_as_many_redirects_as_are_allowed_are_followed_and_not_one_more(server, client, respond, most) -> None:
    for number in range(most + 1):
        server.on(f"/{number}", respond(b"", 302, Location=f"/{number + 1}"))
    server.on(f"/{most + 1}", respond())
    made = client(max_redirects=most)
    assert made.fetch(Request(f"{server.url}/1"), json_verdict).url == f"{server.url}/{most + 1}"
    error = failing(made, f"{server.url}/0")
    assert (error.kind, f"more than {most} redirects" in error.what) == ("permanent", True)


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
