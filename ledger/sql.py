"""Quoting for the few statements that name tables, columns and files."""


def identifier(name: str) -> str:
    """A name as SQL reads it, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as SQL reads it, whatever it holds."""
    return "'" + text.replace("'", "''") + "'"
