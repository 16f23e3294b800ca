"""How a column's ``from`` leads into a record."""

import re
from collections.abc import Iterator, Sequence

_STEP = re.compile(r"([^.\[\]]+)|\[([0-9]+)\]")


def top_field(name: str, source: str | None) -> str:
    """The field of the record that holds a column: the first step of its path, or the column's own name."""
    return path_steps(source or name)[0]


def path_steps(source: str) -> Sequence[str]:
    """The steps of a ``from``: a plain name is one step, ``$.period.start`` is ``period``, ``.start``."""
    if not source.startswith("$"):
        return (source,)
    head, dot, rest = source.removeprefix("$.").partition(".")
    field, bracket, index = head.partition("[")
    tail = bracket + index + dot + rest
    return (field, tail) if tail else (field,)


def steps_behind(tail: str) -> Iterator[str | int]:
    """The members (names) and places (numbers) that a tail of ``path_steps`` leads through."""
    for step in _STEP.finditer(tail):
        yield step[1] or int(step[2])
