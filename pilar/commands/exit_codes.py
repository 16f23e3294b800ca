"""With what a command ends: one list for the whole command line, shown in its help and in docs/operations.md."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Self

from ledger.errors import (
    AlteredPublicationError,
    GateError,
    MachineError,
    NoPublicationError,
    PilarError,
    PublicationError,
    SourceError,
    TransformError,
)


class ExitCode(IntEnum):
    """An exit code, and what it says to a script."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> Self:
        """A number with its meaning."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    DONE = 0, "done; what was pulled is accepted or unchanged"
    NOT_IN_ORDER = 1, "a check found something: damage, a difference, an incomplete demo"
    REFUSED = 2, "not begun: a wrong word, setting or file, or the ledger is away"
    HELD = 3, "a batch or a pillar is held and waits for a person; what was in force stays"
    REJECTED = 4, "not one row of a batch can be used; what was in force stays"
    FAILED = 5, "a system did not deliver, the machine had no room, or an evaluation failed; what was in force stays"
    STOPPED = 130, "stopped by Ctrl-C"


_OF_STATUS = {"held": ExitCode.HELD, "rejected": ExitCode.REJECTED, "failed": ExitCode.FAILED}


def of_statuses(statuses: Iterable[str]) -> ExitCode:
    """The code of several batches: that of the worst one."""
    return max((_OF_STATUS.get(status, ExitCode.DONE) for status in statuses), default=ExitCode.DONE)


def of_error(error: PilarError) -> ExitCode:
    """The code of an error that a user is meant to read."""
    if isinstance(error, AlteredPublicationError):
        return ExitCode.NOT_IN_ORDER
    if isinstance(error, NoPublicationError):
        return ExitCode.REFUSED
    begun = isinstance(error, SourceError | GateError | MachineError | TransformError | PublicationError)
    return ExitCode.FAILED if begun else ExitCode.REFUSED
