"""From the parameters of a request to a question that DuckDB is asked: only names of a resource's own columns get in.

- ``column=value`` keeps rows with this value, several of them any. ``column.ne``, ``column.gte``, ``column.lte`` and
  ``column.null`` compare.
- ``select`` chooses columns, ``sort`` orders by them (``-`` from the highest), both separated by commas.
- ``limit`` and ``offset`` page.

Values never become text of a query: they are bound.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from api.access import Scope
from api.problems import needs_key, wrong_parameters
from api.resources import Resource
from ledger.project import Column
from ledger.sql import identifier

MOST_ROWS = 100_000
ROWS_OF_JSON = 1_000
LARGEST_OFFSET = 1_000_000_000
MOST_PARAMETERS = 200
MOST_VALUES = 20
NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,12})?", re.ASCII)
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
COUNT = re.compile(r"[0-9]{1,10}", re.ASCII)
DIMENSIONS = ("regions", "pillars", "opds")

OPERATORS: Mapping[str, str] = {"ne": "<>", "gte": ">=", "lte": "<="}


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison: a column, an operator (empty: equals any of them), and the values."""

    column: Column
    operator: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a resource, by names and values that it has."""

    columns: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()
    sort: tuple[tuple[str, bool], ...] = ()
    limit: int | None = None
    offset: int = 0


@dataclass
class _Reading:
    """What was read of the parameters so far, and what is wrong with them."""

    errors: list[tuple[str, str]] = field(default_factory=list)
    given: dict[str, list[str]] = field(default_factory=dict)

    def take(self, name: str, read: Callable[[str], Any], default: Any) -> Any:
        """A parameter that may stand once."""
        values = self.given.pop(name, [])
        if len(values) > 1:
            self.errors.append((name, "stands more than once"))
        if not values:
            return default
        try:
            return read(values[0])
        except ValueError as error:
            self.errors.append((name, str(error)))
            return default


def parse(query: bytes) -> Mapping[str, list[str]]:
    """Parameters by name. Raises ProblemError where there are too many of them."""
    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise wrong_parameters([("", f"there are more than {MOST_PARAMETERS} parameters")]) from None
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def kind(column: Column) -> str:
    """How a column is compared: as text, number, moment, truth or list."""
    type_ = column.type.lower()
    if type_.endswith("[]"):
        return "list"
    if type_.startswith(("decimal", "integer", "bigint")):
        return "number"
    if type_.startswith(("timestamp", "date")):
        return "moment"
    return "truth" if type_ == "boolean" else "text"


def operators(column: Column) -> tuple[str, ...]:
    """What a column can be compared by beside equality."""
    return {
        "text": ("ne", "null"),
        "list": ("null",),
        "truth": ("null",),
        "moment": ("gte", "lte", "null"),
        "number": ("ne", "gte", "lte", "null"),
    }[kind(column)]


def equals(column: Column) -> bool:
    """Whether a column can be asked for by its value: a moment is asked for by days between which it lies."""
    return kind(column) != "moment"


def question(resource: Resource, given: Mapping[str, list[str]], scope: Scope) -> Question:
    """What is asked. Raises ProblemError: 422 with every parameter that is wrong, 401 where a column needs a key."""
    seen = [column.name for column in resource.columns if scope.details or column.name not in resource.details]
    reading = _Reading(given={name: list(values) for name, values in given.items()})
    columns = reading.take("select", lambda text: _names(text, resource), tuple(seen))
    sort = reading.take("sort", lambda text: _order(text, resource), ())
    limit = reading.take("limit", lambda text: _count(text, 1, MOST_ROWS), None)
    offset = reading.take("offset", lambda text: _count(text, 0, LARGEST_OFFSET), 0)
    conditions = tuple(_conditions(resource, reading))
    if reading.errors:
        raise wrong_parameters(reading.errors)
    asked = {*columns, *(name for name, _ in sort), *(one.column.name for one in conditions)}
    hidden = sorted(asked - set(seen))
    if hidden:
        raise needs_key(f"{', '.join(hidden)}: for holders of a key")
    return Question(columns, conditions, sort, limit, offset)


def _names(text: str, resource: Resource) -> tuple[str, ...]:
    names = tuple(text.split(","))
    unknown = next((name for name in names if resource.column(name) is None), None)
    if unknown is not None:
        raise ValueError("names a column that is not there")
    if len(set(names)) < len(names):
        raise ValueError("names a column twice")
    return names


def _order(text: str, resource: Resource) -> tuple[tuple[str, bool], ...]:
    parts = text.split(",")
    if len(set(parts)) < len(parts):
        raise ValueError("names a column twice")
    for part in parts:
        _names(part.removeprefix("-"), resource)
    return tuple((part.removeprefix("-"), part.startswith("-")) for part in parts)


def _count(text: str, low: int, high: int) -> int:
    if not COUNT.fullmatch(text) or not low <= int(text) <= high:
        raise ValueError(f"is a whole number from {low} to {high}")
    return int(text)


def _conditions(resource: Resource, reading: _Reading) -> Sequence[Condition]:
    found = []
    for name, texts in reading.given.items():
        base, _, operator = name.partition(".")
        column = resource.column(base)
        if column is None:
            reading.errors.append((name[:60], "is no parameter of this address"))
        elif (operator and operator not in operators(column)) or (
            not operator and (name != base or not equals(column))
        ):
            reading.errors.append((name[:60], f"{base} is compared by {', '.join(_ways(column))}"))
        elif len(texts) > (1 if operator else MOST_VALUES):
            reading.errors.append(
                (name, "stands more than once" if operator else f"has more than {MOST_VALUES} values")
            )
        else:
            try:
                found.append(Condition(column, operator, tuple(_value(column, operator, text) for text in texts)))
            except ValueError as error:
                reading.errors.append((name, str(error)))
    return found


def _ways(column: Column) -> Sequence[str]:
    plain = [column.name] if equals(column) else []
    return [*plain, *(f"{column.name}.{operator}" for operator in operators(column))]


def _value(column: Column, operator: str, text: str) -> Any:
    how = "truth" if operator == "null" else kind(column)
    if how == "truth":
        if text not in {"true", "false"}:
            raise ValueError("is true or false")
        return text == "true"
    if how == "number":
        if not NUMBER.fullmatch(text):
            raise ValueError("is a number, with a point before its decimals")
        return Decimal(text)
    return _moment(text) if how == "moment" else text


def _moment(text: str) -> datetime:
    try:
        if DAY.fullmatch(text):
            return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
    except ValueError:
        pass
    raise ValueError("is a day, as 2025-01-31")


# -- the query --------------------------------------------------------------------------------------------------------


def statement(resource: Resource, asked: Question, scope: Scope) -> tuple[str, list[Any]]:
    """The rows that are asked for, without order or page: the text of a query, and the values bound to it."""
    masked, bound = _masked(resource, scope)
    where, values = _where(asked.conditions)
    return f"SELECT * FROM ({masked}) AS seen{where}", [*bound, *values]


def ordered(resource: Resource, asked: Question) -> str:
    """In which order: as asked, and by the key among equals, so that pages neither overlap nor leave out a row."""
    given = [f"{identifier(name)} {'DESC' if down else 'ASC'} NULLS LAST" for name, down in asked.sort]
    return ", ".join([*given, *(identifier(name) for name in resource.key)])


def _masked(resource: Resource, scope: Scope) -> tuple[str, list[Any]]:
    """The relation as this reader sees it: a detail is empty where the key is not for its row."""
    condition, values = _within(resource, scope)
    shown: list[str] = []
    bound: list[Any] = []
    for column in resource.columns:
        name = identifier(column.name)
        if column.name not in resource.details:
            shown.append(name)
        elif scope.details:
            shown.append(f"CASE WHEN {condition} THEN {name} END AS {name}")
            bound += values
    return f"SELECT {', '.join(shown)} FROM {resource.relation} AS rows", bound


def _within(resource: Resource, scope: Scope) -> tuple[str, list[Any]]:
    conditions = ["true"]
    values: list[Any] = []
    for dimension in DIMENSIONS:
        allowed, column = scope.named(dimension), resource.within.get(dimension)
        if allowed is not None and column is not None:
            conditions.append(f"list_contains(?::VARCHAR[], {identifier(column)})")
            values.append(sorted(allowed))
    return " AND ".join(conditions), values


def _where(conditions: Sequence[Condition]) -> tuple[str, list[Any]]:
    parts: list[str] = []
    values: list[Any] = []
    for one in conditions:
        text, bound = _compared(one)
        parts.append(text)
        values += bound
    return (f" WHERE {' AND '.join(parts)}" if parts else ""), values


def _compared(one: Condition) -> tuple[str, Sequence[Any]]:
    name = identifier(one.column.name)
    if one.operator == "null":
        return f"({name} IS NULL) = ?", one.values
    if one.operator:
        return f"{name} {OPERATORS[one.operator]} ?", one.values
    if kind(one.column) == "list":
        return f"list_has_any({name}, ?::VARCHAR[])", [list(one.values)]
    return f"{name} IN ({', '.join('?' * len(one.values))})", one.values
