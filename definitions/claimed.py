"""What somebody claims in words, as the values it may mean: 7,99; 5%; 0%-5%; 70 hingga 80; > 90."""

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from definitions.bands import Band

_NUMBER = r"(-?\d+(?:[.,]\d+)?)\s*(%|persen)?"
_ONE = re.compile(_NUMBER, re.IGNORECASE)
_RANGE = re.compile(rf"{_NUMBER}\s*(?:-|–|—|hingga|sampai(?:\s+dengan)?|s/d|s\.d\.|to)\s*{_NUMBER}", re.IGNORECASE)
_OPEN = re.compile(rf"(<=|>=|≤|≥|<|>|kurang dari|lebih dari|di bawah|di atas)\s*{_NUMBER}", re.IGNORECASE)
_SIDES = {
    "<": "below", "kurang dari": "below", "di bawah": "below", "<=": "to", "≤": "to",
    ">": "above", "lebih dari": "above", "di atas": "above", ">=": "from", "≥": "from",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Claimed:
    """The values that a claim may mean. ``percent``: it says that it is a percentage. ``text``: it, in one form.

    ``number``: the one number that it is, where it is no range.
    """

    band: Band
    percent: bool
    text: str
    number: Decimal | None = None

    def holds(self, value: Decimal) -> bool:
        """Whether a value is among them."""
        return self.band.holds(Fraction(value))

    def is_on(self, scale: tuple[Fraction, Fraction] | None) -> bool:
        """Whether it may be a score on this scale, and no value at all."""
        return self.number is not None and not self.percent and (scale is None or scale[0] <= self.number <= scale[1])


def claimed(text: str) -> Claimed | None:
    """What a text claims; None where it is no number and no range of numbers: an option's letter, or words.

    A number stands for every value that rounds to it, with the decimals that it is written with. So do the ends of a
    range: printed bands such as 0-5 and 6-10 leave no gap.
    """
    plain = " ".join(text.split())
    if found := _RANGE.fullmatch(plain):
        low, high = _number(found[1]), _number(found[3])
        if low > high:
            return None
        sign = "%" if found[2] or found[4] else ""
        band = Band(from_=Fraction(low) - _half(low), to=Fraction(high) + _half(high))
        return Claimed(band, bool(sign), f"{low}{sign}-{high}{sign}")
    if found := _OPEN.fullmatch(plain):
        side, bound = _SIDES[found[1].casefold()], _number(found[2])
        band = Band.model_validate({side: Fraction(bound)})
        sign = "%" if found[3] else ""
        return Claimed(band, bool(sign), f"{_SIGNS[side]} {bound}{sign}")
    if found := _ONE.fullmatch(plain):
        value = _number(found[1])
        around = Band(from_=Fraction(value) - _half(value), to=Fraction(value) + _half(value))
        return Claimed(around, found[2] is not None, f"{value}{'%' if found[2] else ''}", value)
    return None


_SIGNS = {"below": "<", "to": "≤", "above": ">", "from": "≥"}


def _number(text: str) -> Decimal:
    return Decimal(text.replace(",", "."))


def _half(value: Decimal) -> Fraction:
    """Half a unit of the last decimal that is written."""
    return Fraction(1, 2 * 10 ** max(0, -int(value.as_tuple().exponent)))
