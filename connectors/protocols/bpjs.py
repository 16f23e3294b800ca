"""BPJS Kesehatan's web services (VClaim, Antrean): signed requests, and answers that only their sender can read.

- Each request carries its own moment and a signature over it. Both are made anew for every attempt.
- References and claims pack ``response``, and encrypt it under a key that contains that moment. Dashboards answer in
  clear.
- The envelope is ``metaData`` in one service and ``metadata`` in the other. Its code is text or a number.
- Failures come as HTTP 200.

Of an encrypted answer the envelope is kept with ``response`` in clear. The bytes of the wire could be read again only
with the moment and a secret that changes. Their SHA-256 and the moment stand in the page's request.
"""

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, ClassVar

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7
from pydantic import JsonValue

from connectors.http.client import Answer, Request
from connectors.http.failures import DO
from connectors.http.redact import quote
from connectors.http.urls import fill_path
from connectors.http.verdict import (
    DamagedJsonError,
    Verdict,
    VerdictKind,
    json_verdict,
    kind_of_status,
    parse_json,
    words_of,
)
from connectors.protocols.base import Page, ProtocolArgs
from connectors.protocols.http_base import JSON_HEADERS, HttpArgs, HttpProtocol, fill_json
from connectors.protocols.json_path import MISSING, JsonPath, leads_to_nothing, select
from connectors.protocols.listing import Listing
from connectors.protocols.lzstring import LzStringError, decompress
from connectors.protocols.records import count_rows, dump_records, parse_exact
from connectors.protocols.spans import Span, json_spans
from ledger.errors import ConfigError, SourceError

_FINE = {200, 1}  # 1 is what Antrean's references answer
_NOTHING_FOUND = re.compile(r"tidak (?:di)?temukan|tidak ada|data kosong|not found|no content", re.IGNORECASE)
_ACCESS = re.compile(
    r"unauthori[sz]ed|signature|user[ _-]?key|cons[ _-]?id|timestamp|kedaluwarsa|kadaluarsa|(?:service|token) expired"
    r"|hak akses",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(r"[\w+/]{43}=")
_CLOCKS_APART_S = 60


class BpjsArgs(HttpArgs):
    """Arguments of ``bpjs``. ``records`` starts at ``response``; with a ``body`` the request is a POST of JSON."""

    path: str
    records: JsonPath = "$"
    body: dict[str, JsonValue] | None = None


class Signature:
    """Signs the moment of each request, and opens what is locked with the moment signed last."""

    def __init__(self, cons_id: str, secret: str, user_key: str, clock: Callable[[], float]) -> None:
        self._cons_id, self._secret, self._user_key, self._clock = cons_id, secret, user_key, clock
        self.timestamp = ""

    def headers(self) -> dict[str, str]:
        """The headers of a request that is sent now."""
        self.timestamp = str(int(self._clock()))
        signed = f"{self._cons_id}&{self.timestamp}".encode()
        digest = hmac.new(self._secret.encode(), signed, hashlib.sha256).digest()
        return {
            "X-cons-id": self._cons_id,
            "X-timestamp": self.timestamp,
            "X-signature": base64.b64encode(digest).decode(),
            "user_key": self._user_key,
        }

    def open(self, locked: str, limit: int) -> str:
        """The text of a ``response``. Raises ValueError when it is not one, or longer than ``limit`` characters."""
        key = hashlib.sha256(f"{self._cons_id}{self._secret}{self.timestamp}".encode()).digest()
        decryptor = Cipher(AES256(key), CBC(key[:16])).decryptor()
        unpadder = PKCS7(AES256.block_size).unpadder()
        padded = decryptor.update(base64.b64decode(locked, validate=True)) + decryptor.finalize()
        return decompress((unpadder.update(padded) + unpadder.finalize()).decode("ascii"), limit)


def classify(
    status: int, headers: Mapping[str, str], body: bytes, *, records: str = "$", timestamp: str = ""
) -> Verdict:
    """What a BPJS answer means: the code in its envelope, in whatever spelling. A locked response counts as records.

    With the ``timestamp`` that was signed, a refusal says how far this machine's clock is from the server's.
    """
    try:
        data = parse_json(body, headers)
    except DamagedJsonError:
        return json_verdict(status, headers, body)
    meta = meta_of(data)
    if meta is None:
        kind = kind_of_status(status)
        return Verdict("damaged" if kind == "ok" else kind, f"HTTP {status} without metaData: {_words(words_of(body))}")
    code, words = _code(meta), _words(str(meta.get("message", "")))
    if code is None:
        return Verdict("damaged", f"code {quote(str(meta.get('code')), 20)!r} is not a code: {words}")
    if code not in _FINE or not 200 <= status < 300:
        kind = _kind(code if code not in _FINE else status, words)
        apart = _clocks_apart(headers, timestamp) if kind == "auth" else ""
        return Verdict(kind, f"{code}: {words}{apart}", data if kind == "empty" else None)
    return _of_response(data, words, records)


def _of_response(data: Mapping[str, Any], words: str, records: str) -> Verdict:
    response = data.get("response")
    if isinstance(response, str) and response:
        return Verdict("ok", words, data)
    if leads_to_nothing(response, records):
        return Verdict("empty", words, data)
    if select(response, records) is MISSING:
        return Verdict("damaged", f"nothing stands at {records} of response")
    return Verdict("ok", words, data)


def meta_of(data: Any) -> Mapping[str, Any] | None:
    """The envelope's only member called metaData, in whatever case, None without one."""
    if not isinstance(data, dict):
        return None
    found = [value for name, value in data.items() if name.lower() == "metadata" and isinstance(value, dict)]
    return found[0] if len(found) == 1 else None


def _code(meta: Mapping[str, Any]) -> int | None:
    text = str(meta.get("code", "")).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else None


def _kind(code: int, words: str) -> VerdictKind:
    by_code = kind_of_status(code)
    if by_code in {"auth", "quota", "retryable"}:
        return by_code
    if _ACCESS.search(words):
        return "auth"
    return "empty" if code in {201, 204, 404} and _NOTHING_FOUND.search(words) else "permanent"


def _words(text: str) -> str:
    return _SIGNATURE.sub("(signature)", quote(text))


def _clocks_apart(headers: Mapping[str, str], timestamp: str) -> str:
    try:
        theirs = parsedate_to_datetime(headers.get("Date", "")).timestamp()
    except ValueError:
        return ""
    apart = int(timestamp) - theirs if timestamp else 0
    return f" (this machine's clock is {apart:+.0f} s off the server's)" if abs(apart) > _CLOCKS_APART_S else ""


class Bpjs(HttpProtocol[BpjsArgs]):
    """Reading requests of VClaim and Antrean. The connection's login is the cons_id, its password the secret key."""

    name: ClassVar[str] = "bpjs"
    Args: ClassVar[type[ProtocolArgs]] = BpjsArgs
    clock: Callable[[], float] = staticmethod(time.time)

    def pages(self) -> Iterator[Page]:
        """One page per context. Raises SourceError and ConfigError."""
        signature = self._signature()
        books = Listing(self.args.max_pages)
        for context in self.contexts:
            answer = self.http.fetch(self._request(context, signature), partial(self._understand, signature))
            books.page(answer.body, 0, answer.request)  # counted only: two days may truly have the same schedule
            yield self._page(self._opened(answer, signature), context)

    def spans(self, body: bytes, request: str) -> Sequence[Span]:
        """Records in ``response``, which is kept in clear."""
        return json_spans(body, f"$.response{self.args.records[1:]}")

    def _understand(self, signature: Signature, status: int, headers: Mapping[str, str], body: bytes) -> Verdict:
        return classify(status, headers, body, records=self.args.records, timestamp=signature.timestamp)

    def _page(self, answer: Answer, context: Mapping[str, str]) -> Page:
        path, rows = f"$.response{self.args.records[1:]}", 0
        if answer.verdict.kind == "ok":
            rows = count_rows(select(answer.verdict.data, path), path, answer.request)
        return self.page(answer, context, path, rows)

    def _opened(self, answer: Answer, signature: Signature) -> Answer:
        """The answer with its response in clear. Raises SourceError (damaged), which quotes nothing of it."""
        envelope = answer.verdict.data
        if answer.verdict.kind != "ok" or not isinstance(envelope["response"], str):
            return answer
        wire = hashlib.sha256(answer.body).hexdigest()
        request = f"{answer.request} X-timestamp {signature.timestamp} wire sha256 {wire}"
        try:
            text = signature.open(envelope["response"], self.http.limits.max_decoded)
            parse_json(text.encode())
        except DamagedJsonError:
            raise _damaged("what was encrypted is not JSON", request) from None
        except LzStringError as error:
            raise _damaged(str(error), request) from None
        except ValueError:
            raise _damaged("the response does not open with this secret and timestamp", request) from None
        body = _with_response(answer.body, text)
        verdict = classify(200, {}, body, records=self.args.records)
        if not verdict.usable:
            raise _damaged(f"nothing stands at {self.args.records} of the opened response", request)
        return replace(answer, body=body, verdict=verdict, request=request)

    def _signature(self) -> Signature:
        user_key = self.connection.extra.get("user_key")
        if not self.connection.login or not isinstance(user_key, str) or not user_key:
            raise ConfigError(
                "the connection has no cons_id or no user_key",
                where="protocol bpjs",
                do="Put the cons_id into login, the secret key into password and the user_key into extra.user_key",
            )
        self.http.redactor.learn(self.connection.login)
        return Signature(self.connection.login, self.secret(), user_key, self.clock)

    def _request(self, context: Mapping[str, str], signature: Signature) -> Request:
        url = self.http.url(fill_path(self.args.path, context))
        if self.args.body is None:
            return Request(url, headers=JSON_HEADERS, credentials=signature.headers)
        return Request(
            url, "POST", headers=JSON_HEADERS, credentials=signature.headers, json=fill_json(self.args.body, context)
        )


def _with_response(body: bytes, response: str) -> bytes:
    """The envelope with another response, whose text stays as it is."""
    members = [
        f"{dump_records([name]).decode()[1:-1]}:".encode()
        + (response.encode() if name == "response" else dump_records([value])[1:-1])
        for name, value in parse_exact(body).items()
    ]
    return b"{" + b",".join(members) + b"}"


def _damaged(what: str, request: str) -> SourceError:
    return SourceError("damaged", f"the source's answer is damaged: {what}", where=request[:400], do=DO["damaged"])
