"""The JSON Schema of each kind of document. The columns of its rows are those of the described tables."""

from collections.abc import Mapping
from typing import Any

from ledger.project import Column, table
from publication.formats.package import field_type
from publication.tables import shown_columns

DIALECT = "https://json-schema.org/draft/2020-12/schema"
# What Table Schema tells apart, and JSON has as text.
_TEXTS = ("date", "datetime")
_MOMENT = {"type": "string", "format": "date-time"}
_TEXT = {"type": "string"}
_MADE_IN = {
    "type": "object",
    "description": "The publication in which this document was made; its content is the same since.",
    "properties": {"publication_id": _TEXT, "evaluation_id": _TEXT, "created_at": _MOMENT},
    "required": ["publication_id", "evaluation_id", "created_at"],
    "additionalProperties": False,
}
_PLACE = ("region_system", "region_code", "region_id", "region_name")


def schemas() -> Mapping[str, Mapping[str, Any]]:
    """The schema of each kind of document, by its name: ``index``, ``region``, ``explanations``, ``pillar``."""
    about = {"made_in": _MADE_IN, "region": _rows("regions")["items"]}
    return {
        "index": _document(
            "What is published, and where the documents stand",
            publication_id=_TEXT,
            evaluation_id=_TEXT,
            created_at=_MOMENT,
            data_licence={"type": ["string", "null"]},
            regions=_list(_object(_row("regions"), document=_TEXT, explanations=_TEXT, index=_index_rows())),
            pillars=_list(_object(_row("pillars"), document=_TEXT, version={"type": ["object", "null"]})),
            gates=_list({"type": "object"}),
            sources=_list({"type": "object"}),
        ),
        "region": _document(
            "Everything that was found of a region",
            **about,
            explanations=_TEXT,
            index=_rows("index_scores", *_PLACE),
            dimensions=_rows("dimension_scores", *_PLACE),
            pillars=_list(_object(_row("pillar_scores", *_PLACE), indicators=_list({"type": "object"}))),
            questions=_rows("question_scores", *_PLACE),
            instruments=_list({"type": "object"}),
            gaps=_rows("gaps", *_PLACE),
            findings=_rows("findings", *_PLACE, "pillar"),
        ),
        "explanations": _document(
            "Every score of a region explained, down to the pages that its batches brought",
            **about,
            sheets=_list({"type": "object", "required": ["instrument", "year", "role", "nodes", "questions"]}),
            batches={"type": "object", "additionalProperties": {"type": "object"}},
        ),
        "pillar": _document(
            "A pillar: its indicators, which version of it is published, and its score in each region",
            made_in=_MADE_IN,
            pillar=_rows("pillars")["items"],
            version={"type": ["object", "null"]},
            indicators=_rows("indicators"),
            scores=_rows("pillar_scores", "pillar", "batch_ids"),
        ),
    }


def _index_rows() -> Mapping[str, Any]:
    return _rows("index_scores", *_PLACE, "batch_ids")


def _document(title: str, **properties: object) -> Mapping[str, Any]:
    return {"$schema": DIALECT, "title": title, **_closed(properties)}


def _rows(name: str, *left_out: str) -> Mapping[str, Any]:
    return _list(_closed(_row(name, *left_out)))


def _row(name: str, *left_out: str) -> Mapping[str, Any]:
    return {column.name: _column(column) for column in shown_columns(table(name)) if column.name not in left_out}


def _object(row: Mapping[str, Any], **more: object) -> Mapping[str, Any]:
    return _closed({**row, **more})


def _closed(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }


def _list(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _column(column: Column) -> Mapping[str, Any]:
    described = {"description": column.description}
    if column.type.endswith("[]"):
        return {**described, "type": ["array", "null"], "items": {"type": _kind(column.type[:-2])}}
    kind = _kind(column.type)
    if kind is None:
        return described
    return {**described, "type": kind if column.required else [kind, "null"]}


def _kind(data_type: str) -> str | None:
    """JSON's type of what a DuckDB type holds; None where the description names no type."""
    kind = field_type(data_type) if data_type else None
    return "string" if kind in _TEXTS else kind
