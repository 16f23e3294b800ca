"""The door's protocol: uvicorn's on h11, with an end to its patience."""

import sys

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from ledger.patience import Owing, Patience, Patient

LARGEST_HEAD = 16_384
MOST_HEADERS = 100
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class PatientProtocol(Patient, H11Protocol):
    """uvicorn's protocol, with an end to its patience."""

    def data_received(self, data: bytes) -> None:
        """Part of a request, or a whole one."""
        if self._request_due is None:  # the next one on a kept connection
            self._owe()
        super().data_received(data)
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._settle()

    def send_400_response(self, msg: str) -> None:
        """A request that is none. h11 says which of them are one whose head has no end."""
        if getattr(sys.exc_info()[1], "error_status_hint", 400) == 431:
            self.transport.write(_TOO_LARGE)
            self.transport.close()
            return
        super().send_400_response(msg)

    def _answered(self) -> bool:
        return self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE)


def patient(patience: Patience) -> type[H11Protocol]:
    """The protocol of one server."""
    shared = {"patience": patience, "owing": Owing(patience)}
    return type("Patient", (PatientProtocol,), shared)
