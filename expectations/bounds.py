"""The bounds of every indicator, as they stand in its definition."""

from dataclasses import dataclass
from decimal import Decimal

from definitions.indicators import Formula, Indicator, load_indicators
from ledger.errors import ConfigError, GateError


@dataclass(frozen=True, slots=True)
class Bounds:
    """The values an indicator can take, in its own unit, and why; ``owner`` is the agency that answers for them.

    Outside ``minimum`` and ``maximum`` a value is impossible and blocks; None: there is no such bound. Above
    ``unusual_above`` or below ``unusual_below`` it is possible and seldom: a warning, because rules that call seldom
    values wrong reject true data. ``formula`` says how the value follows from its parts.
    """

    indicator_id: str
    owner: str
    minimum: Decimal | None
    maximum: Decimal | None
    unusual_above: Decimal | None
    unusual_below: Decimal | None
    because: str
    formula: Formula


def read_bounds(pillar: str) -> tuple[Bounds, ...]:
    """The bounds of a pillar's indicators, in their order. Raises GateError when a definition is wrong."""
    try:
        return tuple(_bounds(indicator) for indicator in load_indicators()[pillar])
    except ConfigError as error:
        raise GateError(
            f"the bounds of {pillar} cannot be read: {error.what}", where=error.where, do=error.do
        ) from error


def _bounds(indicator: Indicator) -> Bounds:
    limits = indicator.limits
    return Bounds(
        indicator.id,
        indicator.source,
        limits.min if limits else None,
        limits.max if limits else None,
        limits.unusual_above if limits else None,
        limits.unusual_below if limits else None,
        limits.because if limits else "",
        indicator.formula,
    )
