"""OSS-RBA's own push, ``receiveNIB``: the national licensing system calls the regency when a licence changes.

The push carries a business's whole record, persons included. None of it is kept: it becomes an event that says
"something changed", and the pull fetches what changed. The event's id is a keyed digest of the body, so that a repeated
push is recognised and the digest tells nothing.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ledger.errors import RefusedError
from ledger.records import EventIn

SENDER = "oss-rba"
EVENT_TYPE = "id.go.oss.receiveNIB"


def answer(kode: int, keterangan: str) -> Mapping[str, Any]:
    """The envelope in which OSS expects every answer; ``kode`` follows HTTP's numbers."""
    return {"responreceiveNIB": {"kode": kode, "keterangan": keterangan}}


def check_user_key(given: str | None, keys: Sequence[str]) -> str:
    """The key that matches. Raises RefusedError when none does; compares in constant time."""
    found = ""
    for key in keys:
        if key and hmac.compare_digest(key.encode(), (given or "").encode()):
            found = key
    if not found:
        raise RefusedError("user_key is missing or wrong", where="user_key", do="Send the key agreed with this regency")
    return found


def read_push(body: bytes, key: str, source_id: str) -> EventIn:
    """Turn a push into an event. Raises RefusedError when it is not a receiveNIB."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        content = None
    record = content.get("dataNIB") if isinstance(content, dict) else None
    if not isinstance(record, dict) or not record.get("nib"):
        raise RefusedError("the body is not a receiveNIB", where="dataNIB.nib", do='Send {"dataNIB": {"nib": ...}}')
    digest = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    return EventIn(sender=SENDER, sender_event_id=digest, event_type=EVENT_TYPE, source_id=source_id)
