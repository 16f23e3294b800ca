"""What cannot be in a contract together, said in the words of its author."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from connectors.column_types import MAX_PRECISION, ColumnType
from connectors.landing.ratios import digits
from connectors.record_paths import top_field

if TYPE_CHECKING:
    from connectors.contract import Column, Contract, Rule

RESERVED = frozenset({"_page", "_row", "_coverage", "_flags", "_batch", "_synthetic", "_maturity"})


def column_problems(column: "Column") -> Iterator[str]:
    """What contradicts itself in one column."""
    kind = column.sql_type.kind
    if column.position is not None and (column.from_ is not None or column.context is not None):
        yield "a column comes from one place: give `position`, or `from`, or `context`"
    if column.required and column.optional:
        yield "a column is `required` or `optional`, not both"
    numeric_only = [name for name in ("locale", "rounding") if getattr(column, name) is not None]
    if numeric_only and not column.sql_type.numeric:
        yield f"`{numeric_only[0]}` is for numbers, and the type is {column.type}"
    if column.format is not None and kind not in ("date", "timestamp"):
        yield f"`format` is for dates and timestamps, and the type is {column.type}"
    if column.timezone is not None and kind != "timestamp":
        yield f"`timezone` is for timestamps, and the type is {column.type}"
    if kind == "timestamp" and column.timezone is None and any("%z" not in form for form in column.formats):
        yield "a `format` without %z needs a `timezone`: a time without offset is not a moment"
    if column.pseudonym and kind != "string":
        yield "a pseudonym is text: its type is string"
    if column.values is not None and kind != "string":
        yield f"`values` lists texts, and the type is {column.type}"
    yield from _bad_bounds(column)


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
    if reserved := sorted(RESERVED & contract.columns.keys()):
        yield f"column name {reserved[0]!r} is reserved"
    yield from _mixed_records(landed)
    yield from _same_fields(landed)


def _incomparable(rule: "Rule", landed: Mapping[str, "Column"]) -> Iterator[str]:
    families = {_family(landed[name].sql_type) for name in rule.parsed.columns if name in landed}
    if rule.parsed.number is not None:
        families.add("number")
    if rule.parsed.text is not None:
        families.add("string")
    if len(families) > 1:
        yield f"rule {rule.rule!r} compares {' with '.join(sorted(families))}"


def _bad_ratios(contract: "Contract") -> Iterator[str]:
    names = [ratio.name for ratio in contract.ratios]
    for ratio in contract.ratios:
        strange = [name for name in ratio.columns if name not in contract.landed]
        texts = [name for name in ratio.columns if name not in strange and not contract.landed[name].sql_type.numeric]
        if strange:
            yield f"ratio {ratio.name!r} names {strange[0]!r}, which is not a landed column"
        elif texts:
            yield f"ratio {ratio.name!r} names {texts[0]!r}, which is no number"
        elif (needed := digits(ratio, contract)) > MAX_PRECISION:
            yield f"ratio {ratio.name!r} needs {needed} digits and {MAX_PRECISION} are exact: use narrower types"
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        yield f"two ratios are called {doubled[0]!r}"


def _family(kind: ColumnType) -> str:
    return "number" if kind.numeric else kind.kind


def _mixed_records(landed: Mapping[str, "Column"]) -> Iterator[str]:
    if any(column.position is not None for column in landed.values()) and any(
        column.in_record for column in landed.values()
    ):
        yield "records are arrays or objects: every column read from them has a `position`, or none has"


def _same_fields(landed: Mapping[str, "Column"]) -> Iterator[str]:
    """DuckDB does not tell field names apart by case, so two that differ in nothing else cannot both be read."""
    seen: dict[str, str] = {}
    for name, column in landed.items():
        if not column.in_record:
            continue
        field = top_field(name, column.from_)
        if seen.setdefault(field.lower(), field) != field:
            yield f"fields {seen[field.lower()]!r} and {field!r} differ only in upper and lower case"
