"""``openlineage.json``: the evaluation as two events of OpenLineage 2: which sources it read, which tables it made."""

from typing import Any

from publication.formats.base import Draft
from publication.formats.one_file import of_json
from publication.meta import SourceBatch
from publication.page.words import Text
from publication.tables import Table, both

FILE = "openlineage.json"
SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
FACETS = "https://openlineage.io/spec/facets"
PRODUCER = "urn:pilar"
NAMESPACE = "pilar"


def _events(draft: Draft) -> list[dict[str, Any]]:
    """Its beginning, and its end as far as a publication knows it: when its last pillar passed its gate."""
    meta = draft.content.meta
    passed = [p.promoted_at for p in meta.pillars if p.promoted_at and p.evaluation_id == meta.evaluation_id]
    inputs = [_read(batch) for batch in meta.sources if batch.in_force]
    outputs = [_made(table) for table in draft.tables]
    return [
        _event("START", meta.created_at, meta.evaluation_id, inputs, []),
        _event("COMPLETE", max((meta.created_at, *passed)), meta.evaluation_id, inputs, outputs),
    ]


def _event(kind: str, at: object, run: str, inputs: list[Any], outputs: list[Any]) -> dict[str, Any]:
    return {
        "eventType": kind,
        "eventTime": at,
        "producer": PRODUCER,
        "schemaURL": SCHEMA,
        "run": {"runId": run, "facets": {}},
        "job": {"namespace": NAMESPACE, "name": "evaluation", "facets": {}},
        "inputs": inputs,
        "outputs": outputs,
    }


def _read(batch: SourceBatch) -> dict[str, Any]:
    rows = {} if batch.rows_landed is None else {"rowCount": batch.rows_landed}
    return {
        "namespace": f"{NAMESPACE}.sources",
        "name": f"{batch.opd}.{batch.source}",
        "facets": {"version": _facet("1-0-1/DatasetVersionDatasetFacet", datasetVersion=batch.batch_id)},
        "inputFacets": {
            "dataQualityMetrics": _facet("1-0-2/DataQualityMetricsInputDatasetFacet", **rows, columnMetrics={})
        },
    }


def _made(table: Table) -> dict[str, Any]:
    fields = [
        {"name": column.name, "type": column.type, "description": both(column.description)} for column in table.columns
    ]
    return {
        "namespace": f"{NAMESPACE}.publication",
        "name": f"{table.schema}.{table.name}",
        "facets": {
            "schema": _facet("1-1-1/SchemaDatasetFacet", fields=fields),
            "documentation": _facet("1-0-1/DocumentationDatasetFacet", description=both(table.described.description)),
        },
    }


def _facet(schema: str, **content: Any) -> dict[str, Any]:
    name = schema.partition("/")[2]
    return {"_producer": PRODUCER, "_schemaURL": f"{FACETS}/{schema}.json#/$defs/{name}", **content}


FORMAT = of_json("openlineage", FILE, _events, Text("asal-usul data (OpenLineage)", "lineage (OpenLineage)"))
