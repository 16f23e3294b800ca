"""The outline of an answer: everything but its records, which DuckDB reads later.

To turn the page Python needs the totals, the links and the number of records. Building an object of every value of
every record for that costs more than fetching them.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import getitem
from typing import Any

import msgspec

from connectors.http.verdict import BOM, may_be_json, parse_json
from connectors.protocols.json_path import EACH, steps

Parse = Callable[[bytes, Mapping[str, str]], Any]

# Below this many bytes of records an answer is read as a whole: there is nothing to win.
_WORTHWHILE = 512
_TELLING = 128


class _Record(msgspec.Struct):
    """Any JSON object: its members are proved to be JSON, and passed over."""


def outliner(records: str, others: Sequence[str]) -> Parse:
    """A parser of answers whose records stand at path ``records``: all but the first and last become empty objects.

    ``others`` are the paths that will be looked at besides. Where one of them leads into the records, and for every
    answer of another form, it is ``parse_json`` as ever.
    """
    names = steps(records)
    inside = (f"{records}.", f"{records}[")
    if any(name is EACH for name in names) or any(path.startswith(inside) for path in others if names):
        return parse_json

    def parse(body: bytes, headers: Mapping[str, str]) -> Any:
        text = body.removeprefix(BOM)
        if not may_be_json(headers) or not _is_utf8(text):
            return parse_json(body, headers)
        try:
            raw = _at(text, names)
            rows = _outline(raw)
        except (msgspec.DecodeError, KeyError, RecursionError, ValueError):
            # Not JSON, or another form of it: parse_json finds the words for it.
            return parse_json(body, headers)
        if not names:
            return rows
        # Everything but the records is read as ever, so that a member given twice is still seen. Where they stand is
        # told by their beginning: looking for the whole of them costs more than reading them.
        start = text.find(raw[:_TELLING])
        if len(raw) < _WORTHWHILE or text.find(raw[:_TELLING], start + 1) >= 0:
            return parse_json(body, headers)
        data = parse_json(text[:start] + b"null" + text[start + len(raw) :], headers)
        reduce(getitem, names[:-1], data)[names[-1]] = rows
        return data

    return parse


def _at(text: bytes, names: Sequence[str]) -> bytes:
    for name in names:
        text = bytes(msgspec.json.decode(text, type=dict[str, msgspec.Raw])[name])
    return text


def _outline(array: bytes) -> list[Any]:
    found: list[Any] = [{}] * len(msgspec.json.decode(array, type=list[_Record]))
    if found:  # the books of a listing know a page that comes again by its first and last record
        raws = msgspec.json.decode(array, type=list[msgspec.Raw])
        found[0], found[-1] = (json.loads(bytes(raws[at]), parse_constant=_refuse) for at in (0, -1))
    return found


def _is_utf8(text: bytes) -> bool:
    """msgspec passes over text without looking at its bytes."""
    try:
        return text.isascii() or bool(text.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _refuse(name: str) -> float:
    raise ValueError(name)
