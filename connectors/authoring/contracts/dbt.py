"""dbt's view of the records: the source ``records``, with the description and the test of each view.

The tests belong to the source, and an evaluation builds models: they run in the test suite and by
``dbt test --select source:records``, not in every evaluation. The views themselves are the platform's
(`pilar/evaluation/record_views.py`).
"""

from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from definitions.records import SET_ASIDE, Record, RecordColumn
from definitions.words import said

MADE = "Made from definitions/records by 'run contracts write'"
_RECORDS = (
    "Canonical records, one view per record over all sources that provide it: the record's columns, where a row came "
    "from (_source, _batch, _page, _row, _coverage, _flags, _synthetic), and how settled its period is (_maturity)."
)
_ASIDE = (
    "Rows that do not count, with the reason in _because: another source gives the same key, or their own gives it "
    "twice, or their region is none of the installation's."
)


def record_sources(records: Sequence[Record]) -> str:
    """``records.yml``: every record's view, columns, types and tests."""
    tables = [table for record in records for table in _record(record)]
    source = {"name": "records", "description": _RECORDS, "database": "warehouse", "schema": "records"}
    return f"# {MADE}; do not edit.\n{_yaml({'sources': [source | {'tables': tables}]})}"


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


def _yaml(document: Any) -> str:
    text: str = yaml.dump(document, Dumper=_Indented, sort_keys=False, allow_unicode=True, width=100)
    return text


class _Indented(yaml.SafeDumper):
    """Lists indented below their key, as the project's YAML is written."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)
