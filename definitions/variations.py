"""How far assumed rubrics and weights are varied, when it is asked how sure an index is. See ``variations.yaml``."""

from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from definitions.bands import Origin
from definitions.exact import Exact
from definitions.files import read_definition
from definitions.words import Name, Strict, Wording

FILE = Path(__file__).with_name("variations.yaml")


class Thresholds(Strict):
    """Thresholds of assumed rubrics, shifted by up to one ``step``: so much of the distance to the nearest other one.

    Below a half, so that two thresholds never meet. Units of ``fixed_units`` are categories.
    """

    step: Annotated[Exact, Field(ge=0, lt=Fraction(1, 2))]
    fixed_units: tuple[str, ...] = ()
    because: Wording


class WeightPercents(Strict):
    """By how many ``percent`` each weight may be higher or lower, by its origin."""

    percent: Mapping[Origin, Annotated[int, Field(ge=0, lt=100)]]
    because: Wording


class Variations(Strict):
    """What is varied in how many draws. One ``seed`` gives one result.

    The order of two regions means nothing where it turns in more than ``order_turns_percent`` of the draws.
    """

    id: Name
    draws: Annotated[int, Field(ge=1, le=100_000)]
    seed: int
    thresholds: Thresholds
    weights: WeightPercents
    order_turns_percent: Annotated[Exact, Field(ge=0, lt=100)]


@cache
def load_variations(path: Path = FILE) -> Variations:
    """The declared variations. Raises ConfigError with the first thing that is wrong with the file."""
    return read_definition(path, Variations)
