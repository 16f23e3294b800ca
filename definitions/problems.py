"""What is wrong with a source file: where, what, and what to do about it."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with one file."""

    file: Path
    where: str
    what: str
    do: str

    def __str__(self) -> str:
        return f"{self.file}: {self.where}: {self.what}. {self.do}"


_REQUIRED = "is missing"
_DO = {
    "missing": "Add it; docs and the other source files show the form",
    "string_type": "Put it in quotes: unquoted, YAML reads it as a number, a date or a yes/no",
}


def from_validation(
    path: Path, error: ValidationError, model: type[BaseModel], prefix: tuple[str, ...] = ()
) -> tuple[Problem, ...]:
    """Problems of a file that does not fit its model; an unknown key comes with the key that was probably meant."""
    problems: dict[tuple[str, str], Problem] = {}
    for detail in error.errors():
        problem = _problem(path, detail, model, prefix)
        problems.setdefault((problem.where, problem.what), problem)
    return tuple(problems.values())


def did_you_mean(word: str, known: list[str]) -> str:
    """'Did you mean X?', or the list of what is known."""
    close = difflib.get_close_matches(word, known, n=1)
    return f"Did you mean {close[0]!r}?" if close else f"Known are: {', '.join(sorted(known))}"


def likeness(one: str, other: str) -> float:
    """How alike two names are, from 0 to 1; one that begins with the other is alike."""
    ratio = difflib.SequenceMatcher(None, one, other).ratio()
    shorter, longer = sorted((one, other), key=len)
    return max(ratio, 0.8) if len(shorter) > 2 and longer.startswith(shorter) else ratio


def _problem(path: Path, detail: ErrorDetails, model: type[BaseModel], prefix: tuple[str, ...]) -> Problem:
    location = [str(part) for part in detail["loc"] if not _is_branch(part)]
    where = ".".join([*prefix, *location]) or "file"
    kind = detail["type"]
    if kind == "extra_forbidden":
        known = list(_fields_at(model, tuple(detail["loc"][:-1])))
        return Problem(path, where, f"unknown key {location[-1]!r}", did_you_mean(location[-1], known))
    message = _REQUIRED if kind == "missing" else detail["msg"].removeprefix("Value error, ").rstrip(".")
    return Problem(path, where, message, _DO.get(kind, "Correct the value"))


def _is_branch(part: int | str) -> bool:
    """Pydantic names the branch of a union in the location (``literal[...]``, ``Keep``); an author does not know it."""
    return isinstance(part, str) and (part in ("str", "Keep", "Wording", "IncrementalLoad", "Names") or "[" in part)


def _fields_at(model: type[BaseModel], location: tuple[int | str, ...]) -> Iterator[str]:
    current: list[Any] = [model]
    for part in location:
        if not _is_branch(part):
            current = [step for here in current for step in _step(here, part)]
    for here in current:
        if isinstance(here, type) and issubclass(here, BaseModel):
            yield from (field.alias or name for name, field in here.model_fields.items())


def _step(here: Any, part: int | str) -> list[Any]:
    if isinstance(here, _Through):
        return here.members
    if isinstance(here, type) and issubclass(here, BaseModel):
        for name, field in here.model_fields.items():
            if part in (name, field.alias):
                return _flatten(field.annotation)
        return []
    return []


def _flatten(annotation: Any) -> list[Any]:
    """The models an annotation can hold, through unions, tuples and mappings."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    inner = [model for argument in get_args(annotation) for model in _flatten(argument)]
    return [_Through(inner)] if _is_container(annotation) else inner


def _is_container(annotation: Any) -> bool:
    origin = getattr(annotation, "__origin__", None)
    return isinstance(origin, type) and issubclass(origin, tuple | Mapping)


@dataclass(frozen=True)
class _Through:
    """The members of a tuple or mapping: one more step of a location leads to them."""

    members: list[Any]
