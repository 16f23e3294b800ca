"""Exact numbers: how a file of definitions writes them, and how a result is rounded."""

import re
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BeforeValidator

Mode = Literal["half_up", "half_even"]

# Nobody writes more digits, and Python refuses to print a number of many thousands.
_WRITTEN = re.compile(r"[+-]?\d{1,200}(?:\.\d{1,200}|/[1-9]\d{0,199})?", re.ASCII)


def exact(value: object) -> Fraction:
    """A number as it is written: ``30``, ``2.5``, ``1/9``. Raises ValueError for anything else."""
    if isinstance(value, Fraction):
        return value
    if isinstance(value, Decimal) and value.is_finite():
        return Fraction(value)
    # YAML gives 2.5 as a binary float; its shortest decimal form is what was written.
    text = str(value).strip() if isinstance(value, int | float | str) and not isinstance(value, bool) else ""
    if not _WRITTEN.fullmatch(text):
        raise ValueError(f"{str(value)[:20]!r} is not a number; write it as 3.41 or 1/9")
    return Fraction(text)


Exact = Annotated[Fraction, BeforeValidator(exact)]


def rounded(value: Fraction, decimals: int, mode: Mode = "half_up") -> Decimal:
    """A number with so many decimals; half up goes away from zero, as Decimal's ROUND_HALF_UP does."""
    whole, rest = divmod(abs(value.numerator) * 10**decimals, value.denominator)
    twice = 2 * rest
    if twice > value.denominator or (twice == value.denominator and (mode == "half_up" or whole % 2 == 1)):
        whole += 1
    return Decimal(f"{'-' if value < 0 and whole else ''}{whole}e-{decimals}")


def shown(value: Fraction) -> str:
    """A number as a person writes it: a decimal where it has an end, else a fraction."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest > 1:
        return str(value)
    places = 0
    while value.denominator > 1 and (value * 10**places).denominator > 1:
        places += 1
    return str(rounded(value, places))
