"""How a column's ``from`` leads into a record."""

from collections.abc import Sequence


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
