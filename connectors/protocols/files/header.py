"""Header rows of files."""

from collections.abc import Sequence

from connectors.http.redact import quote
from connectors.http.words import known_words
from connectors.protocols.blanks import seen
from ledger.errors import SourceError


def named_columns(cells: Sequence[str], where: str, *, by_left: bool = False) -> list[str]:
    """The names of a header row, as they are seen; a column without a name is called by its number.

    ``by_left``: a name that stands over several columns is told apart by the column to its left, so that the ``%``
    behind ``Ditimbang L`` becomes ``Ditimbang L: %`` wherever the two stand.
    Raises SourceError (damaged) when two columns have one name, or none has any.
    """
    names = [seen(cell) or f"(kolom {place})" for place, cell in enumerate(cells, start=1)]
    if by_left:
        names = _told_apart(names)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        places = " and ".join(str(at) for at, name in enumerate(names, start=1) if name == twice[0])
        called = known_words(quote(twice[0], 60))
        raise SourceError("damaged", f"two columns are called {called!r}: {places}", where=where)
    if not any(map(seen, cells)):
        raise SourceError(
            "damaged", "the header row is empty", where=where, do="Compare header_row with the file's first rows"
        )
    return names


def _told_apart(names: Sequence[str]) -> list[str]:
    found: list[str] = []
    for name in names:
        found.append(f"{found[-1]}: {name}" if found and names.count(name) > 1 else name)
    return found


def same_name(name: str) -> str:
    """A column name in the form in which two are compared: case and blanks do not matter."""
    return seen(name).casefold()


def joined(rows: Sequence[Sequence[str]]) -> list[str]:
    """The cells of several header rows as one row of names.

    A cell of an upper row stands for the blank ones to its right too, as far as the rows below name columns there.
    """
    width = max(map(len, rows))
    padded = [[*map(seen, row)] + [""] * (width - len(row)) for row in rows]
    if len(padded) == 1:
        return padded[0]
    *upper, lowest = padded
    for row in upper:
        for at in range(1, width):
            row[at] = row[at] or (row[at - 1] if lowest[at] else "")
    return [": ".join(dict.fromkeys(filter(None, (row[at] for row in padded)))) for at in range(width)]
