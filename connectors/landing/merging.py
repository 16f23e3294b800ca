"""Joining the batches of an incremental source: of all rows of one key the one with the highest cursor counts."""

from collections.abc import Sequence

from ledger.records import Merge
from ledger.sql import identifier


def merged(parts: Sequence[str], merge: Merge | None) -> str:
    """SQL for the rows of batches, each given as a SELECT, in the order of their pulls; ties go to the later one.

    Without a merge no batch holds a row of another's, and all rows stay.
    """
    if merge is None:
        return "\nunion all by name\n".join(parts)
    numbered = "\nunion all by name\n".join(f"select *, {nth} as _nth from ({part})" for nth, part in enumerate(parts))
    key = ", ".join(map(identifier, merge.key))
    order = f"{identifier(merge.cursor)} desc nulls last, _nth desc"
    return (
        f"select * exclude (_nth) from ({numbered})\n"
        f"qualify row_number() over (partition by {key} order by {order}) = 1"
    )
