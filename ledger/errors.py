"""What can go wrong, in words a tired engineer can act on.

Every error says *what* happened, *where*, and *what to do*, in one line and without secrets or persons.
"""

from dataclasses import dataclass, field
from typing import Literal

from ledger.masks import mask_numbers

SourceErrorKind = Literal["auth", "quota", "retryable", "permanent", "damaged", "empty"]


class PilarError(Exception):
    """Base of every error that a user is meant to read.

    ``what`` is a sentence without its full stop, ``where`` names the file, source or field, ``do`` is the next step.
    """

    def __init__(self, what: str, *, where: str = "", do: str = "") -> None:
        # Whoever raised it masked what a system said; a person's number that slipped through stops here.
        self.what = mask_numbers(_one_line(what), whole=True)
        self.where = mask_numbers(_one_line(where), whole=True)
        self.do = _one_line(do)
        super().__init__(str(self))

    def __str__(self) -> str:
        place = f" [{self.where}]" if self.where else ""
        step = f". {self.do}" if self.do else ""
        return f"{self.what}{place}{step}"

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.__dict__))


class ConfigError(PilarError):
    """A setting, source file or command-line argument is wrong."""


@dataclass(frozen=True, slots=True)
class FailedAnswer:
    """What a source answered when it failed, as it came; ``request`` is redacted, ``status`` 0 where there is none."""

    request: str
    status: int
    body: bytes = field(repr=False)
    ms: int


class SourceError(PilarError):
    """An agency's system did not give what its contract promises.

    ``kind`` decides what happens next: ``retryable`` and ``quota`` are tried again, the others need a person.
    ``answer`` is what it gave instead, where a whole answer came; who records the failure keeps it and takes it off.
    ``retry_after`` is how many seconds it asked to be left alone, None where it did not ask for that.
    """

    def __init__(
        self, kind: SourceErrorKind, what: str, *, where: str = "", do: str = "", retry_after: float | None = None
    ) -> None:
        self.kind: SourceErrorKind = kind
        self.answer: FailedAnswer | None = None
        self.retry_after = retry_after
        super().__init__(what, where=where, do=do)


class RefusedError(PilarError):
    """An event or request from outside was refused."""


class GateError(PilarError):
    """A gate could not be run at all (a failed gate is an outcome, not an error)."""


class TransformError(PilarError):
    """dbt could not build what a later step needs."""


class PublicationError(PilarError):
    """A publication could not be built or checked; what was published before stays."""


class NoPublicationError(PublicationError):
    """The publication that is asked for is not there."""


class AlteredPublicationError(PublicationError):
    """A publication is not the one that was made: a file of it was altered, or the ledger knows another one."""


class MachineError(PilarError):
    """The machine had no room left, on its disk or in its memory: nothing is wrong with data or rules."""


class LedgerError(PilarError):
    """The ledger cannot be reached, or what it holds contradicts itself."""


def _one_line(text: str) -> str:
    return " ".join(text.split()).rstrip(".")


def _rebuild(kind: type[PilarError], state: dict[str, object]) -> PilarError:
    error = kind.__new__(kind)
    error.__dict__.update(state)
    Exception.__init__(error, str(error))
    return error
