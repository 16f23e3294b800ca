"""A few records of a pull, as they came: what a difference of form is explained with.

They may hold persons. So they live in memory for as long as the landing does, and nothing of them is ever written.
"""

import contextlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import duckdb

from connectors.landing.exact import records_at
from connectors.landing.fields import position_name
from connectors.landing.pagetable import PAGES, PageFacts, PageTable
from connectors.landing.paths import RecordsPath
from connectors.protocols.blanks import strip
from ledger.sql import literal

PER_PAGE = 60
MOST_PAGES = 8
_LONGEST = 200

ValueKind = Literal["text", "number", "boolean", "nested"]


@dataclass(frozen=True)
class Value:
    """One value as text, and what JSON said it is."""

    text: str
    kind: ValueKind

    @property
    def is_number(self) -> bool:
        """Whether JSON gave a number."""
        return self.kind == "number"


@dataclass
class Sample:
    """Values by field. ``order`` are the fields of the first record, as they stood in it.

    ``records`` counts the records that were looked at, ``named`` those of them that have a field, with a value or none.
    """

    order: tuple[str, ...] = ()
    values: dict[str, list[Value]] = field(default_factory=dict)
    records: int = 0
    named: Counter[str] = field(default_factory=Counter)
    _names: set[str] = field(default_factory=set)
    _pages: int = 0

    def wants(self, fact: PageFacts) -> bool:
        """Whether a page is worth a look: the first one with records, and those that bring a new field."""
        if fact.rows <= 0 or self._pages >= MOST_PAGES:
            return False
        return self._pages == 0 or not fact.names <= self._names

    def take(self, pages: PageTable, fact: PageFacts, path: RecordsPath) -> None:
        """Look at records of one page, evenly spread over it."""
        self._pages += 1
        self._names |= fact.names
        places = sorted({nth * fact.rows // PER_PAGE for nth in range(PER_PAGE)})
        came = pages.unrewritten(fact.seq)
        # In a page that was rewritten numbers are texts, and what JSON said of them would be forgotten.
        self.add(_asked(pages.connection, fact, path, places) if came is None else _picked(came, path, places))

    def add(self, records: Iterable[Any]) -> None:
        """Note the values of records; numbers among them are instances of a text that says so."""
        for record in records:
            named = _named(record)
            self.order = self.order or tuple(named)
            self.records += 1
            self.named.update(named.keys())
            for name, value in named.items():
                seen = _value(value)
                if seen is not None:
                    self.values.setdefault(name, []).append(seen)

    def of(self, name: str) -> Sequence[Value]:
        """The values of a field that are no nested ones."""
        return [value for value in self.values.get(name, ()) if value.kind != "nested"]

    def kind(self, name: str) -> ValueKind | None:
        """What most values of a field are to JSON."""
        counted = Counter(value.kind for value in self.values.get(name, ()))
        return counted.most_common(1)[0][0] if counted else None


class _Number(str):
    """The digits of a JSON number."""

    __slots__ = ()


def records_of(body: bytes) -> Any:
    """A JSON text whose numbers can be told from its texts, digit by digit. Raises ValueError."""
    return json.loads(body, parse_float=_Number, parse_int=_Number)


def _asked(
    connection: duckdb.DuckDBPyConnection, fact: PageFacts, path: RecordsPath, places: Sequence[int]
) -> Iterator[Any]:
    """Records of a page as DuckDB finds them."""
    inside = "".join(f'."{name}"' for name in path.inside)
    paths = ", ".join(literal(f"{path.array}[{place}]{inside}") for place in places)
    query = f"SELECT unnest(json_extract(body, [{paths}]))::VARCHAR FROM {PAGES} WHERE seq = {fact.seq}"
    found = (row[0] for row in connection.execute(query).fetchall())
    return (record for text in found if text is not None for record in _read(text))


def _picked(body: str, path: RecordsPath, places: Sequence[int]) -> Iterator[Any]:
    """Records of a page as it came."""
    for document in _read(body):
        records = records_at(document, path)
        yield from (records[place] for place in places if place < len(records))


def _read(record: str) -> Iterator[Any]:
    """The record, or nothing where it is nested deeper than Python reads: the landing reads it without."""
    with contextlib.suppress(RecursionError):
        yield json.loads(record, parse_float=_Number, parse_int=_Number, strict=False)


def _named(record: Any) -> Mapping[str, Any]:
    if isinstance(record, list):
        return {position_name(place): value for place, value in enumerate(record)}
    return record if isinstance(record, dict) else {}


def _value(value: Any) -> Value | None:
    if value is None or (isinstance(value, str) and not strip(value)):
        return None
    if isinstance(value, bool):
        return Value(str(value).lower(), "boolean")
    if isinstance(value, dict | list):
        return Value("", "nested")
    return Value(str(value)[:_LONGEST], "number" if isinstance(value, _Number) else "text")
