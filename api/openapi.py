"""The description of the interface, OpenAPI 3.1: made from the same tables that rows are read from."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from api.deprecation import Deprecation
from api.documents import SUMMARIES
from api.media import CSV, JSON, MEDIA
from api.parameters import (
    DAY,
    LARGEST_OFFSET,
    MOST_ROWS,
    MOST_VALUES,
    NUMBER,
    ROWS_OF_JSON,
    equals,
    kind,
    operators,
)
from api.problems import MEDIA_TYPE
from api.publications import PATH
from api.resources import Resource
from ledger.project import Column
from publication.pointer import PUBLICATION_ID

Node = dict[str, Any]

_COMPARED = {"ne": "is not", "gte": "is at least", "lte": "is at most", "null": "is empty (true) or not (false)"}
_PROBLEMS = {
    401: "a key is needed, or the one sent is not in force",
    404: "there is nothing at this address",
    406: "no form that the reader accepts",
    422: "parameters that cannot be read",
    429: "asked too often",
    503: "nothing is published yet, or too much is asked at once",
}


def contents(resources: Sequence[Resource]) -> Node:
    """What there is, for who looks around."""
    return {
        "description": "/v1/openapi.json",
        "resources": {one.path: f"/v1/{one.path}" for one in resources},
        "documents": {path: f"/v1/{path}" for path in SUMMARIES},
        "publications": "/v1/publications/{publication}/...",
    }


def document(resources: Sequence[Resource], deprecated: Mapping[str, Deprecation], *, checks: bool) -> Node:
    """The whole description."""
    paths: Node = {}
    for named in (False, True):
        root = f"/v1/{PATH}/{{publication}}" if named else "/v1"
        for resource in resources:
            if resource.path != PATH:
                paths[f"{root}/{resource.path}"] = {"get": _rows(resource, named, resource.path in deprecated)}
        for path, summary in SUMMARIES.items():
            paths[f"{root}/{path}"] = {"get": _document(path, summary, named, path in deprecated)}
    listed = next(one for one in resources if one.path == PATH)
    paths[f"/v1/{PATH}"] = {"get": _rows(listed, False, PATH in deprecated)}
    if checks:
        paths["/v1/check/{source}"] = {"post": _check()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Pilar",
            "version": "1",
            "summary": "Smart-city scores of regencies and cities, with everything they rest on",
            "description": "Every answer names its publication in the header `Pilar-Publication`.",
        },
        "paths": paths,
        "components": {
            "schemas": {**{_schema_name(one): _row_schema(one) for one in resources}, "Problem": _problem_schema()},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "a key, or a person's JWT"}},
        },
        "security": [{}, {"key": []}],
    }


def _rows(resource: Resource, named: bool, going: bool) -> Node:
    row = {"$ref": f"#/components/schemas/{_schema_name(resource)}"}
    page = {
        "type": "object",
        "required": ["total", "rows"],
        "properties": {"total": {"type": "integer", "minimum": 0}, "rows": {"type": "array", "items": row}},
    }
    content: Node = {media: {"schema": page} if media == JSON else {} for media in MEDIA.values()}
    content[f"{CSV}; charset=utf-8; header=present"] = content.pop(CSV)
    return {
        "summary": resource.summary,
        "operationId": _operation(resource.path, named),
        "deprecated": going,
        "parameters": [*_publication(named), *_paging(resource), *_filters(resource)],
        "responses": {
            "200": {"description": "rows", "headers": _headers(), "content": content},
            **_problems(_PROBLEMS),
        },
    }


def _document(path: str, summary: str, named: bool, going: bool) -> Node:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    return {
        "summary": summary,
        "operationId": _operation(path, named),
        "deprecated": going,
        "parameters": [*_publication(named), *(_in_path(name, {"type": "string"}) for name in names), _format("json")],
        "responses": {
            "200": {
                "description": "the document",
                "headers": _headers(),
                "content": {JSON: {"schema": {"type": "object"}}},
            },
            **_problems(_PROBLEMS),
        },
    }


def _check() -> Node:
    texts = {"type": "array", "items": {"type": "string"}}
    maybe = {"type": ["string", "null"]}
    refused = {
        "type": "object",
        "properties": {
            "row": {"type": "integer"},
            **{name: {"type": "string"} for name in ("line", "field", "rule", "message")},
            **dict.fromkeys(("value", "expected"), maybe),
        },
    }
    said = {
        "type": "object",
        "properties": {
            "source": {"type": "string"},
            "schema": {"type": "array", "items": {"type": "object"}},
            **{name: {"type": "integer"} for name in ("rows_received", "rows_good", "rows_refused")},
            "unknown": texts,
            "absent": texts,
            "refused": {"type": "array", "items": refused},
            "all_told": {"type": "boolean"},
        },
    }
    problems = {
        403: "the key is for other agencies",
        413: "the file is too large",
        **{status: what for status, what in _PROBLEMS.items() if status != 406},
    }
    return {
        "summary": "What a file would come to if it were sent: nothing of it is kept",
        "operationId": "check",
        "security": [{"key": []}],
        "parameters": [
            _in_path("source", {"type": "string"}),
            _in_query("name", {"type": "string"}, "the file's name"),
        ],
        "requestBody": {"required": True, "content": {"application/octet-stream": {}}},
        "responses": {
            "200": {"description": "what was found", "content": {JSON: {"schema": said}}},
            **_problems(problems),
        },
    }


def _operation(path: str, named: bool) -> str:
    plain = path.replace("/", "_").replace("{", "").replace("}", "")
    return f"{plain}_of_a_publication" if named else plain


def _publication(named: bool) -> list[Node]:
    schema = {"type": "string", "pattern": f"^{PUBLICATION_ID.pattern.replace(chr(92) + 'd', '[0-9]')}$"}
    return [_in_path("publication", schema)] if named else []


def _in_path(name: str, schema: Node) -> Node:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _in_query(name: str, schema: Node, description: str) -> Node:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def _format(*forms: str) -> Node:
    return _in_query("format", {"type": "string", "enum": [*forms]}, "instead of the header Accept")


def _paging(resource: Resource) -> Iterator[Node]:
    names = [column.name for column in resource.columns]
    wanted = {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"type": "string", "enum": names}}
    ways = [*names, *(f"-{name}" for name in names)]
    order = {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"type": "string", "enum": ways}}
    for name, schema, what in (
        ("select", wanted, "columns, separated by commas"),
        ("sort", order, "columns, separated by commas; with a minus from the highest"),
    ):
        yield {**_in_query(name, schema, what), "style": "form", "explode": False}
    limit = {"type": "integer", "minimum": 1, "maximum": MOST_ROWS}
    yield _in_query(
        "limit", limit, f"rows of an answer; {ROWS_OF_JSON} in JSON and {MOST_ROWS} else where it is not said"
    )
    yield _in_query("offset", {"type": "integer", "minimum": 0, "maximum": LARGEST_OFFSET}, "rows before the first")
    yield _format(*MEDIA)


def _filters(resource: Resource) -> Iterator[Node]:
    for column in resource.columns:
        if equals(column):
            values = {"type": "array", "minItems": 1, "maxItems": MOST_VALUES, "items": _given(column)}
            yield _in_query(column.name, values, f"{column.description} (several: any of them)")
        for operator in operators(column):
            schema = {"type": "boolean"} if operator == "null" else _given(column)
            yield _in_query(f"{column.name}.{operator}", schema, f"{column.name} {_COMPARED[operator]}")


def _given(column: Column) -> Node:
    """What a value may be as a parameter."""
    if kind(column) == "number":
        return {"type": "string", "pattern": f"^{NUMBER.pattern}$"}
    if kind(column) == "moment":
        return {"type": "string", "format": "date", "pattern": f"^{DAY.pattern}$"}
    return {"type": "boolean"} if kind(column) == "truth" else {"type": "string"}


def _row_schema(resource: Resource) -> Node:
    return {
        "type": "object",
        "description": resource.summary,
        "additionalProperties": False,
        "properties": {column.name: _told(column, resource) for column in resource.columns},
    }


def _told(column: Column, resource: Resource) -> Node:
    type_ = {"number": "number", "truth": "boolean", "list": "array"}.get(kind(column), "string")
    schema: Node = {"type": [type_, "null"], "description": column.description}
    if column.name in resource.details:
        schema["description"] += " (for holders of a key)"
    if type_ == "array":
        schema["items"] = {"type": "string"}
    return schema


def _schema_name(resource: Resource) -> str:
    return "".join(part.capitalize() for part in resource.path.split("/"))


def _headers() -> Node:
    text = {"schema": {"type": "string"}}
    return {
        "Pilar-Publication": {"description": "the publication that the answer is from", **text},
        "ETag": {"description": "the same while the content is the same", **text},
    }


def _problems(known: Mapping[int, str]) -> Node:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        str(status): {"description": what, "content": {MEDIA_TYPE: {"schema": schema}}}
        for status, what in sorted(known.items())
    }


def _problem_schema() -> Node:
    one = {"type": "object", "properties": {"parameter": {"type": "string"}, "detail": {"type": "string"}}}
    return {
        "type": "object",
        "description": "RFC 9457",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            **{name: {"type": "string"} for name in ("type", "title", "detail")},
            "status": {"type": "integer"},
            "do": {"type": "string", "description": "the next step"},
            "errors": {"type": "array", "items": one},
        },
    }
