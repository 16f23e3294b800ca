"""Where in a page's bytes each record stands: exact byte ranges, found when somebody asks."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from json.decoder import scanstring  # type: ignore[attr-defined]  # not in the stubs, and in every CPython

from connectors.protocols.json_path import EACH, steps

_DECODER = json.JSONDecoder(strict=False)
_BLANK = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class Span:
    """One record: bytes ``start`` up to, not including, ``end``; ``location`` says what bytes alone do not (a row)."""

    start: int
    end: int
    location: str = ""


def json_spans(body: bytes, path: str) -> list[Span]:
    """Every record at a path of a JSON body, in order: the elements of the array there, or the single object.

    Raises ValueError where the body is not JSON.
    """
    text = _text(body)
    found = [*_records(text, _skip(text, 1 if text.startswith("\ufeff") else 0), steps(path))]
    return _in_bytes(text, found)


def member_spans(body: bytes, *path: str) -> dict[str, Span]:
    """Every member of the object at a path of members, its name included. Raises ValueError."""
    text = _text(body)
    at = _skip(text, 1 if text.startswith("\ufeff") else 0)
    for name in path:
        at = next(start for key, _, start, _ in _members(text, at) if key == name)
    found = [(key, begin, end) for key, begin, _, end in _members(text, at)]
    spans = _in_bytes(text, [(begin, end) for _, begin, end in found])
    return {key: span for (key, _, _), span in zip(found, spans, strict=True)}


def line_spans(body: bytes) -> list[Span]:
    """Every line that is not blank."""
    lines = body.split(b"\n")
    starts = accumulate((len(line) + 1 for line in lines), initial=0)
    return [
        Span(start, start + len(line), f"line {number}")
        for number, (line, start) in enumerate(zip(lines, starts, strict=False), start=1)
        if line.strip(b" \r\t")
    ]


def _text(body: bytes) -> str:
    # What is no UTF-8 keeps its bytes, so that places can be told in bytes again.
    return body.decode("utf-8", "surrogateescape")


def _records(text: str, at: int, path: Sequence[str]) -> Iterator[tuple[int, int]]:
    if path:
        first, *rest = path
        if first is EACH:
            for start, _ in _elements(text, at):
                yield from _within(text, start, rest)
        else:
            # Of two members of one name the last counts, as it does for whoever parses the page.
            places = [start for key, _, start, _ in _members(text, at) if key == first]
            if places:
                yield from _records(text, places[-1], rest)
    elif text[at] == "[":
        yield from _elements(text, at)
    elif text[at] == "{":
        yield at, _end(text, at)


def _within(text: str, at: int, path: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The record inside an element: the element itself where it has none, for it counts as a row too."""
    place = at
    for name in path:
        found = [start for key, _, start, _ in _members(text, place) if key == name] if text[place] == "{" else []
        place = found[-1] if found else at
    yield place, _end(text, place)


def _members(text: str, at: int) -> Iterator[tuple[str, int, int, int]]:
    """Name, where the name begins, where the value begins and where it ends."""
    if text[at] != "{":
        return
    at = _skip(text, at + 1)
    while text[at] != "}":
        name, after = scanstring(text, at + 1, False)
        start = _skip(text, _skip(text, after) + 1)
        end = _end(text, start)
        yield name, at, start, end
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)


def _elements(text: str, at: int) -> Iterator[tuple[int, int]]:
    if text[at] != "[":
        return
    at = _skip(text, at + 1)
    while text[at] != "]":
        end = _end(text, at)
        yield at, end
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)


def _end(text: str, at: int) -> int:
    return _DECODER.raw_decode(text, at)[1]


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found is not None else at


def _in_bytes(text: str, places: Sequence[tuple[int, int]]) -> list[Span]:
    """From characters to bytes; places come in order and do not overlap."""
    if text.isascii():
        return [Span(start, end) for start, end in places]
    spans, at, size = [], 0, 0
    for start, end in places:
        first = size + _size(text[at:start])
        size = first + _size(text[start:end])
        spans.append(Span(first, size))
        at = end
    return spans


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogateescape"))
