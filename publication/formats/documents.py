"""The interface for machines: JSON documents, one per region, pillar and score, and an index of them all."""

import json
from collections.abc import Container, Iterator, Mapping
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb

from ledger.project import Column, columns, mart_of
from ledger.sql import literal
from publication.content import Content, Row
from publication.formats.base import Draft, Format
from publication.json_text import check_json, to_json
from publication.meta import SourceBatch
from publication.page.instruments import INDEX, answers_of, of_sheet, other_body
from publication.page.words import Text
from publication.paths import evidence_path, explanation_path, index_evidence_path, safe
from publication.tables import EXPLANATIONS, Table

# What the document of a region says above its indicators is not repeated in each of them.
SAID_ABOVE = frozenset({"pillar", "region_system", "region_code", "region_name"})

PART = ("node", "depth", "node_name", "node_name_en", "value", "state")


def _write(draft: Draft) -> None:
    for path, document in chain(documents(draft.content), explanations(draft.connection, draft.content)):
        target = draft.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(to_json(document), encoding="utf-8")


def explanations(connection: duckdb.DuckDBPyConnection, content: Content) -> Iterator[tuple[str, dict[str, Any]]]:
    """A document for each region: every score explained down to the batches it rests on. One region at a time."""
    batches = {batch.batch_id: batch for batch in content.meta.sources}
    for region in content.regions:
        # A region's alone: all of them together are as large as everything else in a publication.
        query = f"select explanation from {EXPLANATIONS} where region_code = {literal(str(region['region_code']))}"
        rows = connection.execute(f"{query} order by instrument_id, year, role").fetchall()
        sheets = [json.loads(text, parse_float=Decimal) for (text,) in rows]
        named = {name for sheet in sheets for one in sheet["questions"] for name in one.get("batches", ())}
        document = {
            **_about(content),
            "region": region,
            "sheets": sheets,
            "batches": {name: _delivered(batches[name]) for name in sorted(named) if name in batches},
        }
        yield explanation_path(region["region_code"]), document


def _delivered(batch: SourceBatch) -> dict[str, Any]:
    """What a figure's batch was, and the commands that lead to its bytes."""
    return {
        **batch.model_dump(exclude={"batch_id", "pages", "quarantined", "note"}),
        "pages": len(batch.pages),
        "bytes": sum(page.bytes for page in batch.pages),
        "trace": f"pilar trace {batch.batch_id} 1",
        "verify": "pilar verify",
    }


def documents(content: Content) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each document with its path in the publication."""
    yield "json/index.json", _index(content)
    for region in content.regions:
        code = str(region["region_code"])
        yield f"json/regions/{safe(code)}.json", _region(content, region)
        for row in content.of_region(content.index_scores, code):
            yield index_evidence_path(row), _index_evidence(content, row)
    for pillar in content.pillars:
        yield f"json/pillars/{safe(str(pillar['id']))}.json", _pillar(content, pillar)
    for row in content.question_scores:
        if row["state"] == "measured":
            yield evidence_path(row), _evidence(content, row)


def _about(content: Content) -> dict[str, Any]:
    meta = content.meta
    return {
        "publication_id": meta.publication_id,
        "evaluation_id": meta.evaluation_id,
        "created_at": meta.created_at,
    }


def _index(content: Content) -> dict[str, Any]:
    return {
        **_about(content),
        "data_licence": content.meta.data_licence,
        "regions": [
            {
                **region,
                "document": f"json/regions/{safe(str(region['region_code']))}.json",
                "explanations": explanation_path(region["region_code"]),
                "index": content.of_region(content.index_scores, str(region["region_code"])),
                "pillars": content.of_region(content.pillar_scores, str(region["region_code"])),
            }
            for region in content.regions
        ],
        "pillars": [
            {**pillar, "document": f"json/pillars/{safe(str(pillar['id']))}.json", "version": _version(content, pillar)}
            for pillar in content.pillars
        ],
        "gates": [gate.model_dump() for gate in content.meta.gates],
        "findings": content.findings,
        "sources": [batch.model_dump(exclude={"pages"}) for batch in content.meta.sources],
    }


def _region(content: Content, region: Row) -> dict[str, Any]:
    code = str(region["region_code"])
    outside = {row["pillar"] for row in content.question_scores} - {row["pillar"] for row in content.pillar_scores}
    return {
        **_about(content),
        "region": region,
        "index": content.of_region(content.index_scores, code),
        "dimensions": content.of_region(content.dimension_scores, code),
        "pillars": [
            {
                **row,
                "questions": _linked(content, code, {str(row["pillar"])}),
                "indicators": [
                    {column.name: item[column.name] for column in _own_columns(str(row["pillar"]))}
                    for item in content.of_region(content.marts.get(str(row["pillar"]), []), code)
                ],
            }
            for row in content.of_region(content.pillar_scores, code)
        ],
        "questions_outside_pillars": _linked(content, code, outside),
        "instruments": [
            _result(content, row) for row in content.of_region(content.instrument_scores, code) if row["node"] == INDEX
        ],
    }


def _result(content: Content, index: Row) -> dict[str, Any]:
    """What one party's answers to an instrument come to, what it waits for, and what of it was refused."""
    parts = [row for row in content.instrument_scores if of_sheet(row, index) and row is not index]
    return {
        "instrument": content.instruments.get(str(index["instrument_id"])),
        "role": index["role"],
        "index": _without_region(index),
        "parts": [{name: row[name] for name in PART} for row in sorted(parts, key=lambda row: int(row["position"]))],
        "waiting": [
            {
                "question": row["question"],
                "printed_code": row["printed_code"],
                "for": other_body(content, row),
                "counts": row["score"],
            }
            for row in answers_of(content, index, "waiting")
        ],
        "refused": [
            {name: row[name] for name in ("question", "reason", "reason_id")}
            for row in answers_of(content, index, "refused")
        ],
    }


def _without_region(row: Row) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in SAID_ABOVE}


def _own_columns(pillar: str) -> list[Column]:
    return [column for column in columns(mart_of(pillar)) if column.name not in SAID_ABOVE]


def _linked(content: Content, region_code: str, pillars: Container[str | None]) -> list[dict[str, Any]]:
    own = [row for row in content.of_region(content.question_scores, region_code) if row["pillar"] in pillars]
    return [{**row, "evidence": evidence_path(row) if row["state"] == "measured" else None} for row in own]


def _pillar(content: Content, pillar: Row) -> dict[str, Any]:
    pillar_id = str(pillar["id"])
    return {
        **_about(content),
        "pillar": pillar,
        "version": _version(content, pillar),
        "indicators": [row for row in content.indicators.values() if row["pillar"] == pillar_id],
        "scores": [row for row in content.pillar_scores if row["pillar"] == pillar_id],
        "values": content.marts.get(pillar_id, []),
    }


def _version(content: Content, pillar: Row) -> dict[str, Any] | None:
    return next((item.model_dump() for item in content.meta.pillars if item.pillar == pillar["id"]), None)


def _evidence(content: Content, row: Row) -> dict[str, Any]:
    indicator = content.indicators[str(row["indicator_id"])]
    # Its own: a question may belong to no pillar.
    pillar = str(indicator["pillar"])
    values = content.of_region(content.marts.get(pillar, []), str(row["region_code"]))
    key = (row["indicator_id"], row["period"])
    return {
        **_about(content),
        "score": row,
        "question": content.questions.get(str(row["question_key"])),
        "rubric": {
            "version": row["rubric_version"],
            "status": row["rubric_status"],
            "bands": content.bands_of(str(row["question_key"]), str(row["rubric_version"])),
        },
        "indicator": indicator,
        "value": next((item for item in values if (item["indicator_id"], item["period"]) == key), None),
        "gate": next((gate.model_dump() for gate in content.meta.gates if gate.gate == pillar), None),
        "version": _version(content, {"id": pillar}),
        "batches": content.batches(row["batch_ids"] or ()),
    }


def _index_evidence(content: Content, row: Row) -> dict[str, Any]:
    key = (row["region_code"], row["rule_set_id"], row["basis"])
    dimensions = [
        item for item in content.dimension_scores if (item["region_code"], item["rule_set_id"], item["basis"]) == key
    ]
    batch_ids = sorted({batch for item in dimensions for batch in item["batch_ids"] or ()})
    return {
        **_about(content),
        "index": row,
        "rule_set": [item for item in content.rule_sets if item["rule_set_id"] == row["rule_set_id"]],
        "method": [item for item in content.rule_set_methods if item["rule_set_id"] == row["rule_set_id"]],
        "dimensions": dimensions,
        "gate": next((gate.model_dump() for gate in content.meta.gates if gate.gate == "scores"), None),
        "batches": content.batches(batch_ids),
    }


def _check(folder: Path, _: Mapping[Table, int]) -> None:
    for path in sorted((folder / "json").rglob("*.json")):
        check_json(path)


FORMAT = Format("json", _write, _check, (("json/index.json", Text("antarmuka untuk mesin", "interface for machines")),))
