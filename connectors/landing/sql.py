"""Writing SQL text safely: names and texts are quoted, and quotes inside them doubled."""

from collections.abc import Iterable


def ident(name: str) -> str:
    """A name as an SQL identifier, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text as an SQL literal, whatever is in it."""
    return "'" + value.replace("'", "''") + "'"


def any_of(conditions: Iterable[str]) -> str:
    """True where at least one condition is; never NULL."""
    joined = " OR ".join(f"({condition})" for condition in conditions)
    return f"coalesce({joined}, false)" if joined else "false"
