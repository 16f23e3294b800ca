"""Geometry of the small drawings. Templates draw; nothing here knows about colours."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from publication.content import Row

HIGHEST = Decimal(4)


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


def share(score: Decimal | None) -> float | None:
    """A score's place on the scale from 0 to 4, in percent."""
    return None if score is None else round(float(score / HIGHEST * 100), 2)


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

    def place(edge: Decimal) -> float:
        return round(float((edge - low) / width * 100), 2)

    segments = []
    for band in bands:
        start = place(low if band["lower"] is None else band["lower"])
        end = place(high if band["upper"] is None else band["upper"])
        segments.append(Segment(start, round(end - start, 2), int(band["score"])))
    return Scale(tuple(segments), place(value))


def spark(values: Sequence[Decimal], width: int = 72, height: int = 18) -> str:
    """The points of a line through earlier periods, for ``polyline``; empty under three values."""
    if len(values) < 3:
        return ""
    low, high = min(values), max(values)
    spread = high - low or Decimal(1)
    step = (width - 4) / (len(values) - 1)
    heights = [height - 3 - float((value - low) / spread) * (height - 6) for value in values]
    return " ".join(f"{2 + position * step:.1f},{y:.1f}" for position, y in enumerate(heights))
