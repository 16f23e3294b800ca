"""A machine that ran out of disk or memory, whoever tells it: the system, DuckDB, dbt or Great Expectations.

They all say it in the words of the same few libraries. It is nobody's mistake and may pass by itself, so it must not be
taken for data that cannot be read, a rule that was not met or a source that refused.
"""

import errno
import re

from ledger.errors import MachineError, SourceError

_NUMBERS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk is full",
    errno.EFBIG: "a file grew larger than this machine allows",
    errno.ENOMEM: "the memory is used up",
}
_WORDS = (
    (
        re.compile(r"no space left on device|disk quota exceeded|disk full|\bENOSPC\b", re.IGNORECASE),
        "the disk is full",
    ),
    (re.compile(r"file too large|\bEFBIG\b", re.IGNORECASE), _NUMBERS[errno.EFBIG]),
    (
        re.compile(r"out of memory|cannot allocate memory|could not allocate|\bMemoryError\b", re.IGNORECASE),
        "the memory is used up",
    ),
)
_DO = "Make room on this machine; nothing was changed, and it is tried again by itself"


def shortage(text: str) -> str | None:
    """What ran out, by the words of a library of ours; None when nothing did. Never ask it of a source's words."""
    return next((what for words, what in _WORDS if words.search(text)), None)


def machine_error(error: BaseException, where: str) -> MachineError | None:
    """The one line for an error that came of a machine without room; None for any other error."""
    if isinstance(error, MachineError):
        return error
    if isinstance(error, SourceError):
        return None  # its machine may have no room, but ours has
    what = _NUMBERS.get(error.errno or 0) if isinstance(error, OSError) else None
    if isinstance(error, MemoryError):
        what = _NUMBERS[errno.ENOMEM]
    what = what or shortage(str(error))
    return MachineError(what, where=where, do=_DO) if what is not None else None


def refuse_shortage(said: str, where: str) -> None:
    """Raise MachineError where a library's message says that the machine had no room."""
    what = shortage(said)
    if what is not None:
        raise MachineError(what, where=where, do=_DO)
