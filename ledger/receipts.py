"""The chain of receipts: pure functions, so that a copy of the chain can be checked without the ledger.

A receipt is the canonical JSON of what happened to a batch, with the hash of the receipt before it. Changing any byte
of any receipt, or taking one out, breaks every hash from there on.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from ledger.records import Receipt

GENESIS = "0" * 64


def canonical(body: Mapping[str, Any]) -> str:
    """JSON with sorted keys, no spaces and UTF-8 kept: one text for one content."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def link_hash(previous_sha256: str, body: str) -> str:
    """The hash of a link: over the previous hash, a newline, and the body's bytes."""
    return hashlib.sha256(f"{previous_sha256}\n{body}".encode()).hexdigest()


def first_broken(chain: Iterable[Receipt]) -> str | None:
    """Why the chain does not hold, naming the first link that is wrong; None when every link holds."""
    previous, expected_seq = GENESIS, 1
    for link in chain:
        place = f"receipt {link.seq} (batch {link.batch_id})"
        if link.seq != expected_seq:
            return f"receipt {expected_seq} is missing: the next one found is {place}"
        if link.previous_sha256 != previous:
            return f"{place} does not continue the one before it"
        if link_hash(previous, link.body) != link.sha256:
            return f"{place} was altered: its hash does not follow from its text"
        if json.loads(link.body).get("batch_id") != link.batch_id:
            return f"{place} tells of another batch"
        previous, expected_seq = link.sha256, expected_seq + 1
    return None
