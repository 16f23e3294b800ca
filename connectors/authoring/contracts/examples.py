"""An example row as an agency would send it, without any person in it: values made from the contract alone."""

import re
from collections.abc import Mapping

from connectors.authoring.contracts.phrases import EXAMPLE_MOMENT
from connectors.landing.fields import field_of
from connectors.source.columns import Column
from connectors.source.for_each import expanded
from connectors.source.months import written
from connectors.source.source import Source
from ledger.regions import known

HIDDEN = "..."
# Whose code stands in an example: Kabupaten Kutai Kartanegara.
REGION = "64.02"


def example_row(source: Source) -> dict[str, str | bool]:
    """Field -> value, for every field that is read from the record. Values of persons are ``...``."""
    context = next(iter(expanded(source.for_each, known((REGION,)))), {})
    row: dict[str, str | bool] = {}
    for name, column in source.contract.columns.items():
        field = field_of(name, column)
        # The number of a row is handed over by whoever reads the sheet; nobody sends it.
        if field is not None and not column.dropped and field != source.args.get("row_as"):
            row[field] = HIDDEN if column.pseudonym else example(column, context)
    return row | _answered(source)


def _answered(source: Source) -> dict[str, str | bool]:
    """The first question of a workbook that asks an agency, with its first option."""
    sheet = source.contract.answers
    if sheet is None:
        return {}
    one = sheet.questions[0]
    said = (one.instrument, one.key, one.fingerprint, one.choices[0].text if one.choices else one.low)
    columns = source.contract.columns
    return {str(field_of(name, columns[name])): text for name, text in zip(sheet.columns, said, strict=True)}


def example(column: Column, context: Mapping[str, str]) -> str | bool:
    """A value that the column takes; ``...`` where its pattern is beyond us."""
    if column.context is not None and column.context in context:
        return context[column.context]
    if column.values is not None:
        return column.values[0]
    return _of_kind(column)


def _of_kind(column: Column) -> str | bool:
    kind = column.sql_type
    if kind.kind == "boolean":
        return True
    if kind.kind == "date":
        return _moment(column, "%Y-%m-%d")
    if kind.kind == "timestamp":
        return _moment(column, "%Y-%m-%dT%H:%M:%S+07:00")
    return _number(column) if kind.numeric else _text(column)


def _moment(column: Column, form: str) -> str:
    return written(EXAMPLE_MOMENT, column.formats[0] if column.formats else form, in_indonesian=column.locale == "id")


def _number(column: Column) -> str:
    whole = "12"
    if column.min is not None:
        whole = str(int(float(column.min)) + (1 if column.sql_type.scale else 0))
    if column.max is not None and float(whole) >= float(column.max):
        whole = str(int(float(column.max)) - 1)
    if not column.sql_type.scale:
        return whole
    return f"{whole}{',' if column.locale == 'id' else '.'}{'5'.ljust(column.sql_type.scale, '0')[:2]}"


def _text(column: Column) -> str:
    if column.pattern is None:
        return "contoh"
    found = re.sub(r"\[[0-9]-9\]", r"\\d", column.pattern.strip("^$"))
    found = re.sub(r"\\d\{(\d+)\}", lambda match: "1234567890123456"[: int(match[1])], found)
    found = re.sub(r"\[(\d)\d*\]", r"\1", found).replace("(\\.\\d+)*", ".1").replace(r"\d", "4").replace(r"\.", ".")
    found = re.sub(r"\(([^|()]*)\|[^()]*\)", r"\1", found)
    found = found + "Contoh" if found.endswith(" ") else found
    return found if re.search(column.pattern, found) else HIDDEN
