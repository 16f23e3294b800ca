"""OSS-RBA, the national licensing system: every method is a POST of JSON with a ``user_key``.

The answer's envelope is ``respon<method>``, though not always of the method that was asked (checkNIB may answer
``responinqueryNIB``); ``kode`` is a number or text; the data is an object on success and an empty list on failure.
"""

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Literal

from pydantic import Field, JsonValue

from connectors.http.client import Request
from connectors.http.redact import quote
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
from connectors.protocols.json_path import MISSING, JsonPath, leads_to_nothing, member, select
from connectors.protocols.listing import Listing
from connectors.protocols.records import count_rows, parse_exact
from connectors.protocols.spans import Span, json_spans
from ledger.errors import ConfigError

_NOT_FOUND = re.compile(r"tidak (?:di)?temukan|tidak ada data|data kosong|not found", re.IGNORECASE)


class OssArgs(HttpArgs):
    """Arguments of ``oss``. ``request`` is what stands inside the request's envelope; ``records`` starts at ours."""

    method: Literal["inqueryNIB", "checkNIB", "fetchNIB", "inqueryProyek", "getDataReferensi"]
    request: dict[str, JsonValue] = Field(default_factory=dict)
    envelope: str = ""
    records: JsonPath = "$.dataProyek.data_proyek"
    path: str = ""


def classify(
    status: int, headers: Mapping[str, str], body: bytes, *, records: str = "$.dataProyek.data_proyek"
) -> Verdict:
    """What an OSS answer means: the code in the envelope first, the HTTP status where there is no envelope."""
    try:
        data = parse_json(body, headers)
    except DamagedJsonError:
        return json_verdict(status, headers, body)
    key = envelope_of(data)
    if key is None:
        kind = kind_of_status(status)
        return Verdict("damaged" if kind == "ok" else kind, f"HTTP {status} without respon<method>: {words_of(body)}")
    return _by_code(data, key, records)


def _by_code(data: Mapping[str, Any], key: str, records: str) -> Verdict:
    envelope = data[key]
    code, words = _code(envelope), quote(str(envelope.get("keterangan", "")))
    if code == 200:
        if leads_to_nothing(envelope, records):
            return Verdict("empty", words, data)
        if select(envelope, records) is MISSING:
            return Verdict("damaged", f"nothing stands at {records} in {quote(key, 40)}")
        return Verdict("ok", words, data)
    if code is None:
        return Verdict("damaged", f"kode {quote(str(envelope.get('kode')), 20)!r} is not a code: {words}")
    if code in {400, 404} and _NOT_FOUND.search(words):
        return Verdict("empty", f"{code}: {words}", data)
    return Verdict(_kind_of_code(code), f"{code}: {words}")


def envelope_of(data: Any) -> str | None:
    """The name of the only member that starts with ``respon`` and holds an object, in whatever case."""
    if not isinstance(data, dict):
        return None
    keys = [key for key, value in data.items() if key.lower().startswith("respon") and isinstance(value, dict)]
    return keys[0] if len(keys) == 1 else None


def _code(envelope: Mapping[str, Any]) -> int | None:
    text = str(envelope.get("kode", "")).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else None


def _kind_of_code(code: int) -> VerdictKind:
    kind = kind_of_status(code)
    return "permanent" if kind == "ok" else kind


class Oss(HttpProtocol[OssArgs]):
    """Reading methods of OSS-RBA."""

    name: ClassVar[str] = "oss"
    Args: ClassVar[type[ProtocolArgs]] = OssArgs

    def pages(self) -> Iterator[Page]:
        """One page per context. Raises SourceError and ConfigError."""
        books = Listing(self.args.max_pages)
        understand = partial(classify, records=self.args.records)
        for context in self.contexts:
            answer = self.http.fetch(self._request(context), understand)
            key = envelope_of(answer.verdict.data) or ""
            path = f"${member(key)}{self.args.records[1:]}"
            rows = 0
            if answer.verdict.kind == "ok":
                rows = count_rows(select(answer.verdict.data, path), path, answer.request)
            books.page(answer.body, rows, answer.request)
            yield self.page(answer, context, path, rows)

    def spans(self, body: bytes, request: str) -> Sequence[Span]:
        """The records within whichever envelope came."""
        key = envelope_of(parse_exact(body)) or ""
        return json_spans(body, f"${member(key)}{self.args.records[1:]}")

    def _request(self, context: Mapping[str, str]) -> Request:
        envelope = self.args.envelope or self.args.method.upper()
        return Request(
            self.http.url(f"{self.args.path}/{self.args.method}"),
            "POST",
            headers=JSON_HEADERS,
            credentials={"user_key": self.secret(), **self._basic()},
            json={envelope: fill_json(self.args.request, context)},
        )

    def _basic(self) -> dict[str, str]:
        if not self.connection.login:
            return {}
        password = self.connection.extra.get("basic_password")
        if not isinstance(password, str):
            raise ConfigError(
                "the connection has a login, but no basic_password",
                where="protocol oss",
                do="Put the password of the Basic login into extra.basic_password; password holds the user_key",
            )
        pair = base64.b64encode(f"{self.connection.login}:{password}".encode()).decode()
        self.http.redactor.learn(pair)
        return {"Authorization": f"Basic {pair}"}
