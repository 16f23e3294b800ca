"""dbt's view of the contracts: the source ``landing`` with its tests, and a first staging model of a new source.

The tests belong to the source, and an evaluation builds models: they run in the test suite and by
``dbt test --select source:landing``, not in every evaluation, where landing itself has held the same rules already.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from connectors.authoring.contracts.phrases import rules_of
from connectors.source.columns import Column
from connectors.source.source import Source
from definitions.words import said

MADE = "Made from the contract by 'run contracts write'"
OWN = "Without this line the file is yours, and never written again."
_LANDING = (
    "Rows of accepted batches, one view per source: the columns of the source's contract and where each row came from "
    "(_batch, _page, _row, _coverage, _synthetic), how settled its period is (_maturity), and the names of the "
    "contract's rules and ratios it breaks though it landed (_flags)."
)
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
