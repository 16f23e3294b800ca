"""Keys of machines: what a client sends, and what is kept of it.

A key is ``pilar_<id>_<secret>``. The ledger keeps the SHA-256 of the secret: it is 256 random bits, so nothing is found
by guessing, and who reads the ledger cannot use it. Two secrets of a key may be good at a time, while a client changes
from one to the other.
"""

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from api.access import PUBLIC, Scope
from api.problems import ProblemError
from ledger.api_records import ApiKey

KNOWN_FOR_SECONDS = 10.0
MOST_KNOWN = 1_000
_TOKEN = re.compile(r"pilar_([0-9a-f]{12})_([A-Za-z0-9_-]{43})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: ``id`` is what its requests are counted under, ``bucket`` what it shares its rate with."""

    id: str
    scope: Scope
    per_minute: int
    bucket: str


def new_key_id() -> str:
    """The part of a key that is no secret."""
    return secrets.token_hex(6)


def new_secret() -> tuple[str, str]:
    """A secret, and what the ledger keeps of it."""
    secret = secrets.token_urlsafe(32)
    return secret, digest(secret)


def token(key_id: str, secret: str) -> str:
    """What a client sends behind ``Bearer``."""
    return f"pilar_{key_id}_{secret}"


def digest(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def scope_of(key: ApiKey) -> Scope:
    """What a key may see. Raises ValueError for a level that is none."""
    return Scope(key.level, _all_or(key.regions), _all_or(key.pillars), _all_or(key.opds))


def _all_or(names: tuple[str, ...]) -> frozenset[str] | None:
    return frozenset(names) or None


def refused(detail: str) -> ProblemError:
    """A key or a token that is not good. Why exactly, whoever guesses need not know."""
    return ProblemError(
        401,
        "key-refused",
        detail,
        "Send a key that is in force, or none for what is public",
        headers={"WWW-Authenticate": 'Bearer realm="pilar", error="invalid_token"'},
    )


class Keyring:
    """Who a key belongs to. What the ledger said is believed for some seconds: so long a revoked key still works."""

    def __init__(self, find: Callable[[str], ApiKey | None], clock: Callable[[], float] = time.monotonic) -> None:
        self._find = find
        self._clock = clock
        self._known: dict[str, tuple[float, ApiKey | None]] = {}

    def _still(self, key_id: str) -> bool:
        return key_id in self._known and self._clock() - self._known[key_id][0] < KNOWN_FOR_SECONDS

    def caller(self, sent: str) -> Caller:
        """Raises ProblemError (401) for a key that is not in force, and LedgerError where the ledger is away."""
        found = _TOKEN.fullmatch(sent)
        if found is None:
            raise refused("this is no key of this installation")
        key_id, secret = found[1], found[2]
        if not self._still(key_id):
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[key_id] = (self._clock(), self._find(key_id))
        key = self._known[key_id][1]
        now = datetime.now(UTC)
        hashed = digest(secret)
        good = [
            hmac.compare_digest(one.sha256, hashed)
            for one in (key.secrets if key is not None else ())
            if one.expires_at is None or one.expires_at > now
        ]
        if key is None or key.revoked_at is not None or not any(good):
            raise refused("this key is not in force")
        return Caller(key_id, scope_of(key), key.per_minute, key_id)


def anybody(address: str, per_minute: int) -> Caller:
    """Who sends no key."""
    return Caller("public", PUBLIC, per_minute, f"address {address}")
