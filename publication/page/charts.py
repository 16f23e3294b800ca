"""Geometry of the drawings. Templates draw; nothing here knows about colours."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from publication.content import Row
from publication.page.words import Text

INDEX_SCALE = (Decimal(0), Decimal(4))
"""An index and its dimensions lie between these; a dimension may be nought."""
SCORE_SCALE = (Decimal(1), Decimal(4))
"""A question's score, and with it a pillar's, lies between these: there is no score below one."""
ROUND = tuple(map(Decimal, ("1", "1.2", "1.6", "2", "2.4", "3", "4", "5", "6", "8", "10")))
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 240, 96, 34, 18, 8


@dataclass(frozen=True, slots=True)
class Segment:
    """A band of a rubric, drawn from ``x`` over ``width`` percent of the scale."""

    x: float
    width: float
    score: int


@dataclass(frozen=True, slots=True)
class Scale:
    """An indicator's bands with the place of its value, in percent of the width."""

    segments: tuple[Segment, ...]
    at: float


@dataclass(frozen=True, slots=True)
class Line:
    """Values over years on given axes: points of the line, a place for each value, and where the target lies."""

    points: str
    dots: Sequence[tuple[float, float]]
    years: Sequence[tuple[float, str]]
    levels: Sequence[tuple[float, Text]]
    target: float | None


@dataclass(frozen=True, slots=True)
class Dot:
    """A value on an axis: its place in percent, and how many lie below it at that place."""

    x: float
    level: int


def place(value: Decimal | None, scale: tuple[Decimal, Decimal]) -> float | None:
    """Where a value lies on a scale, in percent of its length."""
    low, high = scale
    return None if value is None else round(float((value - low) / (high - low) * 100), 2)


def band_scale(bands: Sequence[Row], value: Decimal | None) -> Scale | None:
    """The bands as they lie beside each other. Open ends get the room of an average band; so does a value beyond."""
    if value is None or not bands:
        return None
    edges = sorted({edge for band in bands for edge in (band["lower"], band["upper"]) if edge is not None})
    if not edges:
        return None
    room = (edges[-1] - edges[0]) / max(len(edges) - 1, 1) or abs(edges[0]) or Decimal(1)
    low = min(edges[0] - room, value) if any(band["lower"] is None for band in bands) else min(edges[0], value)
    high = max(edges[-1] + room, value) if any(band["upper"] is None for band in bands) else max(edges[-1], value)
    width = high - low

    def at(edge: Decimal) -> float:
        return round(float((edge - low) / width * 100), 2)

    segments = []
    for band in bands:
        start = at(low if band["lower"] is None else band["lower"])
        end = at(high if band["upper"] is None else band["upper"])
        segments.append(Segment(start, round(end - start, 2), int(band["score"])))
    return Scale(tuple(segments), at(value))


def axes_of(values: Mapping[str, Sequence[Decimal]]) -> Mapping[str, tuple[Decimal, Decimal]]:
    """The axis of each unit, common to all charts of that unit: its own range, a whole percent, else from nought."""
    return {unit: _axis(unit, given) for unit, given in values.items() if given}


def _axis(unit: str, values: Sequence[Decimal]) -> tuple[Decimal, Decimal]:
    named = re.search(r"(\d+)-(\d+)$", unit)
    if unit == "%":
        low, high = Decimal(0), Decimal(100)
    elif named is not None:
        low, high = Decimal(named[1]), Decimal(named[2])
    else:
        low, high = Decimal(0), Decimal(0)
    least, most = min(values), max(values)
    return (
        low if least >= low else Decimal(0) - _round_up(-least),
        high if most <= high and high > low else _round_up(most) or Decimal(1),
    )


def _round_up(value: Decimal) -> Decimal:
    """The next round number above a value; nought for what is not above it."""
    if value <= 0:
        return Decimal(0)
    power = Decimal(1).scaleb(value.adjusted())
    return next(power * step for step in ROUND if power * step >= value)


def line(
    values: Sequence[tuple[str, Decimal]],
    years: tuple[int, int],
    axis: tuple[Decimal, Decimal],
    target: Decimal | None,
    told: Callable[[Decimal], Text],
) -> Line | None:
    """A chart of an indicator's values by period; None where there are not two. ``told`` writes a level of the axis."""
    if len(values) < 2:
        return None
    first, last = years
    low, high = axis

    def up(value: Decimal) -> float:
        return round(float(HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - BOTTOM - TOP)), 1)

    dots = [(_across(period, first, last), up(value)) for period, value in values]
    shown = sorted({first, last} | ({(first + last) // 2} if last - first > 3 else set()))
    return Line(
        points=" ".join(f"{x},{y}" for x, y in dots),
        dots=dots,
        years=[(_across(str(year), first, last), str(year)) for year in shown],
        levels=[(up(level), told(level)) for level in (low, (low + high) / 2, high)],
        target=up(target) if target is not None and low <= target <= high else None,
    )


# All charts have the same few periods.
@lru_cache(maxsize=1000)
def _across(period: str, first: int, last: int) -> float:
    year, _, month = period.partition("-")
    at = Decimal(year[:4]) + (Decimal(month) - 1) / 12 if month.isdigit() else Decimal(year[:4])
    span = max(last - first, 1)
    return round(float(LEFT + 8 + (at - first) / span * (WIDTH - LEFT - 26)), 1)


def strip(values: Sequence[Decimal], scale: tuple[Decimal, Decimal], steps: int = 60) -> list[Dot]:
    """Each value as a dot on an axis; those at the same of ``steps`` places stand on each other."""
    heights: dict[int, int] = {}
    dots = []
    for value in values:
        at = place(value, scale)
        assert at is not None, value
        column = round(at / 100 * steps)
        dots.append(Dot(round(column / steps * 100, 2), heights.get(column, 0)))
        heights[column] = heights.get(column, 0) + 1
    return dots
