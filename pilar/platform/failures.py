"""What a failed step means for whoever called it: try again, or call a person."""

from dataclasses import dataclass

from ledger.errors import LedgerError, PilarError, SourceError


@dataclass(frozen=True)
class Verdict:
    """The line to show, and whether trying again may help."""

    line: str
    again: bool


def verdict(error: BaseException) -> Verdict | None:
    """What Pilar says about an error; None for one that is not Pilar's own (a fault of the code, or of the machine).

    A source that was busy or away, and a ledger that could not be reached, may be there the next time. Wrong
    credentials, damaged data, a broken configuration or a gate that did not pass stay as they are until a person acts.
    """
    if not isinstance(error, PilarError):
        return None
    passing = isinstance(error, SourceError) and error.kind in ("retryable", "quota")
    return Verdict(str(error), passing or isinstance(error, LedgerError))
