"""What an answer means. Systems here say "failed" with HTTP 200, with text, with HTML, with an empty string: the status
alone decides nothing, so each protocol classifies status, headers and body together.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from connectors.http.first_bytes import named_by_first_bytes
from connectors.http.redact import quote

VerdictKind = Literal["ok", "empty", "retryable", "quota", "auth", "permanent", "damaged"]

BOM = b"\xef\xbb\xbf"
_HTML = re.compile(rb"\A\s*(?:<!doctype html|<html|<head|<body|<!--|<script|<div|<br|<b>|<p>)", re.IGNORECASE)
_LOGIN = re.compile(
    rb"type\s*=\s*[\"']?password|\b(?:login|masuk|sign[ -]?in|sesi (?:anda )?(?:telah )?(?:habis|berakhir))\b",
    re.IGNORECASE,
)
# Bodies that may hold records: of these nothing is quoted but the members that carry messages.
_DATA = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*(?:[\[{\"]|<\?xml|<xml)", re.IGNORECASE)
_TELLING = re.compile(
    r"mess?age|msg|pesan|err|status|code|kode|keterangan|detail|reason|alasan|title|fault|desc|success|type",
    re.IGNORECASE,
)
_TOLD_BYTES = 64 * 1024
_TOLD_DEPTH = 3
_JSON_CHARSETS = {"", "utf-8", "utf8", "us-ascii", "ascii"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One answer, classified. ``detail`` holds the source's own words, shortened and cleaned, or ours about them.

    ``data`` is the parsed body where the protocol speaks JSON, so that nobody parses twice.
    """

    kind: VerdictKind
    detail: str = ""
    data: Any = field(default=None, compare=False, repr=False)

    @property
    def usable(self) -> bool:
        """True when the answer is one: with records or without."""
        return self.kind in {"ok", "empty"}


class DoubledObject(dict[str, Any]):
    """An object that gives a member twice: readers of JSON disagree about which of the two counts."""


class DamagedJsonError(ValueError):
    """A body that should be JSON and is not. The message never quotes more than a short, cleaned piece."""


def by_status(status: int, body: bytes) -> Verdict | None:
    """The verdict that an HTTP status alone allows, None for 2xx. Words of the source are quoted."""
    if 200 <= status < 300:
        return None
    words = words_of(body)
    return Verdict(kind_of_status(status), f"HTTP {status}: {words}" if words else f"HTTP {status}")


def kind_of_status(status: int) -> VerdictKind:
    """The usual reading of an HTTP status (RFC 9110, RFC 6585) where nothing in the body says more."""
    if 200 <= status < 300:
        return "ok"
    if status in {401, 403, 407, 511}:
        return "auth"
    if status == 429:
        return "quota"
    if status in {408, 421, 425} or (500 <= status < 600 and status not in {501, 505}):
        return "retryable"
    return "permanent"


def html_verdict(headers: Mapping[str, str], body: bytes) -> Verdict | None:
    """An HTML page where data was due: a login form is a matter of access, anything else is damage."""
    if "html" not in media_type(headers) and not _HTML.match(body[:512]):
        return None
    if _LOGIN.search(body[:65536]):
        return Verdict("auth", "a login page came instead of data")
    return Verdict("damaged", f"an HTML page came instead of data: {words_of(body)}")


def json_verdict(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    parse: Callable[[bytes, Mapping[str, str]], Any] | None = None,
) -> Verdict:
    """Reading of an answer that should be JSON: ok (with ``data``), empty (no body, 204), or what went wrong.

    Protocols refine the ok case by what their envelopes say. ``parse`` stands in for ``parse_json``.
    """
    failed = by_status(status, body)
    if failed is not None:
        return failed
    if status == 204 or not body.strip():
        return Verdict("empty" if status == 204 else "damaged", "the answer has no content")
    page = html_verdict(headers, body)
    if page is not None:
        return page
    try:
        return Verdict("ok", data=(parse or parse_json)(body, headers))
    except DamagedJsonError as error:
        return Verdict("damaged", str(error))


def parse_json(body: bytes, headers: Mapping[str, str] | None = None) -> Any:
    """JSON as RFC 8259 has it: UTF-8, no NaN, nothing after the value; a leading byte order mark is tolerated.

    Members given twice are damage in the envelope; in records, which stand in lists, they are left to the landing.
    Raises DamagedJsonError.
    """
    if other := named_by_first_bytes(body):
        raise DamagedJsonError(f"{other} came instead of JSON")
    if not may_be_json(headers or {}):
        raise DamagedJsonError(f"the answer says it is encoded in {charset(headers or {})[:20]!r}, JSON is UTF-8")
    try:
        text = body.removeprefix(BOM).decode("utf-8")
        return _single(json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=as_object))
    except DamagedJsonError:
        raise
    except UnicodeDecodeError as error:
        raise DamagedJsonError(f"the answer is not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        said = "" if _DATA.match(body[:512]) else f": {words_of(body)}"
        raise DamagedJsonError(f"the answer is not JSON ({error.msg} at character {error.pos}){said}") from None
    except (RecursionError, ValueError) as error:
        raise DamagedJsonError(f"the answer is not readable JSON: {quote(str(error).encode())}") from None


def as_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these members, marked when one of them comes twice. For ``object_pairs_hook``."""
    found = dict(pairs)
    return found if len(found) == len(pairs) else DoubledObject(found)


def _single(data: Any) -> Any:
    if isinstance(data, DoubledObject):
        raise DamagedJsonError("the answer gives a member of its envelope twice")
    if isinstance(data, dict):
        for member in data.values():
            _single(member)
    return data


def may_be_json(headers: Mapping[str, str]) -> bool:
    """Whether the charset that the headers declare is one that JSON may have."""
    return charset(headers) in _JSON_CHARSETS


def maybe_json(body: bytes, headers: Mapping[str, str]) -> Any:
    """A body's JSON value, None where it has none: for what may stand in the body of a failure."""
    try:
        return parse_json(body, headers)
    except DamagedJsonError:
        return None


def words_of(body: bytes) -> str:
    """What an answer says of itself, fit for a log: its text, but of JSON only the members that carry messages.

    An answer that is not the one expected may hold records all the same, and records are about persons.
    """
    if not _DATA.match(body[:512]):
        return quote(_without_tags(body[:4096]) if _HTML.match(body[:512]) else body)
    try:
        data = json.loads(body.removeprefix(BOM)) if len(body) <= _TOLD_BYTES else None
    except (ValueError, RecursionError):
        data = None
    return "" if data is None else quote(_told(data, _TOLD_DEPTH))


def _told(data: Any, depth: int) -> str:
    if isinstance(data, dict) and depth:
        return "{" + ", ".join(_told_member(name, value, depth - 1) for name, value in data.items()) + "}"
    if isinstance(data, list):
        return f"a list of {len(data)}"
    return str(data) if depth == _TOLD_DEPTH else f"a {type(data).__name__}"


def _told_member(name: str, value: Any, depth: int) -> str:
    if isinstance(value, dict | list):
        return f"{name}: {_told(value, depth)}"
    return f"{name}: {value}" if _TELLING.search(name) else name


def media_type(headers: Mapping[str, str]) -> str:
    """The media type of Content-Type, lower case, without parameters."""
    return headers.get("Content-Type", headers.get("content-type", "")).partition(";")[0].strip().lower()


def charset(headers: Mapping[str, str]) -> str:
    """The charset parameter of Content-Type, lower case, or an empty string."""
    parameters = headers.get("Content-Type", headers.get("content-type", "")).partition(";")[2]
    found = re.search(r"charset\s*=\s*\"?([\w.:-]+)", parameters, re.IGNORECASE)
    return found.group(1).lower() if found else ""


def _refuse_constant(name: str) -> float:
    raise DamagedJsonError(f"the answer is not JSON: it holds {name}")


def _without_tags(body: bytes) -> bytes:
    return re.sub(rb"(?is)<(script|style)\b.*?</\1>|<[^>]*>", b" ", body)
