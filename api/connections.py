"""The interface's protocol: uvicorn's on httptools, with an end to its patience, and problems where it refuses."""

from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from api.answers import Quick
from api.problems import MEDIA_TYPE, ProblemError
from ledger.patience import Owing, Patience, Patient

LARGEST_HEAD = 32_768
MOST_HEADERS = 100
MOST_CONNECTIONS = 800

# Whoever sends one of these gets an answer that is made for the request.
_NOT_PLAIN = frozenset(
    (
        *(b"authorization", b"if-none-match", b"if-range", b"range", b"connection", b"expect", b"upgrade"),
        *(b"content-length", b"transfer-encoding"),
    )
)
_MALFORMED = ProblemError(400, "malformed", "this is no request of HTTP/1.1")
_HEAD = ProblemError(431, "headers-too-large", f"the headers are more than {MOST_HEADERS}, or {LARGEST_HEAD} bytes")
_ADDRESS = ProblemError(414, "too-long", f"the address is longer than {LARGEST_HEAD} bytes")
_FULL = ProblemError(503, "busy", "there are too many connections", headers={"Retry-After": "5"})


class PatientProtocol(Patient, HttpToolsProtocol):
    """uvicorn's protocol. httptools has no bound for headers: here it has one."""

    _problem: ProblemError | None = None
    _head = 0
    _in_head = True
    _whole = True
    _accept = b""
    _plain = True
    _done = False
    full: ClassVar[int] = MOST_CONNECTIONS
    quick: ClassVar[Quick | None] = None

    def connection_made(self, transport: Any) -> None:
        """A connection owes a request from its beginning. Of too many the newest is refused."""
        super().connection_made(transport)
        if len(self.connections) > self.full:
            self._refuse(_FULL)

    def data_received(self, data: bytes) -> None:
        """Part of a request, or a whole one, or several."""
        if self.transport.is_closing():
            return
        if self._in_head:
            self._head += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._in_head and self._head > LARGEST_HEAD:
            self._refuse(_HEAD)
        elif self._whole and not self._in_head:
            self._in_head, self._head = True, 0
            self._settle()
        elif self._request_due is None:
            self._owe()

    def on_message_begin(self) -> None:
        """A request begins. What uvicorn makes of it is made when it is known to be wanted."""
        self.url, self.headers, self.expect_100_continue = b"", [], False
        self._in_head, self._whole = True, False
        self._accept, self._plain, self._done = b"", True, False

    def on_url(self, url: bytes) -> None:
        """Its address, in parts."""
        super().on_url(url)
        if len(self.url) > LARGEST_HEAD:
            self._problem = _ADDRESS
            raise ValueError

    def on_header(self, name: bytes, value: bytes) -> None:
        """One of its headers."""
        super().on_header(name, value)
        lower = self.headers[-1][0]
        if lower in _NOT_PLAIN:
            self._plain = False
        elif lower == b"accept":
            self._plain = self._plain and not self._accept
            self._accept = value
        if len(self.headers) > MOST_HEADERS:
            self._problem = _HEAD
            raise ValueError

    def on_headers_complete(self) -> None:
        """Its headers are whole: only now the application hears of it."""
        self._in_head = False
        if sum(len(name) + len(value) for name, value in self.headers) > LARGEST_HEAD:
            self._problem = _HEAD
            raise ValueError
        if self._plain and self._answer_quickly():
            return
        url, headers, expect = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expect
        self.headers.extend(headers)
        super().on_headers_complete()

    def _answer_quickly(self) -> bool:
        """Say what was said before, in one piece. Not where another answer is on its way, or the reader is slow."""
        if self.quick is None or self.parser.get_method() != b"GET" or self.parser.get_http_version() != "1.1":
            return False
        if (self.cycle is not None and not self.cycle.response_complete) or self.flow.write_paused:
            return False
        answer = self.quick.get(self.url, self._accept)
        if answer is None:
            return False
        date = [b"%s: %s\r\n" % pair for pair in self.server_state.default_headers]
        self.transport.write(b"".join([answer.head, *date, b"\r\n", answer.whole]))
        self._done = True
        self.on_response_complete()
        return True

    def on_body(self, body: bytes) -> None:
        """A part of its body."""
        if not self._done:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Nothing more of it is owed."""
        self._whole = True
        if not self._done:
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """A request that is none, or that was refused while it was read."""
        self._refuse(self._problem or _MALFORMED)

    def _should_upgrade(self) -> bool:
        return False

    def _answered(self) -> bool:
        return self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete

    def _refuse(self, problem: ProblemError) -> None:
        self._settle()
        if self.cycle is not None and not self.cycle.response_complete:
            # An answer to an earlier request is on its way: nothing may stand in the middle of it.
            self.transport.abort()
            return
        head = [
            STATUS_LINE[problem.status],
            b"content-type: " + MEDIA_TYPE.encode() + b"\r\n",
            b"content-length: %d\r\nconnection: close\r\n" % len(problem.body),
            *(f"{name}: {value}\r\n".encode() for name, value in problem.headers.items()),
        ]
        self.transport.write(b"".join([*head, b"\r\n", problem.body]))
        self.transport.close()


def patient(patience: Patience, quick: Quick | None = None, full: int = MOST_CONNECTIONS) -> type[HttpToolsProtocol]:
    """The protocol of one server. ``quick``: what needs no application. ``full``: how many connections there may be."""
    shared = {"patience": patience, "owing": Owing(patience), "full": full, "quick": quick}
    return type("Patient", (PatientProtocol,), shared)
