"""Exact arithmetic with the numbers of a row, as SQL: every step has a type that holds its result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from typing import Literal

from connectors.source.column_types import MAX_PRECISION, ColumnType
from connectors.source.columns import Column
from connectors.source.rules import Comparison
from ledger.sql import identifier

_WHOLE_DIGITS = {"integer": 10, "bigint": 19}


@dataclass(frozen=True)
class Number:
    """An SQL expression with at most ``whole`` digits before its point and ``scale`` behind it."""

    sql: str
    whole: int
    scale: int

    @property
    def type(self) -> str:
        """The DuckDB type that holds it."""
        return f"DECIMAL({self.whole + self.scale},{self.scale})"

    def plus(self, sign: Literal["+", "-"], other: "Number") -> "Number":
        """The sum or difference."""
        whole, scale = max(self.whole, other.whole) + 1, max(self.scale, other.scale)
        kind = f"DECIMAL({whole + scale},{scale})"
        return Number(f"(CAST({self.sql} AS {kind}) {sign} CAST({other.sql} AS {kind}))", whole, scale)

    def times(self, other: "Number") -> "Number":
        """The product."""
        # A product of two decimals that fit into 64 bits must fit there too, or DuckDB refuses it: so both are widened.
        sides = (f"CAST({side.sql} AS DECIMAL({MAX_PRECISION},{side.scale}))" for side in (self, other))
        return Number(f"({' * '.join(sides)})", self.whole + other.whole, self.scale + other.scale)

    def of(self, sql: str) -> "Number":
        """Another expression of the same size."""
        return Number(sql, self.whole, self.scale)


def column_number(name: str, kind: ColumnType) -> Number:
    """The value of a landed column of numbers."""
    whole = _WHOLE_DIGITS.get(kind.kind, kind.precision - kind.scale)
    number = Number(identifier(name), whole, kind.scale)
    return number.of(f"CAST({number.sql} AS {number.type})")


def constant(value: Decimal) -> Number:
    """A number that stands in a source file."""
    whole, _, fraction = f"{value.normalize():f}".lstrip("-").partition(".")
    number = Number("", len(whole), len(fraction))
    return number.of(f"CAST('{value:f}' AS {number.type})")


def sides(rule: Comparison, columns: Mapping[str, Column]) -> tuple[Number, Number]:
    """Both sides of a comparison of numbers; NULL where a column of a side has no value."""
    left = _sum(rule.left, columns)
    return left, constant(rule.number) if rule.number is not None else _sum(rule.right, columns)


def _sum(names: Sequence[str], columns: Mapping[str, Column]) -> Number:
    first, *rest = (column_number(name, columns[name].sql_type) for name in names)
    return reduce(lambda total, number: total.plus("+", number), rest, first)


def digits_of(numbers: Sequence[Number]) -> int:
    """Decimal digits that comparing numbers needs; more than DuckDB has would not be exact."""
    return max(number.whole for number in numbers) + max(number.scale for number in numbers)


def common_type(numbers: Sequence[Number]) -> str:
    """The DuckDB type that holds each of several numbers."""
    return Number("", max(number.whole for number in numbers), max(number.scale for number in numbers)).type
