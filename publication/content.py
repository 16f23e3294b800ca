"""What a publication says, as plain values: read from its own tables, shared by the documents and the pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

from ledger.sql import literal, named_rows
from publication.meta import PublicationMeta

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Content:
    """Rows of the published tables, each a mapping of its columns, in the tables' order."""

    meta: PublicationMeta
    regions: Sequence[Row]
    pillars: Sequence[Row]
    dimensions: Sequence[Row]
    rule_sets: Sequence[Row]
    rule_set_methods: Sequence[Row]
    indicators: Mapping[str, Row]
    questions: Mapping[str, Row]
    bands: Sequence[Row]
    suppression: Sequence[Row]
    published_figures: Sequence[Row]
    marts: Mapping[str, Sequence[Row]]
    question_scores: Sequence[Row]
    pillar_scores: Sequence[Row]
    dimension_scores: Sequence[Row]
    index_scores: Sequence[Row]
    instruments: Mapping[str, Row]
    instrument_scores: Sequence[Row]
    instrument_answers: Sequence[Row]
    findings: Sequence[Row]
    readiness: Sequence[Row] = ()
    answer_evidence: Sequence[Row] = ()

    def of_region(self, rows: Sequence[Row], region_code: str) -> list[Row]:
        """The rows of one region."""
        return [row for row in rows if row["region_code"] == region_code]

    def bands_of(self, question_key: str, rubric_version: str) -> list[Row]:
        """A question's bands under a rubric, from low to high."""
        own = [b for b in self.bands if (b["question_key"], b["rubric_version"]) == (question_key, rubric_version)]
        return sorted(own, key=lambda band: (band["lower"] is not None, band["lower"] or Decimal(0)))

    def batches(self, batch_ids: Sequence[str]) -> list[dict[str, Any]]:
        """The described batches behind a figure, as documents."""
        wanted = set(batch_ids)
        return [batch.model_dump() for batch in self.meta.sources if batch.batch_id in wanted]


def read_content(connection: duckdb.DuckDBPyConnection, meta: PublicationMeta, marts: Mapping[str, str]) -> Content:
    """Read the attached ``publication``. ``marts`` maps pillars to their tables."""

    def rows(table: str) -> list[Row]:
        return [*named_rows(connection.execute(f"FROM publication.{table}"))]

    def optional(schema: str, name: str) -> list[Row]:
        found = connection.execute(
            f"SELECT 1 FROM duckdb_tables() WHERE database_name = 'publication' "
            f"AND schema_name = {literal(schema)} AND table_name = {literal(name)}"
        ).fetchone()
        return rows(f"{schema}.{name}") if found else []

    return Content(
        meta=meta,
        regions=sorted(rows("reference.regions"), key=lambda row: str(row["region_code"])),
        pillars=sorted(rows("reference.pillars"), key=lambda row: int(row["position"])),
        dimensions=sorted(rows("reference.dimensions"), key=lambda row: int(row["position"])),
        rule_sets=rows("reference.rule_sets"),
        rule_set_methods=rows("reference.rule_set_methods"),
        indicators={str(row["id"]): row for row in rows("reference.indicators")},
        questions={str(row["question_key"]): row for row in rows("reference.questions")},
        bands=rows("reference.bands"),
        suppression=optional("reference", "suppression"),
        published_figures=optional("reference", "published_figures"),
        marts={pillar: rows(f"pillars.{table}") for pillar, table in marts.items()},
        question_scores=rows("scores.question_scores"),
        pillar_scores=rows("scores.pillar_scores"),
        dimension_scores=rows("scores.dimension_scores"),
        index_scores=rows("scores.index_scores"),
        instruments={str(row["id"]): row for row in rows("reference.instruments")},
        instrument_scores=rows("scores.instrument_scores"),
        instrument_answers=rows("scores.instrument_answers"),
        findings=optional("quality", "findings"),
        readiness=optional("scores", "readiness"),
        answer_evidence=optional("scores", "answer_evidence"),
    )
