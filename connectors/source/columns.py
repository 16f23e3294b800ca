"""The parts of a contract: columns, rules within a row, published ratios.

The words follow the Open Data Contract Standard where it has one (``required``, ``description``, ``unit``).
"""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from connectors.source.column_types import ColumnType, parse_type
from connectors.source.months import has_month_word
from connectors.source.persons import IDENTIFIERS, Identifier
from connectors.source.rules import Comparison, parse_rule
from definitions.words import Name, Strict, Wording


class Keep(Strict):
    """A personal value that is landed in clear, and why the indicator cannot be computed without it."""

    keep: Annotated[str, Field(min_length=10)]


def _type_name(value: str) -> str:
    parse_type(value)
    return value


def _known_kind(value: str) -> str:
    if value not in IDENTIFIERS:
        raise ValueError(f"unknown kind {value!r}; a kind is one of {', '.join(IDENTIFIERS)}")
    return value


def has_short_year(form: str) -> bool:
    """Whether a strptime form has a year of two digits."""
    return re.search("%-?y", form) is not None


def _bound(value: object) -> object:
    """A bound as text: YAML may give a number or a date, and a float's own text is what the author wrote."""
    if isinstance(value, bool):
        return value
    return str(value) if isinstance(value, int | float | date) else value


# DuckDB reads a year of two digits as one from 1969 to 2068; it is moved by a hundred years at most.
_FIRST_SHORT, _LAST_SHORT = date(1869, 1, 1), date(2169, 1, 1)
DIGITS_OF_A_GROUP = 3
"""Thousands are grouped by three digits, in every locale read here."""

Bound = Annotated[str, BeforeValidator(_bound)]
Exact = Annotated[Decimal, BeforeValidator(_bound), Field(ge=0, lt=10**6, max_digits=12)]


class Column(Strict):
    """One column of a contract.

    Where a value comes from:

    - ``from``: the field's name in the record, or a JSON path beginning with ``$``. The default is the column's own
      name.
    - ``position``: counts from 0 in records that are arrays.
    - ``context``: a value of the request or the file name. With ``context`` and ``from``, the record must say the same
      as the request. An answer about another year or region is refused row by row.

    Readings that lose nothing:

    - ``locale``: ``id`` reads 1.234,5 and ``en`` reads 1,234.5. Of a ``format`` with a month in words (``%B``, ``%b``)
      ``id`` reads Agustus; without it, and with ``en``, it is August.
    - ``format``: one strptime form, or several that cannot be confused. With ``%y``, ``max`` (or ``min``) says where
      the hundred years end (or begin) that are meant.
    - ``timezone``: for times without an offset.
    - ``prefix`` and ``suffix``: ``Rp``, ``%``. Of several suffixes the first that fits is taken off.
    - ``trim``: takes off blanks around a text, seen or not. Keys and pseudonyms are always trimmed.

    A pseudonym says what it is made of: ``kind`` (``nik``, ``kk``, ``bpjs``, ``npwp``, ``phone``), whose spellings are
    all one number, or a ``pattern``. What is neither is refused, and never becomes a person.

    ``rounding`` is the one declared loss: more decimals than the type has are rounded half up. ``unused`` says why a
    column is landed that no model reads. ``optional``: the field may be in no record. Otherwise that holds the batch,
    for the field may have been renamed. ``description`` is one text, or one in each language: ``{id: ..., en: ...}``.
    """

    type: Annotated[str, AfterValidator(_type_name)] = "string"
    from_: str | None = Field(default=None, alias="from", min_length=1)
    context: str | None = None
    position: int | None = Field(default=None, ge=0)
    personal: Literal["drop", "pseudonym"] | Keep | None = None
    kind: Annotated[str, AfterValidator(_known_kind)] | None = None
    required: bool = False
    optional: bool = False
    pattern: str | None = None
    min: Bound | None = None
    max: Bound | None = None
    values: tuple[str, ...] | None = Field(default=None, min_length=1)
    format: str | tuple[str, ...] | None = None
    locale: Literal["id", "en"] | None = None
    timezone: str | None = None
    prefix: str | None = None
    suffix: str | tuple[str, ...] | None = None
    trim: bool = False
    rounding: Literal["half_up"] | None = None
    unused: Annotated[str, Field(min_length=10)] | None = None
    unit: str | None = None
    description: Wording | str | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        for problem in column_problems(self):
            raise ValueError(problem)
        return self

    @cached_property
    def sql_type(self) -> ColumnType:
        """The parsed type."""
        return parse_type(self.type)

    @property
    def dropped(self) -> bool:
        """Never read out of the record."""
        return self.personal == "drop"

    @property
    def pseudonym(self) -> bool:
        """Landed as a keyed pseudonym."""
        return self.personal == "pseudonym"

    @property
    def identifier(self) -> Identifier | None:
        """The kind of identifier that becomes a pseudonym, where one is declared."""
        return IDENTIFIERS[self.kind] if self.kind is not None else None

    @property
    def in_record(self) -> bool:
        """Whether the record itself has the column's field."""
        return self.position is None and (self.context is None or self.from_ is not None)

    @property
    def may_be_thousands(self) -> bool:
        """Whether a decimal mark before three digits may be another locale's thousands mark: 12.000 is 12 or 12,000.

        A type with three decimals or more says which it is.
        """
        return self.sql_type.numeric and self.sql_type.scale < DIGITS_OF_A_GROUP

    @property
    def short_years(self) -> tuple[date, date] | None:
        """The hundred years in which years of two digits lie: the first day, and the day after the last.

        ``max`` says where they end, or else ``min`` where they begin. None where no such year is read, or none is said.
        """
        if not any(map(has_short_year, self.formats)):
            return None
        if self.max is not None:
            after = date.fromisoformat(self.max) + timedelta(days=1)
            return _years_later(after, -100), after
        first = date.fromisoformat(self.min) if self.min is not None else None
        return (first, _years_later(first, 100)) if first is not None else None

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The declared suffixes, in the order in which they are looked for."""
        return (self.suffix,) if isinstance(self.suffix, str) else self.suffix or ()

    @property
    def formats(self) -> tuple[str, ...]:
        """The declared strptime formats."""
        if self.format is None:
            return ()
        return (self.format,) if isinstance(self.format, str) else self.format


class Rule(Strict):
    """A comparison within a row; ``on_fail: flag`` names it in the row's ``_flags`` instead of holding the row back."""

    rule: str
    on_fail: Literal["quarantine", "flag"] = "quarantine"
    why: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"rule": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _readable(self) -> Self:
        parse_rule(self.rule)
        return self

    @cached_property
    def parsed(self) -> Comparison:
        """The rule's parts."""
        return parse_rule(self.rule)


class Rounding(Strict):
    """The step to which each figure of a ratio was rounded before it was published; 0 says that it is exact."""

    value: Exact
    numerator: Exact = Decimal(0)
    denominator: Exact = Decimal(0)


class Ratio(Strict):
    """A published rate that must follow from its own parts: ``value = times * numerator / denominator``.

    Every figure stands for all numbers that round to it, so the value must lie in the interval that numerator and
    denominator span, widened by half the value's own step; a fixed tolerance would doubt small figures that are right.
    A row without value or numerator, or whose denominator may be zero, says nothing and is not judged.
    """

    name: Name
    value: str
    numerator: str
    denominator: str
    times: Annotated[Exact, Field(gt=0)] = Decimal(100)
    rounding: Rounding
    on_fail: Literal["quarantine", "flag"] = "quarantine"
    why: str | None = None

    @property
    def columns(self) -> tuple[str, str, str]:
        """The columns the ratio reads."""
        return (self.value, self.numerator, self.denominator)

    @property
    def formula(self) -> str:
        """What is expected, in words."""
        return f"{self.value} = {self.times:f} * {self.numerator} / {self.denominator}, as far as rounding lets it"


def _years_later(day: date, years: int) -> date:
    """The same day of another year; of 29 February the day after where that year has none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def column_problems(column: "Column") -> Iterator[str]:
    """What contradicts itself in one column."""
    kind = column.sql_type.kind
    if column.position is not None and (column.from_ is not None or column.context is not None):
        yield "a column comes from one place: give `position`, or `from`, or `context`"
    if column.required and column.optional:
        yield "a column is `required` or `optional`, not both"
    if column.rounding is not None and not column.sql_type.numeric:
        yield f"`rounding` is for numbers, and the type is {column.type}"
    worded = any(map(has_month_word, column.formats))
    if column.locale is not None and not column.sql_type.numeric and not worded:
        yield f"`locale` is for numbers, and for months in words (%B, %b); the type is {column.type}"
    if column.format is not None and kind not in ("date", "timestamp"):
        yield f"`format` is for dates and timestamps, and the type is {column.type}"
    if column.timezone is not None and kind != "timestamp":
        yield f"`timezone` is for timestamps, and the type is {column.type}"
    if kind == "timestamp" and column.timezone is None and any("%z" not in form for form in column.formats):
        yield "a `format` without %z needs a `timezone`: a time without offset is not a moment"
    if column.values is not None and kind != "string":
        yield f"`values` lists texts, and the type is {column.type}"
    yield from _bad_pseudonym(column)
    bad_bounds = tuple(_bad_bounds(column))
    yield from bad_bounds
    if not bad_bounds:
        yield from _unbounded_years(column)


def _bad_pseudonym(column: "Column") -> Iterator[str]:
    if column.pseudonym and column.sql_type.kind != "string":
        yield "a pseudonym is text: its type is string"
    if column.pseudonym and column.kind is None and column.pattern is None:
        yield (
            f"a pseudonym needs a `kind` ({', '.join(IDENTIFIERS)}) or a `pattern`: "
            "else what is damaged or no identifier becomes a person too"
        )
    if column.pseudonym and column.pattern is not None and not re.fullmatch(r"\^.+\$", column.pattern):
        yield "the `pattern` of a pseudonym is one of the whole text: it begins with ^ and ends with $"
    if column.kind is not None and not column.pseudonym:
        yield "`kind` says what a pseudonym is made of: it goes with `personal: pseudonym`"
    if column.kind is not None and column.pattern is not None:
        yield "`kind` says the form: leave `pattern` out, or `kind`"


def _unbounded_years(column: "Column") -> Iterator[str]:
    """Years of two digits are of one century only where a bound says of which."""
    if not any(map(has_short_year, column.formats)):
        return
    if column.sql_type.kind != "date":
        yield "`%y` is read in columns of type date only: a bound says the century, and times have none"
        return
    years = column.short_years
    if years is None:
        yield (
            "`%y` does not say the century (60 is 1960 or 2060): give the last day that can be meant as `max`, "
            "or the first one as `min`"
        )
    elif column.min is not None and column.max is not None and date.fromisoformat(column.min) < years[0]:
        yield f"`%y` can be a year before or after 100 years: bring `min` and `max` ({column.max}) closer together"
    elif not (years[0] >= _FIRST_SHORT and years[1] <= _LAST_SHORT):
        yield "`%y` is read between 1869 and 2168: correct `min` and `max`"


def _bad_bounds(column: "Column") -> Iterator[str]:
    for name in ("min", "max"):
        text = getattr(column, name)
        if text is None:
            continue
        try:
            if column.sql_type.numeric:
                Decimal(text)
            elif column.sql_type.kind == "date":
                date.fromisoformat(text)
            else:
                yield f"`{name}` is for numbers and dates, and the type is {column.type}"
        except (ArithmeticError, ValueError):
            yield f"`{name}: {text}` is not a value of type {column.type}"
