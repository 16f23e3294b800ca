"""BPJS's side of the conversation, written from its documentation; no server of its own can be had here."""

import base64
import hashlib
import hmac
from collections.abc import Mapping

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-"


class _Packer:
    def __init__(self) -> None:
        self.bits: list[int] = []
        self.size, self.width = 3, 2

    def put(self, value: int, width: int = 0) -> None:
        self.bits += [value >> place & 1 for place in range(width or self.width)]

    def grow(self) -> None:
        self.size += 1
        self.width = max(self.width, self.size.bit_length())

    def text(self) -> str:
        self.put(2)
        self.bits += [0] * (-len(self.bits) % 6)
        sixes = [self.bits[at : at + 6] for at in range(0, len(self.bits), 6)]
        return "".join(SIGNS[int("".join(map(str, six)), 2)] for six in sixes)


def packed(text: str) -> str:
    """An LZString stream that names single characters only: large, and as valid as any."""
    packer, known = _Packer(), dict[int, int]()
    raw = text.encode("utf-16-le", "surrogatepass")
    for place in range(0, len(raw), 2):
        unit = raw[place] | raw[place + 1] << 8
        if unit in known:
            packer.put(known[unit])
        else:
            packer.put(0 if unit < 256 else 1)
            packer.put(unit, 8 if unit < 256 else 16)
            known[unit] = packer.size
            packer.grow()
        if place:
            packer.grow()
    return packer.text()


def bomb(codes: int) -> str:
    """A stream whose every code names a text one longer than the last: n codes unpack to n² / 2 characters."""
    packer = _Packer()
    packer.put(0)
    packer.put(ord("a"), 8)
    packer.grow()
    for _ in range(codes):
        packer.put(packer.size)
        packer.grow()
    return packer.text()


def locked(text: str, cons_id: str, secret: str, timestamp: str, *, ready: bool = False) -> str:
    """A ``response`` as it travels; ``ready`` when the text is packed already."""
    key = hashlib.sha256(f"{cons_id}{secret}{timestamp}".encode()).digest()
    padder = PKCS7(128).padder()
    plain = (text if ready else packed(text)).encode()
    encryptor = Cipher(algorithms.AES256(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()).decode()


def signed_well(headers: Mapping[str, str], cons_id: str, secret: str, user_key: str) -> bool:
    """Whether a request's headers (names in lower case) are what BPJS demands."""
    message = f"{cons_id}&{headers.get('x-timestamp', '')}".encode()
    signature = base64.b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest()).decode()
    return (headers.get("x-cons-id"), headers.get("x-signature"), headers.get("user_key")) == (
        cons_id, signature, user_key,
    )  # fmt: skip
