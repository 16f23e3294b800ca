"""What a wire can do to an answer, as scripts: bytes to send, seconds to wait, and then the end of the connection."""

import gzip
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import MappingProxyType

LOGIN_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>Masuk</title></head><body><h1>Silakan masuk</h1>"
    b'<form method="post" action="/login"><input name="username"><input name="password" type="password"></form>'
    b"</body></html>\n"
)
OUTAGE = b"<!DOCTYPE html><html><h1>Sedang pemeliharaan</h1></html>"
TEXT, HTML, JSON = "text/plain; charset=utf-8", "text/html; charset=utf-8", "application/json"
_DRIP_BYTES = 64


@dataclass(frozen=True)
class Answer:
    """The answer of a healthy system. Header names are in lower case; the body's length is not among them."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Scene:
    """What a mishap may use: the healthy answer, the fault's ``value`` and what the system and the request are like.

    ``target`` is the path with its query, ``elsewhere`` another host's address, ``down`` status and words of a system
    that is down, ``echo`` words that hold the system's credentials.
    """

    healthy: Answer
    amount: float
    target: str
    elsewhere: str
    down: tuple[int, str]
    echo: str


Step = bytes | float
Play = Callable[[Scene], Iterable[Step]]


def _raw(status: int, kind: str, body: bytes, **headers: str) -> bytes:
    """A whole answer as bytes, with its length unless ``headers`` say another."""
    named = {"content-type": kind, "content-length": str(len(body))}
    named |= {"connection": "close"} | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"HTTP/1.1 {status} Simulated\r\n{lines}\r\n".encode() + body


def _always(status: int, kind: str, body: bytes, **headers: str) -> Play:
    raw = _raw(status, kind, body, **headers)
    return lambda _scene: [raw]


def _words(status: int, words: str, **headers: str) -> list[Step]:
    return [_raw(status, TEXT, words.encode(), **headers)]


def _healthy(scene: Scene, *, kind: str = "", before: bytes = b"", after: bytes = b"") -> list[bytes]:
    """The healthy answer with another label, or with more before or behind it."""
    healthy = scene.healthy
    label = kind or healthy.headers.get("content-type", JSON)
    others = {name: value for name, value in healthy.headers.items() if name not in {"content-type", "content-length"}}
    return [_raw(healthy.status, label, before + healthy.body + after, **others)]


def _half(scene: Scene) -> bytes:
    return scene.healthy.body[: len(scene.healthy.body) // 2]


def _half_page(scene: Scene) -> list[Step]:
    healthy = scene.healthy
    kind = healthy.headers.get("content-type", JSON)
    return [_raw(healthy.status, kind, _half(scene), content_length=str(len(healthy.body)))]


def _half_chunk(scene: Scene) -> list[Step]:
    head = b"HTTP/1.1 200 Simulated\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    return [head + f"{len(scene.healthy.body):x}\r\n".encode() + _half(scene)]


def _cut_json(scene: Scene) -> list[Step]:
    return [_raw(scene.healthy.status, scene.healthy.headers.get("content-type", JSON), _half(scene))]


def _drip(scene: Scene) -> Iterator[Step]:
    healthy = scene.healthy
    [whole] = _healthy(scene)
    begin = len(whole) - len(healthy.body)
    # A short answer takes as many drops as a long one at least begins with.
    size = max(1, min(_DRIP_BYTES, len(healthy.body) // 20))
    yield whole[:begin]
    for place in range(begin, len(whole), size):
        yield whole[place : place + size]
        yield scene.amount


def _unannounced(scene: Scene) -> list[Step]:
    blanks = b" " * round(scene.amount)
    return [b"HTTP/1.0 200 Simulated\r\ncontent-type: application/json\r\n\r\n" + scene.healthy.body + blanks]


def _moment(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


# "reset" has no script: simulator.wire cuts the connection.
PLAYS: Mapping[str, Play] = MappingProxyType(
    {
        "down": lambda scene: _words(*scene.down),
        "closed": lambda _scene: [],
        "silence": lambda scene: [scene.amount],
        "slow_drip": _drip,
        "half_page": _half_page,
        "half_chunk": _half_chunk,
        "cut_json": _cut_json,
        "no_http": lambda _scene: [b"220 ftp ready\r\n"],
        "status": lambda scene: _words(round(scene.amount), scene.echo),
        "quota": lambda scene: _words(429, scene.echo, retry_after=str(round(scene.amount))),
        "quota_until": lambda scene: _words(429, scene.echo, retry_after=_moment(scene.amount)),
        "quota_until_past": lambda scene: _words(429, scene.echo, retry_after=_moment(-scene.amount)),
        "html": _always(200, HTML, LOGIN_PAGE),
        "outage": lambda scene: [_raw(round(scene.amount), HTML, OUTAGE)],
        "outage_as_json": _always(200, JSON, OUTAGE),
        "words": _always(200, TEXT, b"Something odd"),
        "pdf": _always(200, "application/pdf", b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj"),
        "no_body": _always(200, JSON, b""),
        "no_content": _always(204, JSON, b""),
        "json_as_html": lambda scene: _healthy(scene, kind="text/html"),
        "other_charset": lambda scene: _healthy(scene, kind="application/json; charset=utf-16"),
        "json_and_more": lambda scene: _healthy(scene, after=b"<br />Warning"),
        "byte_order_mark": lambda scene: _healthy(scene, before=b"\xef\xbb\xbf"),
        "large": lambda scene: [_raw(200, JSON, b" " * round(scene.amount))],
        "large_unannounced": _unannounced,
        "gzip_bomb": _always(200, JSON, gzip.compress(b" " * 5_000_000), content_encoding="gzip"),
        "gzip_cut": _always(200, JSON, gzip.compress(b" " * 500)[:-9], content_encoding="gzip"),
        "packed_otherwise": _always(200, JSON, b"??", content_encoding="br"),
        "redirect_elsewhere": lambda scene: [_raw(307, JSON, b"", location=f"{scene.elsewhere}{scene.target}")],
        "redirect_to_login": _always(302, JSON, b"", location="/auth/login"),
        "redirect_in_circle": lambda scene: [_raw(307, JSON, b"", location=scene.target)],
    }
)
