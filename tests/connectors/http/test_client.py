"""The client against servers that are slow, short, sly or hostile: real sockets on loopback."""

import gzip
import logging
import socket
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

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


def test_an_answer_comes_whole(server, client, respond) -> None:
    url = server.on("/a", respond(b'{"rows": [1]}'))
    answer = client().fetch(Request(url, params={"tahun": "2024", "d": ["a", "b"]}), json_verdict)
    assert (answer.status, answer.body, answer.verdict.data) == (200, b'{"rows": [1]}', {"rows": [1]})
    assert server.heard[0].line == "GET /a?tahun=2024&d=a&d=b HTTP/1.1"
    assert answer.request == f"GET {server.url}/a?tahun=2024&d=a&d=b"


def test_gzip_is_asked_for_and_unpacked(server, client, respond) -> None:
    url = server.on("/a", respond(gzip.compress(b'{"rows": []}'), Content_Encoding="gzip"))
    assert client().fetch(Request(url), json_verdict).body == b'{"rows": []}'
    assert server.heard[0].headers["accept-encoding"] == "gzip, deflate"


def drip(piece: bytes, seconds: float, head: bytes = b"") -> Callable[[socket.socket, object], None]:
    def reply(sock: socket.socket, heard: object) -> None:
        sock.sendall(head)
        for _ in range(600):
            sock.sendall(piece)
            time.sleep(seconds)

    return reply


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"


@pytest.mark.fault(12)
@pytest.mark.parametrize(
    "slow",
    [drip(b"x", 0.05, HEAD), drip(b"X: y\r\n", 0.05, b"HTTP/1.1 200 OK\r\n"), drip(b"H", 0.05)],
    ids=["body", "headers", "status line"],
)
def test_a_slow_drip_ends_at_the_total_deadline(server, client, slow) -> None:
    url = server.on("/a", slow)
    started = time.monotonic()
    error = failing(client(total_s=0.6, attempts=1, rate_grace_s=99), url)
    assert time.monotonic() - started < 2
    assert error.kind == "retryable"
    assert "0.6 s" in error.what


def test_a_drip_in_an_answer_of_unknown_length_is_not_taken_for_its_end(server, client) -> None:
    url = server.on("/a", drip(b" ", 0.05, b'HTTP/1.0 200 OK\r\n\r\n{"rows": []}'))
    assert failing(client(total_s=0.5, attempts=1, rate_grace_s=99), url).kind == "retryable"


@pytest.mark.fault(12)
def test_a_drip_below_the_least_rate_ends_before_the_deadline(server, client) -> None:
    url = server.on("/a", drip(b"x", 0.05, HEAD))
    error = failing(client(total_s=30, attempts=1, rate_grace_s=0.3, min_bytes_per_s=1000), url)
    assert "drips" in error.what


def test_silence_ends_at_the_read_timeout(server, client) -> None:
    url = server.on("/a", lambda sock, heard: time.sleep(3))
    started = time.monotonic()
    assert failing(client(read_s=0.3, attempts=1), url).kind == "retryable"
    assert time.monotonic() - started < 2


def test_the_deadline_holds_on_a_kept_connection_too(server, client) -> None:
    def twice(sock: socket.socket, heard: object) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        sock.recv(65536)
        drip(b"x", 0.05, HEAD)(sock, heard)

    url = server.on("/a", twice)
    made = client(total_s=0.6, attempts=1, rate_grace_s=99)
    made.fetch(Request(url), json_verdict)
    started = time.monotonic()
    assert failing(made, url).kind == "retryable"
    assert time.monotonic() - started < 2
    assert len(server.heard) == 1  # both requests went over one connection


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "short",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n" + b'{"rows": []}',
        CHUNKED + b'c\r\n{"rows": []}\r\n',
        CHUNKED + b'20\r\n{"rows": []}',
        CHUNKED + b"nonsense\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 20\r\n\r\n" + gzip.compress(b"{}" * 99)[:20],
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 12\r\n\r\n" + b'{"rows": []}',
    ],
    ids=["length", "no last chunk", "cut chunk", "broken chunk", "cut gzip", "no gzip"],
)
def test_a_short_or_broken_body_is_damage_and_asked_again(server, client, respond, short) -> None:
    url = server.on("/a", short, respond())
    assert client().fetch(Request(url), json_verdict).verdict.data == {"ok": True}
    server.on("/a", short)
    error = failing(client(), url)
    assert error.kind == "damaged"
    assert "asked 3 times" in error.what


@pytest.mark.fault(16)
def test_a_gzip_bomb_is_refused_before_it_unpacks(server, client, respond) -> None:
    url = server.on("/a", respond(gzip.compress(b"0" * 50_000_000), Content_Encoding="gzip"))
    error = failing(client(max_decoded=1_000_000), url)
    assert error.kind == "damaged"
    assert "unpacks to more than 1000000 bytes" in error.what
    assert len(server.heard) == 1  # asking again would not help


@pytest.mark.fault(16)
def test_an_answer_too_large_is_refused_by_its_announcement_and_by_its_bytes(server, client, respond) -> None:
    url = server.on("/a", respond(b"x" * 5000))
    assert "announces more than 1000 bytes" in failing(client(max_received=1000), url).what
    server.on("/a", b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n{}")
    assert "announces more than 1000 bytes" in failing(client(max_received=1000), url).what
    server.on("/a", b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * 5000)
    assert "sent more than 1000 bytes" in failing(client(max_received=1000), url).what


def test_a_pull_has_a_bound_over_all_its_answers(server, client, respond) -> None:
    url = server.on("/a", respond(b"[" + b" " * 600 + b"]"))
    made = client(max_pull=1000)
    made.fetch(Request(url), json_verdict)
    assert "1000 bytes in one pull" in failing(made, url).what


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip"])
def test_a_coding_that_was_not_asked_for_is_refused(server, client, respond, coding) -> None:
    url = server.on("/a", respond(b"??", Content_Encoding=coding))
    assert failing(client(), url).kind == "damaged"


def test_html_with_200_is_damage_and_a_login_page_is_access(server, client, respond) -> None:
    url = server.on("/a", respond(b"<!DOCTYPE html><html><body>Sedang dalam perbaikan</body></html>", kind="text/html"))
    error = failing(client(), url)
    assert error.kind == "damaged"
    assert "Sedang dalam perbaikan" in error.what
    server.on("/a", respond(b'<html><form><input type="password"></form></html>', kind="text/html"))
    assert failing(client(), url).kind == "auth"


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_a_server_that_is_down_is_asked_again(server, client, respond, status) -> None:
    url = server.on("/a", respond(b"Gateway Timeout", status, "text/plain"), respond())
    assert client().fetch(Request(url), json_verdict).status == 200
    assert len(server.heard) == 2


@pytest.mark.parametrize(("status", "kind"), [(400, "permanent"), (404, "permanent"), (401, "auth"), (403, "auth")])
def test_what_will_not_change_is_asked_once(server, client, respond, status, kind) -> None:
    url = server.on("/a", respond(b"tidak", status, "text/plain"))
    error = failing(client(), url)
    assert (error.kind, len(server.heard)) == (kind, 1)
    assert f"HTTP {status}: tidak" in error.what


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_waited_for_in_both_forms(server, respond, form) -> None:
    naps: list[float] = []
    due = format_datetime(datetime.now(UTC) + timedelta(seconds=31), usegmt=True)
    after = "30" if form == "seconds" else due
    url = server.on("/a", respond(b"", 429, Retry_After=after), respond())
    made = HttpClient(Connection(url=server.url, extra={"private": True}), sleep=naps.append)
    assert made.fetch(Request(url), json_verdict).status == 200
    assert len(naps) == 1
    assert 29 <= naps[0] <= 32


def test_a_wait_beyond_the_patience_is_not_begun(server, client, respond) -> None:
    url = server.on("/a", respond(b"Kuota habis", 429, "text/plain", Retry_After="7200"))
    started = time.monotonic()
    error = failing(client(), url)
    assert time.monotonic() - started < 1
    assert error.kind == "quota"
    assert "asks to wait 7200 s" in error.what
    assert error.retry_after == 7200
    assert "Kuota habis" in error.what


def test_waits_grow_and_vary(server, respond) -> None:
    naps: list[float] = []
    url = server.on("/a", respond(b"", 503))
    made = HttpClient(Connection(url=server.url, extra={"private": True}), sleep=naps.append)
    failing(made, url)
    assert len(naps) == made.limits.attempts - 1
    assert all(0.25 * 2**n <= nap <= 0.5 * 2**n for n, nap in enumerate(naps))


def test_a_reset_connection_is_asked_again(server, client, respond) -> None:
    def reset(sock: socket.socket, heard: object) -> None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    url = server.on("/a", reset, respond())
    assert client().fetch(Request(url), json_verdict).status == 200


def test_the_environment_changes_nothing(server, client, respond, monkeypatch, tmp_path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login u password p\n")
    for name, value in {
        "HTTP_PROXY": "http://127.0.0.1:9",
        "ALL_PROXY": "http://127.0.0.1:9",
        "NETRC": str(netrc),
    }.items():
        monkeypatch.setenv(name, value)
        monkeypatch.setenv(name.lower(), value)
    url = server.on("/a", respond())
    assert client().fetch(Request(url), json_verdict).status == 200
    assert "authorization" not in server.heard[0].headers


def test_no_secret_is_in_any_error_log_or_trace(server, client, respond, caplog) -> None:
    echo = respond(f"Access denied for key {SECRET} and Bearer {SECRET}".encode(), 500, "text/plain")
    path = f"/v1/key/{SECRET}"
    url = server.on(path, echo)
    caplog.set_level(logging.DEBUG)
    logging.getLogger("urllib3").setLevel(logging.DEBUG)
    made = client(password=SECRET)
    asked = {"params": {"token": SECRET, "nik": "6402010101010001"}, "credentials": {"user_key": SECRET}}
    error = failing(made, url, **asked)
    refused = failing(client("http://127.0.0.1:9", password=SECRET), "http://127.0.0.1:9" + path)
    told = "".join(traceback.format_exception(error)) + "".join(traceback.format_exception(refused)) + caplog.text
    assert SECRET not in told
    assert "6402010101010001" not in told
    assert error.__context__ is None  # nothing hangs behind it that a log could print
    assert "/v1/key/***?token=***&nik=(number)" in error.where


def test_secrets_are_not_in_the_request_that_is_kept(server, client, respond) -> None:
    url = server.on(f"/isb/{SECRET}/json", respond())
    form = {"client_secret": SECRET, "client_id": "pilar"}
    answer = client(password=SECRET).fetch(Request(url, "POST", form=form), json_verdict)
    assert answer.request == f"POST {server.url}/isb/***/json form client_secret=***&client_id=pilar"
    assert server.heard[0].body == f"client_secret={SECRET}&client_id=pilar".encode()
    assert SECRET not in repr(answer)


def test_requests_to_a_host_keep_their_distance(server, client, respond) -> None:
    url = server.on("/a", respond())
    made = client(interval_s=0.2)
    started = time.monotonic()
    for _ in range(3):
        made.fetch(Request(url), json_verdict)
    assert time.monotonic() - started >= 0.4


def test_a_connection_may_bring_limits_of_its_own() -> None:
    made = HttpClient(Connection(url="https://opd.example", extra={"limits": {"interval_s": 0.5, "attempts": 2}}))
    assert (made.limits.interval_s, made.limits.attempts) == (0.5, 2)
    with pytest.raises(ConfigError, match="'intervall'"):
        HttpClient(Connection(url="https://opd.example", extra={"limits": {"intervall": 1}}))


@pytest.mark.parametrize("confidential", [False, True])
def test_p6_a_failing_answer_is_handed_on_to_be_kept_unless_it_may_hold_a_credential(
    server, client, respond, confidential: bool
) -> None:
    body = b'{"access_token": "kunci-rahasia-9f3a", "expires_in": "soon"}'
    error = failing(client(), server.on("/a", respond(body, status=403)), confidential=confidential)
    assert (error.kind, error.answer.body if error.answer else None) == ("auth", None if confidential else body)
