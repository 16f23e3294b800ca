"""Cursors from the future: a wrong clock at the source must not make every later row look old."""

from datetime import datetime

from connectors.landing.checks import typed_name
from connectors.landing.refused import REASONS
from connectors.landing.staging import Staging
from connectors.landing.statement import STAGED
from connectors.source.contract import Contract
from ledger.sql import literal

RULE = "cursor_future"


def quarantine_future(staging: Staging, contract: Contract, cursor: str, not_after: datetime) -> None:
    """Move rows whose cursor lies after a moment to quarantine, so that no mark is ever set by them."""
    name = typed_name(cursor)
    limit = not_after.date().isoformat() if contract.landed[cursor].sql_type.kind == "date" else not_after.isoformat()
    kind = contract.landed[cursor].sql_type.sql
    reason = (
        f"[{{'rule': {literal(RULE)}, 'field': {literal(cursor)}, 'value': {name}::VARCHAR, "
        f"'expected': {literal(f'not after {limit}')}}}]::{REASONS}"
    )
    staging.rejudge(
        f"SELECT _coverage, _row, {reason} AS _reasons FROM {STAGED} "
        f"WHERE _reasons IS NULL AND {name} > {literal(limit)}::{kind}"
    )
