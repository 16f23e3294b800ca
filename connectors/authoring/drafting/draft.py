"""The text of a first source file. What only a person knows stands there as TODO, which ``sources check`` refuses.

Thresholds: a floor 20 % below what was seen, a ceiling at twice, nothing asserted at exactly all of the rows.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import yaml

from connectors.authoring.drafting.asked import Asked
from connectors.authoring.drafting.columns import Found, columns_of, key_of, nested_of
from connectors.landing.sample import Sample
from connectors.source.guess import form
from definitions.words import NAME
from ledger.errors import ConfigError

TODO = "TODO"
_FLOOR, _CEILING = 0.8, 2
_PERIODS: Sequence[tuple[str, str, str]] = (
    ("semester", r"(^|_)semester(_id)?$", r"\d{4}[12]"),
    ("month", r"(^|_)(bulan|periode|month)(_|$)", r"\d{4}-\d{2}"),
    ("year", r"(^|_)(tahun|year)(_|$)", r"\d{4}"),
)


@dataclass(frozen=True)
class Draft:
    """A source file's text, and what was recognised, for the terminal."""

    text: str
    columns: tuple[Found, ...]
    key: tuple[str, ...]

    @property
    def open_points(self) -> int:
        """How many lines wait for a person."""
        return sum(TODO in line for line in self.text.splitlines())


def draft(opd: str, source_id: str, asked: Asked, today: date) -> Draft:
    """A first source file. Raises ConfigError when a name is none, or there is nothing to draft from."""
    for what, name in (("opd", opd), ("id", source_id)):
        if not re.fullmatch(NAME, name):
            raise ConfigError(
                f"{name[:60]!r} is no {what}", where=what, do="Use small letters, digits and _, like dlh_sipsn"
            )
    if not asked.rows:
        raise ConfigError("the sample has no records", where=asked.protocol, do="Ask for a period that has data")
    columns = columns_of(asked.sample, asked.rows)
    contexts = _context_columns(asked, columns)
    key = key_of(asked.sample, columns, asked.requests, asked.rows)
    lines = [
        f"id: {source_id}",
        "title: TODO what it is, in the agency's words",
        "system: TODO name of the agency's system",
        f"protocol: {asked.protocol}",
        *_connection(asked),
        *_block("args", dict(asked.args)),
        *_odd_rows(asked),
        *_block("for_each", [dict(context) for context in asked.contexts]),
        f"coverage: {_flow(_coverage(asked, columns))}",
        "contract:",
        *_key(key, columns),
        "  columns:",
        *(f"    {line}" for line in contexts),
        *(f"    {_column(column, column.name in key)}" for column in columns if column.name not in asked.names),
        *_ignored(asked.sample),
        "provides: []  # TODO which record of definitions/records is a row? Without one no figure comes of it",
        *_assertions(asked, today),
        "freshness: {due: TODO when new data is due, warn: 7d, fail: 30d}",
        "events: {fallback: 0 2 * * *}",
        "caveats:",
        "  - id: TODO apa yang perlu diketahui pembaca angka ini",
        "    en: TODO what a reader of the number must know",
        "runbook: TODO what to do when it breaks, and whom to ask at the agency",
    ]
    return Draft("\n".join([*lines, ""]), columns, key)


def _odd_rows(asked: Asked) -> Iterator[str]:
    """What a person must know of rows that are no records like the others."""
    count = asked.rows + len(asked.misfits) + len(asked.totals)
    if asked.misfits:
        yield (
            f"# TODO {len(asked.misfits)} of {count} rows do not fit the header ({asked.misfits[0]}): are delimiter, "
            "header_row and footer right? The rows would be refused."
        )
    if asked.args.get("repeated") == "by_left":
        yield "# TODO the header gives one name to several columns; they are named by the one to their left: is it so?"
    if asked.totals:
        words = _flow(sorted({word for _, word in asked.totals}))
        yield (
            f"# TODO record {asked.totals[0][0]} of {count} begins like a total ({words}), and so do "
            f"{len(asked.totals)} in all: say `footer_starts: {words}` where they stand last, or ask for data without."
        )


def _connection(asked: Asked) -> Iterator[str]:
    if asked.connection == TODO:
        yield "connection: todo  # TODO name of the connection (PILAR_CONN_<NAME>)"
    else:
        yield f"connection: {asked.connection}"


def _context_columns(asked: Asked, columns: Sequence[Found]) -> Iterator[str]:
    found = {column.name: column for column in columns}
    for name in asked.names:
        spec: dict[str, Any] = {"type": "integer"} if name == "tahun" else {}
        spec["context"] = name
        if name in found:
            spec["from"] = found[name].field
        if name != "tahun" and (pattern := form(asked.requests[name])) is not None:
            spec["pattern"] = pattern
        yield f"{name}: {_flow(spec | {'description': 'TODO'})}"


def _coverage(asked: Asked, columns: Sequence[Found]) -> Mapping[str, str]:
    """The period in the request or the file's name; else a column of periods; else the whole is one batch."""
    values = {column.name: [value.text for value in asked.sample.of(column.field)] for column in columns if column.full}
    for places in (asked.requests, values):
        for grain, words, shape in _PERIODS:
            for name, seen in places.items():
                if re.search(words, name) and all(re.fullmatch(shape, value) for value in seen):
                    return {"from": name, "grain": grain}
    return {"grain": "all"}


def _key(key: Sequence[str], columns: Sequence[Found]) -> Iterator[str]:
    if key:
        yield f"  key: {_flow(list(key))}  # tells all sampled records apart; TODO is it the agency's own key?"
    else:
        yield f"  key: {_flow([columns[0].name])}  # TODO no few columns tell the sampled records apart: which ones do?"


def _column(column: Found, in_key: bool) -> str:
    spec: dict[str, Any] = {}
    notes: list[str] = []
    # YAML reads some words as no text: yes, null.
    name = _flow([column.name])[1:-1]
    if column.position is not None:
        spec["position"] = column.position
    elif column.field != column.name:
        spec["from"] = column.field
    if column.person:
        spec["personal"] = "pseudonym" if in_key else "drop"
        notes.append(column.person if column.sure else f"TODO {column.person}: drop, pseudonym, or why it may be kept?")
        if in_key:
            spec |= {"kind": column.kind} if column.kind else {"pattern": column.guess.pattern or f"^{TODO}$"}
            spec["required"] = True
        return f"{name}: {_flow(spec)}{_comment(notes)}"
    if column.guess.type != "string":
        spec["type"] = column.guess.type
    spec |= {key: value for key in ("format", "locale", "timezone", "pattern") if (value := getattr(column.guess, key))}
    if column.values and not in_key:
        spec["values"] = list(column.values)
        spec.pop("pattern", None)
        notes.append("TODO is the list of values complete?")
    if in_key:
        spec["required"] = True
    if column.measure and not in_key:
        if not column.negative:
            spec["min"] = 0
        spec["unit"] = TODO
    notes += [f"TODO {column.guess.doubt}"] if column.guess.doubt else []
    return f"{name}: {_flow(spec | {'description': TODO})}{_comment(notes)}"


def _ignored(sample: Sample) -> Iterator[str]:
    if nested := nested_of(sample):
        yield f"  ignore: {_flow(list(nested))}  # TODO lists and objects: does a path into them hold something needed?"


def _assertions(asked: Asked, today: date) -> Iterator[str]:
    floor, ceiling = max(1, int(asked.rows * _FLOOR)), asked.rows * _CEILING
    seen = f"{asked.rows} rows in the sample of {today.isoformat()}"
    yield "assertions:"
    if asked.whole and len(asked.contexts) <= 1:
        yield f"  # {seen}; the floor is 80 % of that, the ceiling twice."
        yield f"  rows: {{min: {floor}, max: {ceiling}}}"
    else:
        yield f"  # {seen}, which is not a whole batch."
        yield "  rows: {min: 1}  # TODO 80 % of what a whole batch has, and twice that as max"
    yield "  quarantine: {max: 5%}"
    yield "  shrink: {max: 20%}"


def _block(name: str, value: Any) -> Iterator[str]:
    if value:
        text = yaml.safe_dump({name: value}, sort_keys=False, allow_unicode=True, width=1000, default_flow_style=None)
        yield from text.rstrip("\n").splitlines()


def _flow(value: Any) -> str:
    text: str = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=100_000, sort_keys=False)
    return text.strip()


def _comment(notes: Sequence[str]) -> str:
    return f"  # {'; '.join(notes)}" if notes else ""
