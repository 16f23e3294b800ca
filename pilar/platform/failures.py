"""What a failed step means for whoever called it: try again, and when, or call a person."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ledger.batch_store import MACHINE_KIND
from ledger.errors import LedgerError, MachineError, PilarError, SourceError
from ledger.records import Batch

LONGEST_WAIT = timedelta(hours=2)
"""The longest wait that a run waits for: quotas by the hour. A longer one, of quotas by the day, is for watch."""


@dataclass(frozen=True)
class Verdict:
    """The line to show, whether trying again may help, and how long the source asked to be left alone before that."""

    line: str
    again: bool
    wait: timedelta | None = None


def verdict(error: BaseException) -> Verdict | None:
    """What Pilar says about an error; None for one that is not Pilar's own (a fault of the code, or of the machine).

    A source that was busy or away, a ledger that could not be reached and room on the machine may be there the next
    time. Wrong credentials, damaged data, a broken configuration or a gate that did not pass stay as they are until a
    person acts.
    """
    if not isinstance(error, PilarError):
        return None
    if not isinstance(error, SourceError):
        return Verdict(str(error), isinstance(error, LedgerError | MachineError))
    wait = None if error.retry_after is None else timedelta(seconds=error.retry_after)
    if is_too_long(wait):
        return Verdict(f"{error}. No run waits that long: watch asks again when the time has come", again=False)
    return Verdict(str(error), error.kind in ("retryable", "quota"), wait)


def is_too_long(wait: timedelta | None) -> bool:
    """Whether a wait is left to watch."""
    return wait is not None and wait > LONGEST_WAIT


def rests_until(last: Batch | None, now: datetime) -> datetime | None:
    """Until when a source asked to be left alone, by its last pull; None when it may be asked now."""
    return last.retry_at if last is not None and last.retry_at is not None and now < last.retry_at else None


def was_left_to_watch(last: Batch | None) -> bool:
    """Whether nobody but watch asks again: the last pull ended with a wait that no run waits for, or without room here.

    Room on this machine is no matter of the source: its clock may strike once a year.
    """
    if last is None or last.finished_at is None:
        return False
    if last.error_kind == MACHINE_KIND:
        return True
    return last.retry_at is not None and is_too_long(last.retry_at - last.finished_at)
