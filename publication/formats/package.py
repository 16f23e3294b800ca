"""``datapackage.json``: the tables described for machines and people (Data Package, version 2)."""

import re
from collections.abc import Container
from typing import Any

from ledger.project import Column, in_indonesian
from ledger.project import Table as Described
from publication.formats.base import Draft
from publication.formats.one_file import of_json
from publication.meta import PublicationMeta
from publication.page.words import Text
from publication.tables import Table

FILE = "datapackage.json"
PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
MAIN = "csv"
NO_LICENCE = (
    "Lisensi data belum ditetapkan oleh walidata. Angka yang diterbitkan pihak lain (BPS, KLH, kementerian) mengikuti "
    "ketentuan penerbitnya. / The data steward has not set a licence yet; figures published by others keep their terms."
)
TITLE = "Evaluasi kota cerdas / Smart-city evaluation"
ABOUT = Text(
    "Indikator, nilai, dan indeks setiap daerah beserta buktinya.",
    "Indicators, scores and index of each region, with their evidence.",
)


def _document(draft: Draft) -> dict[str, Any]:
    """Every file of a table described, in the words of the table's own description."""
    meta = draft.content.meta
    return {
        "$schema": PROFILE,
        "name": package_name(meta),
        "id": meta.publication_id,
        "title": TITLE,
        "description": f"{ABOUT.id} / {ABOUT.en}",
        "version": meta.publication_id,
        "created": meta.created_at,
        **licences(meta),
        "sources": source_titles(meta),
        "resources": [_resource(table, draft) for table in draft.tables],
    }


def package_name(meta: PublicationMeta) -> str:
    """The name of a publication where small letters are asked for."""
    return f"pilar-{meta.publication_id.lower()}"


def source_titles(meta: PublicationMeta) -> list[dict[str, str]]:
    """The sources that delivered, with agency and system."""
    sources = sorted({(batch.source, batch.opd, batch.system) for batch in meta.sources})
    return [{"title": " - ".join(part for part in (opd, source, system) if part)} for source, opd, system in sources]


def licences(meta: PublicationMeta) -> dict[str, Any]:
    """The licence that the installation sets: its name, and where it stands. A note where none is set."""
    if meta.licence is None:
        return {"licence_note": NO_LICENCE}
    name, path = meta.licence
    return {"licenses": [{"name": name, **({"path": path} if path else {})}]}


def _resource(table: Table, draft: Draft) -> dict[str, Any]:
    """One table: its CSV file, and the same rows in other formats.

    A package describes a table once. Programs that check one read every cell, and lists in Parquet puzzle them.
    """
    files = {form.name: form.resource(table) for form in draft.formats if form.resource is not None}
    return {
        "name": table.name,
        **words(table.described),
        "schema": table_schema(table) | _foreign_keys(table, {other.name for other in draft.tables}),
        **files[MAIN],
        "same_rows": [file for name, file in files.items() if name != MAIN],
    }


def words(described: Described) -> dict[str, str]:
    """Title and description of a table, in both languages and in Indonesian alone."""
    title = described.title or described.name.replace("_", " ")
    return {
        "title": title,
        "title_id": in_indonesian(title) or title,
        "description": described.description,
        "description_id": in_indonesian(described.description),
    }


def table_schema(table: Table) -> dict[str, Any]:
    """The columns and the key of a table, as Table Schema says them."""
    schema: dict[str, Any] = {"fields": [_field(column) for column in table.columns], "missingValues": [""]}
    if table.described.key:
        schema["primaryKey"] = list(table.described.key)
    return schema


def _foreign_keys(table: Table, known: Container[str]) -> dict[str, Any]:
    keys = [
        {"fields": [column.name], "reference": {"resource": to[0], "fields": [to[1]]}}
        for column in table.columns
        if (to := column.references) is not None and to[0] in known
    ]
    return {"foreignKeys": keys} if keys else {}


def _field(column: Column) -> dict[str, Any]:
    field: dict[str, Any] = {
        "name": column.name,
        "type": field_type(column.type),
        "description": column.description,
        "description_id": in_indonesian(column.description),
    }
    if column.unit:
        field |= {"unit": column.unit, "unit_id": in_indonesian(column.unit)}
    if column.required:
        field["constraints"] = {"required": True}
    return field


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


FORMAT = of_json("package", FILE, _document, Text("uraian tabel dan kolom", "tables and columns described"))
