"""Calls that other systems make in a format of their own, and how each becomes an event: one entry a format.

What a call carries, persons included, is never data: none of it is kept. It becomes an event that says "something
changed", and the pull fetches what changed. The event's id is a keyed digest, so that a repeated call is recognised and
the digest tells nothing. A source file says which formats announce it, and with which secret (``events.pushes``).
"""

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from events.signatures import TOLERANCE_SECONDS
from ledger.errors import RefusedError
from ledger.records import EventIn


@dataclass(frozen=True)
class PushFormat:
    """One kind of call.

    - ``path`` is where it comes in, ``event_type`` what it is called in the ledger.
    - ``admit`` gives the secret that its headers prove, of those in force. Raises RefusedError when there is none.
    - ``told`` gives the bytes by which a call is known again. Raises RefusedError when the body is no such call.
    - ``answer`` is the envelope of every answer, from an HTTP status and words.
    """

    path: str
    event_type: str
    admit: Callable[[Mapping[str, str], Sequence[str]], str]
    told: Callable[[bytes, Mapping[str, str]], bytes]
    answer: Callable[[int, str], Mapping[str, Any]]


def read_push(name: str, body: bytes, headers: Mapping[str, str], secrets: Sequence[str], source_id: str) -> EventIn:
    """The event about a source that a call stands for. Raises RefusedError: ``where`` is a header, or the body."""
    form = FORMATS[name]
    secret = form.admit(headers, secrets)
    known_by = form.told(body, headers)
    digest = hmac.new(secret.encode(), source_id.encode() + b"\n" + known_by, hashlib.sha256).hexdigest()
    return EventIn(name, digest, form.event_type, source_id, by_content=True)


def _oss(method: str, wrapper: str) -> PushFormat:
    """A call of OSS-RBA to a local government: JSON in a wrapper of its own, and a key that both know."""

    def told(body: bytes, _headers: Mapping[str, str]) -> bytes:
        record = _object(body).get(wrapper)
        if not isinstance(record, dict) or not record.get("nib"):
            raise RefusedError(
                f"the body is not a {method}", where=f"{wrapper}.nib", do=f'Send {{"{wrapper}": {{"nib": ...}}}}'
            )
        return body

    def answer(status: int, words: str) -> Mapping[str, Any]:
        return {f"respon{method}": {"kode": status, "keterangan": "Sukses" if status == 200 else words}}

    return PushFormat(f"/oss/{method}", f"id.go.oss.{method}", _user_key, told, answer)


def _user_key(headers: Mapping[str, str], keys: Sequence[str]) -> str:
    found = ""
    for key in keys:
        if hmac.compare_digest(key.encode(), headers.get("user_key", "").encode()):
            found = key
    if not found:
        raise RefusedError("user_key is missing or wrong", where="user_key", do="Send the key agreed with this regency")
    return found


def _bpjs_signed(headers: Mapping[str, str], secrets: Sequence[str]) -> str:
    """A call that is signed as BPJS has it; a secret is written ``cons_id:secret``, or ``cons_id:secret:user_key``."""
    moment = headers.get("x-timestamp", "")
    if not re.fullmatch(r"[0-9]{1,15}", moment) or abs(time.time() - int(moment)) > TOLERANCE_SECONDS:
        raise RefusedError(
            "the timestamp is missing, or more than 5 minutes off", where="x-timestamp", do="Set the sender's clock"
        )
    found = ""
    for secret in secrets:
        consumer, key, user_key = [*secret.split(":"), "", ""][:3]
        made = base64.b64encode(hmac.digest(key.encode(), f"{consumer}&{moment}".encode(), hashlib.sha256)).decode()
        expected = (consumer, made, user_key or headers.get("user_key", ""))
        given = (headers.get("x-cons-id", ""), headers.get("x-signature", ""), headers.get("user_key", ""))
        same = [hmac.compare_digest(one.encode(), other.encode()) for one, other in zip(expected, given, strict=True)]
        if all(same) and consumer and key:
            found = secret
    if not found:
        raise RefusedError(
            "x-signature does not fit, or x-cons-id or user_key is another",
            where="x-signature",
            do="Sign cons_id&timestamp with the secret agreed with this regency",
        )
    return found


def _bpjs_told(body: bytes, headers: Mapping[str, str]) -> bytes:
    # A call without a body is known by its moment: there is nothing else to tell it by.
    if body:
        _object(body)
    return body or headers["x-timestamp"].encode()


def _bpjs_answer(status: int, words: str) -> Mapping[str, Any]:
    return {"metadata": {"code": status, "message": "Ok" if status == 200 else words}}


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise RefusedError("the body is not a JSON object", where="body", do="Send JSON")
    return content


FORMATS: Mapping[str, PushFormat] = {
    "oss.receiveNIB": _oss("receiveNIB", "dataNIB"),
    "oss.receiveLicenseStatus": _oss("receiveLicenseStatus", "IZINSTATUS"),
    "bpjs.call": PushFormat("/bpjs/{call:path}", "id.go.bpjs.call", _bpjs_signed, _bpjs_told, _bpjs_answer),
}
