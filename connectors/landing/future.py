"""Cursors from the future: a wrong clock at the source must not make every later row look old."""

from datetime import datetime

import duckdb

from connectors.contract import Contract
from connectors.landing.checks import typed_name
from connectors.landing.duplicates import record_of
from connectors.landing.sql import text
from connectors.landing.statement import REASONS, STAGED

RULE = "cursor_future"


def quarantine_future(
    connection: duckdb.DuckDBPyConnection, contract: Contract, cursor: str, not_after: datetime
) -> None:
    """Move rows whose cursor lies after a moment to quarantine, so that no mark is ever set by them."""
    name = typed_name(cursor)
    limit = not_after.date().isoformat() if contract.landed[cursor].sql_type.kind == "date" else not_after.isoformat()
    kind = contract.landed[cursor].sql_type.sql
    reason = (
        f"[{{'rule': {text(RULE)}, 'field': {text(cursor)}, 'value': {name}::VARCHAR, "
        f"'expected': {text(f'not after {limit}')}}}]::{REASONS}"
    )
    empty = ", ".join(f"{typed_name(column)} = NULL" for column in contract.landed)
    connection.execute(
        f"UPDATE {STAGED} SET _reasons = {reason}, _record = {record_of(contract)}, _flags = NULL, {empty} "
        f"WHERE _reasons IS NULL AND {name} > {text(limit)}::{kind}"
    )
