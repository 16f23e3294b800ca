"""Rules that compare columns of one row: ``realisasi >= 0``, ``hadir <= terdaftar``.

The grammar is one comparison: a column, an operator, then a column, a number or a quoted text. It is read here and
turned into SQL from its parts, so nothing an author writes reaches the database as SQL.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Operator = Literal["<", "<=", ">", ">=", "=", "!="]

_RULE = re.compile(
    r"\s*(?P<left>[a-z_][a-z0-9_]*)\s*(?P<op><=|>=|==|!=|<|>|=)\s*"
    r"(?:(?P<column>[a-z_][a-z0-9_]*)|(?P<number>[+-]?\d+(?:\.\d+)?)|'(?P<text>[^']*)')\s*"
)
_OPERATORS: dict[str, Operator] = {"<": "<", "<=": "<=", ">": ">", ">=": ">=", "=": "=", "==": "=", "!=": "!="}


@dataclass(frozen=True)
class Comparison:
    """``left op right``; exactly one of ``column``, ``number`` and ``text`` is set."""

    source: str
    left: str
    op: Operator
    column: str | None = None
    number: Decimal | None = None
    text: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns the rule reads."""
        return (self.left,) if self.column is None else (self.left, self.column)


def parse_rule(source: str) -> Comparison:
    """Read one rule. Raises ValueError when it is not a single comparison."""
    found = _RULE.fullmatch(source)
    if found is None:
        raise ValueError(
            f"rule {source!r} cannot be read; a rule is one comparison such as 'realisasi >= 0' or 'hadir <= terdaftar'"
        )
    number = found["number"]
    return Comparison(
        source=source.strip(),
        left=found["left"],
        op=_OPERATORS[found["op"]],
        column=found["column"],
        number=None if number is None else Decimal(number),
        text=found["text"],
    )
