"""Records out of answers that are no plain JSON, without changing a digit."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.http.verdict import BOM
from ledger.errors import SourceError

NOTHING = b"[]"

_SURROGATE = re.compile("[\ud800-\udfff]")


class Digits(str):
    """A number as its digits stand in the source; written back without quotes and without passing through a float."""

    __slots__ = ()


def dump_records(records: Sequence[Any]) -> bytes:
    """Records as JSON text. Values are strings, integers, Digits, booleans, None, lists and objects.

    Floats are refused (TypeError), because they are not exact.
    A lone surrogate, which UTF-8 cannot hold, becomes the replacement character.
    """
    return _SURROGATE.sub("\ufffd", "".join(_pieces(records))).encode("utf-8")


def parse_exact(body: bytes) -> Any:
    """A JSON body that was already proved readable, with fractions as Digits."""
    return json.loads(body.removeprefix(BOM), parse_float=Digits)


def count_rows(found: Any, path: str, request: str) -> int:
    """How many records stand at a path: a list of objects or of arrays, or one object.

    Nothing (null, an empty string, an empty object) counts 0. Raises SourceError (damaged) for anything else.
    """
    if found is None or found in ("", {}, []):
        return 0
    if isinstance(found, dict):
        return 1
    if isinstance(found, list):
        kinds = {type(row) for row in found}
        if kinds in ({dict}, {list}):
            return len(found)
    raise SourceError(
        "damaged",
        f"there are no records at {path}: {_describe(found)}",
        where=request,
        do="Compare the source's `records` with what its system answers now",
    )


def as_count(value: Any, what: str, request: str) -> int | None:
    """A count that a source announces, as a number or as digits in text; None where it announces none.

    Raises SourceError (damaged) for anything else.
    """
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 16:
        return int(value)
    raise SourceError("damaged", f"{what} is not a count: {_describe(value)}", where=request)


def _describe(value: Any) -> str:
    if isinstance(value, list):
        return f"a list of {', '.join(sorted({type(row).__name__ for row in value}))}"
    return f"a value of type {type(value).__name__}"


def _pieces(value: Any) -> Iterator[str]:
    if isinstance(value, Digits):
        yield str(value)
    elif value is None or isinstance(value, str | bool | int):
        yield json.dumps(value, ensure_ascii=False)
    elif isinstance(value, Mapping):
        yield "{"
        for place, (name, member) in enumerate(value.items()):
            yield f"{',' if place else ''}{json.dumps(str(name), ensure_ascii=False)}:"
            yield from _pieces(member)
        yield "}"
    elif isinstance(value, Sequence):
        yield "["
        for place, element in enumerate(value):
            yield "," if place else ""
            yield from _pieces(element)
        yield "]"
    else:
        raise TypeError(f"{type(value).__name__} is not exact in JSON")
