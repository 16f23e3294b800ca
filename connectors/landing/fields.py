"""Where each landed column stands in a parsed record, as SQL."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.landing.paths import RecordsPath
from connectors.protocols.base import UNREADABLE
from connectors.source.columns import Column
from connectors.source.contract import Contract
from connectors.source.record_paths import path_steps, steps_behind, top_field
from ledger.sql import identifier, literal


@dataclass(frozen=True)
class Field:
    """The raw text of one column. ``is_number`` tells JSON's numbers from its texts where they are read differently.

    ``said`` is what the record itself says where the value is taken from the request.
    """

    raw: str
    is_number: str | None = None
    said: str | None = None


def context_column(name: str) -> str:
    """The column of the pages table that holds a context value."""
    return identifier(f"context.{name}")


def fields(contract: Contract) -> Mapping[str, Field]:
    """Per landed column, SQL for its raw text; ``rec`` is the parsed record."""
    whole = _json_fields(contract)
    return {name: _field(name, column, whole) for name, column in contract.landed.items()}


def structure(contract: Contract, path: RecordsPath, *, unreadable: bool = False) -> str:
    """The shape DuckDB is told to parse, as its JSON notation. Dropped columns are not in it.

    ``unreadable``: some records stand for rows that the protocol could not read.
    """
    record: object
    if contract.positional:
        record = ["JSON"]
    else:
        whole = _json_fields(contract)
        known = sorted(read_fields(contract)) + ([UNREADABLE] if unreadable else [])
        record = {field: "JSON" if field in whole else "VARCHAR" for field in known}
    for name in reversed(path.inside):
        record = {name: record}
    shape: object = [record]
    for name in reversed(path.members or ()):
        shape = {name: shape}
    return json.dumps(shape, ensure_ascii=False)


def position_name(position: int) -> str:
    """What a position of an array record is called where fields are listed."""
    return f"[{position}]"


def known_fields(contract: Contract) -> frozenset[str]:
    """Fields (or positions) of a record that the contract declares, dropped ones included."""
    return frozenset(
        found for name, column in contract.columns.items() if (found := field_of(name, column)) is not None
    )


def expected_fields(contract: Contract) -> frozenset[str]:
    """Fields (or positions) that some record of a batch must have."""
    return frozenset(
        found
        for name, column in contract.landed.items()
        if not column.optional and (found := field_of(name, column)) is not None
    )


def field_of(name: str, column: Column) -> str | None:
    """The field (or position) of a record that a column is read from; None where the request says it."""
    if column.position is not None:
        return position_name(column.position)
    return top_field(name, column.from_) if column.in_record else None


def read_fields(contract: Contract) -> frozenset[str]:
    """Fields of an object record that are read."""
    return frozenset(top_field(name, column.from_) for name, column in contract.landed.items() if column.in_record)


def doubled_members(contract: Contract) -> Sequence[str]:
    """Conditions for records that give a member twice on the way to a nested value; ``rec`` is the parsed record.

    A search for the name comes first, because names are listed more slowly. DuckDB writes a field kept as JSON without
    blanks and escapes, so that a member's name stands in it in one way.
    """
    found: dict[str, None] = {}
    for name, column in contract.landed.items():
        if not column.in_record:
            continue
        first, *rest = path_steps(column.from_ or name)
        field, path = f"rec.{identifier(first)}", "$"
        for step in steps_behind("".join(rest)):
            if isinstance(step, str):
                key = json.dumps(step, ensure_ascii=False)
                listed = f"json_keys({field}, {literal(path)})"
                twice = f"len(list_filter({listed}, lambda name: name = {literal(step)})) > 1"
                found[f"CASE WHEN len(string_split({field}, {literal(key + ':')})) > 2 THEN {twice} ELSE false END"] = (
                    None
                )
                path += f".{key}"
            else:
                path += f"[{step}]"
    return tuple(found)


def _json_fields(contract: Contract) -> frozenset[str]:
    """Fields kept as JSON: a path leads into them, or text and number must be told apart."""
    return frozenset(
        top_field(name, column.from_)
        for name, column in contract.landed.items()
        if column.in_record and (_is_told_apart(column) or len(path_steps(column.from_ or name)) > 1)
    )


def _is_told_apart(column: Column) -> bool:
    """Whether a JSON number is read otherwise than its text would be.

    Without a locale that is so only where decimals are rounded: DuckDB gives a number without the zeros at its end, and
    so never with three decimals that the type reads and that might be thousands.
    """
    return column.locale is not None or (column.rounding is not None and column.may_be_thousands)


def _field(name: str, column: Column, whole: frozenset[str]) -> Field:
    if column.position is not None:
        return _unwrapped(f"rec[{column.position + 1}]", "", column)
    said = _member(name, column, whole) if column.in_record else None
    if column.context is None:
        return said or Field("NULL")
    return Field(context_column(column.context), said=said.raw if said is not None else None)


def _member(name: str, column: Column, whole: frozenset[str]) -> Field:
    first, *rest = path_steps(column.from_ or name)
    member = f"rec.{identifier(first)}"
    return _unwrapped(member, rest[0] if rest else "", column) if first in whole else Field(member)


def _unwrapped(json_value: str, tail: str, column: Column) -> Field:
    path = f"${tail}"
    raw = f"json_extract_string({json_value}, {literal(path)})"
    if not _is_told_apart(column):
        return Field(raw)
    return Field(raw, f"json_type({json_value}, {literal(path)}) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE')")
