"""The states of a recommendation: one small table says what may follow what, and what it needs. Pure."""

from dataclasses import dataclass
from typing import Literal, get_args
from unicodedata import normalize

from ledger.errors import ConfigError

State = Literal["open", "in_progress", "done", "verified", "dropped"]
Word = Literal["open", "start", "done", "verify", "return", "drop", "set"]
STATES: tuple[State, ...] = get_args(State)
WORDS: tuple[Word, ...] = get_args(Word)
AT_WORK: tuple[State, ...] = ("open", "in_progress")
CLOSED: tuple[State, ...] = ("verified", "dropped")


@dataclass(frozen=True, slots=True)
class Allowed:
    """One line of the table: by which word a recommendation goes from where to where.

    ``reason``: it must be said why, or what was done. ``another``: by somebody else than whoever moved it last.
    """

    start: State | None
    word: Word
    to: State
    reason: bool = False
    another: bool = False


TABLE: tuple[Allowed, ...] = (
    Allowed(None, "open", "open"),
    Allowed("open", "start", "in_progress"),
    *(Allowed(start, "done", "done", reason=True) for start in AT_WORK),
    # Nobody verifies what they did themselves.
    Allowed("done", "verify", "verified", another=True),
    Allowed("done", "return", "in_progress", reason=True, another=True),
    *(Allowed(start, "drop", "dropped", reason=True) for start in AT_WORK),
    *(Allowed(start, "open", "open", reason=True) for start in CLOSED),
    # Another owner, priority or day; the state stays.
    *(Allowed(start, "set", start) for start in AT_WORK),
)
"""Every move that there is."""

_FOUND = {(line.start, line.word): line for line in TABLE}


def moved(start: State | None, word: Word, *, actor: str, last_actor: str = "", reason: str = "") -> State:
    """The state that a word leads to. Raises ConfigError where it may not be said, or needs more than was said."""
    line = _FOUND.get((start, word))
    if line is None:
        may = " or ".join(repr(one.word) for one in TABLE if one.start == start)
        now = "it is not in the register" if start is None else f"it is {start.replace('_', ' ')}"
        raise ConfigError(f"{now}, and {word!r} is not for it", do=f"What is: {may or 'nothing'}")
    if line.reason and not reason.strip():
        raise ConfigError(f"{word!r} needs a reason", do="Say with --reason what was done, or why")
    if line.another and _account(actor) == _account(last_actor):
        raise ConfigError(f"{word!r} is for somebody else than {actor}, who moved it last", do="Say who with --who")
    return line.to


def _account(name: str) -> str:
    """An account however it is written: ``Dinas  Kesehatan``, ``dinas_kesehatan`` and ``dinas-kesehatan `` are one."""
    plain = normalize("NFKC", name).casefold()
    return "".join(letter for letter in plain if letter.isalnum())
