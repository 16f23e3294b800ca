"""Rows with the same key in one batch."""

import duckdb

from connectors.contract import Contract
from connectors.landing.checks import typed_name
from connectors.landing.sql import text
from connectors.landing.statement import REASONS, STAGED

RULE = "duplicate_key"


def quarantine_duplicates(connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Move rows with a key that came before to quarantine.

    Where all rows of a key say the same, the first one lands and the others are quarantined; where they contradict each
    other, none lands: nobody can know which one is right.
    """
    key = ", ".join(["_coverage", *(typed_name(name) for name in contract.key)])
    values = ", ".join(typed_name(name) for name in contract.landed)
    good = f"FROM {STAGED} WHERE _reasons IS NULL"
    found = connection.execute(f"SELECT EXISTS (SELECT 1 {good} GROUP BY {key} HAVING count(*) > 1)").fetchone()
    if found is None or not found[0]:
        return
    judged = (
        "SELECT _row, _coverage, count(*) OVER same_key AS n_rows, row_number() OVER in_order AS nth, "
        f"count(*) OVER (PARTITION BY {key}, {values}) AS n_equal {good} "
        f"WINDOW same_key AS (PARTITION BY {key}), in_order AS (PARTITION BY {key} ORDER BY _row)"
    )
    same = "rows of one key once; this one repeats an earlier row"
    other = "rows of one key once; these contradict each other"
    reason = (
        f"[{{'rule': {text(RULE)}, 'field': {text(', '.join(contract.key))}, 'value': NULL, "
        f"'expected': CASE WHEN n_rows = n_equal THEN {text(same)} ELSE {text(other)} END}}]::{REASONS}"
    )
    empty = ", ".join(f"{typed_name(name)} = NULL" for name in contract.landed)
    connection.execute(
        f"UPDATE {STAGED} SET _reasons = {reason}, _record = {record_of(contract)}, _flags = NULL, {empty} "
        f"FROM ({judged}) AS judged WHERE {STAGED}._row = judged._row "
        f"AND {STAGED}._coverage IS NOT DISTINCT FROM judged._coverage "
        "AND n_rows > 1 AND (n_rows <> n_equal OR nth > 1)"
    )


def record_of(contract: Contract) -> str:
    """What was read, from the typed values: these rows passed every check, so nothing of them needs a mask."""
    parts = ", ".join(f"{text(name)}, {STAGED}.{typed_name(name)}" for name in contract.landed)
    return f"json_object({parts})::VARCHAR"
