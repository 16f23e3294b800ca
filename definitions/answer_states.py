"""The states of an answer: one small table says who may move it from where to where, and when a reason is needed.

An answer is one question of one instrument for one region and year. What each role says of it is that role's own value;
its state says how far it has come. Pure: a state and a wish in, a refusal or nothing out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from definitions.files import read_definition
from definitions.instruments import shipped_instruments
from definitions.words import Strict

State = Literal["draft", "submitted", "returned", "verified", "assessed", "objected", "final"]
Role = Literal["opd", "internal", "external", "interview", "final"]
Reason = Literal["wrong", "absent", "lower_level_open"]
STATES: tuple[State, ...] = get_args(State)
ROLES: tuple[Role, ...] = get_args(Role)
REASONS: tuple[Reason, ...] = get_args(Reason)
"""Why an answer or its evidence is returned: the wrong document, none at all, or a lower level is still open."""

Needs = Literal["nothing", "reason", "note"]
FILE = "stages.yaml"
"""What the file of windows is called, in the folder of an installation."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """One line of the table. ``needs``: a reason of the closed list, or a note in words. ``start`` None: at first."""

    start: State | None
    to: State
    role: Role
    needs: Needs = "nothing"


def _lines(
    starts: Sequence[State | None], to: State, roles: Sequence[Role], needs: Needs = "nothing"
) -> tuple[Allowed, ...]:
    return tuple(Allowed(start, to, role, needs) for start, role in product(starts, roles))


TABLE: tuple[Allowed, ...] = (
    *_lines([None, "draft", "returned"], "draft", ["opd"]),
    # What is handed in may be mended until somebody verified it.
    *_lines([None, "draft", "returned", "submitted"], "submitted", ["opd"]),
    *_lines(["submitted", "verified"], "returned", ["internal", "external"], "reason"),
    *_lines(["submitted", "verified"], "verified", ["internal"]),
    # Several assessors, and the interview after them, each with a value of its own.
    *_lines(["verified", "assessed"], "assessed", ["external", "interview"]),
    *_lines(["assessed"], "objected", ["opd"], "note"),
    *_lines(["objected"], "assessed", ["external", "interview"], "note"),
    *_lines(["assessed"], "final", ["final"]),
)
"""Every move that there is. Only an assessed answer becomes final, and a final one stays."""

_FOUND: Mapping[tuple[str | None, str, str], Allowed] = MappingProxyType(
    {(line.start, line.to, line.role): line for line in TABLE}
)


def refusal(start: str | None, to: str, role: str, *, reason: str | None = None, note: str | None = None) -> str:
    """Why an answer in this state may not be moved so; empty where it may."""
    line = _FOUND.get((start, to, role))
    if line is None:
        return _no_line(start, to, role)
    if line.needs == "reason" and reason not in REASONS:
        return f"returning it needs a reason: {', '.join(REASONS)}"
    if line.needs != "reason" and reason is not None:
        return "only a returned answer has a reason; say the rest as a note"
    if line.needs == "note" and not (note or "").strip():
        return f"{'objecting' if to == 'objected' else 'deciding an objection'} needs a note that says why"
    return ""


def _no_line(start: str | None, to: str, role: str) -> str:
    if to not in STATES:
        return f"there is no state {to[:40]!r}; states are {', '.join(STATES)}"
    if role not in ROLES:
        return f"there is no role {role[:40]!r}; roles are {', '.join(ROLES)}"
    now = f"it is {start}" if start is not None else "nobody has begun it"
    may = sorted({line.role for line in TABLE if (line.start, line.to) == (start, to)})
    if may:
        return f"{now}, and only {' or '.join(may)} may make it {to}, not {role}"
    open_ = list(dict.fromkeys(line.to for line in TABLE if line.start == start))
    return f"{now}, so it cannot become {to}; it can become {' or '.join(open_) or 'nothing else'}"


class Window(Strict):
    """When a stage of an instrument's year is open: both days count, in the regency's own time zone."""

    stage: Annotated[str, Field(min_length=1)]
    instrument: str
    year: int
    opens: date
    closes: date
    allows: Annotated[tuple[State, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.opens > self.closes:
            raise ValueError(f"{self.stage!r} closes before it opens")
        if self.instrument not in shipped_instruments():
            raise ValueError(f"{self.stage!r} is of {self.instrument!r}, which is no instrument")
        return self

    @property
    def told(self) -> str:
        """The window in words."""
        return f"{self.stage} ({self.opens} to {self.closes})"


class Windows(Strict):
    """Every window that an installation declares."""

    id: str
    stages: tuple[Window, ...] = ()


def read_windows(home: Path) -> tuple[Window, ...]:
    """The windows in ``stages.yaml`` of an installation's folder; none where there is no such file.

    Raises ConfigError with the first thing that is wrong with it.
    """
    path = home / FILE
    return read_definition(path, Windows).stages if path.is_file() else ()


def closed(windows: Sequence[Window], instrument: str, year: int, to: str, day: date) -> str:
    """Why an answer may not be moved on this day; empty where it may, or where its instrument and year have no window.

    ``day`` is that of the regency.
    """
    own = [one for one in windows if (one.instrument, one.year) == (instrument, year)]
    fit = [one for one in own if to in one.allows]
    if not own or any(one.opens <= day <= one.closes for one in fit):
        return ""
    if not fit:
        return f"no stage of {instrument} {year} makes an answer {to}"
    return f"on {day} no stage is open that makes an answer {to}: {', '.join(one.told for one in fit)}"
