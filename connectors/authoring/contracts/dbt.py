"""dbt's view of contracts and records: the sources ``landing`` and ``records`` with their tests.

The tests belong to the sources, and an evaluation builds models: they run in the test suite and by
``dbt test --select source:landing``, not in every evaluation, where landing itself has held the same rules already.
And a first staging model of a new source that provides no record.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from connectors.authoring.contracts.phrases import rules_of
from connectors.source.columns import Column
from connectors.source.source import Source
from definitions.records import SET_ASIDE, Record, RecordColumn
from definitions.words import said

MADE = "Made from the contract by 'run contracts write'"
OWN = "Without this line the file is yours, and never written again."
_LANDING = (
    "Rows of accepted batches, one view per source: the columns of the source's contract and where each row came from "
    "(_batch, _page, _row, _coverage, _synthetic), how settled its period is (_maturity), and the names of the "
    "contract's rules and ratios it breaks though it landed (_flags)."
)
_RECORDS = (
    "Canonical records, one view per record over all sources that provide it: the record's columns, where a row came "
    "from (_source, _batch, _page, _row, _coverage, _flags, _synthetic), and how settled its period is (_maturity)."
)
_ASIDE = "Rows that do not count, with the reason in _because: another source gives the same key."
_LINEAGE: Mapping[str, str] = {
    "coverage": "What the batch covers, as the source was asked for it.",
    "batch_id": "The accepted batch the row came in.",
    "page_no": "The page of the batch, counted from its first response.",
    "row_no": "The row's number in the batch, counted from 0 over all received rows.",
    "is_synthetic": "Whether the system behind the batch is a simulated one.",
}


def landing_sources(sources: Sequence[Source]) -> str:
    """``landing.yml``: every source's table, columns, types and tests."""
    tables = [_table(source) for source in sources]
    landing = {"name": "landing", "description": _LANDING, "database": "warehouse", "schema": "landing"}
    return f"# {MADE}; do not edit.\n{_yaml({'sources': [landing | {'tables': tables}]})}"


def record_sources(records: Sequence[Record]) -> str:
    """``records.yml``: every record's view, columns, types and tests."""
    tables = [table for record in records for table in _record(record)]
    source = {"name": "records", "description": _RECORDS, "database": "warehouse", "schema": "records"}
    return f"# {MADE}; do not edit.\n{_yaml({'sources': [source | {'tables': tables}]})}"


def staging_model(source: Source) -> str:
    """A first ``stg_<id>.sql``: the columns that are for use, and where each row came from."""
    columns = "".join(f"    landed.{name},\n" for name in _used(source))
    return (
        f"-- {MADE}. {OWN}\nselect\n{columns}    {{{{ lineage_columns() }}}}\n"
        f'from {{{{ source("landing", "{source.id}") }}}} as landed\n'
    )


def staging_properties(source: Source) -> str:
    """``stg_<id>.yml``: what the columns of the first staging model mean."""
    columns = [{"name": name, "description": _meaning(name, column)} for name, column in _used(source).items()]
    columns += [{"name": name, "description": meaning} for name, meaning in _LINEAGE.items()]
    model = {"name": f"stg_{source.id}", "description": f"{source.title}.", "columns": columns}
    return f"# {MADE}. {OWN}\n{_yaml({'models': [model]})}"


def _record(record: Record) -> Iterator[dict[str, Any]]:
    """A record's view, tested for its key; the proof of the mappings holds codes and required columns already."""
    title = said(record.title, "en")
    yield {
        "name": record.id,
        "description": f"{title}: {said(record.grain, 'en')}.",
        "data_tests": [{"unique_combination": {"arguments": {"columns": list(record.key)}}}],
        "columns": [_record_column(name, column) for name, column in record.shown.items()],
    }
    yield {"name": f"{record.id}{SET_ASIDE}", "description": f"{title}. {_ASIDE}"}


def _record_column(name: str, column: RecordColumn) -> dict[str, Any]:
    meaning = said(column.description, "en") or name
    if column.unit:
        meaning += f", in {column.unit}"
    if column.codes:
        meaning += f": {', '.join(column.codes)}"
    return {"name": name, "description": meaning, "data_type": column.sql}


def _table(source: Source) -> dict[str, Any]:
    contract = source.contract
    unique = {"unique_combination": {"arguments": {"columns": [*contract.key, "_coverage"]}}}
    return {
        "name": source.id,
        "description": f"{source.title} ({source.system}).",
        "data_tests": [unique],
        "columns": [_column(name, column, name in contract.key) for name, column in contract.landed.items()],
    }


def _column(name: str, column: Column, in_key: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "description": _meaning(name, column), "data_type": column.sql_type.sql}
    tests: list[Any] = ["not_null"] if column.required or in_key else []
    if column.values is not None and not column.pseudonym:
        tests.append({"accepted_values": {"arguments": {"values": list(column.values)}}})
    return found | ({"data_tests": tests} if tests else {})


def _meaning(name: str, column: Column) -> str:
    text = said(column.description, "en") or name
    parts = [f"{text}, in {column.unit}" if column.unit else text]
    if column.pseudonym:
        parts.append("keyed pseudonym")
    parts += [
        rule for rule in rules_of(column, "en") if rule.startswith(("at least", "at most")) and "decimals" not in rule
    ]
    return "; ".join(parts)


def _used(source: Source) -> dict[str, Column]:
    return {name: column for name, column in source.contract.landed.items() if column.unused is None}


def _yaml(document: Any) -> str:
    text: str = yaml.dump(document, Dumper=_Indented, sort_keys=False, allow_unicode=True, width=100)
    return text


class _Indented(yaml.SafeDumper):
    """Lists indented below their key, as the project's YAML is written."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)
