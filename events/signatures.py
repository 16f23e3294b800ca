"""Standard Webhooks 1.0.0: what is signed, by which keys, and how a signature is made and checked.

Keys are written as the specification writes them: ``whsec_`` and Base64 (HMAC-SHA-256, one secret for both sides),
``whpk_`` (ed25519, what the door has of it) and ``whsk_`` (what the sender has). Signatures begin with ``v1,`` or
``v1a,``; a header may hold several, and several keys may be in force.
"""

import base64
import binascii
import hashlib
import hmac
import re
import time
from collections.abc import Mapping, Sequence
from itertools import product

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.errors import ConfigError, RefusedError

TOLERANCE_SECONDS = 300
# More than any rotation needs; each costs a check against every key.
MOST_SIGNATURES = 10

SECRET, PUBLIC, PRIVATE = "whsec_", "whpk_", "whsk_"


def verify(body: bytes, headers: Mapping[str, str], keys: Sequence[str]) -> None:
    """Check the signatures against every key in force, and the timestamp against our clock.

    Raises RefusedError for a missing, forged, expired or future-dated signature; the message does not say which key
    came closest.
    """
    identity, moment, signatures = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not (identity and moment and signatures):
        raise _forged("missing required headers")
    if not keys:
        raise _forged("no secret is set for this source")
    _be_timely(moment)
    content = _content(identity, moment, body)
    given = [one.split(",") for one in signatures.split()[:MOST_SIGNATURES]]
    pairs = [(one[0], _decoded(one[1])) for one in given if len(one) == 2]
    if not any(_fits(key, version, signature, content) for key, (version, signature) in product(keys, pairs)):
        raise _forged("no matching signature found")


def sign(body: bytes, identity: str, moment: int, key: str) -> str:
    """A signature of one message by a secret (``whsec_``) or a private key (``whsk_``). Raises ConfigError."""
    content = _content(identity, str(moment), body)
    try:
        if key.startswith(PRIVATE):
            # 32 bytes of seed; some programs write the public key behind it.
            private = Ed25519PrivateKey.from_private_bytes(_decoded(key.removeprefix(PRIVATE))[:32])
            return f"v1a,{base64.b64encode(private.sign(content)).decode()}"
        secret = _decoded(key.removeprefix(SECRET))
    except ValueError:
        secret = b""
    if not secret or key.startswith(PUBLIC):
        raise ConfigError("the key cannot sign", do=f"It begins with {SECRET} or {PRIVATE}, and Base64 follows")
    return f"v1,{base64.b64encode(hmac.digest(secret, content, hashlib.sha256)).decode()}"


def _fits(key: str, version: str, signature: bytes, content: bytes) -> bool:
    if key.startswith(PUBLIC):
        return version == "v1a" and _public_fits(_decoded(key.removeprefix(PUBLIC)), signature, content)
    secret = _decoded(key.removeprefix(SECRET))
    made = hmac.digest(secret, content, hashlib.sha256)
    return version == "v1" and bool(secret) and hmac.compare_digest(made, signature)


def _public_fits(key: bytes, signature: bytes, content: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, content)
    except (InvalidSignature, ValueError):
        return False
    return True


def _content(identity: str, moment: str, body: bytes) -> bytes:
    # Servers hand headers on as Latin-1, so these are the bytes that came.
    return b".".join((identity.encode("latin-1", "replace"), moment.encode("latin-1", "replace"), body))


def _decoded(written: str) -> bytes:
    """Base64, with or without its padding; nothing where it is none."""
    try:
        return base64.b64decode(written + "=" * (-len(written) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _be_timely(moment: str) -> None:
    if not re.fullmatch(r"[0-9]{1,15}", moment):
        raise _forged("the timestamp is not a number of seconds")
    off = time.time() - int(moment)
    if abs(off) > TOLERANCE_SECONDS:
        raise RefusedError(
            f"the timestamp is more than 5 minutes off: it is too {'old' if off > 0 else 'new'}",
            where="webhook-timestamp",
            do="Set the sender's clock, and sign each delivery anew",
        )


def _forged(why: str) -> RefusedError:
    return RefusedError(
        f"not verified: {why}",
        where="webhook-signature",
        do="Sign id.timestamp.body with the secret agreed for this source",
    )
