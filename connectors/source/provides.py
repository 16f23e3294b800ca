"""Which canonical record a source provides, and how its landed columns become the record's.

``definitions/records`` says what the records are. How a mapping is proved stands in ``connectors.source.provided``.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from definitions.words import Name, Strict

COVERAGE = "_coverage"
"""What every landed row says of itself beside its columns: the coverage it came with."""


def _plain(value: Any) -> Any:
    if not isinstance(value, str | int):
        raise ValueError("is a text, a whole number, or true or false: put anything else in quotes")
    return value


def _agency_code(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("put it in quotes: unquoted, YAML reads it as a yes or no")
    return _plain(value)


def _exact(value: str) -> str:
    Decimal(value)
    return value


Value = Annotated[Any, BeforeValidator(_plain)]
"""A value of the record: a text, a whole number, or true or false."""

AgencyCode = Annotated[Any, BeforeValidator(_agency_code)]
"""A value as the agency writes it."""


class Names(Strict):
    """The columns that hold a region's name with its kind, and the name of its province."""

    name: str
    province: str


RegionCode = Annotated[
    Annotated[Literal["bps", "kemendagri_plain", "village"], Tag("[code]")] | Annotated[Names, Tag("[names]")],
    Discriminator(lambda value: "[names]" if isinstance(value, dict | Names) else "[code]"),
]


class Mapped(Strict):
    """Where a record's column comes from: a landed column as it is, or read in one of these ways.

    - ``is``: the same value in every row.
    - ``codes``: the agency's values and the record's. They cover every value that the contract allows. Where it allows
      any, ``rest: leave_out`` says that rows with other values are no rows of this record.
    - ``region``: whose code it is. ``bps`` codes are translated by the list of regions; ``kemendagri_plain`` is written
      6402; ``village`` has ten digits. ``{name: ..., province: ...}`` finds the region by its name with its kind.
    - ``take``: the year, month or date of a moment, in the civil time of its region; of a day; of a text like 20241.
    - ``times``: an exact factor between units, such as '1000'.
    """

    from_: str | None = Field(default=None, alias="from", min_length=1)
    is_: Value | None = Field(default=None, alias="is")
    codes: Mapping[AgencyCode, Value] | None = Field(default=None, min_length=1)
    rest: Literal["leave_out"] | None = None
    region: RegionCode | None = None
    take: Literal["year", "month", "date"] | None = None
    times: Annotated[str, Field(pattern=r"^\d{1,12}(\.\d{1,6})?$"), AfterValidator(_exact)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"from": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        sources = [self.from_ is not None, self.is_ is not None, isinstance(self.region, Names)]
        if sum(sources) != 1:
            raise ValueError("a value comes from one place: a landed column, `is`, or the names of a region")
        ways = [name for name in ("codes", "region", "take", "times") if getattr(self, name) is not None]
        if len(ways) > 1 or (ways and self.is_ is not None):
            raise ValueError(f"`{ways[0]}` stands alone: a value is read in one way")
        if self.rest is not None and self.codes is None:
            raise ValueError("`rest` says what becomes of values that `codes` does not name")
        return self

    @property
    def reads(self) -> tuple[str, ...]:
        """The landed columns that it reads."""
        if isinstance(self.region, Names):
            return (self.region.name, self.region.province)
        return () if self.from_ is None else (self.from_,)


class Provides(Strict):
    """One record that a source provides: where each of its columns comes from.

    ``where``: only rows with these values. ``over``: its rows stand where these sources give the same key.
    """

    record: Name
    columns: Mapping[Name, Mapped] = Field(min_length=1)
    where: Mapping[str, Annotated[tuple[AgencyCode, ...], Field(min_length=1)]] = Field(default_factory=dict)
    over: tuple[Name, ...] = ()

    @property
    def reads(self) -> Iterator[str]:
        """The landed columns that it reads."""
        yield from self.where
        for mapped in self.columns.values():
            yield from mapped.reads
