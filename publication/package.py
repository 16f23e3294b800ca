"""``datapackage.json``: the tables described for machines and people (Frictionless Data Package)."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from publication.json_text import to_json
from publication.meta import PublicationMeta
from publication.tables import Table

NO_LICENCE = (
    "Lisensi data belum ditetapkan oleh walidata. Angka yang diterbitkan pihak lain (BPS, KLH, kementerian) mengikuti "
    "ketentuan penerbitnya. / The data steward has not set a licence yet; figures published by others keep their terms."
)
TITLES = {
    "question_scores": "Score per question of the instrument",
    "pillar_scores": "Score per pillar: the mean of its scored questions",
    "dimension_scores": "Value and weight per dimension, reported by assessors and computed",
    "index_scores": "Smart-city index per region and rule set",
    "findings": "What sources state and what does not follow from it, or could not be used",
}
KEYS = {
    "question_scores": ("region_system", "region_code", "rule_set_id", "question_key"),
    "pillar_scores": ("region_system", "region_code", "pillar"),
    "dimension_scores": ("region_system", "region_code", "rule_set_id", "dimension", "basis"),
    "index_scores": ("region_system", "region_code", "rule_set_id", "basis"),
}
MART_KEY = ("region_system", "region_code", "period", "indicator_id")
FIELDS = {
    "region_system": "The code system of region_code; kemendagri is the Ministry of Home Affairs'",
    "region_code": "The region's code, written 64.02; never to be compared with BPS codes",
    "region_name": "The region's name",
    "pillar": "One of the six pillars",
    "period": "What the value is about: a year (2024) or a month (2024-08)",
    "indicator_id": "See the table indicators",
    "numerator": "What the value was computed from, in the unit that the indicator's definition names",
    "denominator": "What the value was computed from, in the unit that the indicator's definition names",
    "value": "In the unit of the column unit; empty unless the state is measured",
    "unit": "The unit of value",
    "state": "measured, missing, not_applicable or suppressed: empty is not zero",
    "definition": "What the indicator counts, among what",
    "source_id": "The source that delivered it",
    "batch_ids": "The batches it rests on; see meta.batches and meta.evidence in the DuckDB file",
    "synthetic": "True when simulated records stand behind it",
    "published_value": "The same figure as its authority published it",
    "published_by": "Who published it",
    "evaluation_id": "The evaluation that made this version of the pillar",
    "promoted_at": "When this version passed its gate",
    "held_since": "Since when newer data of the pillar did not pass its gate; empty when it is current",
    "held_reason": "Why newer data did not pass",
    "rule_set_id": "Weights and rounding in force; see rule_sets and rule_set_methods",
    "score": "On the instrument's scale from 0 to 4",
    "questions_scored": "Questions that have a score",
    "questions_total": "Questions the instrument asks",
    "rubric_status": "assumed unless the bands were officially published",
    "relation": "direct when the indicator is what the question asks, proxy when it stands in for it",
    "basis": "reported: as the assessors gave it; computed: from indicators, under the rubric",
    "weight": "The dimension's share of the index, from 0 to 1",
    "index_value": "On the instrument's scale from 0 to 4",
}


def write_package(
    folder: Path, connection: duckdb.DuckDBPyConnection, tables: tuple[Table, ...], meta: PublicationMeta
) -> None:
    """Describe every Parquet and CSV file of the publication."""
    columns = _columns(connection)
    sources = sorted({(batch.source, batch.opd, batch.system) for batch in meta.sources})
    document: dict[str, Any] = {
        "profile": "data-package",
        "name": f"pilar-{meta.publication_id.lower()}",
        "id": meta.publication_id,
        "title": "Pilar: evaluasi kota cerdas / smart-city evaluation",
        "description": "Indicators, scores and index per region, with their evidence.",
        "version": meta.publication_id,
        "created": meta.created_at,
        "licence_note": meta.data_licence or NO_LICENCE,
        "sources": [
            {"title": " - ".join(part for part in (opd, source, system) if part)} for source, opd, system in sources
        ],
        "resources": [
            _resource(columns[table.schema, table.name], table, kind) for table in tables for kind in ("parquet", "csv")
        ],
    }
    (folder / "datapackage.json").write_text(to_json(document), encoding="utf-8")


def _columns(connection: duckdb.DuckDBPyConnection) -> Mapping[tuple[str, str], Sequence[tuple[str, str]]]:
    """Name and type of each column of the attached ``publication``, by schema and table."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    rows = connection.execute(
        "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = 'publication' ORDER BY schema_name, table_name, column_index"
    ).fetchall()
    for schema, table, name, data_type in rows:
        found.setdefault((schema, table), []).append((name, data_type))
    return found


def _resource(columns: Sequence[tuple[str, str]], table: Table, kind: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"fields": [_field(name, data_type) for name, data_type in columns]}
    key = MART_KEY if table.schema == "pillars" else KEYS.get(table.name)
    if key:
        schema["primaryKey"] = list(key)
    resource = {
        "name": f"{table.name.replace('_', '-')}-{kind}",
        "title": TITLES.get(table.name, table.name.replace("_", " ")),
        "path": f"{kind}/{table.name}.{kind}",
        "format": kind,
        "schema": schema,
    }
    if kind == "csv":
        note = (
            "Text that a spreadsheet would run as a formula has a leading apostrophe here; the Parquet file has none."
        )
        return {
            **resource,
            "profile": "tabular-data-resource",
            "encoding": "utf-8",
            "mediatype": "text/csv",
            "note": note,
        }
    return {**resource, "profile": "data-resource", "mediatype": "application/vnd.apache.parquet"}


def _field(name: str, data_type: str) -> dict[str, Any]:
    field = {"name": name, "type": field_type(data_type)}
    return {**field, "description": FIELDS[name]} if name in FIELDS else field


def field_type(data_type: str) -> str:
    """The Table Schema type of a DuckDB type."""
    base = re.sub(r"\(.*\)", "", data_type).upper()
    if data_type.endswith("[]"):
        return "array"
    kinds = {"DECIMAL": "number", "DOUBLE": "number", "FLOAT": "number", "BOOLEAN": "boolean", "DATE": "date"}
    if base.startswith("TIMESTAMP"):
        return "datetime"
    if base in {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UINTEGER", "UBIGINT"}:
        return "integer"
    return kinds.get(base, "string")
