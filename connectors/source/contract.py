"""The contract of a source: which columns, of what type, where in the record they come from, what must hold."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Literal, Self

from pydantic import Field, model_validator

from connectors.source.answer_sheet import AnswerSheet
from connectors.source.column_types import MAX_PRECISION, ColumnType
from connectors.source.columns import Column, Ratio, Rule
from connectors.source.decimals import digits_of, sides
from connectors.source.ratios import digits
from connectors.source.record_paths import top_field
from definitions.words import Name, Strict

RESERVED = frozenset({"_page", "_row", "_coverage", "_flags", "_batch", "_synthetic", "_maturity"})

Policy = Literal["evolve", "warn", "hold"]


class Drift(Strict):
    """What becomes of a batch whose form is not the contract's: it is held, or lands with a finding.

    ``evolve`` is a finding that proposes the lines for this file; the data is in the kept pages. The kinds:

    - ``added``: a field nobody declared.
    - ``removed``: a declared field that no record has.
    - ``renamed``: one of each that look alike.
    - ``retyped``: most values of a column cannot be read as declared; or JSON gives text where it gave numbers.
    - ``reordered``: columns hold each other's values; or named fields come in another order.

    The second cases of the last two still read as declared. They follow the policy only where the file states one.
    Without one, the second case of ``retyped`` is a finding and that of ``reordered`` is nothing.
    """

    added: Policy = "warn"
    removed: Policy = "hold"
    renamed: Policy = "hold"
    retyped: Policy = "hold"
    reordered: Policy = "hold"

    def policy(self, kind: "DriftKind", *, harmless: bool = False) -> Policy | None:
        """What is to be done about one kind; None is nothing."""
        declared: Policy = getattr(self, kind)
        if harmless and kind not in self.model_fields_set:
            return "warn" if kind == "retyped" else None
        return declared


DriftKind = Literal["added", "removed", "renamed", "retyped", "reordered"]


class Contract(Strict):
    """Key, columns, rules, ratios; fields that may come and are not read, and what to do about any other difference.

    ``answers``: the rows answer an instrument, and are held against its questions.
    """

    key: tuple[str, ...] = Field(min_length=1)
    columns: Mapping[Name, Column] = Field(min_length=1)
    rules: tuple[Rule, ...] = ()
    ratios: tuple[Ratio, ...] = ()
    ignore: tuple[str, ...] = ()
    drift: Drift = Drift()
    answers: AnswerSheet | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        for problem in contract_problems(self):
            raise ValueError(problem)
        return self

    @cached_property
    def landed(self) -> Mapping[str, Column]:
        """The columns that are landed, in order."""
        return {name: column for name, column in self.columns.items() if not column.dropped}

    @property
    def flagging_rules(self) -> tuple[Rule, ...]:
        """Rules that flag a row instead of holding it back."""
        return tuple(rule for rule in self.rules if rule.on_fail == "flag")

    @property
    def flagging_ratios(self) -> tuple[Ratio, ...]:
        """Ratios that flag a row instead of holding it back."""
        return tuple(ratio for ratio in self.ratios if ratio.on_fail == "flag")

    @property
    def has_persons(self) -> bool:
        """Whether a record of this source is about a person."""
        return any(column.personal in ("drop", "pseudonym") for column in self.columns.values())

    @property
    def positional(self) -> bool:
        """Whether records are arrays."""
        return any(column.position is not None for column in self.columns.values())


def contract_problems(contract: "Contract") -> Iterator[str]:
    """What contradicts itself between a contract's parts."""
    landed = contract.landed
    for name in contract.key:
        if name not in contract.columns:
            yield f"key column {name!r} is not among the columns"
        elif name not in landed:
            yield f"key column {name!r} is dropped; a key must be landed"
    for rule in contract.rules:
        for name in rule.parsed.columns:
            if name not in landed:
                yield f"rule {rule.rule!r} names {name!r}, which is not a landed column"
        yield from _incomparable(rule, landed)
    yield from _bad_ratios(contract)
    for name in contract.answers.columns if contract.answers is not None else ():
        if name not in landed or landed[name].sql_type.kind != "string":
            yield f"answers names {name!r}, which is not a landed column of text"
    if reserved := sorted(RESERVED & contract.columns.keys()):
        yield f"column name {reserved[0]!r} is reserved"
    yield from _mixed_records(landed)
    yield from _same_fields(landed)


def _incomparable(rule: Rule, landed: Mapping[str, Column]) -> Iterator[str]:
    parsed = rule.parsed
    known = all(name in landed for name in parsed.columns)
    families = {_family(landed[name].sql_type) for name in parsed.columns if name in landed}
    if parsed.number is not None:
        families.add("number")
    if parsed.text is not None:
        families.add("string")
    if len(families) > 1:
        yield f"rule {rule.rule!r} compares {' with '.join(sorted(families))}"
    elif parsed.adds and known and families != {"number"}:
        yield f"rule {rule.rule!r} adds columns that are no numbers"
    elif parsed.adds and known and (needed := digits_of(sides(parsed, landed))) > MAX_PRECISION:
        yield f"rule {rule.rule!r} needs {needed} digits and {MAX_PRECISION} are exact: use narrower types"


def _bad_ratios(contract: "Contract") -> Iterator[str]:
    names = [ratio.name for ratio in contract.ratios]
    for ratio in contract.ratios:
        strange = [name for name in ratio.columns if name not in contract.landed]
        texts = [name for name in ratio.columns if name not in strange and not contract.landed[name].sql_type.numeric]
        if strange:
            yield f"ratio {ratio.name!r} names {strange[0]!r}, which is not a landed column"
        elif texts:
            yield f"ratio {ratio.name!r} names {texts[0]!r}, which is no number"
        elif (needed := digits(ratio, contract.landed)) > MAX_PRECISION:
            yield f"ratio {ratio.name!r} needs {needed} digits and {MAX_PRECISION} are exact: use narrower types"
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        yield f"two ratios are called {doubled[0]!r}"


def _family(kind: ColumnType) -> str:
    return "number" if kind.numeric else kind.kind


def _mixed_records(landed: Mapping[str, Column]) -> Iterator[str]:
    if any(column.position is not None for column in landed.values()) and any(
        column.in_record for column in landed.values()
    ):
        yield "records are arrays or objects: every column read from them has a `position`, or none has"


def _same_fields(landed: Mapping[str, Column]) -> Iterator[str]:
    """DuckDB does not tell field names apart by case, so two that differ in nothing else cannot both be read."""
    seen: dict[str, str] = {}
    for name, column in landed.items():
        if not column.in_record:
            continue
        field = top_field(name, column.from_)
        if seen.setdefault(field.lower(), field) != field:
            yield f"fields {seen[field.lower()]!r} and {field!r} differ only in upper and lower case"
