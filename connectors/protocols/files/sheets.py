"""One sheet of a workbook as its readers hand it over, whatever the workbook's format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ledger.errors import SourceError

Place = tuple[int, int]
"""Row and column of a cell, from 0."""

UNKNOWN = "[unknown]"
"""A format of which nobody can tell what it shows."""

ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}
"""What cells show whose formula failed, by the number that binary workbooks have for it."""

ASK_AGAIN = "Ask the agency to save and send the workbook again"
AS_XLSX = "Ask the agency to open the workbook and save it as .xlsx"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a cell with a number shows, and whether that is a percentage."""

    text: str
    percent: bool


@dataclass(frozen=True)
class Sheet:
    """The cells of a sheet from its first on, and what the sheet says of them.

    A cell is a number (float), text, boolean, date or time; "" or None is an empty one. Of cells with a number,
    ``formats`` has the codes that are not plain, or ``shown`` the texts that are not just the number's digits.
    ``hidden`` are rows, from 0; ``concealed`` is the whole sheet. ``formulas`` are the cells that hold one, None where
    nobody can tell.
    """

    name: str
    grid: Sequence[Sequence[Any]]
    concealed: bool = False
    hidden: frozenset[int] = frozenset()
    formats: Mapping[Place, str] = field(default_factory=dict)
    shown: Mapping[Place, Shown] = field(default_factory=dict)
    formulas: frozenset[Place] | None = None


def chosen(wanted: str | int, sheets: Sequence[tuple[str, bool, T]]) -> tuple[str, bool, T]:
    """The sheet that is wanted, of names, whether they are concealed, and whatever reads them.

    A number counts the sheets that people see, from 0: an old one that was hidden in front of them shifts nothing.
    Raises SourceError (damaged) when it is not there.
    """
    if isinstance(wanted, str):
        found = next((one for one in sheets if one[0] == wanted), None)
        if found is None:
            raise damaged(f"the workbook has no sheet {wanted[:60]!r}")
        return found
    seen = [one for one in sheets if not one[1]]
    if wanted >= len(seen):
        raise damaged(f"the workbook has {len(seen)} sheets to be seen, number {wanted} is asked for")
    return seen[wanted]


def damaged(what: str, do: str = ASK_AGAIN) -> SourceError:
    """The refusal of a workbook; who knows the file says where."""
    return SourceError("damaged", what, do=do)
