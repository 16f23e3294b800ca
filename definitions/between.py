"""Rules between figures: what is impossible or unlikely though every percentage is right. They stand in ``rules.yaml``.

A broken rule is a finding. It never stops a pillar.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from definitions.files import read_definition
from definitions.indicators import DIVIDED, Indicator, all_indicators
from definitions.words import Name, Strict, Wording
from ledger.errors import ConfigError

FILE = Path(__file__).with_name("rules.yaml")

PartName = Literal["numerator", "denominator", "value"]
Ref = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*\.(numerator|denominator|value)$")]
"""A figure of an indicator: ``liv_antenatal_k1.numerator``."""


class Between(Strict):
    """A rule between figures of one region and period.

    - ``within``: the figure is at most each of the others.
    - ``not_equal``: it equals none of them to the unit.
    - ``sums``: it is their sum, as far as their decimals tell.

    ``same_whole``: it and the others are parts of one denominator.
    """

    id: Name
    kind: Literal["within", "not_equal", "sums"]
    figure: Ref
    others: Annotated[tuple[Ref, ...], Field(min_length=1)]
    same_whole: bool = False
    because: Wording

    @model_validator(mode="after")
    def _others(self) -> Self:
        if self.figure in self.others or len(set(self.others)) < len(self.others):
            raise ValueError("a figure is compared with others, each named once")
        return self

    @property
    def refs(self) -> tuple[str, ...]:
        """All figures that it speaks of."""
        return (self.figure, *self.others)


class Together(Strict):
    """Counts of people that give each other away, since they add up: where one is hidden, all are."""

    figures: Annotated[tuple[Ref, ...], Field(min_length=2)]
    because: Wording


class Unchanged(Strict):
    """A value that is the same to the last digit for so many ``years``, of every indicator that has decimals."""

    years: Annotated[int, Field(ge=2)]
    except_: tuple[Name, ...] = Field(default=(), alias="except")
    because: Wording


class Step(Strict):
    """How far a value may move within a year: ``points`` of a percentage, or ``factor`` times an amount."""

    points: Annotated[Decimal, Field(gt=0)] | None = None
    factor: Annotated[Decimal, Field(gt=1)] | None = None

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.points is None and self.factor is None:
            raise ValueError("a step is of `points` or of a `factor`")
        return self


class Jump(Strict):
    """A value that moved further within a year than is usual; ``own`` is what an indicator has for itself."""

    points: Annotated[Decimal, Field(gt=0)]
    factor: Annotated[Decimal, Field(gt=1)]
    own: Mapping[Name, Step] = {}
    because: Wording

    def step(self, indicator: Indicator) -> Step | None:
        """The step of an indicator; a growth has none, for it moves freely."""
        if indicator.id in self.own:
            return self.own[indicator.id]
        if indicator.formula == "growth":
            return None
        return Step(points=self.points) if indicator.unit == "%" else Step(factor=self.factor)


class Size(Strict):
    """A numerator or denominator that is as large as those of all ``others`` of the province together."""

    others: Annotated[int, Field(ge=2)]
    because: Wording


class Alike(Strict):
    """Forms of a survey with at least so many ``questions`` and one answer to all: of at least this ``share``."""

    questions: Annotated[int, Field(ge=2)]
    share: Annotated[Decimal, Field(gt=0, le=1)]
    because: Wording


class Rules(Strict):
    """All rules. ``least``: a smaller count is equal to another, or the same again, by chance."""

    id: Name
    between: tuple[Between, ...]
    together: tuple[Together, ...] = ()
    least: Annotated[int, Field(ge=1)]
    unchanged: Unchanged
    jump: Jump
    size: Size
    survey: Alike

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        ids = [rule.id for rule in self.between]
        twice = next((name for name in ids if ids.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"two rules are called {twice!r}")
        return self


@cache
def load_rules(path: Path = FILE) -> Rules:
    """The rules. Raises ConfigError with the first thing that is wrong: of the file, or a figure that is not there."""
    rules = read_definition(path, Rules)
    indicators = {indicator.id: indicator for _, indicator in all_indicators()}
    for place, problem in _strange(rules, indicators):
        raise ConfigError(problem, where=f"{path}: {place}", do="See definitions/indicators for what there is")
    return rules


def _strange(rules: Rules, indicators: Mapping[str, Indicator]) -> Iterator[tuple[str, str]]:
    spoken = [(f"between.{rule.id}", rule.refs) for rule in rules.between]
    spoken += [(f"together.{number}", one.figures) for number, one in enumerate(rules.together)]
    for place, refs in spoken:
        for ref in refs:
            name, _, part = ref.partition(".")
            if name not in indicators:
                yield place, f"there is no indicator {name!r}"
            elif part == "denominator" and indicators[name].formula not in DIVIDED:
                yield place, f"{name!r} has no denominator"
    named = {"unchanged.except": rules.unchanged.except_, "jump.own": tuple(rules.jump.own)}
    for place, names in named.items():
        for name in names:
            if name not in indicators:
                yield place, f"there is no indicator {name!r}"
