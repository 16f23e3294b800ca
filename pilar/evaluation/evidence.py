"""What the gates know of the batches in force: ``evidence.batches`` in an evaluation's file."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence

import duckdb

from connectors.source.source import Source
from ledger.project import columns, mart_of
from ledger.records import Batch
from ledger.sql import identifier, literal

BATCHES = "evidence.batches"
# Batch, source, record, rows landed (None: not known), and whether a simulator gave it.
Line = tuple[str, str, str, int | None, bool]


def lines_of(batches: Iterable[Batch], sources: Mapping[str, Source]) -> Sequence[Line]:
    """A line for each batch and each record that its source provides. A source without a file provides nothing."""
    found = []
    for batch in batches:
        source = sources.get(batch.source_id)
        records = [entry.record for entry in source.provides] if source is not None else []
        for record in dict.fromkeys(records):
            rows = None if batch.rows_landed is None else batch.rows_landed * records.count(record)
            found.append((batch.batch_id, batch.source_id, record, rows, batch.synthetic))
    return found


def write_evidence(connection: duckdb.DuckDBPyConnection, lines: Sequence[Line]) -> None:
    """Write the table into the open file, in place of what it holds."""
    fields = ", ".join(f"{identifier(column.name)} {column.type}" for column in columns(BATCHES))
    connection.execute(f"create schema if not exists evidence; create or replace table {BATCHES} ({fields})")
    if lines:
        rows = ", ".join(f"({', '.join(map(_written, line))})" for line in lines)
        connection.execute(f"insert into {BATCHES} values {rows}")


def evidence_sha256(connection: duckdb.DuckDBPyConnection, pillars: Collection[str]) -> Mapping[str, str]:
    """For each pillar a hash of what stands in ``evidence.batches`` of the batches that its candidate names."""
    found = {}
    for pillar in pillars:
        named = f"select unnest(batch_ids) from candidate.{identifier(mart_of(pillar))}"
        lines = connection.execute(f"from {BATCHES} where batch_id in ({named}) order by all").fetchall()
        found[pillar] = hashlib.sha256(repr(lines).encode()).hexdigest()
    return found


def _written(value: str | int | bool | None) -> str:
    if value is None:
        return "null"
    return literal(value) if isinstance(value, str) else str(value)
