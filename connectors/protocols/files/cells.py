"""What a cell of a workbook means to whoever reads it: a number and what it shows are two things."""

import re
from collections.abc import Set
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.protocols.base import REFUSED_CELL, Use
from connectors.protocols.files.number_format import NumberFormat
from connectors.protocols.records import Digits

_ROUNDED = 10**15
_DIGITS = re.compile("[0-9]")


@dataclass(frozen=True, slots=True)
class DateCell:
    """A date or a time, as the text it is handed over in; ``day`` is the day of its month, None of a mere time."""

    text: str
    day: int | None = None

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class NumberCell:
    """A number that shows as more than its digits: as ``told`` where the file says it, else by its format.

    ``percent``: it shows a hundred times the number, with the sign for percent.
    """

    number: Digits
    told: str | None
    form: NumberFormat | None
    percent: bool

    def __str__(self) -> str:
        return self.shown or str(self.number)

    @property
    def shown(self) -> str | None:
        """The text in the cell.

        None where nobody can tell it, where it leaves digits of the number out, and where the spreadsheet itself lost
        some: of sixteen digits it keeps fifteen, and no identity number comes of that.
        """
        if abs(Decimal(self.number)) >= _ROUNDED:
            return None
        if self.told is not None:
            return self.told if _significant(self.told) == _significant(self.exact) else None
        return self.form.shown(f"{Decimal(self.number):f}") if self.form is not None else None

    @property
    def exact(self) -> str:
        """All digits of what the cell shows: of a percentage, a hundred times the number."""
        return _plain(Decimal(self.number) * 100) if self.percent else str(self.number)

    @property
    def odd(self) -> bool:
        """Whether the format shows another number, by digits of its own: ``"35."00``."""
        if self.told is not None:
            return _significant(self.told) != _significant(self.exact) and _longer(self.told, self.exact)
        return self.form is not None and self.form.odd


@dataclass(frozen=True, slots=True)
class FormulaCell:
    """What a formula came to, where nobody may calculate."""

    text: str

    def __str__(self) -> str:
        return self.text


SPECIAL = frozenset({DateCell, NumberCell, FormulaCell})
"""The types of cells that are more than a JSON value."""


def meant(cell: Any, uses: Set[Use]) -> Any:
    """A cell as a JSON value for those who use its field: text as it is shown, a number with all its digits.

    What the uses do not provide for is handed over as a text that none of them takes (``REFUSED_CELL``).
    """
    if isinstance(cell, DateCell):
        return f"{REFUSED_CELL}a date, {cell.text}" if "text" in uses else cell.text
    if isinstance(cell, FormulaCell):
        return f"{REFUSED_CELL}a formula, {cell.text}" if uses else cell.text
    if isinstance(cell, NumberCell):
        return _number(cell, uses)
    return cell


def _number(cell: NumberCell, uses: Set[Use]) -> Any:
    shown = cell.shown
    if "text" in uses:
        if shown is None:
            return f"{REFUSED_CELL}a number, {cell.exact}{'%' * cell.percent}, that shows otherwise"
        if shown != cell.number and not uses <= {"text"}:
            return f"{REFUSED_CELL}{shown}, for a number and a text at once"
        return shown
    if cell.percent:
        return Digits(cell.exact) if uses == {"percent"} else f"{cell.exact}%"
    if cell.odd:
        return f"{REFUSED_CELL}a number, {cell.number}, that shows as {shown}" if uses else (shown or cell.number)
    # Where nobody has said what the field is, a code keeps its zeros.
    return shown if not uses and shown is not None and shown.startswith("0") and shown[1:2].isdigit() else cell.number


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _significant(text: str) -> str:
    """The digits that count, whatever marks stand between them."""
    return "".join(_DIGITS.findall(text)).strip("0")


def _longer(shown: str, exact: str) -> bool:
    return len(_significant(shown)) > len(_significant(exact))
