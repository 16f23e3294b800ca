"""Rows with the same key in one batch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from connectors.landing.checks import typed_name
from connectors.landing.refused import REASONS
from connectors.landing.staging import Staging
from connectors.landing.statement import STAGED
from connectors.source.contract import Contract
from ledger.sql import literal

RULE = "duplicate_key"


@dataclass(frozen=True)
class Twins:
    """How many keys came on each of these pages."""

    pages: frozenset[int]
    keys: int


def quarantine_duplicates(staging: Staging, contract: Contract) -> Sequence[Twins]:
    """Move rows with a key that came before to quarantine.

    Where all rows of a key say the same, the first one lands and the others are quarantined; where they contradict each
    other, none lands: nobody can know which one is right. Returns the keys that came on several pages.
    """
    twins: list[Twins] = []
    key = ", ".join(["_coverage", *map(typed_name, contract.key)])
    whole = ", ".join([key, *(typed_name(name) for name in contract.landed if name not in contract.key)])
    same = "rows of one key once; this one repeats an earlier row"
    other = "rows of one key once; these contradict each other"
    reason = (
        f"[{{'rule': {literal(RULE)}, 'field': {literal(', '.join(contract.key))}, 'value': NULL, "
        f"'expected': CASE WHEN n_rows = n_equal THEN {literal(same)} ELSE {literal(other)} END}}]::{REASONS}"
    )
    for bucket in staging.buckets(key):
        good = f"FROM {STAGED} WHERE _reasons IS NULL AND {bucket}"
        if not staging.exists(f"SELECT 1 {good} GROUP BY {key} HAVING count(*) > 1"):
            continue
        twins += _twins(staging, key, good)
        judged = (
            "SELECT _row, _coverage, count(*) OVER same_key AS n_rows, row_number() OVER in_order AS nth, "
            f"count(*) OVER (PARTITION BY {whole}) AS n_equal {good} "
            f"WINDOW same_key AS (PARTITION BY {key}), in_order AS (PARTITION BY {key} ORDER BY _row)"
        )
        staging.rejudge(
            f"SELECT _coverage, _row, {reason} AS _reasons FROM ({judged}) "
            "WHERE n_rows > 1 AND (n_rows <> n_equal OR nth > 1)"
        )
    return twins


def _twins(staging: Staging, key: str, good: str) -> Iterator[Twins]:
    pages = f"SELECT list_sort(list(DISTINCT _page)) AS pages {good} GROUP BY {key} HAVING min(_page) <> max(_page)"
    for numbers, keys in staging.rows(f"SELECT pages, count(*) FROM ({pages}) GROUP BY pages"):
        yield Twins(frozenset(numbers), int(keys))
