"""What every chain of the ledger is made of: links that each hold the hash of the one before. Pure.

Changing any byte of any link, or taking one out, breaks every hash from there on.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

GENESIS = "0" * 64
_FIND = "Compare with a backup of the ledger, and find out who could write to it"


@dataclass(frozen=True)
class Damage:
    """The first thing that is not as it was written: what, where (in the order of the chain), and what to do."""

    what: str
    where: str
    do: str

    def __str__(self) -> str:
        return f"{self.what} [{self.where}]. {self.do}"


class Link(Protocol):
    """A link, as far as every chain has it."""

    @property
    def seq(self) -> int:
        """Its number: the first one's is 1."""

    @property
    def previous_sha256(self) -> str:
        """The hash of the one before."""

    @property
    def sha256(self) -> str:
        """Its own."""


L = TypeVar("L", bound=Link)


def canonical(body: Mapping[str, Any]) -> str:
    """JSON with sorted keys, no spaces and UTF-8 kept: one text for one content."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def link_hash(previous_sha256: str, body: str) -> str:
    """The hash of a link: over the previous hash, a newline, and the body's bytes."""
    return hashlib.sha256(f"{previous_sha256}\n{body}".encode()).hexdigest()


def moment(value: datetime) -> str:
    """In UTC: the same moment is the same text, whatever the server's time zone is."""
    return value.astimezone(UTC).isoformat()


def follows(head: Link | None) -> tuple[int, str]:
    """The number of the link after this one, and the hash that it names."""
    return (head.seq + 1, head.sha256) if head is not None else (1, GENESIS)


def first_broken(chain: Iterable[L], kind: str, name: Callable[[L], str], body: Callable[[L], str]) -> Damage | None:
    """The first link that is not as it was written, or that one is missing before.

    ``kind`` is what a link is called, ``name`` what it is about, ``body`` the text that was hashed.
    """
    before: L | None = None
    for link in chain:
        due, previous = follows(before)
        where = f"{kind} {link.seq} ({name(link)})"
        if link.seq != due:
            return Damage(f"{kind} {due} is missing: the next one found is {link.seq}", where, _FIND)
        if link.previous_sha256 != previous:
            return Damage("it does not continue the one before it", where, _FIND)
        if link_hash(previous, body(link)) != link.sha256:
            return Damage("it was altered: its hash does not follow from what it says", where, _FIND)
        before = link
    return None
