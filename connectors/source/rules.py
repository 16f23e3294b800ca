"""Rules that compare columns of one row: ``realisasi >= 0``, ``laki + perempuan = jumlah``.

The grammar is one comparison. On its left stands a column, or several that are added; on its right the same, a number
or a quoted text. It is read here and turned into SQL from its parts, so nothing an author writes reaches the database
as SQL.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Operator = Literal["<", "<=", ">", ">=", "=", "!="]

_SUM = r"[a-z_][a-z0-9_]*(?:\s*\+\s*[a-z_][a-z0-9_]*)*"
_RULE = re.compile(
    rf"\s*(?P<left>{_SUM})\s*(?P<op><=|>=|==|!=|<|>|=)\s*"
    rf"(?:(?P<right>{_SUM})|(?P<number>[+-]?\d+(?:\.\d+)?)|'(?P<text>[^']*)')\s*"
)
_OPERATORS: dict[str, Operator] = {"<": "<", "<=": "<=", ">": ">", ">=": ">=", "=": "=", "==": "=", "!=": "!="}


@dataclass(frozen=True)
class Comparison:
    """``left op right``; several columns of a side are added. One of ``right``, ``number`` and ``text`` is set."""

    source: str
    left: tuple[str, ...]
    op: Operator
    right: tuple[str, ...] = ()
    number: Decimal | None = None
    text: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns the rule reads."""
        return (*self.left, *self.right)

    @property
    def adds(self) -> bool:
        """Whether it adds columns."""
        return len(self.left) > 1 or len(self.right) > 1


def parse_rule(source: str) -> Comparison:
    """Read one rule. Raises ValueError when it is not a single comparison."""
    found = _RULE.fullmatch(source)
    if found is None:
        raise ValueError(
            f"rule {source!r} cannot be read; a rule is one comparison such as 'realisasi >= 0', 'hadir <= terdaftar' "
            "or 'laki + perempuan = jumlah'"
        )
    number = found["number"]
    return Comparison(
        source=source.strip(),
        left=_columns(found["left"]),
        op=_OPERATORS[found["op"]],
        right=_columns(found["right"] or ""),
        number=None if number is None else Decimal(number),
        text=found["text"],
    )


def _columns(side: str) -> tuple[str, ...]:
    return tuple(name for part in side.split("+") if (name := part.strip()))
