"""What a wire, a host or a system can do to an answer, and what a pull must make of it.

A fault stays, unless ``times`` says how many data requests it hits before the system is well again. ``kind`` is the
SourceError's kind, ``held`` a batch that is kept out of force, ``lands`` a pull that ends as if nothing had happened;
``but`` names protocols whose systems differ, each with its outcome.
"""

import gzip
import re
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from tests.connectors.http.conftest import response
from tests.connectors.protocols.systems import MARK, PASSWORD, USER_KEY

ECHO = f"denied for {PASSWORD}, Bearer {PASSWORD}, user_key {USER_KEY}"
LOGIN_PAGE = "<html><form action='/login'><input type='password'></form></html>"
OUTAGE = "<!DOCTYPE html><html><h1>Sedang pemeliharaan</h1></html>"

Spoil = Callable[[socket.socket, bytes], None]
Edit = Callable[[str], str]


@dataclass(frozen=True)
class Fault:
    """One fault: ``spoil`` writes to the socket in place of the healthy body, ``edit`` changes its JSON text before."""

    outcome: str
    spoil: Spoil | None = None
    edit: Edit | None = None
    mood: str = ""
    times: int | None = None
    limits: Mapping[str, float] = field(default_factory=dict)
    but: Mapping[str, str] = field(default_factory=dict)
    host: str = ""


def _answer(body: str | bytes, status: int = 200, kind: str = "application/json", **headers: str) -> Spoil:
    raw = response(body if isinstance(body, bytes) else body.encode(), status, kind, **headers)
    return lambda sock, healthy: sock.sendall(raw)


def _well(kind: str = "application/json", before: bytes = b"", after: bytes = b"") -> Spoil:
    return lambda sock, healthy: sock.sendall(response(before + healthy + after, kind=kind))


def _reset(sock: socket.socket, healthy: bytes) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def _close(sock: socket.socket, healthy: bytes) -> None:
    """No byte, and the end."""


def _silence(sock: socket.socket, healthy: bytes) -> None:
    time.sleep(0.5)


def _drip(piece: bytes, seconds: float) -> Spoil:
    def spoil(sock: socket.socket, healthy: bytes) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15000\r\n\r\n")
        for _ in range(100):
            sock.sendall(piece)
            time.sleep(seconds)

    return spoil


def _cut(sock: socket.socket, healthy: bytes) -> None:
    sock.sendall(response(healthy)[: -len(healthy) // 2])


def _half(sock: socket.socket, healthy: bytes) -> None:
    sock.sendall(response(healthy[: len(healthy) // 2]))


def _cut_chunk(sock: socket.socket, healthy: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    sock.sendall(head + f"{len(healthy):x}\r\n".encode() + healthy[: len(healthy) // 2])


def _unannounced(sock: socket.socket, healthy: bytes) -> None:
    sock.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + healthy + b" " * 40_000)


def _in(hours: int) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(hours=hours), usegmt=True)


def _marked(with_: str) -> Edit:
    return lambda text: text.replace(f'"{MARK}"', with_)


def _doubled_field(text: str) -> str:
    return re.sub(rf'("[^"]+"): "{MARK}"', rf'\1: "{MARK}", \1: "LAIN"', text)


def _doubled_envelope(text: str) -> str:
    return re.sub(r'\A\{("[^"]+"):', r"{\1: [], \1:", text)


# Why a pair of fault and protocol is not there.
_BARE = "not: a bare array has no members"
_LISTS = "not: its rows are lists of values"
_NO_LINKS = "not: it follows no links"
_ONE_ANSWER = "not: one request has one answer"
_UNLINKED: Mapping[str, str] = dict.fromkeys(("ckan", "dapodik", "sipd", "sicantik"), _NO_LINKS)
_UNPAGED: Mapping[str, str] = dict.fromkeys(("oss", "bps", "sipsn", "bpjs"), _ONE_ANSWER)
# PHP systems label JSON as HTML: these protocols look at the body before its label.
_BODY_FIRST: Mapping[str, str] = dict.fromkeys(("dapodik", "oss", "bpjs"), "lands")

QUICK = {"read_s": 0.15, "attempts": 1}
FAULTS: Mapping[str, Fault] = {
    "none": Fault("lands"),
    "down": Fault("retryable", host="down"),
    "private_address": Fault("permanent", host="private"),
    "reset": Fault("retryable", _reset),
    "reset_once": Fault("lands", _reset, times=1),
    "closed_without_an_answer": Fault("retryable", _close),
    "silence": Fault("retryable", _silence, limits=QUICK),
    "drip_beyond_the_deadline": Fault("retryable", _drip(b" ", 0.02), limits={"total_s": 0.15, "attempts": 1}),
    "drip_below_the_rate": Fault(
        "retryable", _drip(b" ", 0.02), limits={"rate_grace_s": 0.05, "min_bytes_per_s": 5000, "attempts": 1}
    ),
    "no_http": Fault("retryable", lambda sock, healthy: sock.sendall(b"220 ftp ready\r\n")),
    "status_400": Fault("permanent", _answer(ECHO, 400, "text/plain")),
    "status_401": Fault("auth", _answer(ECHO, 401, "text/plain")),
    "status_403": Fault("auth", _answer(ECHO, 403, "text/plain")),
    "status_404": Fault("permanent", _answer(OUTAGE, 404, "text/html")),
    "status_429": Fault("quota", _answer(ECHO, 429, "text/plain")),
    "status_429_for_an_hour": Fault("quota", _answer(ECHO, 429, "text/plain", Retry_After="3600")),
    "status_429_until_a_date": Fault("quota", _answer(ECHO, 429, "text/plain", Retry_After=_in(1))),
    "status_429_once": Fault("lands", _answer("", 429, Retry_After="0"), times=1),
    "status_429_until_a_past_date": Fault("lands", _answer("", 429, Retry_After=_in(-1)), times=1),
    "status_500": Fault("retryable", _answer(ECHO, 500, "text/plain")),
    "status_500_once": Fault("lands", _answer(OUTAGE, 500, "text/html"), times=1),
    "html": Fault("damaged", _answer(OUTAGE, kind="text/html")),
    "html_called_json": Fault("damaged", _answer(OUTAGE)),
    "login_page": Fault("auth", _answer(LOGIN_PAGE, kind="text/html")),
    "words": Fault("damaged", _answer("Something odd", kind="text/plain")),
    "pdf": Fault("damaged", _answer(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj", kind="application/pdf")),
    "json_called_html": Fault("damaged", _well("text/html"), but=_BODY_FIRST),
    "another_charset": Fault("damaged", _well("application/json; charset=utf-16")),
    "empty_body": Fault("damaged", _answer("")),
    "no_content": Fault("held", _answer("", 204), but=dict.fromkeys(("ckan", "dapodik", "sicantik"), "damaged")),
    "length_cut": Fault("damaged", _cut),
    "chunk_cut": Fault("damaged", _cut_chunk),
    "json_cut": Fault("damaged", _half),
    "json_and_more": Fault("damaged", _well(after=b"<br />Warning")),
    "byte_order_mark": Fault("lands", _well(before=b"\xef\xbb\xbf")),
    "too_large_by_its_announcement": Fault("damaged", _answer(" " * 40_000)),
    "too_large_by_its_bytes": Fault("damaged", _unannounced),
    "gzip_bomb": Fault("damaged", _answer(gzip.compress(b" " * 5_000_000), Content_Encoding="gzip")),
    "gzip_cut": Fault("damaged", _answer(gzip.compress(b" " * 500)[:-9], Content_Encoding="gzip")),
    "packed_otherwise": Fault("damaged", _answer(b"??", Content_Encoding="br")),
    "redirect_to_another_host": Fault("permanent", _answer("", 307), host="elsewhere"),
    "redirect_to_a_login": Fault("auth", _answer("", 302, Location="/auth/login")),
    "redirect_in_a_circle": Fault("permanent", host="circle"),
    "nul_in_a_text": Fault("held", edit=_marked(r'"a\u0000b"')),
    "lone_surrogate": Fault("held", edit=_marked(r'"a\ud800b"')),
    "not_a_number": Fault("damaged", edit=_marked("NaN")),
    "infinity": Fault("damaged", edit=_marked("-Infinity")),
    "nested_beyond_reason": Fault("damaged", edit=_marked("[" * 3000 + "]" * 3000)),
    "field_twice": Fault("held", edit=_doubled_field, but={"bps": "damaged", "sipsn": _LISTS}),
    "envelope_twice": Fault("damaged", edit=_doubled_envelope, but={"sipd": _BARE, "sicantik": _BARE}),
    # BPJS's answers about two days may be equal: there the doubled keys are found.
    "page_repeated": Fault("damaged", mood="repeat", but={"bpjs": "held"}),
    "links_in_a_circle": Fault("damaged", mood="loop", but={**_UNLINKED, **_UNPAGED}),
    "pages_without_end": Fault("damaged", mood="endless", but={**_UNPAGED, "sicantik": "lands"}),
}
