"""The small part of JSON paths that sources need: ``$``, ``$.rows``, ``$."odd name".rows``, ``$.entry[*].resource``.

The same text is understood by DuckDB, which reads the records of a page by it.
"""

import re
from typing import Annotated, Any

from pydantic import AfterValidator

_STEP = re.compile(r"\.([A-Za-z_][A-Za-z0-9_-]*)|\.\"([^\"\\]+)\"|(\[\*\])")


class _Each(str):
    """The step over every element: another thing than a member that bears its name."""

    __slots__ = ()


EACH = _Each("[*]")

MISSING: Any = object()
"""What ``select`` returns where the path leads nowhere: not the same as null."""


def steps(path: str) -> tuple[str, ...]:
    """The members a path walks through, ``EACH`` for every element. Raises ValueError when it is not such a path."""
    if not path.startswith("$"):
        raise ValueError(f"{path[:60]!r} is not a path: it starts with $, like $ or $.data")
    found: list[str] = []
    at = 1
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            raise ValueError(f"{path[:60]!r} is not a path at character {at + 1}")
        found.append(step.group(1) or step.group(2) or EACH)
        at = step.end()
    return tuple(found)


def member(name: str) -> str:
    """The path step to one member, quoted where its name needs it."""
    return f".{name}" if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) else f'."{name}"'


def select(data: Any, path: str) -> Any:
    """What stands at a path, MISSING where nothing does. ``[*]`` collects, passing over elements without the rest."""
    return _select(data, steps(path))


def leads_to_nothing(data: Any, path: str) -> bool:
    """True when something on the way of a path is null or empty: a system that has no data often cuts there."""
    for step in steps(path):
        if data is None or data in ("", [], {}):
            return True
        data = _select(data, (step,))
    return data is None or data in ("", [], {})


def _select(data: Any, rest: tuple[str, ...]) -> Any:
    if not rest:
        return data
    first, *others = rest
    if first is EACH:
        if not isinstance(data, list):
            return MISSING
        found = [_select(element, tuple(others)) for element in data]
        return [element for element in found if element is not MISSING]
    if not isinstance(data, dict) or first not in data:
        return MISSING
    return _select(data[first], tuple(others))


def _checked(path: str) -> str:
    steps(path)
    return path


JsonPath = Annotated[str, AfterValidator(_checked)]
"""A path in a source file, proved when the file is read."""
