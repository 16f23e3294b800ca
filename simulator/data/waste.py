"""Waste management of 2024 as SIPSN lists it: the published rows of two regions among made-up ones."""

from decimal import ROUND_HALF_UP, Decimal

from simulator.data.dice import Dice
from simulator.published import SIPSN_2024

YEARS = ("2024",)
_CENT = Decimal("0.01")
_MADE_UP = 6


def rows(year: str) -> list[list[str]]:
    """The list of a year in the order of its columns, numbers as text with comma thousands; empty for other years."""
    if year not in YEARS:
        return []
    made_up = [_made_up(number) for number in range(1, _MADE_UP + 1)]
    published = [list(row) for row in SIPSN_2024.values()]
    return [*made_up[:2], published[1], *made_up[2:4], published[0], *made_up[4:]]


def _made_up(number: int) -> list[str]:
    dice = Dice("sampah", number)
    produced = Decimal(dice.whole(2_000_000, 9_000_000)) / 100
    avoided = _part(produced, dice.whole(20, 240))
    handled = _part(produced, dice.whole(200, 600))
    recycled = _part(produced, dice.whole(5, 120))
    managed = avoided + handled
    return [
        YEARS[0],
        "Provinsi Contoh",
        f"Kab. Contoh {number:02d}",
        _text(produced),
        _text(avoided),
        _share(avoided, produced),
        _text(handled),
        _share(handled, produced),
        _text(managed),
        _share(managed, produced),
        _text(recycled),
        "",
        _share(recycled, produced),
        "P 2",
    ]


def _part(whole: Decimal, thousandths: int) -> Decimal:
    return (whole * thousandths / 1000).quantize(_CENT, ROUND_HALF_UP)


def _share(part: Decimal, whole: Decimal) -> str:
    return str((100 * part / whole).quantize(_CENT, ROUND_HALF_UP))


def _text(tons: Decimal) -> str:
    return f"{tons:,.2f}"
