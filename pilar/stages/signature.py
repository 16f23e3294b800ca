"""Signatures of frozen stages: Ed25519, which gives the same bytes for the same key and text."""

import hashlib
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_public_key,
)
from cryptography.x509.oid import NameOID

from ledger.errors import ConfigError
from ledger.keys import signing_seed

_VALID = timedelta(days=20 * 365)
_SIGNS = x509.KeyUsage(
    digital_signature=True,
    content_commitment=True,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


def signed(key_dir: Path, text: bytes) -> tuple[bytes, bytes]:
    """The signature of a text, 64 bytes, and the public key as PEM. Raises ConfigError where there is no usable key."""
    key = Ed25519PrivateKey.from_private_bytes(signing_seed(key_dir))
    return key.sign(text), _pem(key.public_key())


def public_key(key_dir: Path) -> bytes:
    """The public half of the installation's signing key, as PEM. Raises ConfigError where there is no usable key."""
    return signed(key_dir, b"")[1]


def certificate(key_dir: Path, since: datetime) -> tuple[bytes, bytes]:
    """A certificate of the installation's own for its signing key, and the key, both as DER: what a PDF is signed with.

    Nobody else vouches for it. It says that whoever holds the key signed, and no more than the key itself does.
    """
    key = Ed25519PrivateKey.from_private_bytes(signing_seed(key_dir))
    pem = _pem(key.public_key())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Pilar {fingerprint(pem)}")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(int(fingerprint(pem), 16))
        .not_valid_before(since)
        .not_valid_after(since + _VALID)
        .add_extension(_SIGNS, critical=True)
        .sign(key, None)
    )
    secret = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return made.public_bytes(Encoding.DER), secret


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
