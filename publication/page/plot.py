"""Lines of several regions over years on a common scale, with a rubric's bands behind them. Geometry alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from publication.page.words import Text, period

WIDTH, HEIGHT = 360, 230
LEFT, RIGHT, TOP, BOTTOM = 62, 26, 12, 26
NUMBERED = 9
"""Up to so many regions each line has its number at its end."""
_STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))


@dataclass(frozen=True, slots=True)
class Stripe:
    """A band of a rubric: from ``low`` to ``high``, which are open where they are None."""

    low: Decimal | None
    high: Decimal | None
    score: int


@dataclass(frozen=True, slots=True)
class Box:
    """A band as it is drawn; ``level`` is its colour, 1 to 4."""

    y: float
    height: float
    score: int
    level: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """A region's line: its points, for ``polyline`` and one by one; ``label`` its number, and where that stands."""

    name: str
    points: str
    dots: Sequence[tuple[float, float]]
    label: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Plot:
    """Everything that a template draws, in the units of the view box."""

    width: int
    height: int
    left: int
    right: int
    bottom: int
    boxes: Sequence[Box]
    rows: Sequence[tuple[float, Text]]
    columns: Sequence[tuple[float, Text]]
    lines: Sequence[Drawn]
    target: float | None


def plot(
    lines: Sequence[tuple[str, Sequence[tuple[str, Decimal]]]],
    stripes: Sequence[Stripe],
    target: Decimal | None,
    told: Callable[[Decimal], Text],
) -> Plot | None:
    """The drawing of some regions' values by period; None where there is no value. ``told`` writes a value."""
    values = [value for _, points in lines for _, value in points]
    if not values:
        return None
    edges = [edge for one in stripes for edge in (one.low, one.high) if edge is not None]
    ticks = scale([*values, *edges, *([target] if target is not None else [])])
    low, high = ticks[0], ticks[-1]
    columns = sorted({at for _, points in lines for at, _ in points})
    left, right = LEFT, WIDTH - RIGHT
    bottom = HEIGHT - BOTTOM

    def across(at: str) -> float:
        if len(columns) == 1:
            return (left + right) / 2
        return round(left + 10 + (right - left - 20) * columns.index(at) / (len(columns) - 1), 1)

    def down(value: Decimal) -> float:
        return round(float(bottom - (bottom - TOP) * (value - low) / (high - low)), 1)

    drawn = [
        _drawn(str(nth), name, points, across, down) for nth, (name, points) in enumerate(lines, start=1) if points
    ]
    return Plot(
        width=WIDTH,
        height=HEIGHT,
        left=left,
        right=right,
        bottom=bottom,
        boxes=[box for one in stripes if (box := _box(one, low, high, stripes, down)) is not None],
        rows=[(down(tick), told(tick)) for tick in ticks],
        columns=[(across(at), period(at)) for at in _some(columns)],
        lines=_apart(drawn) if len(drawn) <= NUMBERED else drawn,
        target=down(target) if target is not None else None,
    )


def scale(values: Sequence[Decimal], most: int = 6) -> list[Decimal]:
    """Round numbers that hold all values between the first and the last of them; never more than ``most``."""
    low, high = min(values), max(values)
    # Where all are of one sign and not far from nought, the axis begins there; so it does where there is one alone.
    if 0 < low <= high / 2 or low == high:
        low, high = min(low, Decimal(0)), max(high, Decimal(0))
    spread = high - low or Decimal(1)
    power = Decimal(10) ** (spread / (most - 2)).adjusted()
    for step in (power * one for one in (*_STEPS, Decimal(20), Decimal(50))):
        first = (low / step).to_integral_value(ROUND_FLOOR) * step
        last = (high / step).to_integral_value(ROUND_CEILING) * step
        if first == last:
            last = first + step
        count = int((last - first) / step) + 1
        if count <= most:
            return [first + step * at for at in range(count)]
    raise AssertionError(values)


def _drawn(
    label: str,
    name: str,
    points: Sequence[tuple[str, Decimal]],
    across: Callable[[str], float],
    down: Callable[[Decimal], float],
) -> Drawn:
    dots = [(across(at), down(value)) for at, value in points]
    x, y = dots[-1]
    return Drawn(name, " ".join(f"{one},{two}" for one, two in dots), dots, label, x + 6, y)


def _apart(lines: Sequence[Drawn], room: float = 13) -> list[Drawn]:
    """The numbers at the ends of lines, moved so that none covers another."""
    placed: list[Drawn] = []
    for one in sorted(lines, key=lambda line: (line.x, line.y)):
        beside = [other.y for other in placed if other.x == one.x]
        y = max([one.y, *(at + room for at in beside)])
        placed.append(Drawn(one.name, one.points, one.dots, one.label, one.x, y))
    return placed


def _box(
    stripe: Stripe, low: Decimal, high: Decimal, stripes: Sequence[Stripe], down: Callable[[Decimal], float]
) -> Box | None:
    lower = low if stripe.low is None else max(stripe.low, low)
    upper = high if stripe.high is None else min(stripe.high, high)
    if upper <= lower:
        return None
    scores = sorted({one.score for one in stripes})
    level = 1 + round(3 * scores.index(stripe.score) / max(len(scores) - 1, 1))
    return Box(down(upper), round(down(lower) - down(upper), 1), stripe.score, level)


def _some(columns: Sequence[str], most: int = 6) -> list[str]:
    """Some of the periods, evenly apart and the last among them, so that their names have room."""
    step = -(-len(columns) // most)
    return [*columns[::-1][::step]][::-1]
