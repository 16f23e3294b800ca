"""Reading an answer's body within bounds: bytes on the wire, bytes unpacked, bytes per second, and the end."""

import time
import zlib
from collections.abc import Mapping

from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from connectors.http.deadline import Deadline
from connectors.http.limits import Limits

_CHUNK = 256 * 1024
_MOST_DIGITS = 18
"""More of them are more bytes than there are, and beyond some thousand Python refuses to count them."""


class BodyError(Exception):
    """A body that did not come whole or broke a bound.

    ``transient`` tells whether asking again may help; ``damaged`` whether the bytes themselves are wrong.
    """

    def __init__(self, what: str, *, transient: bool, damaged: bool) -> None:
        super().__init__(what)
        self.transient = transient
        self.damaged = damaged


def read_body(raw: BaseHTTPResponse, headers: Mapping[str, str], limits: Limits, deadline: Deadline) -> bytes:
    """The whole body, decompressed. Raises BodyError."""
    _refuse_early(headers, limits)
    decoder = Decoder(headers.get("Content-Encoding", ""), limits.max_decoded)
    received, started = 0, time.monotonic()
    while chunk := _next_chunk(raw, deadline):
        received += len(chunk)
        if received > limits.max_received:
            raise _too_big("sent", limits.max_received)
        decoder.feed(chunk)
        _check_rate(received, time.monotonic() - started, limits)
    if deadline.expired:
        raise _too_slow(deadline)
    return decoder.finish()


def _next_chunk(raw: BaseHTTPResponse, deadline: Deadline) -> bytes:
    """The next bytes, of an announced length the last one by itself: with it is seen whether more came behind it.

    A server that counts its characters announces too few bytes, and everybody reads no more than those.
    """
    left = raw.length_remaining or 0
    try:
        if left == 1 and _beyond_last_byte(raw).strip(b"\r\n"):
            raise BodyError(
                "the answer goes on behind its announced length: its Content-Length counts characters, or is wrong",
                transient=False,
                damaged=True,
            )
        return raw.read1(min(_CHUNK, left - 1) if left > 1 else _CHUNK, decode_content=False) or b""
    except (HTTPError, OSError, ValueError) as error:
        if deadline.expired:
            raise _too_slow(deadline) from None
        if "timed out" in str(error):
            raise BodyError("the answer stopped coming", transient=True, damaged=False) from None
        raise BodyError("the answer ended before its announced end", transient=True, damaged=True) from None


def _beyond_last_byte(raw: BaseHTTPResponse) -> bytes:
    """What has come behind the last byte announced, without taking anything. It waits for that byte alone."""
    buffered = getattr(getattr(raw, "_fp", None), "fp", None)
    peek = getattr(buffered, "peek", None)
    return b"" if peek is None else bytes(peek(2))[1:]


def _refuse_early(headers: Mapping[str, str], limits: Limits) -> None:
    announced = headers.get("Content-Length", "")
    digits = announced.lstrip("0") if announced.isascii() and announced.isdigit() else ""
    if len(digits) > _MOST_DIGITS or int(digits or 0) > limits.max_received:
        raise _too_big("announces", limits.max_received)


def _check_rate(received: int, seconds: float, limits: Limits) -> None:
    if seconds > limits.rate_grace_s and received < limits.min_bytes_per_s * seconds:
        raise BodyError(f"the answer drips: {received} bytes in {seconds:.0f} s", transient=True, damaged=False)


def _too_big(verb: str, bound: int) -> BodyError:
    return BodyError(f"the source {verb} more than {bound} bytes in one answer", transient=False, damaged=True)


def _too_slow(deadline: Deadline) -> BodyError:
    return BodyError(f"the answer was not complete after {deadline.seconds:g} s", transient=True, damaged=False)


class Decoder:
    """Undoes gzip or deflate piece by piece, and never holds more than ``limit`` bytes. Other codings are refused."""

    def __init__(self, coding: str, limit: int) -> None:
        self._coding = coding.strip().lower()
        if self._coding not in {"", "identity", "gzip", "x-gzip", "deflate"}:
            raise BodyError(
                f"the answer is packed as {self._coding[:30]!r}, which was not asked for", transient=False, damaged=True
            )
        self._limit = limit
        self._pieces: list[bytes] = []
        self._size = 0
        self._inflater: zlib._Decompress | None = None
        self._fed = False

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes as received. Raises BodyError on damage and on the bound."""
        if self._coding in {"", "identity"}:
            self._keep(chunk)
            return
        try:
            self._inflate(chunk)
        except zlib.error:
            raise BodyError("the answer's compression is broken", transient=True, damaged=True) from None

    def finish(self) -> bytes:
        """Everything, once the end was reached. Raises BodyError when the compressed stream was cut."""
        if self._fed and (self._inflater is None or not self._inflater.eof):
            raise BodyError("the answer's compressed stream was cut", transient=True, damaged=True)
        return b"".join(self._pieces)

    def _inflate(self, chunk: bytes) -> None:
        data = chunk
        while data:
            if self._inflater is None or self._inflater.eof:  # gzip allows several members in one stream
                self._inflater = zlib.decompressobj(self._window(data))
            self._fed = True
            self._keep(self._inflater.decompress(data, self._limit - self._size + 1))
            data = self._inflater.unconsumed_tail or self._inflater.unused_data

    def _window(self, data: bytes) -> int:
        if self._coding != "deflate":
            return 16 + zlib.MAX_WBITS
        # "deflate" means a zlib stream (RFC 9110, 8.4.1.2); some servers send the bare one.
        return zlib.MAX_WBITS if data[0] & 0x0F == 8 else -zlib.MAX_WBITS

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._limit:
            raise BodyError(f"the answer unpacks to more than {self._limit} bytes", transient=False, damaged=True)
        if piece:
            self._pieces.append(piece)
