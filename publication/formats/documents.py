"""The interface for machines: JSON documents, one for each region and pillar, and an index of them all.

They stand below ``v1/``, each kind with its schema in ``v1/schemas/``. A document whose content is the same as in the
publication before is the same file: it names the publication in which it was made, and the index names this one.
"""

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from ledger.project import Column, columns, mart_of
from publication.content import Content, Row
from publication.digests import OF_PROMOTION, code_digest, digest_of
from publication.formats.base import Draft, Format
from publication.formats.schemas import schemas
from publication.json_text import check_json, compact_json
from publication.meta import SourceBatch
from publication.page.instruments import INDEX, answers_of, of_sheet, other_body
from publication.page.words import Text
from publication.paths import DOCUMENTS, explanation_path, pillar_path, region_path, schema_path
from publication.tables import Table

# What the document of a region says above its indicators is not repeated in each of them.
SAID_ABOVE = frozenset({"pillar", "region_system", "region_code", "region_id", "region_name"})
# Which evaluation promoted a pillar stands in the pillar's document.
SAID_OF_PILLAR = frozenset(OF_PROMOTION)
PART = ("node", "depth", "node_name", "node_name_en", "value", "state")


def _write(draft: Draft) -> None:
    content = draft.content
    draft.write(INDEX_FILE, digest_of(content.meta.publication_id), lambda: compact_json(_index(content)))
    for kind, schema in schemas().items():
        draft.write(schema_path(kind), code_digest(), partial(compact_json, schema))
    for pillar in content.pillars:
        _write_pillar(draft, pillar)
    for region in content.regions:
        _write_region(draft, region)


def _write_pillar(draft: Draft, pillar: Row) -> None:
    content = draft.content
    regions = digest_of([content.digest(str(region["region_code"])) for region in content.regions])
    made_of = digest_of(content.digest(None), regions, _version(content, pillar))
    draft.write(pillar_path(pillar["id"]), made_of, lambda: compact_json(_pillar(content, pillar)))


def _write_region(draft: Draft, region: Row) -> None:
    content, code = draft.content, str(region["region_code"])
    made_of = content.digest(code)
    draft.write(region_path(code), made_of, lambda: compact_json(_region(content, region)), code)
    draft.write(explanation_path(code), made_of, lambda: compact_json(explanations(content, region)), code)


def explanations(content: Content, region: Row) -> dict[str, Any]:
    """Every score of a region explained down to the pages that its batches brought."""
    batches = content.batch_of
    rows = content.of_region(content.explanations, str(region["region_code"]))
    rows.sort(key=lambda row: (row["instrument_id"], row["year"], row["role"]))
    # Taken over as they were written: a number keeps its digits.
    sheets = [msgspec.Raw(row["explanation"].encode()) for row in rows]
    named = {name for sheet in sheets for name in _named(sheet)}
    return {
        **_about(content),
        "region": region,
        "sheets": sheets,
        "batches": {name: _delivered(batches[name]) for name in sorted(named) if name in batches},
    }


class _Question(msgspec.Struct):
    batches: list[str] = []


class _Sheet(msgspec.Struct):
    questions: list[_Question] = []


_sheet_of = msgspec.json.Decoder(_Sheet).decode


def _named(sheet: msgspec.Raw) -> Iterator[str]:
    """The batches that the questions of a sheet rest on."""
    return chain.from_iterable(question.batches for question in _sheet_of(sheet).questions)


def _delivered(batch: SourceBatch) -> dict[str, Any]:
    """What a figure's batch was, the pages that brought it, and the commands that lead to their bytes."""
    return {
        **batch.model_dump(exclude={"batch_id", "pages", "quarantined", "note"}),
        "pages": len(batch.pages),
        "bytes": sum(page.bytes for page in batch.pages),
        "responses": [page.model_dump() for page in batch.pages],
        "trace": f"pilar trace {batch.batch_id} 1",
        "verify": "pilar verify",
    }


def _about(content: Content) -> dict[str, Any]:
    meta = content.meta
    return {
        "made_in": {
            "publication_id": meta.publication_id,
            "evaluation_id": meta.evaluation_id,
            "created_at": meta.created_at,
        }
    }


def _index(content: Content) -> dict[str, Any]:
    meta = content.meta
    return {
        "publication_id": meta.publication_id,
        "evaluation_id": meta.evaluation_id,
        "created_at": meta.created_at,
        "data_licence": meta.data_licence,
        "regions": [
            {
                **region,
                "document": region_path(region["region_code"]),
                "explanations": explanation_path(region["region_code"]),
                "index": [_shown(row) for row in content.of_region(content.index_scores, str(region["region_code"]))],
            }
            for region in content.regions
        ],
        "pillars": [
            {**pillar, "document": pillar_path(pillar["id"]), "version": _version(content, pillar)}
            for pillar in content.pillars
        ],
        "gates": [gate.model_dump() for gate in meta.gates],
        "sources": [batch.model_dump(exclude={"pages"}) for batch in meta.sources],
    }


def _shown(row: Row) -> dict[str, Any]:
    """A row below its region, without how it came about: its explanation has that."""
    return {name: value for name, value in row.items() if name not in SAID_ABOVE and name != "batch_ids"}


def _region(content: Content, region: Row) -> dict[str, Any]:
    code = str(region["region_code"])
    sheets = content.of_region(content.instrument_scores, code)
    questions = [_without_region(row, "pillar") for row in content.of_region(content.question_scores, code)]
    return {
        **_about(content),
        "region": region,
        "explanations": explanation_path(code),
        "index": [_without_region(row) for row in content.of_region(content.index_scores, code)],
        "dimensions": [_without_region(row) for row in content.of_region(content.dimension_scores, code)],
        "pillars": [
            {
                **_without_region(row, "pillar"),
                "indicators": _indicators(content, str(row["pillar"]), code),
            }
            for row in content.of_region(content.pillar_scores, code)
        ],
        "questions": questions,
        "instruments": [_result(content, row) for row in sheets if row["node"] == INDEX],
        "gaps": [_without_region(row, "pillar") for row in content.of_region(content.gaps, code)],
        "findings": [_without_region(row) for row in content.of_region(content.findings, code)],
    }


def _result(content: Content, index: Row) -> dict[str, Any]:
    """What one party's answers to an instrument come to, what it waits for, and what of it was refused."""
    own = content.of_region(content.instrument_scores, str(index["region_code"]))
    parts = [row for row in own if of_sheet(row, index) and row is not index]
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


def _without_region(row: Row, *kept: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in SAID_ABOVE or name in kept}


def _indicators(content: Content, pillar: str, code: str) -> list[dict[str, Any]]:
    names = [column.name for column in _own_columns(pillar)]
    return [{name: item[name] for name in names} for item in content.of_region(content.marts.get(pillar, []), code)]


def _own_columns(pillar: str) -> list[Column]:
    left_out = SAID_ABOVE | SAID_OF_PILLAR
    return [column for column in columns(mart_of(pillar)) if column.name not in left_out]


def _pillar(content: Content, pillar: Row) -> dict[str, Any]:
    pillar_id = str(pillar["id"])
    return {
        **_about(content),
        "pillar": pillar,
        "version": _version(content, pillar),
        "indicators": [row for row in content.indicators.values() if row["pillar"] == pillar_id],
        "scores": [_shown_score(row) for row in content.pillar_scores if row["pillar"] == pillar_id],
    }


def _shown_score(row: Row) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("pillar", "batch_ids")}


def _version(content: Content, pillar: Row) -> dict[str, Any] | None:
    found = (item for item in content.meta.pillars if item.pillar == pillar["id"])
    return next((item.model_dump(mode="json") for item in found), None)


def _check(folder: Path, _: Mapping[Table, int], made: Collection[str]) -> None:
    for path in sorted(path for path in made if path.startswith(f"{DOCUMENTS}/")):
        check_json(folder / path)


INDEX_FILE = f"{DOCUMENTS}/index.json"
FORMAT = Format("json", _write, _check, ((INDEX_FILE, Text("antarmuka untuk mesin", "interface for machines")),))
