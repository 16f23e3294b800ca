"""Signatures of frozen stages: Ed25519, which gives the same bytes for the same key and text."""

import hashlib
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from ledger.errors import ConfigError
from ledger.keys import signing_seed


def signed(key_dir: Path, text: bytes) -> tuple[bytes, bytes]:
    """The signature of a text, 64 bytes, and the public key as PEM. Raises ConfigError where there is no usable key."""
    key = Ed25519PrivateKey.from_private_bytes(signing_seed(key_dir))
    return key.sign(text), _pem(key.public_key())


def public_key(key_dir: Path) -> bytes:
    """The public half of the installation's signing key, as PEM. Raises ConfigError where there is no usable key."""
    return signed(key_dir, b"")[1]


def fingerprint(pem: bytes) -> str:
    """Tells one public key from another: what is compared by telephone."""
    return hashlib.sha256(pem).hexdigest()[:16]


def holds(pem: bytes, text: bytes, signature: bytes) -> bool:
    """Whether a signature is that of a text. Raises ConfigError where the key is no Ed25519 key."""
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigError("this is no public key of a signature", do="Take the text that `pilar keys public` prints")
    try:
        key.verify(signature, text)
    except InvalidSignature:
        return False
    return True


def _pem(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
