"""Rewriting the rare page that DuckDB would read with loss.

DuckDB reads a JSON number with a fraction as a binary double. Up to 15 digits its shortest text is the same number. But
``64.10`` in a text column would become ``64.1``, and 1234567890123456.78 another amount.

Pages that hold such numbers are found by one look. They are rewritten with the numbers as text, digit by digit. So are
pages with lone surrogates or NaN, which Python reads and DuckDB refuses.
"""

import json
import re
from decimal import Decimal
from typing import Any

from connectors.landing.paths import RecordsPath
from connectors.source.columns import Column
from connectors.source.contract import Contract
from connectors.source.record_paths import path_steps, steps_behind

# At least 16 digits around a decimal point or before an exponent: more than a double is sure to keep. And what DuckDB
# writes with an exponent of its own, so that it would read as no number: 0.00001, 1e-05.
_LONG = (
    r"[:,\[\s]-?([0-9]{1,4}[.][0-9]{12,}|[0-9]{5,8}[.][0-9]{8,}|[0-9]{9,12}[.][0-9]{4,}|[0-9]{13,}[.][0-9]"
    r"|[0-9]{16,}[eE]|0[.]0000|[0-9][0-9.]*[eE]-)"
)
_ANY_FRACTION = r"[,\[]\s*-?[0-9]+([.][0-9]|[eE])"
# A name may be written with escapes: PHP writes "Kabupaten\/Kota", Python "Suhu \u00b0C".
_ESCAPED_NAME = r'"[^"]*\\[^"]*"\s*:\s*-?[0-9]+([.]|[eE])'


# Digits of a number that a double keeps, and places behind the mark in any column's type.
_SURE_DIGITS, _SMALLEST = 15, 38
_THREE_DECIMALS = re.compile(r"[.][0-9]{3}\Z")


class _Number(str):
    """The digits of a JSON number, as they came."""


class _Again(str):
    """The name of a member that its object has already: another key, and written like the first one."""

    __hash__ = object.__hash__
    __eq__ = object.__eq__


def risk_pattern(contract: Contract) -> str:
    """A regular expression that finds pages to rewrite; it may find too many, never too few."""
    if contract.positional:
        return f"{_LONG}|{_ANY_FRACTION}"
    texts = {
        path_steps(column.from_ or name)[-1].split(".")[-1].split("]")[-1]
        for name, column in contract.landed.items()
        if column.in_record and column.sql_type.kind == "string"
    }
    if not texts:
        return _LONG
    listed = f"|{_ANY_FRACTION}" if "" in texts else ""  # a path that ends in an index
    names = "|".join(map(re.escape, sorted(texts)))
    return rf'{_LONG}|{_ESCAPED_NAME}|"({names})"\s*:\s*-?[0-9]+([.]|[eE]){listed}'


def rewrite(body: str, path: RecordsPath, contract: Contract) -> str | None:
    """The page with exact numbers as texts, or None when it is not JSON at all."""
    try:
        document = json.loads(
            body, parse_float=_Number, parse_constant=_Number, object_pairs_hook=_members, strict=False
        )
    except (ValueError, RecursionError):
        return None
    for record in records_at(document, path):
        _localise(record, contract)
    # Lone surrogates cannot be written as UTF-8: they become U+FFFD, which the contract's encoding check finds.
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object with all that was given for it: a member given twice must still be seen by who reads the page next."""
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    found = {}
    for name, value in pairs:
        found[_Again(name) if name in found else name] = value
    return found


def records_at(document: Any, path: RecordsPath) -> list[Any]:
    """The records of a parsed page; one that is not where the path leads is None."""
    found = document
    for name in path.members or ():
        found = found.get(name) if isinstance(found, dict) else None
    records = found if isinstance(found, list) else [found]
    for name in path.inside:
        records = [record.get(name) if isinstance(record, dict) else None for record in records]
    return records


def _localise(record: Any, contract: Contract) -> None:
    """A number in a column of numbers is written as its column's locale writes it, so that it reads as the same number.

    A zero behind three decimals tells that they are no thousands where they might be taken for such.
    """
    columns = {name: column for name, column in contract.landed.items() if column.sql_type.numeric}
    for name, column in columns.items():
        holder, key = _place(record, name, column)
        if holder is not None and isinstance(holder[key], _Number):
            number = _written_out(holder[key])
            doubtful = column.may_be_thousands and _THREE_DECIMALS.search(number)
            number = f"{number}0" if doubtful else number
            holder[key] = number.replace(".", ",") if column.locale == "id" else number


def _written_out(number: str) -> str:
    """Digits without an exponent, where no noughts stand for digits that a spreadsheet or a double has lost."""
    if "e" not in number.lower():
        return number
    value = Decimal(number)
    return f"{value:f}" if value.is_finite() and -_SMALLEST <= value.adjusted() < _SURE_DIGITS else number


def _place(record: Any, name: str, column: Column) -> tuple[Any, Any]:
    """The object or list that holds a column's value, and its name or number there; (None, None) where it is not."""
    if column.position is not None:
        steps: list[str | int] = [column.position]
    else:
        first, *rest = path_steps(column.from_ or name)
        steps = [first, *steps_behind("".join(rest))]
    for step in steps[:-1]:
        record = record[step] if _has(record, step) else None
    return (record, steps[-1]) if _has(record, steps[-1]) else (None, None)


def _has(holder: Any, step: str | int) -> bool:
    if isinstance(step, int):
        return isinstance(holder, list) and step < len(holder)
    return isinstance(holder, dict) and step in holder
