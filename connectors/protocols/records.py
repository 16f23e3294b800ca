"""Records out of answers that are no plain JSON, without changing a digit."""

import json
import re
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring as _quoted
from typing import Any

from connectors.http.verdict import BOM, DoubledObject, as_object
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
    return _SURROGATE.sub("\ufffd", _text(records)).encode("utf-8")


def parse_exact(body: bytes, request: str = "") -> Any:
    """A JSON body that was already proved readable, with fractions as Digits.

    Raises SourceError (damaged) when an object gives a member twice: what is written anew could hold one of them only.
    """

    def single(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = as_object(pairs)
        if isinstance(found, DoubledObject):
            raise SourceError("damaged", "a record gives a field twice", where=request)
        return found

    return json.loads(body.removeprefix(BOM), parse_float=Digits, object_pairs_hook=single)


def count_rows(found: Any, path: str, request: str) -> int:
    """How many records stand at a path: a list of objects or of arrays, or one object.

    Nothing (null, an empty string, an empty object) counts 0. Raises SourceError (damaged) for anything else, and for
    an object that holds records by numbers: it is a list that was spoilt.
    """
    if found is None or found in ("", {}, []):
        return 0
    if isinstance(found, dict):
        if _is_numbered(found):
            raise SourceError(
                "damaged",
                f"an object with {len(found)} numbered members stands at {path}, where a list is due",
                where=request,
                do="PHP makes one of a list that it filtered: have the agency send array_values() of it, a list",
            )
        return 1
    if isinstance(found, list):
        kinds = {type(row) for row in found}
        if all(issubclass(kind, dict) for kind in kinds) or kinds == {list}:
            return len(found)
    raise SourceError(
        "damaged",
        f"there are no records at {path}: {_describe(found)}",
        where=request,
        do="Compare the source's `records` with what its system answers now",
    )


def _is_numbered(found: Mapping[str, Any]) -> bool:
    return all(name.isascii() and name.isdigit() and isinstance(row, dict | list) for name, row in found.items())


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


def _text(value: Any) -> str:
    if isinstance(value, Digits):
        return str(value)
    if isinstance(value, str):
        return _quoted(value)
    if value is None or isinstance(value, bool | int):
        return json.dumps(value)
    if isinstance(value, Mapping):
        return "{" + ",".join([f"{_quoted(name)}:{_text(member)}" for name, member in value.items()]) + "}"
    if isinstance(value, Sequence):
        return "[" + ",".join([_text(element) for element in value]) + "]"
    raise TypeError(f"{type(value).__name__} is not exact in JSON")
