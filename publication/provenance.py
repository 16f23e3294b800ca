"""The tables that explain the others: how a publication was made, and from a score down to the bytes it rests on."""

from collections.abc import Sequence
from datetime import datetime

import duckdb

from ledger.sql import literal
from publication.meta import PublicationMeta

SCHEMA = """
DROP SCHEMA IF EXISTS publication.meta CASCADE;
CREATE SCHEMA publication.meta;
CREATE TABLE publication.meta.publication (publication_id VARCHAR, evaluation_id VARCHAR, created_at TIMESTAMPTZ,
  data_licence VARCHAR, chain_receipt BIGINT, chain_sha256 VARCHAR);
CREATE TABLE publication.meta.pillars (pillar VARCHAR, state VARCHAR, evaluation_id VARCHAR, promoted_at TIMESTAMPTZ,
  held_since TIMESTAMPTZ, held_reason VARCHAR);
CREATE TABLE publication.meta.gates (gate VARCHAR, outcome VARCHAR, checks INTEGER, carried_from VARCHAR);
CREATE TABLE publication.meta.gate_checks (gate VARCHAR, name VARCHAR, severity VARCHAR, outcome VARCHAR,
  message VARCHAR, failing_count BIGINT);
CREATE TABLE publication.meta.batches (batch_id VARCHAR, source_id VARCHAR, opd VARCHAR, system VARCHAR,
  status VARCHAR, in_force BOOLEAN, coverage VARCHAR, rows_received BIGINT, rows_landed BIGINT,
  rows_quarantined BIGINT, fetched_at TIMESTAMPTZ, receipt_sha256 VARCHAR, synthetic BOOLEAN, note VARCHAR,
  maturity VARCHAR);
CREATE TABLE publication.meta.pages (batch_id VARCHAR, seq INTEGER, request VARCHAR, status INTEGER, bytes BIGINT,
  sha256 VARCHAR);
"""
# One line per score, batch and response: from a published score to the sha256 of what an agency's system sent.
EVIDENCE = """
CREATE TABLE publication.meta.evidence AS
WITH indicator_rows AS ({marts})
SELECT s.region_system, s.region_code, s.rule_set_id, s.dimension, s.pillar, s.question_key, s.question_text,
  s.rubric_version, s.rubric_status, s.relation, s.score, s.indicator_id, s.period, i.numerator, i.denominator,
  s.value, s.unit, i.definition, g.outcome AS gate_outcome, i.evaluation_id, b.batch_id, b.source_id, b.opd,
  b.coverage, b.receipt_sha256, b.fetched_at, p.seq AS page, p.request, p.status AS page_status,
  p.bytes AS page_bytes, p.sha256 AS page_sha256
FROM publication.scores.question_scores s
LEFT JOIN indicator_rows i ON i.region_system = s.region_system AND i.region_code = s.region_code
  AND i.indicator_id = s.indicator_id AND i.period = s.period
LEFT JOIN publication.reference.indicators d ON d.id = s.indicator_id
LEFT JOIN publication.meta.gates g ON g.gate = d.pillar
LEFT JOIN (SELECT region_system, region_code, rule_set_id, question_key, unnest(batch_ids) AS batch_id
           FROM publication.scores.question_scores) n
  ON n.region_system = s.region_system AND n.region_code = s.region_code AND n.rule_set_id = s.rule_set_id
  AND n.question_key = s.question_key
LEFT JOIN publication.meta.batches b ON b.batch_id = n.batch_id
LEFT JOIN publication.meta.pages p ON p.batch_id = n.batch_id
WHERE s.state = 'measured'
ORDER BY ALL
"""
NAMED = "SELECT unnest(batch_ids) AS batch_id FROM publication.{table} WHERE state = 'measured'"
UNEXPLAINED = """SELECT batch_id FROM ({union})
WHERE batch_id NOT IN (SELECT batch_id FROM publication.meta.batches) ORDER BY 1"""
TABLES = ("publication", "pillars", "gates", "gate_checks", "batches", "pages", "evidence")


def write_provenance(connection: duckdb.DuckDBPyConnection, meta: PublicationMeta, marts: tuple[str, ...]) -> None:
    """Write the schema ``meta`` of the publication's DuckDB file, which is attached as ``publication``."""
    connection.execute(SCHEMA)
    head = (meta.chain.seq, meta.chain.sha256) if meta.chain is not None else (None, None)
    _insert(
        connection,
        "publication",
        [(meta.publication_id, meta.evaluation_id, meta.created_at, meta.data_licence, *head)],
    )
    _insert(
        connection,
        "pillars",
        [(p.pillar, p.state, p.evaluation_id, p.promoted_at, p.held_since, p.held_reason) for p in meta.pillars],
    )
    _insert(connection, "gates", [(gate.gate, gate.outcome, gate.checks, gate.carried_from) for gate in meta.gates])
    _insert(
        connection,
        "gate_checks",
        [
            (gate.gate, check.name, check.severity, check.outcome, check.message, check.failing_count)
            for gate in meta.gates
            for check in gate.notable
        ],
    )
    _batches(connection, meta)
    union = " UNION ALL BY NAME ".join(f"FROM publication.pillars.{name}" for name in marts)
    connection.execute(EVIDENCE.replace("{marts}", union))


def unexplained_batches(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Batches that a measured figure names and the publication does not describe."""
    marts = [
        row[0]
        for row in connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = 'publication' AND schema_name = 'pillars'"
        ).fetchall()
    ]
    named = [*(f"pillars.{name}" for name in sorted(marts)), "scores.question_scores", "scores.dimension_scores"]
    union = " UNION ".join(NAMED.replace("{table}", name) for name in named)
    return [str(row[0]) for row in connection.execute(UNEXPLAINED.replace("{union}", union)).fetchall()]


def _batches(connection: duckdb.DuckDBPyConnection, meta: PublicationMeta) -> None:
    batches = sorted(meta.sources, key=lambda batch: (batch.source, batch.batch_id))
    _insert(
        connection,
        "batches",
        [
            (
                *(b.batch_id, b.source, b.opd, b.system, b.status, b.in_force, b.coverage),
                *(
                    b.rows_received,
                    b.rows_landed,
                    b.rows_quarantined,
                    b.fetched_at,
                    b.receipt_sha256,
                    b.synthetic,
                    b.note,
                    b.maturity,
                ),
            )
            for b in batches
        ],
    )
    _insert(
        connection,
        "pages",
        [(b.batch_id, p.seq, p.request, p.status, p.bytes, p.sha256) for b in batches for p in b.pages],
    )


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Sequence[object]]) -> None:
    """Written as literals: binding a parameter makes DuckDB import pandas, which costs seconds in a fresh process."""
    if rows:
        values = ", ".join(f"({', '.join(_literal(value) for value in row)})" for row in rows)
        connection.execute(f"INSERT INTO publication.meta.{table} VALUES {values}")


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int):
        return str(value)
    return literal(value.isoformat() if isinstance(value, datetime) else str(value))
