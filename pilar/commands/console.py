"""How the command line speaks: results on standard output, everything else on standard error.

A command gives its result once, as data. A person reads it as lines and tables, a program as one JSON document
(``--json``). In a terminal lines are as wide as it is. In a pipe or a file nothing is wrapped, cut or coloured.
"""

import json
import re
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

from rich.console import Console, ConsoleDimensions
from rich.table import Table
from rich.text import Text

from ledger.clock import local_zone

# What is of a batch, and of the silence of a source.
STYLE = {"accepted": "green", "unchanged": "green", "held": "yellow", "rejected": "red", "failed": "red"}
SILENCE_STYLE = {"in time": "green", "late": "yellow", "overdue": "red"}
_UNLIMITED = 1_000_000


@dataclass
class _Call:
    """How this command was called. ``commands`` are the names that hints may hold."""

    program: str = "pilar"
    json: bool = False
    commands: set[str] = field(default_factory=set)


_call = _Call()

Row = dict[str, Any]


class _Console(Console):
    """A console that knows no width where it is no terminal, and names commands as they were typed."""

    @property
    def size(self) -> ConsoleDimensions:
        """The terminal's size; no limit elsewhere."""
        return super().size if self.is_terminal else ConsoleDimensions(_UNLIMITED, 25)

    @size.setter
    def size(self, new_size: tuple[int, int]) -> None:
        self._width, self._height = new_size

    def render_str(self, text: str, **options: Any) -> Text:
        """Our own words. What comes from data is given as ``Text``, and is left as it is."""
        return super().render_str(as_typed(text), **options)


out = _Console(highlight=False)
err = _Console(stderr=True, highlight=False)


def warn(what: object) -> None:
    """One line about something that does not stop the command."""
    err.print(Text.assemble(("warning: ", "yellow"), as_typed(str(what))))


def tell(line: str) -> None:
    """One line about what happens meanwhile, as data: it may quote what somebody else says."""
    err.print(Text(line))


# -- as it was typed --------------------------------------------------------------------------------------------------


def begin(called: str, command: str) -> None:
    """A command begins. ``called`` is how ``./run`` was called (empty: it was not), ``command`` the program's path."""
    found = shutil.which("pilar")
    known = found is not None and Path(found).resolve() == Path(command).resolve()
    known = known or Path(command).name != "pilar"  # called by Python, by whatever way
    _call.program, _call.json = called or ("pilar" if known else command), False


def program() -> str:
    """How the command was called: ``./run``, ``pilar``, or its path where a shell would not find it."""
    return _call.program


def knows(command: str) -> None:
    """Note the name of a command, so that hints which name it can be told as they would be typed."""
    _call.commands.add(command)


def as_typed(text: str) -> str:
    """A text whose hints (``pilar pull``, ``./run demo``) name the program as this one was called."""
    names = "|".join(map(re.escape, sorted(_call.commands)))
    return re.sub(rf"(?<![\w./-])(?:\./run|pilar)(?= (?:{names})\b)", lambda _: program(), text) if names else text


# -- one result, in two forms -----------------------------------------------------------------------------------------


def choose_json(wanted: bool) -> None:
    """Whether the result is wanted as JSON."""
    _call.json = wanted


def wants_json() -> bool:
    """Whether the result is wanted as JSON."""
    return _call.json


def say(result: Mapping[str, Any], shown: Callable[[], object]) -> None:
    """The result of a command: as one JSON document, or as ``shown`` prints it for people."""
    if _call.json:
        sys.stdout.write(json.dumps(plain(result), ensure_ascii=False, indent=2) + "\n")
    else:
        shown()


def plain(value: Any) -> Any:
    """A value as JSON takes it: moments in ISO 8601 in the regency's time zone, exact decimals as text.

    Raises TypeError for what has no such form.
    """
    if value is None or isinstance(value, str | int | float):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, datetime | date | Decimal | Path):
        return _text(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value) if one.repr}
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, Sequence | AbstractSet) and not isinstance(value, bytes):
        return [plain(inner) for inner in value]
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _text(value: date | Decimal | Path) -> str:
    if isinstance(value, datetime):
        return value.astimezone(local_zone()).isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, date) else str(value)


def table(rows: Sequence[Row], columns: Mapping[str, str], *, right: Sequence[str] = (), title: str = "") -> None:
    """Rows as a table: ``columns`` are the titles of the values that are shown, by name.

    Without lines around it, so that it can be read, searched and copied in a pipe too. Cells are folded, never cut.
    """
    made = Table(box=None, pad_edge=False, title=title or None, title_justify="left", header_style="bold")
    for name, heading in columns.items():
        made.add_column(heading, justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        made.add_row(*(cell(row.get(name)) for name in columns))
    print_table(made)


def cell(value: Any) -> Text:
    """A value in a table; ``Text`` stays as it is."""
    if isinstance(value, Text):
        return value
    return Text("" if value is None else str(plain(value)))


def print_table(made: Table) -> None:
    """Print a table; where there is no terminal, without the blanks that fill its last column."""
    if out.is_terminal:
        out.print(made)
        return
    with out.capture() as printed:
        out.print(made)
    for line in printed.get().splitlines():
        out.print(Text(line.rstrip()))
