"""Whether a published rate follows from its own parts, as SQL in exact decimals.

``value = times * numerator / denominator``, where each figure stands for every number that rounds to it. The quotient
is largest and smallest in the corners of numerator and denominator, so those are compared with the value, widened by
half its own step. Nothing is divided: DuckDB divides decimals as binary floats.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from connectors.source.column_types import MAX_PRECISION, ColumnType
from connectors.source.columns import Column, Ratio
from ledger.sql import identifier

_WHOLE_DIGITS = {"integer": 10, "bigint": 19}


@dataclass(frozen=True)
class _Number:
    """An SQL expression with at most ``whole`` digits before its point and ``scale`` behind it."""

    sql: str
    whole: int
    scale: int

    @property
    def type(self) -> str:
        return f"DECIMAL({self.whole + self.scale},{self.scale})"

    def plus(self, sign: Literal["+", "-"], other: "_Number") -> "_Number":
        whole, scale = max(self.whole, other.whole) + 1, max(self.scale, other.scale)
        kind = f"DECIMAL({whole + scale},{scale})"
        return _Number(f"(CAST({self.sql} AS {kind}) {sign} CAST({other.sql} AS {kind}))", whole, scale)

    def times(self, other: "_Number") -> "_Number":
        # A product of two decimals that fit into 64 bits must fit there too, or DuckDB refuses it: so both are widened.
        sides = (f"CAST({side.sql} AS DECIMAL({MAX_PRECISION},{side.scale}))" for side in (self, other))
        return _Number(f"({' * '.join(sides)})", self.whole + other.whole, self.scale + other.scale)

    def of(self, sql: str) -> "_Number":
        return _Number(sql, self.whole, self.scale)


@dataclass(frozen=True)
class _Corners:
    """Both sides of the two comparisons: ``low_value * wide`` against ``highest``, ``high_value * ...`` likewise."""

    judged: str
    low: tuple[_Number, _Number]
    high: tuple[_Number, _Number]


def broken(ratio: Ratio, columns: Mapping[str, Column]) -> str:
    """True where the value cannot follow from its parts, NULL where nothing can be said."""
    corners = _corners(ratio, columns)
    kind = _common((*corners.low, *corners.high))
    low, highest = (f"CAST({side.sql} AS {kind})" for side in corners.low)
    high, lowest = (f"CAST({side.sql} AS {kind})" for side in corners.high)
    return f"CASE WHEN {corners.judged} THEN NOT ({low} <= {highest} AND {high} >= {lowest}) END"


def digits(ratio: Ratio, columns: Mapping[str, Column]) -> int:
    """Decimal digits that the comparison needs; more than DuckDB has would not be exact."""
    corners = _corners(ratio, columns)
    sides = (*corners.low, *corners.high)
    return max(side.whole for side in sides) + max(side.scale for side in sides)


def _corners(ratio: Ratio, columns: Mapping[str, Column]) -> _Corners:
    value, above, below = (_column(name, columns[name].sql_type) for name in ratio.columns)
    half_value, half_above, half_below = (
        _constant(step / 2) for step in (ratio.rounding.value, ratio.rounding.numerator, ratio.rounding.denominator)
    )
    # The denominator is made positive, and the numerator turned with it: negative financing has a rate too.
    size = below.of(f"abs({below.sql})")
    turned = above.of(f"CASE WHEN {below.sql} < 0 THEN -{above.sql} ELSE {above.sql} END")
    narrow, wide = size.plus("-", half_below), size.plus("+", half_below)
    most, least = turned.plus("+", half_above), turned.plus("-", half_above)
    times = _constant(ratio.times)
    for_most = wide.of(f"CASE WHEN {most.sql} >= 0 THEN {narrow.sql} ELSE {wide.sql} END")
    for_least = wide.of(f"CASE WHEN {least.sql} >= 0 THEN {wide.sql} ELSE {narrow.sql} END")
    return _Corners(
        judged=f"{narrow.sql} > 0",
        low=(value.plus("-", half_value).times(for_most), most.times(times)),
        high=(value.plus("+", half_value).times(for_least), least.times(times)),
    )


def _common(sides: tuple[_Number, ...]) -> str:
    return _Number("", max(side.whole for side in sides), max(side.scale for side in sides)).type


def _column(name: str, kind: ColumnType) -> _Number:
    whole = _WHOLE_DIGITS.get(kind.kind, kind.precision - kind.scale)
    number = _Number(identifier(name), whole, kind.scale)
    return number.of(f"CAST({number.sql} AS {number.type})")


def _constant(value: Decimal) -> _Number:
    whole, _, fraction = f"{value.normalize():f}".partition(".")
    number = _Number("", len(whole), len(fraction))
    return number.of(f"CAST('{value:f}' AS {number.type})")
