"""Whether a published rate follows from its own parts, as SQL in exact decimals.

``value = times * numerator / denominator``, where each figure stands for every number that rounds to it. The quotient
is largest and smallest in the corners of numerator and denominator, so those are compared with the value, widened by
half its own step. Nothing is divided: DuckDB divides decimals as binary floats.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.source.columns import Column, Ratio
from connectors.source.decimals import Number, column_number, common_type, constant, digits_of


@dataclass(frozen=True)
class _Corners:
    """Both sides of the two comparisons: ``low_value * wide`` against ``highest``, ``high_value * ...`` likewise."""

    judged: str
    low: tuple[Number, Number]
    high: tuple[Number, Number]


def broken(ratio: Ratio, columns: Mapping[str, Column]) -> str:
    """True where the value cannot follow from its parts, NULL where nothing can be said."""
    corners = _corners(ratio, columns)
    kind = common_type((*corners.low, *corners.high))
    low, highest = (f"CAST({side.sql} AS {kind})" for side in corners.low)
    high, lowest = (f"CAST({side.sql} AS {kind})" for side in corners.high)
    return f"CASE WHEN {corners.judged} THEN NOT ({low} <= {highest} AND {high} >= {lowest}) END"


def digits(ratio: Ratio, columns: Mapping[str, Column]) -> int:
    """Decimal digits that the comparison needs; more than DuckDB has would not be exact."""
    corners = _corners(ratio, columns)
    sides = (*corners.low, *corners.high)
    return digits_of(sides)


def _corners(ratio: Ratio, columns: Mapping[str, Column]) -> _Corners:
    value, above, below = (column_number(name, columns[name].sql_type) for name in ratio.columns)
    half_value, half_above, half_below = (
        constant(step / 2) for step in (ratio.rounding.value, ratio.rounding.numerator, ratio.rounding.denominator)
    )
    # The denominator is made positive, and the numerator turned with it: negative financing has a rate too.
    size = below.of(f"abs({below.sql})")
    turned = above.of(f"CASE WHEN {below.sql} < 0 THEN -{above.sql} ELSE {above.sql} END")
    narrow, wide = size.plus("-", half_below), size.plus("+", half_below)
    most, least = turned.plus("+", half_above), turned.plus("-", half_above)
    times = constant(ratio.times)
    for_most = wide.of(f"CASE WHEN {most.sql} >= 0 THEN {narrow.sql} ELSE {wide.sql} END")
    for_least = wide.of(f"CASE WHEN {least.sql} >= 0 THEN {wide.sql} ELSE {narrow.sql} END")
    return _Corners(
        judged=f"{narrow.sql} > 0",
        low=(value.plus("-", half_value).times(for_most), most.times(times)),
        high=(value.plus("+", half_value).times(for_least), least.times(times)),
    )
