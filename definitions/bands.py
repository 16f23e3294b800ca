"""Bands: which value gets which score or predicate. Bands that leave a gap, or overlap without a rule, are refused."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Literal, Self, TypeVar

from pydantic import Field, model_validator

from definitions.exact import Exact, rounded, shown
from definitions.refusals import AnswerError
from definitions.words import Language, Strict, Wording, said
from ledger.errors import ConfigError

Origin = Literal["official", "recovered", "transcribed", "assumed"]


class Band(Strict):
    """Values from a lower to an upper bound. A side without a bound is open.

    ``from`` and ``to`` belong to the band; ``above`` and ``below`` do not.
    """

    from_: Exact | None = Field(default=None, alias="from")
    above: Exact | None = None
    to: Exact | None = None
    below: Exact | None = None

    @model_validator(mode="after")
    def _one_bound_a_side(self) -> Self:
        if self.from_ is not None and self.above is not None:
            raise ValueError("has two lower bounds, from and above")
        if self.to is not None and self.below is not None:
            raise ValueError("has two upper bounds, to and below")
        low, high = self.lower, self.upper
        if low is not None and high is not None and (low > high or (low == high and not self._closed)):
            raise ValueError(f"holds no value: {self.bounds}")
        return self

    @property
    def lower(self) -> Fraction | None:
        """The lower bound, of either kind."""
        return self.above if self.from_ is None else self.from_

    @property
    def upper(self) -> Fraction | None:
        """The upper bound, of either kind."""
        return self.below if self.to is None else self.to

    @property
    def _closed(self) -> bool:
        return self.from_ is not None and self.to is not None

    def holds(self, value: Fraction) -> bool:
        """Whether a value lies in it."""
        return (
            (self.from_ is None or value >= self.from_)
            and (self.above is None or value > self.above)
            and (self.to is None or value <= self.to)
            and (self.below is None or value < self.below)
        )

    @property
    def bounds(self) -> str:
        """Its bounds in words: ``from 70 below 80``."""
        return self.said("from", "above", "to", "below") or "every value"

    def said(self, from_: str, above: str, to: str, below: str) -> str:
        """Its bounds behind the words for each kind of them; empty where it has none."""
        given = ((from_, self.from_), (above, self.above), (to, self.to), (below, self.below))
        return " ".join(f"{word} {shown(bound)}" for word, bound in given if bound is not None)

    @property
    def written(self) -> str:
        """The band as people answer it: ``50-75``, ``> 75``, ``≤ 5``. ``definitions.claimed`` reads it back."""
        if self.lower is None or self.upper is None:
            return self.said("≥", ">", "≤", "<")
        return f"{shown(self.lower)}-{shown(self.upper)}"


class ScoreBand(Band):
    """Values that get one score."""

    score: Exact


class Predicate(Band):
    """Values of an index that have one name, and sometimes a letter."""

    is_: Wording | str = Field(alias="is")
    letter: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Everything it is called."""
        return tuple(name for name in (self.letter, said(self.is_, "id"), said(self.is_, "en")) if name)

    def named_in(self, language: Language) -> str:
        """Its letter and name in one language."""
        name = said(self.is_, language)
        return f"{self.letter} ({name})" if self.letter else name

    def __str__(self) -> str:
        return self.named_in("id")


_AnyBand = TypeVar("_AnyBand", bound=Band)


class Rubric(Strict):
    """How an answer becomes a score: by options (``A``, ``WTP``) or by bands of a measured value.

    ``decimals``: a value is rounded to so many before its band is sought, as bands printed like ``0.00-64.99`` mean.
    ``overlap``: which band wins where the printed ones overlap.
    """

    status: Origin
    basis: str
    version: str = "1"
    options: Annotated[dict[str, Exact], Field(min_length=1)] | None = None
    bands: Annotated[tuple[ScoreBand, ...], Field(min_length=1)] | None = None
    decimals: Annotated[int, Field(ge=0)] | None = None
    overlap: Literal["higher_score", "lower_score"] | None = None

    @model_validator(mode="after")
    def _one_way_without_gaps(self) -> Self:
        if (self.options is None) == (self.bands is None):
            raise ValueError("needs either options or bands")
        if self.bands is not None:
            gaps, overlaps = holes(self.bands, self.decimals)
            if gaps or (overlaps and self.overlap is None):
                raise ValueError("; ".join([*gaps, *overlaps]) + ("" if gaps else "; say with overlap which one wins"))
            if self.overlap is not None and not overlaps:
                raise ValueError("says which band wins, and none overlap")
        return self

    @cached_property
    def choices(self) -> Mapping[str, Fraction]:
        """What may be answered, and its score: the options, or the bands as people write them."""
        return self.options or {band.written: band.score for band in self.bands or ()}

    def of_option(self, text: str) -> Fraction:
        """The score of an option, or of a band as it is written. Raises AnswerError for one that it does not have."""
        if text not in self.choices:
            raise AnswerError("no_option", typed=text[:30], do=f"Options are: {', '.join(self.choices)}")
        return self.choices[text]

    def of_value(self, value: Fraction) -> ScoreBand:
        """The band of a measured value. Raises AnswerError where it has none."""
        found = list(_holding(self.bands or (), value, self.decimals))
        if not found:
            raise AnswerError("no_band", value=shown(value), do="Mend the value, or give the score")
        by_score = sorted(found, key=lambda band: band.score)
        return by_score[-1 if self.overlap == "higher_score" else 0]


class Predicates(Strict):
    """The names of an index by its height."""

    bands: Annotated[tuple[Predicate, ...], Field(min_length=1)]
    decimals: Annotated[int, Field(ge=0)] | None = None
    status: Origin = "official"
    source: str = ""

    @model_validator(mode="after")
    def _without_holes(self) -> Self:
        found = [problem for kind in holes(self.bands, self.decimals) for problem in kind]
        if found:
            raise ValueError("; ".join(found))
        return self

    def of(self, value: Decimal | Fraction) -> Predicate | None:
        """The predicate of an index; None where the table has none."""
        return next(_holding(self.bands, Fraction(value), self.decimals), None)

    def named(self, text: str) -> Predicate:
        """The predicate that a document writes: ``BB``, ``Sangat Baik`` or ``BB (Sangat Baik)``.

        Raises ConfigError where it is none, or where its letter and its words are those of two.
        """
        parts = [part.strip().casefold() for part in text.replace(")", "").split("(")]
        said_by = [[one for one in self.bands if part in map(str.casefold, one.names)] for part in parts]
        known = ", ".join(str(one) for one in self.bands)
        if not all(said_by):
            raise ConfigError(f"{text[:40]!r} is no predicate", do=f"Predicates are: {known}")
        both = [one for one in said_by[0] if all(one in others for others in said_by)]
        if not both:
            what = f"{text[:40]!r} names two predicates: {said_by[0][0]} and {said_by[-1][0]}"
            raise ConfigError(what, do="Find out which one was given; a letter and its words say the same")
        return both[0]


def holes(bands: Sequence[Band], decimals: int | None) -> tuple[list[str], list[str]]:
    """The gaps between bands, and their overlaps, each as one line."""
    step = None if decimals is None else Fraction(1, 10**decimals)
    ordered = sorted(bands, key=_place)
    gaps, overlaps = [], []
    for before, after in pairwise(ordered):
        low, high = after.lower, before.upper
        if low is None or high is None or low < high or (low == high and after.holds(low) and before.holds(low)):
            overlaps.append(f"bands overlap: {before.bounds} and {after.bounds}")
        elif not _meet(before, after, step):
            gaps.append(f"there is a gap between the bands {before.bounds} and {after.bounds}")
    return gaps, overlaps


def _place(band: Band) -> tuple[bool, Fraction, bool]:
    return band.lower is not None, band.lower or Fraction(0), band.above is not None


def _meet(before: Band, after: Band, step: Fraction | None) -> bool:
    """Whether no value lies between two bands; with a step, no value that is a multiple of it."""
    low, high = after.lower, before.upper
    assert low is not None
    assert high is not None
    if low == high:
        return after.holds(low) or before.holds(high)
    if step is None:
        return False
    first = low if after.above is None else low + step
    last = high if before.below is None else high - step
    return first <= last + step


def _holding(bands: Sequence[_AnyBand], value: Fraction, decimals: int | None) -> Iterator[_AnyBand]:
    sought = value if decimals is None else Fraction(rounded(value, decimals))
    return (band for band in bands if band.holds(sought))
