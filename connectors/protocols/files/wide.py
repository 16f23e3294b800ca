"""Wide sheets: identity columns, then the same group of columns once a period. Records are one a row and period."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field, model_validator

from connectors.http.redact import quote
from connectors.http.urls import fill
from connectors.http.words import known_words
from connectors.protocols.base import ProtocolArgs
from connectors.protocols.blanks import seen
from connectors.protocols.files.header import named_columns, same_name
from ledger.errors import SourceError

Cells = Sequence[Any]


class Wide(ProtocolArgs):
    """How a wide sheet is laid out.

    A group's period, its label, stands in row ``label_row`` over the group's first column (merged cells), or in the
    column name before ``separator``: AGUSTUS_UMUR. ``labels`` translates labels; then others are damage. ``only``
    keeps the groups of one period, as in ``only: "{bulan}"``. A record carries its label under ``label_as``.
    A row whose cells of a group are all empty has no record for it: nobody was measured.
    """

    id_columns: list[str] = Field(min_length=1)
    group: list[str] = Field(min_length=1)
    label_row: int | None = Field(default=None, ge=1)
    separator: str | None = Field(default=None, min_length=1)
    labels: dict[str, str] = Field(default_factory=dict)
    only: str | None = None
    label_as: str | None = None

    @model_validator(mode="after")
    def _one_label(self) -> "Wide":
        if self.label_row is not None and self.separator is not None:
            raise ValueError("a label stands in label_row or before separator, not in both")
        if (self.only or self.label_as or self.labels) and self.label_row is None and self.separator is None:
            raise ValueError("without label_row or separator there are no labels to use")
        return self


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet's cells: column names, the row of labels above them (or nothing), the rows below. ``where`` names it."""

    header: Sequence[str]
    labels: Sequence[str]
    rows: Sequence[Cells]
    where: str


def unpivot(wide: Wide, sheet: Sheet, context: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """Long records of a wide sheet. Columns that are neither identity nor group ride along under their own names.

    Raises SourceError (damaged) when an identity column is missing or a group is incomplete.
    """
    groups, alone = _layout(wide, sheet)
    kept = _wanted(wide, groups, context, sheet.where)
    return [
        {**{name: row[at] for name, at in alone.items()}, **record}
        for row in sheet.rows
        for record in _measured(wide, kept, row)
    ]


def _measured(wide: Wide, groups: Mapping[str, Mapping[str, int]], row: Cells) -> Iterator[dict[str, Any]]:
    for label, places in groups.items():
        values: dict[str, Any] = {name: row[at] for name, at in places.items()}
        if all(value is None for value in values.values()):
            continue
        if wide.label_as is not None:
            values[wide.label_as] = label
        yield values


def _layout(wide: Wide, sheet: Sheet) -> tuple[dict[str, dict[str, int]], dict[str, int]]:
    """Places of each label's group columns, and of the columns that stand alone."""
    groups: dict[str, dict[str, int]] = {}
    rest: list[int] = []
    carried, labels, where = "", sheet.labels, sheet.where
    for place, cell in enumerate(sheet.header):
        carried = (seen(labels[place]) if place < len(labels) else "") or carried
        label, name = _group_column(wide, cell, carried, groups)
        label = next((known for known in groups if same_name(known) == same_name(label)), label)
        if name is None:
            rest.append(place)
        elif name in groups.setdefault(label, {}):
            raise _damaged(f"column {name!r} comes twice under {known_words(quote(label, 40))!r}", where)
        else:
            groups[label][name] = place
    for label, places in groups.items():
        missing = [name for name in wide.group if name not in places]
        if missing:
            raise _damaged(f"group {known_words(quote(label, 40))!r} has no column {missing[0]!r}", where)
    if not groups:
        raise _damaged(f"no column is called {wide.group[0]!r}", where)
    return groups, _alone(wide, sheet.header, rest, where)


def _group_column(
    wide: Wide, cell: str, carried: str, groups: Mapping[str, Mapping[str, int]]
) -> tuple[str, str | None]:
    for name in sorted(wide.group, key=len, reverse=True):  # CARA_UKUR before UKUR
        if wide.separator is None and same_name(cell) == same_name(name):
            if wide.label_row is not None:
                return carried, name
            return str(1 + sum(name in places for places in groups.values())), name
        if wide.separator is not None and same_name(cell).endswith(same_name(wide.separator + name)):
            return seen(cell)[: -len(wide.separator + name)], name
    return "", None


def _alone(wide: Wide, header: Sequence[str], rest: Sequence[int], where: str) -> dict[str, int]:
    declared = {same_name(name): name for name in wide.id_columns}
    names = named_columns([header[place] for place in rest], where)
    found = {declared.get(same_name(name), name): place for name, place in zip(names, rest, strict=True)}
    missing = [name for name in wide.id_columns if name not in found]
    if missing:
        raise _damaged(f"there is no column {missing[0]!r}", where)
    return found


def _wanted(
    wide: Wide, groups: Mapping[str, Mapping[str, int]], context: Mapping[str, str], where: str
) -> dict[str, Mapping[str, int]]:
    known = {same_name(label): value for label, value in wide.labels.items()}
    unknown = [label for label in groups if known and same_name(label) not in known]
    if unknown:
        raise _damaged(f"label {known_words(quote(unknown[0], 40))!r} is not one of the source file's", where)
    valued = {known.get(same_name(label), label): places for label, places in groups.items()}
    if wide.only is None:
        return valued
    wanted = fill(wide.only, context)
    if wanted not in valued:
        raise _damaged(f"no group is labelled {known_words(quote(wanted, 40))!r}", where)
    return {wanted: valued[wanted]}


def _damaged(what: str, where: str) -> SourceError:
    return SourceError("damaged", what, where=where, do="Compare `wide` in the source file with the sheet's header")
