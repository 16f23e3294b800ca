"""Indicators: one small file each, in the folder of its pillar. The file's name is the indicator's id.

A figure follows from parts. A part is counted, summed or looked up over the rows of one record (`definitions/records`),
for each region and period. Conditions and amounts are SQL over the record's columns. How a value follows from its parts
is one of a few named formulas; only a formula such as that of the human development index is an expression of its own.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from definitions.files import read_definition
from definitions.records import FIGURES
from definitions.words import Name, Strict, Wording
from ledger.errors import ConfigError

# Asked for at every call; a test may put another folder in its place.
FOLDER = Path(__file__).parent / "indicators"

Formula = Literal["share", "percent", "ratio", "growth", "amount", "expression", "published"]
"""How the value follows from its parts, n the numerator and d the denominator:

- ``share``: 100 n / d, and n is a part of d. ``percent``: 100 n / d, which may exceed 100. ``ratio``: times * n / d.
- ``growth``: 100 (n - d) / d. ``amount``: n alone. ``expression``: an SQL expression over named parts.
- ``published``: taken over as its authority published it (the record ``published_figure``).
"""

DIVIDED = frozenset({"share", "percent", "ratio", "growth"})
HIDDEN = Literal["numerator", "denominator", "complement"]


class Each(Strict):
    """One row for each value of ``by``: the one that is latest by ``latest``.

    ``history`` is an SQL expression over each of its rows. The row that is kept has the list of them, oldest first, as
    ``history``: so ``of`` and ``where`` may follow what became of a thing, step by step.
    """

    by: Name
    latest: Name
    history: str | None = None


class Part(Strict):
    """One number for each region and period, over the rows of one record. Exactly one of:

    - ``count``: how many rows of the record.
    - ``sum``: the sum of ``of``; it is missing as soon as one of its rows lacks the amount.
    - ``one``: the one value of ``of``; rows that contradict each other give none.
    - ``figure``: the published figure of that name (the record ``published_figure``), of its newest vintage. Several
      figures of one indicator come from one vintage: the newest of their publisher that has them all.

    ``among`` says which rows are looked at. ``newest`` keeps those with the latest value of a column, ``each`` one
    row of each person or thing, and only then ``where`` chooses. ``years_ago``: the number of that many years before.
    ``says`` is what the number counts, for readers.
    """

    says: Wording | None = None
    count: Name | None = None
    sum: Name | None = None
    one: Name | None = None
    figure: Name | None = None
    of: str | None = None
    where: str | None = None
    among: str | None = None
    newest: Name | None = None
    each: Each | None = None
    years_ago: Annotated[int, Field(ge=0, le=20)] = 0

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        given = [kind for kind in ("count", "sum", "one", "figure") if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError("a part is one of count, sum, one and figure")
        if (self.of is not None) != (given[0] in ("sum", "one")):
            raise ValueError("`of` says what is summed or looked up, and only `sum` and `one` have it")
        if self.figure is not None and (self.where or self.among or self.newest or self.each):
            raise ValueError("a published figure is looked up by its name; nothing chooses among its rows")
        return self

    @property
    def kind(self) -> Literal["count", "sum", "one"]:
        """What is done with the rows."""
        if self.count is not None:
            return "count"
        return "sum" if self.sum is not None else "one"

    @property
    def record(self) -> str:
        """The record that it is taken from."""
        return self.count or self.sum or self.one or FIGURES


class Bounds(Strict):
    """The values that are possible, in the indicator's unit, and why.

    Outside ``min`` and ``max`` a value is impossible and its pillar does not pass. Above ``unusual_above`` or below
    ``unusual_below`` it is possible and seldom: a warning.
    """

    min: Decimal | None = None
    max: Decimal | None = None
    unusual_above: Decimal | None = None
    unusual_below: Decimal | None = None
    because: str

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        steps = [step for step in (self.min, self.unusual_below, self.unusual_above, self.max) if step is not None]
        if any(not step.is_finite() for step in steps) or steps != sorted(steps):
            raise ValueError("min, unusual_below, unusual_above and max are finite numbers in this order")
        return self


class Suppression(Strict):
    """Counts of people from 1 to ``below`` - 1 are not shown, nor what they could be computed back from."""

    below: Annotated[int, Field(ge=2)]
    counts: tuple[HIDDEN, ...] = ("numerator", "denominator")
    because: str
    status: Literal["assumed", "official"] = "assumed"


class Answer(Strict):
    """A question that the indicator answers: ``instrument/dimension/position``.

    A ``proxy`` is not what the question asks for, and ``note`` says why it stands in.
    """

    question: Annotated[str, Field(pattern=r"^[a-z0-9.-]+/[a-z_]+/[0-9]+$")]
    relation: Literal["direct", "proxy"] = "direct"
    note: Wording | None = None

    @model_validator(mode="after")
    def _explained(self) -> Self:
        if (self.relation == "proxy") != (self.note is not None):
            raise ValueError("a proxy has a note that says why it stands in; a direct answer has none")
        return self

    @property
    def instrument(self) -> str:
        """The instrument's id."""
        return self.question.split("/")[0]

    @property
    def dimension(self) -> str:
        """The dimension that the question stands in."""
        return self.question.split("/")[1]

    @property
    def position(self) -> int:
        """The question's place in its dimension, from 1."""
        return int(self.question.split("/")[2])


class Given(Strict):
    """A case worked by hand: rows of records, and the figure that follows.

    A row gives the columns that matter; ``times`` repeats it. ``region_code`` and the period are filled in where they
    are not given. ``value`` is null where the figure is missing.
    """

    given: Mapping[Name, tuple[Mapping[str, Any], ...]]
    value: Decimal | None
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    period: str = "2024"
    because: str | None = None


class Indicator(Strict):
    """What is measured. Figures of one name under other definitions are other indicators.

    - ``cites`` is where the definition stands; ``source`` the agency and system in words; ``owner`` the agency (OPD)
      that answers for it. ``vintage`` says which releases of a figure may not be mixed: with it, figures of several
      publishers are of one vintage too.
    - ``bappenas`` is the code in the national reference list of development indicators
      (Kep. KEP.26A/M.PPN/HK/05/2025), where it has one.
    """

    id: Name
    name: Wording
    definition: Wording
    unit: str
    direction: Literal["higher", "lower", "neutral"]
    decimals: Annotated[int, Field(ge=0, le=4)] = 2
    formula: Formula
    numerator: Part | None = None
    denominator: Part | None = None
    parts: Mapping[Name, Part] = {}
    constants: Mapping[Name, Decimal] = {}
    expression: str | None = None
    times: Decimal = Decimal(1)
    bounds: Bounds | None = None
    suppress: Suppression | None = None
    source: str
    cites: str
    owner: Name
    vintage: str | None = None
    bappenas: str | None = None
    answers: tuple[Answer, ...] = ()
    unit_test: tuple[Given, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.formula == "expression":
            if self.expression is None or not self.parts or self.numerator or self.denominator:
                raise ValueError("an expression has `parts` by name and `expression`, and no numerator or denominator")
        elif self.parts or self.expression or self.constants:
            raise ValueError("`parts`, `constants` and `expression` belong to the formula `expression`")
        if (self.denominator is not None) != (self.formula in DIVIDED):
            raise ValueError("share, percent, ratio and growth have a denominator, and no other formula has one")
        if (self.numerator is None) != (self.formula in ("expression", "published")):
            raise ValueError("share, percent, ratio, growth and amount have a numerator, and no other formula has one")
        if self.formula == "share" and self.bounds is not None and (self.bounds.min, self.bounds.max) != (None, None):
            raise ValueError("a share lies between 0 and 100 without saying so")
        return self

    @cached_property
    def all_parts(self) -> Mapping[str, Part]:
        """Its parts by name; the first says which periods there are."""
        if self.parts:
            return self.parts
        named = {"numerator": self.numerator, "denominator": self.denominator}
        return {name: part for name, part in named.items() if part is not None}

    @property
    def records(self) -> tuple[str, ...]:
        """The records that it reads, each once. Every indicator may also come as a published figure."""
        return tuple(dict.fromkeys(part.record for part in self.all_parts.values())) or (FIGURES,)

    @property
    def limits(self) -> Bounds | None:
        """Its bounds; a share lies between 0 and 100 without saying so."""
        if self.formula != "share":
            return self.bounds
        own = self.bounds or Bounds(because="a share of a whole")
        return own.model_copy(update={"min": Decimal(0), "max": Decimal(100)})


def load_indicators(folder: Path | None = None) -> Mapping[str, tuple[Indicator, ...]]:
    """The indicators of every pillar, by the order of their files' names.

    Raises ConfigError with the first file that is wrong, where two have one id, or where a folder is no pillar's.
    """
    return _load(folder or FOLDER)


@cache
def _load(folder: Path) -> Mapping[str, tuple[Indicator, ...]]:
    from ledger.project import pillar_ids

    pillars = pillar_ids()
    strange = sorted({path.parent.name for path in folder.glob("*/*.yaml")} - set(pillars))
    if strange:
        raise ConfigError(
            f"{strange[0]!r} is no pillar", where=str(folder / strange[0]), do=f"Pillars are {', '.join(pillars)}"
        )
    found = {pillar: tuple(_read(folder / pillar)) for pillar in pillars}
    seen: dict[str, str] = {}
    for pillar, indicators in found.items():
        for indicator in indicators:
            if indicator.id in seen:
                raise ConfigError(
                    f"the indicator {indicator.id!r} stands in {seen[indicator.id]} and {pillar}",
                    where=str(folder),
                    do="Keep one of them, or give one another name",
                )
            seen[indicator.id] = pillar
    return found


def all_indicators() -> Iterator[tuple[str, Indicator]]:
    """Every indicator with its pillar, in order."""
    for pillar, indicators in load_indicators().items():
        for indicator in indicators:
            yield pillar, indicator


def _read(folder: Path) -> Iterator[Indicator]:
    for path in sorted(folder.glob("*.yaml")):
        yield read_definition(path, Indicator)
