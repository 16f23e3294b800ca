"""The bounds of every indicator, as they stand beside its definition in the seed ``indicators``."""

import csv
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from ledger.errors import GateError
from ledger.project import PROJECT

SEED = PROJECT / "seeds" / "indicators.csv"


@dataclass(frozen=True, slots=True)
class Bounds:
    """The values an indicator can take, in its own unit, and why; ``owner`` is the agency that answers for them.

    Outside ``minimum`` and ``maximum`` a value is impossible and blocks; None: there is no such bound. Above
    ``unusual_above`` it is possible and seldom: a warning, because rules that call seldom values wrong reject true
    data. ``formula`` says how the value follows from numerator and denominator: share, ratio, growth, or empty where
    there is no denominator.
    """

    indicator_id: str
    owner: str
    minimum: Decimal | None
    maximum: Decimal | None
    unusual_above: Decimal | None
    because: str
    formula: str


def read_bounds(pillar: str, seed: Path = SEED) -> tuple[Bounds, ...]:
    """The bounds of a pillar's indicators, in the order of the seed.

    Raises GateError when the seed cannot be read, lacks a column, or has a bound that is no number.
    """
    try:
        with seed.open(encoding="utf-8", newline="") as file:
            return tuple(_bounds(row) for row in csv.DictReader(file) if row["pillar"] == pillar)
    except (KeyError, ValueError, InvalidOperation, OSError) as error:
        raise GateError(
            f"the bounds of {pillar} cannot be read: {error!r}",
            where=str(seed),
            do="Give minimum, maximum and unusual_above a number or nothing; _indicator_seeds.yml has the columns",
        ) from error


def _bounds(row: dict[str, str]) -> Bounds:
    minimum, maximum, unusual_above = (_number(row[column]) for column in ("minimum", "maximum", "unusual_above"))
    return Bounds(row["id"], row["source_text"], minimum, maximum, unusual_above, row["because"], row["formula"])


def _number(text: str) -> Decimal | None:
    """A bound; None where there is none. Not even infinity bounds anything."""
    found = Decimal(text) if text else None
    if found is not None and not found.is_finite():
        raise ValueError(f"{text} is no bound")
    return found
