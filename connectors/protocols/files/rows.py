"""Rows of a file's table."""

from collections.abc import Sequence
from typing import Any

from connectors.protocols.blanks import strip

Cells = Sequence[Any]
Numbered = tuple[int, Cells]
"""A row with its number in the file, from 1."""


def text_of(cell: Any) -> str:
    """A cell as text without blanks around it; an empty one is empty text."""
    return "" if cell is None else strip(str(cell))


def is_blank(cells: Cells) -> bool:
    """Whether a row has no cell with anything in it."""
    return not any(cell is not None and cell != "" and (not isinstance(cell, str) or text_of(cell)) for cell in cells)


def is_filled(cells: Cells, width: int) -> bool:
    """Whether a row has a value in each of the header's columns, and no more."""
    return len(cells) == width and all(map(text_of, cells))
