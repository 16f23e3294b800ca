"""LZString's text for URLs, unpacked within a bound (https://github.com/pieroxy/lz-string, version 1.5).

It is a stream of codes, each as wide as the dictionary then needs. 0 and 1 bring a new character of 8 or 16 bits, 2 is
the end, and any other code names an earlier text. Characters are UTF-16 units.

Fifteen kilobytes may unpack to thirty megabytes. No package for Python that unpacks them takes a bound, or tells a cut
stream from a whole one.
"""

from collections.abc import Iterator

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-"
# Each sign carries six bits, the highest first; codes are put together from their lowest bit on.
_BITS = {sign: int(f"{value:06b}"[::-1], 2) for value, sign in enumerate(_ALPHABET)}
_CHAR_8, _CHAR_16, _END, _FIRST_FREE = 0, 1, 2, 3


class LzStringError(ValueError):
    """A text that is no whole LZString stream, or unpacks beyond the bound."""


def decompress(text: str, limit: int) -> str:
    """What was packed by ``compressToEncodedURIComponent``. Raises LzStringError beyond ``limit`` characters."""
    signs = iter(text.replace(" ", "+"))  # a plus sign that passed through a form
    pieces = list(_pieces(_Codes(signs), limit))
    if "".join(signs) not in {"", "A"}:  # the packer may fill one more sign with zeros
        raise LzStringError("the packed text goes on after its end")
    try:
        return "".join(pieces).encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        raise LzStringError("the unpacked text holds half a character") from None


class _Codes:
    """Reads codes of any width from signs of six bits."""

    def __init__(self, signs: Iterator[str]) -> None:
        self._signs = signs
        self._held = 0
        self._width = 0

    def take(self, width: int) -> int:
        while self._width < width:
            self._held |= self._next() << self._width
            self._width += 6
        code = self._held & ((1 << width) - 1)
        self._held >>= width
        self._width -= width
        return code

    def _next(self) -> int:
        for sign in self._signs:
            if sign not in _BITS:
                raise LzStringError("the packed text holds a sign that is none of LZString's")
            return _BITS[sign]
        raise LzStringError("the packed text is cut")


def _pieces(codes: _Codes, limit: int) -> Iterator[str]:
    known: list[str] = [""] * _FIRST_FREE
    width, before, size = 2, "", 0
    while True:
        code = codes.take(width)
        if code == _END:
            return
        if code in {_CHAR_8, _CHAR_16}:
            known.append(chr(codes.take(8 if code == _CHAR_8 else 16)))
            code = len(known) - 1
            width = max(width, len(known).bit_length())
        if code < len(known):
            piece = known[code]
        elif code == len(known) and before:
            piece = before + before[0]
        else:
            raise LzStringError("the packed text names what it did not bring")
        size += len(piece)
        if size > limit:
            raise LzStringError(f"the text unpacks to more than {limit} characters")
        yield piece
        if before:
            known.append(before + piece[0])
        before = piece
        width = max(width, len(known).bit_length())
