"""The door's protocol: uvicorn's on h11, with an end to its patience."""

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from ledger.patience import Owing, Patience, Patient


class PatientProtocol(Patient, H11Protocol):
    """uvicorn's protocol, with an end to its patience."""

    def data_received(self, data: bytes) -> None:
        """Part of a request, or a whole one."""
        if self._request_due is None:  # the next one on a kept connection
            self._owe()
        super().data_received(data)
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._settle()

    def _answered(self) -> bool:
        return self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE)


def patient(patience: Patience) -> type[H11Protocol]:
    """The protocol of one server."""
    shared = {"patience": patience, "owing": Owing(patience)}
    return type("Patient", (PatientProtocol,), shared)
