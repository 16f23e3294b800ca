"""How BPJS locks an answer: packed by LZString for URLs, then AES-256-CBC under a key of the request's moment.

LZString: https://github.com/pieroxy/lz-string, ``compressToEncodedURIComponent``.
"""

import base64
import hashlib

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

_SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-"
_CHAR_8, _CHAR_16, _END = 0, 1, 2


def locked(text: str, cons_id: str, secret: str, timestamp: str) -> str:
    """The text as it travels in ``response``, for the sender of a request with this timestamp alone."""
    return sealed(packed(text), cons_id, secret, timestamp)


def sealed(stream: str, cons_id: str, secret: str, timestamp: str) -> str:
    """The same for a text that is packed already."""
    key = hashlib.sha256(f"{cons_id}{secret}{timestamp}".encode()).digest()
    padder = PKCS7(algorithms.AES256.block_size).padder()
    encryptor = Cipher(algorithms.AES256(key), modes.CBC(key[:16])).encryptor()
    plain = padder.update(stream.encode()) + padder.finalize()
    return base64.b64encode(encryptor.update(plain) + encryptor.finalize()).decode()


def packed(text: str) -> str:
    """The text as LZString packs it."""
    raw = text.encode("utf-16-le")
    units = [raw[at : at + 2].decode("utf-16-le", "surrogatepass") for at in range(0, len(raw), 2)]
    codes, known, fresh, held = _Codes(), dict[str, int](), set[str](), ""
    for unit in units:
        if unit not in known:
            known[unit] = len(known) + 3
            fresh.add(unit)
        if held + unit in known:
            held += unit
            continue
        codes.tell(held, known[held], new=held in fresh)
        fresh.discard(held)
        known[held + unit] = len(known) + 3
        held = unit
    if held:
        codes.tell(held, known[held], new=held in fresh)
    return codes.end()


def bomb(count: int) -> str:
    """A stream of ``count`` codes, each for a text one longer than the last: it unpacks to count² / 2 characters."""
    codes = _Codes()
    codes.tell("a", 0, new=True)
    for _ in range(count):
        codes.tell("", codes.size, new=False)
    return codes.end()


class _Codes:
    """Codes as wide as the reader's own dictionary needs by then, put into signs of six bits."""

    def __init__(self) -> None:
        self._bits: list[str] = []
        self.size, self._width, self._first = 3, 2, True

    def tell(self, piece: str, code: int, *, new: bool) -> None:
        if new:
            wide = ord(piece) > 255
            self._put(_CHAR_16 if wide else _CHAR_8, self._width)
            self._put(ord(piece), 16 if wide else 8)
            self._grow()
        else:
            self._put(code, self._width)
        if not self._first:
            self._grow()
        self._first = False

    def end(self) -> str:
        self._put(_END, self._width)
        bits = "".join(self._bits)
        bits += "0" * (-len(bits) % 6)
        return "".join(_SIGNS[int(bits[at : at + 6], 2)] for at in range(0, len(bits), 6))

    def _put(self, value: int, width: int) -> None:
        self._bits.append(f"{value:0{width}b}"[::-1])

    def _grow(self) -> None:
        self.size += 1
        self._width = max(self._width, self.size.bit_length())
