"""Canonical records: what one row is, whoever sends it. One file each in ``definitions/records``, named as the record.

A record says its grain, its key and its columns. Which source provides it, and how, stands in the source's own file.
"""

import re
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from definitions.files import read_definition
from definitions.words import Name, Strict, Wording
from ledger.errors import ConfigError

# Asked for at every call; a test may put another folder in its place.
FOLDER = Path(__file__).parent / "records"
REGION = "region_code"
"""The column that every record has: whose region a row is."""

FIGURES = "published_figure"
"""The record of what somebody published, by which any aggregated table can feed an indicator."""

SET_ASIDE = "__set_aside"
"""What the view of the rows that do not count is called, behind the record's name."""

TYPES: Mapping[str, str] = MappingProxyType(
    {
        "region": "VARCHAR",
        "year": "INTEGER",
        "month": "VARCHAR",
        "period": "VARCHAR",
        "date": "DATE",
        "timestamp": "TIMESTAMPTZ",
        "text": "VARCHAR",
        "integer": "INTEGER",
        "boolean": "BOOLEAN",
    }
)
"""The types that a record's column may have, and DuckDB's; ``decimal(p,s)`` is the only other one.

- ``region``: Kemendagri's code, written with its dot.
- ``month``: written 2024-08. ``period``: a year or a month as text.
"""

_DECIMAL = re.compile(r"decimal\(([1-9]\d?),(\d{1,2})\)")
_PERIODS = ("year", "month", "period")
_MOST_DIGITS = 38

Terms = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*( \+ [a-z][a-z0-9_]*)*$")]
Code = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]


def _type_name(text: str) -> str:
    if text not in TYPES and _decimal(text) is None:
        raise ValueError(f"unknown type {text!r}; a type is one of {', '.join(TYPES)}, decimal(p,s)")
    return text


def _decimal(text: str) -> tuple[int, int] | None:
    found = _DECIMAL.fullmatch(text)
    if found is None:
        return None
    precision, scale = int(found[1]), int(found[2])
    return (precision, scale) if scale <= precision <= _MOST_DIGITS else None


class RecordColumn(Strict):
    """One column of a record: of a ``type``, or of a closed list of ``codes`` with their names.

    ``required``: no row is without it. ``personal: pseudonym``: it says which person it is, and comes as a keyed
    pseudonym. ``personal: drop``: it is personal, and never in the record. A decimal says its ``unit``.
    """

    type: Annotated[str, AfterValidator(_type_name)] = "text"
    codes: Mapping[Code, Wording] | None = Field(default=None, min_length=1)
    required: bool = False
    personal: Literal["pseudonym", "drop"] | None = None
    unit: str | None = None
    description: Wording | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.codes is not None and "type" in self.model_fields_set:
            raise ValueError("`codes` are text: leave `type` out, or `codes`")
        if self.personal == "pseudonym" and (self.type != "text" or self.codes is not None):
            raise ValueError("a pseudonym is text")
        if self.personal == "drop" and self.required:
            raise ValueError("what is dropped is in no row: leave `required` out")
        if self.decimal is not None and self.unit is None:
            raise ValueError("a decimal is of something: say its `unit`")
        return self

    @property
    def decimal(self) -> tuple[int, int] | None:
        """Precision and scale, where it is a decimal."""
        return _decimal(self.type)

    @property
    def sql(self) -> str:
        """Its type in DuckDB."""
        return TYPES.get(self.type) or self.type.upper()


class Claim(Strict):
    """A column that states what follows from others: `percent` ``of`` another one, or a ``sum``; each is ``a + b``.

    It is compared, and never used. Each figure stands for every number that rounds to it: a decimal is rounded to its
    scale. ``decimals`` are those that the column is printed with, where they are fewer.
    """

    column: Name
    percent: Terms | None = None
    of: Name | None = None
    sum: Terms | None = None
    decimals: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.percent is None) == (self.sum is None) or (self.of is None) != (self.percent is None):
            raise ValueError("a claim is a `percent` with its `of`, or a `sum`")
        return self

    @property
    def terms(self) -> tuple[str, ...]:
        """The columns that are added up."""
        return tuple((self.percent or self.sum or "").split(" + "))


class Record(Strict):
    """What one row is, by which columns it is told from others, and what is known of it.

    ``period`` is the column that says what time a row is about. ``newest``: a key that came in several batches counts
    once, by its newest batch. ``claims`` are columns that follow from others, as somebody printed them.
    """

    id: Name
    title: Wording
    grain: Wording
    key: tuple[Name, ...] = Field(min_length=1)
    period: Name
    newest: bool = False
    columns: Mapping[Name, RecordColumn]
    claims: tuple[Claim, ...] = ()

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if "__" in self.id:
            raise ValueError("two underscores in a row part a record's name from what is said of it: use one")
        for name in (*self.key, self.period):
            if name not in self.shown:
                raise ValueError(f"{name!r} is not among the columns that the record shows")
        if len(set(self.key)) < len(self.key):
            raise ValueError("`key` names a column twice")
        region = self.columns.get(REGION)
        if region is None or region.type != "region" or not region.required or REGION not in self.key:
            raise ValueError(f"{REGION!r} is a column of every record, of type region, required, and in its key")
        if self.columns[self.period].type not in _PERIODS or not self.columns[self.period].required:
            raise ValueError(f"the period is a required column of type {', '.join(_PERIODS)}")
        for claim in self.claims:
            for name in (claim.column, *claim.terms, *([claim.of] if claim.of else [])):
                if name not in self.shown or self.shown[name].decimal is None:
                    raise ValueError(f"a claim speaks of {name!r}, which is no decimal column of the record")
        return self

    @cached_property
    def shown(self) -> Mapping[str, RecordColumn]:
        """The columns that rows have: all that are not dropped, in order."""
        return {name: column for name, column in self.columns.items() if column.personal != "drop"}

    @property
    def sql_types(self) -> Mapping[str, str]:
        """The shown columns and their DuckDB types."""
        return {name: column.sql for name, column in self.shown.items()}


def load_records(folder: Path | None = None) -> Mapping[str, Record]:
    """Every record by its id, in their order. Raises ConfigError with the first thing that is wrong."""
    return _load(folder or FOLDER)


@cache
def _load(folder: Path) -> Mapping[str, Record]:
    if not folder.is_dir():
        raise ConfigError("there is no folder of records", where=str(folder), do="Install the project whole")
    return MappingProxyType({path.stem: read_definition(path, Record) for path in sorted(folder.glob("*.yaml"))})
