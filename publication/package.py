"""``datapackage.json``: the tables described for machines and people (Frictionless Data Package)."""

import re
from collections.abc import Mapping
from typing import Any

from ledger.project import Column
from publication.formats.base import Draft
from publication.json_text import to_json
from publication.tables import Table

FILE = "datapackage.json"
NO_LICENCE = (
    "Lisensi data belum ditetapkan oleh walidata. Angka yang diterbitkan pihak lain (BPS, KLH, kementerian) mengikuti "
    "ketentuan penerbitnya. / The data steward has not set a licence yet; figures published by others keep their terms."
)


def write_package(draft: Draft) -> None:
    """Describe every file of a table, in the words of the table's own description."""
    meta = draft.content.meta
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
            _resource(table, form.resource(table))
            for table in draft.tables
            for form in draft.formats
            if form.resource is not None
        ],
    }
    (draft.folder / FILE).write_text(to_json(document), encoding="utf-8")


def _resource(table: Table, file: Mapping[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = {"fields": [_field(column) for column in table.columns]}
    if table.described.key:
        schema["primaryKey"] = list(table.described.key)
    return {
        "name": f"{table.name.replace('_', '-')}-{file['format']}",
        "title": table.described.title or table.name.replace("_", " "),
        "description": table.described.description,
        "schema": schema,
        **file,
    }


def _field(column: Column) -> dict[str, Any]:
    return {"name": column.name, "type": field_type(column.type), "description": column.description}


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
