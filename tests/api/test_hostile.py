"""A hostile client: whatever it sends gets the right status and nothing else. No path, no trace, no other rows."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import quote, urlsplit

import httpx
import pytest

from api.connections import LARGEST_HEAD, MOST_HEADERS
from api.resources import resources
from ledger.patience import Patience
from tests.api.conftest import NoLedger, Shelf, desk, serving

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

LEAKED = re.compile(
    r"Traceback|File \"|site-packages|\.py\b|duckdb|/tmp|/srv|/usr|/etc|/home|marts\.|SELECT|Catalog|Binder|Parser E"
)
INJECTIONS = (
    *("' OR '1'='1", "'; DROP TABLE scores; --", "1) OR (1=1", '" OR ""="', "1; SELECT 1"),
    *("x') UNION SELECT * FROM meta.pages --", "read_text('/etc/passwd')", "$(id)", "`id`", "{{7*7}}", "%s%n"),
    *(
        "../../etc/passwd",
        "..%2f..%2fetc%2fpasswd",
        "\x00",
        "\r\nSet-Cookie: a=b",
        "\ud83d\ude00",
        "﹒﹒／",
        "A" * 3000,
    ),
    *(
        "-1",
        "1e400",
        "NaN",
        "Infinity",
        "99999999999999999999999999",
        "0x10",
        "１２",
        "null",
        "[]",
        "__proto__",
        "A" * 3000,
    ),
)


@pytest.fixture(scope="module")
def address(shelf: Shelf) -> Iterator[str]:
    with serving(desk(shelf, NoLedger()), patience=Patience(request_seconds=1.0)) as found:
        yield found


def harmless(answer: httpx.Response, allowed: set[int]) -> None:
    assert answer.status_code in allowed, (answer.request.url, answer.status_code, answer.text[:200])
    assert "set-cookie" not in answer.headers
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code
        assert not LEAKED.search(answer.text), answer.text
        assert len(answer.content) < 5_000


def encoded(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


@pytest.mark.fault(23)
@pytest.mark.parametrize("path", [one.path for one in resources()])
def test_injection_in_every_parameter(address: str, path: str) -> None:
    """Of a text nothing comes but rows that say exactly it: none. Everything else is refused."""
    resource = next(one for one in resources() if one.path == path)
    names = [column.name for column in resource.columns if column.name not in resource.details]
    given = [*names, *(f"{name}.gte" for name in names), "select", "sort", "limit", "offset", "format", "x' OR 1"]
    with httpx.Client(base_url=address) as client:
        for nth, name in enumerate(given):
            for injected in INJECTIONS[nth % 5 :: 5]:
                answer = client.get(f"/v1/{path}?{encoded(name)}={encoded(injected)}")
                harmless(answer, {200, 422})
                if answer.status_code == 200:
                    plain = name in names and injected not in {"-1", "null"}
                    assert answer.json()["total"] == 0 or not plain or name == "weight", (name, injected)


ESCAPES = (
    *("../../../etc/passwd", "..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "....//....//etc/passwd"),
    *("..\\..\\..\\windows", "%00", "regions/%00", "regions/..", "regions/../../manifest.json", "regions/%2e%2e"),
    *("regions/35.07%00.json", "regions/35.07.json/../../../manifest", "publications/../regions", "publications/..%2f"),
    *("publications/current/regions", "publications/.lock/regions", "publications/%2e%2e/regions", "//regions"),
    *("scores/../../../manifest", "scores/..%2f..%2f../x/y", "explanations/%ff%fe", "regions/" + "%2e" * 2000),
    *("publications%2fx", "publications%2f{now}/regions", "regions%2f35.07", "publications/{now}%2fregions"),
    *("marts.duckdb", "manifest.json", "v1/index.json", "openapi.json/", ";", "*", "%", "%zz", "regions;a=b"),
)


@pytest.mark.parametrize("path", ESCAPES, ids=lambda text: text[:40])
def test_no_address_leads_out_of_the_publication(address: str, shelf: Shelf, path: str) -> None:
    answer = raw(
        address, f"GET /v1/{path.replace('{now}', shelf.now)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    )
    status, body = told(answer)
    assert status in {400, 404, 414}
    assert b"application/problem+json" in answer
    assert b"root:" not in answer
    assert not LEAKED.search(body.decode()), body


def raw(address: str, sent: bytes, patience: float = 10.0) -> bytes:
    """What comes for some bytes, to the end of the connection."""
    parts = urlsplit(address)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=patience) as sock:
        found = b""
        try:
            sock.sendall(sent)
            while part := sock.recv(65536):
                found += part
        except (ConnectionResetError, BrokenPipeError):
            pass
        return found


def told(answer: bytes) -> tuple[int, bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return (int(head.split(b" ")[1]) if head else 0), body


REQUESTS = {
    "no request": (b"hello\r\n\r\n", {400}),
    "a method that is none": (b"FOO /v1/regions HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    "another protocol": (b"\x16\x03\x01\x02\x00\x01\x00", {400}),
    "an odd version": (b"GET /v1/regions HTTP/9.9\r\nHost: x\r\n\r\n", {400}),
    "two lengths": (b"GET /v1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", {400}),
    "length and chunks": (
        b"POST /v1/regions HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        {400},
    ),
    "a chunk that is none": (
        b"POST /v1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        {0, 400, 405},
    ),
    "a header without a name": (b"GET /v1 HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n", {400}),
    "too many headers": (b"GET /v1 HTTP/1.1\r\n" + b"A: b\r\n" * (MOST_HEADERS + 1) + b"\r\n", {431}),
    "a large header": (b"GET /v1 HTTP/1.1\r\nA: " + b"b" * (LARGEST_HEAD + 1) + b"\r\n\r\n", {431}),
    "a header without an end": (b"GET /v1 HTTP/1.1\r\nA: " + b"b" * 1_000_000, {431}),
    "a long address": (b"GET /v1/" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {414}),
    "an address without an end": (b"GET /v1/" + b"a" * 1_000_000, {414, 431}),
    "a tunnel": (b"CONNECT 10.0.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n", {400, 404, 405}),
    "an upgrade": (
        b"GET /v1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\n\r\n",
        {200},
    ),
    "a whole address": (b"GET http://10.0.0.1/v1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {200, 400, 404}),
}


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_what_is_no_proper_request(address: str, request_: tuple[bytes, set[int]]) -> None:
    answer = raw(address, request_[0])
    status, body = told(answer)
    assert status in request_[1], answer[:300]
    if status >= 400:
        assert b"application/problem+json" in answer
        assert not LEAKED.search(body.decode("latin-1"))


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("path", ["regions", "regions/35.07", "publications", "openapi.json"])
def test_only_reading(address: str, method: str, path: str) -> None:
    answer = httpx.request(method, f"{address}/v1/{path}", headers={"x-http-method-override": "GET"})
    harmless(answer, {405})
    assert answer.headers["allow"] == "GET, HEAD"


def test_headers_that_are_believed_nowhere(address: str) -> None:
    sent = {
        "x-forwarded-for": "10.0.0.1",
        "x-forwarded-host": "evil.example",
        "x-forwarded-prefix": "/evil",
        "x-original-url": "/admin",
        "host": "evil.example",
        "origin": "https://evil.example",
        "accept-encoding": "gzip;q=nan, " + "br," * 500,
        "range": "bytes=" + "0-1," * 500,
        "if-none-match": '"' + "x" * 5000,
    }
    answer = httpx.get(f"{address}/v1/regions?limit=1", headers=sent)
    assert answer.status_code == 200
    assert "evil" not in str(answer.headers)
    assert answer.json()["total"] == 3


def test_slow_clients_are_let_go_and_others_are_answered(address: str) -> None:
    parts = urlsplit(address)
    with ExitStack() as slow:
        for _ in range(60):
            sock = slow.enter_context(socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10))
            sock.sendall(b"GET /v1/regions HTTP/1.1\r\nHost: x\r\nA: ")
        assert httpx.get(f"{address}/v1/regions").status_code == 200
        began = time.monotonic()
        drip = b"b" * 100
        answer = b""
        sock.settimeout(0.1)
        for number in range(100):
            try:
                sock.send(drip[number : number + 1])
                answer = sock.recv(100)
                break
            except TimeoutError:
                continue
        assert told(answer)[0] == 408
        assert time.monotonic() - began < 5


def test_a_crowd_is_answered_or_told_to_come_again(address: str) -> None:
    found: list[int] = []

    def ask(number: int) -> None:
        answer = httpx.get(f"{address}/v1/values?offset={number}&format=csv", timeout=60)
        harmless(answer, {200, 503})
        found.append(answer.status_code)

    threads = [threading.Thread(target=ask, args=[number]) for number in range(150)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 150
    assert found.count(200) >= 64
    assert httpx.get(f"{address}/health").status_code == 200


def test_too_many_connections_are_refused_in_words(shelf: Shelf) -> None:
    with serving(desk(shelf, NoLedger()), full=5) as address, ExitStack() as held:
        parts = urlsplit(address)
        for _ in range(5):
            held.enter_context(socket.create_connection((parts.hostname or "", parts.port or 0)))
        time.sleep(0.2)
        status, body = told(raw(address, b"GET /v1 HTTP/1.1\r\nHost: x\r\n\r\n"))
        assert status in {0, 503}
        assert not body or b"too many connections" in body
