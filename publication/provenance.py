"""The tables that explain the others: how a publication was made, and from a score down to the bytes it rests on."""

from collections.abc import Sequence
from datetime import datetime

import duckdb

from ledger.project import Table as Described
from ledger.project import table as described_table
from ledger.sql import literal
from publication.meta import PublicationMeta
from publication.tables import comments, shown_columns

# One line per score, batch and response: from a published score to the sha256 of what an agency's system sent.
EVIDENCE = """
CREATE TABLE publication.meta.evidence AS
WITH indicator_rows AS ({marts})
SELECT s.region_system, s.region_code, s.region_id, s.rule_set_id, s.dimension, s.pillar, s.question_key,
  s.question_text,
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
EVIDENCE_TABLE = "evidence"
TABLES = ("publication", "pillars", "gates", "gate_checks", "batches", "pages", EVIDENCE_TABLE)


def write_provenance(connection: duckdb.DuckDBPyConnection, meta: PublicationMeta, marts: tuple[str, ...]) -> None:
    """Write the schema ``meta`` of the publication's DuckDB file, which is attached as ``publication``."""
    connection.execute("CREATE SCHEMA publication.meta")
    for name in TABLES:
        if name != EVIDENCE_TABLE:
            fields = ", ".join(f"{column.name} {column.type}" for column in described(name).columns)
            connection.execute(f"CREATE TABLE publication.meta.{name} ({fields})")
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
    for name in TABLES:
        table = described(name)
        connection.execute(comments(f"publication.meta.{name}", table, shown_columns(table)))


def described(name: str) -> Described:
    """What is said of a table of the schema ``meta``."""
    return described_table(f"meta.{name}")


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
