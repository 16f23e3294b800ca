"""Refused rows that came again: the overlap of an incremental source brings a bad record with each pull.

Each batch goes on counting what it refused (promise P1). A person is asked about a record once, where it came last;
that it came before is told beside it; and no more once a later batch landed it, for then the agency has corrected it.
A record is known again by its key, or by all that was kept of it; one whose key is masked, because a person may stand
in it, is never known again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

from ledger.quarantine import Decided, Refused
from ledger.records import Batch
from ledger.settings import Settings
from ledger.sql import identifier, literal
from ledger.store import Ledger

MASK = "***"


@dataclass(frozen=True)
class Seen:
    """A refused row in the batches of its source: when it came first, in how many, and the later one that has it.

    ``landed``: that one landed it.
    """

    first: datetime
    times: int
    later: str | None
    landed: bool


@dataclass(frozen=True)
class _Open:
    """Batches of a source in the order of pulls, when each was pulled, and the files of rows in them by its number:
    refused ones that wait, and landed ones in force that came later than the first of those."""

    batches: Sequence[Decided]
    pulled: Sequence[datetime]
    refused: Mapping[int, Path]
    landed: Mapping[int, Path]
    key: Sequence[str]


def once(found: Sequence[Refused], ledger: Ledger, settings: Settings) -> Sequence[Refused]:
    """The same refusals, where rows that a later batch brought again wait no more."""
    told: dict[tuple[str, str, str], Refused] = {}
    for source_id, group in groupby(sorted(found, key=_source), _source):
        mine = {(one.batch.batch_id, one.rule, one.field): one for one in group}
        waiting = _open(source_id, ledger, settings, {one.batch.batch_id for one in mine.values() if one.open})
        if waiting is not None:
            told |= _folded(mine, waiting, _single(mine.values(), ledger))
    return [told.get((one.batch.batch_id, one.rule, one.field), one) for one in found]


def seen(batch: Batch, numbers: Sequence[int], ledger: Ledger, settings: Settings) -> Mapping[int, Seen]:
    """For those rows of a batch that other waiting batches of its source have too: when and how often they came."""
    wanted = {one.batch.batch_id for one in ledger.refused(batch.source_id) if one.open}
    waiting = _open(batch.source_id, ledger, settings, wanted)
    if waiting is None or batch.batch_id not in wanted or not numbers:
        return {}
    nth = [one.batch_id for one in waiting.batches].index(batch.batch_id)
    listed = ", ".join(str(int(number)) for number in numbers)
    rows = _asked(
        waiting, f"select _row, first, times, last, mended from told where nth = {nth} and _row in ({listed})"
    )
    return {
        row: Seen(
            waiting.pulled[first],
            times,
            waiting.batches[max(last, mended)].batch_id if max(last, mended) > nth else None,
            landed=mended > last,
        )
        for row, first, times, last, mended in rows
        if times > 1 or mended > last
    }


def _source(one: Refused) -> str:
    return one.batch.source_id


def _open(source_id: str, ledger: Ledger, settings: Settings, wanted: set[str]) -> _Open | None:
    """None where nothing can have come again: snapshots say themselves what is wrong."""
    decided = ledger.decided(source_id)
    first = min((one.order for one in decided if one.batch_id in wanted), default=None)
    if first is None:
        return None
    with ledger.one_connection():
        later = {one.batch_id for one in ledger.in_force(source_id) if one.merge is not None and one.order > first}
        batches = sorted((one for one in decided if one.batch_id in wanted | later), key=attrgetter("order"))
        rows = [ledger.batch(one.batch_id) for one in batches]
    merges = [row.merge for row in rows if row is not None and row.merge is not None]
    files = [settings.home / row.landed_path for row in rows if row is not None and row.landed_path is not None]
    if not merges or len(files) != len(batches):
        return None
    refused = {
        nth: files[nth].with_name("quarantine.parquet") for nth, one in enumerate(batches) if one.batch_id in wanted
    }
    landed = {nth: files[nth] for nth, one in enumerate(batches) if one.batch_id in later}
    if not all(file.is_file() for file in (*refused.values(), *landed.values())):
        return None  # `pilar verify` names a missing file; here each batch is told by itself
    # A replay has the rows of the day on which its pages were pulled.
    pulled = {one.place: one.started_at for one in reversed(decided)}
    return _Open(batches, [pulled[one.place] for one in batches], refused, landed, merges[-1].key)


def _single(found: Iterable[Refused], ledger: Ledger) -> Mapping[str, set[tuple[int, str, str]]]:
    """Rows that were dismissed one by one: they are not among those that wait, so they are not taken off again."""
    batches = {one.batch.batch_id for one in found if one.dismissed}
    return {
        batch: {(one.row, one.rule, one.field) for one in ledger.dismissals(batch) if one.row is not None}
        for batch in batches
    }


def _folded(
    mine: Mapping[tuple[str, str, str], Refused], waiting: _Open, single: Mapping[str, set[tuple[int, str, str]]]
) -> Mapping[tuple[str, str, str], Refused]:
    nth = {one.batch_id: at for at, one in enumerate(waiting.batches)}
    dismissed = [
        f"({nth[batch]}, {row}, {literal(rule)}, {literal(field)})"
        for batch, rows in single.items()
        if batch in nth
        for row, rule, field in sorted(rows)
    ]
    closed = f"(nth, _row, rule, field) in ({', '.join(dismissed)})" if dismissed else "false"
    found = {}
    waits = "greatest(last, mended) = nth"
    for at, rule, field, again, landed, later, first, times in _asked(
        waiting,
        f"select nth, rule, field, count(*) filter (last > nth and mended <= last and not {closed}), "
        f"count(*) filter (mended > last and not {closed}), max(greatest(last, mended)), "
        f"min(first) filter ({waits}), max(times) filter ({waits}) from told group by all",
    ):
        key = (waiting.batches[at].batch_id, rule, field)
        if key in mine:
            found[key] = replace(
                mine[key],
                again=again,
                landed=landed,
                later=waiting.batches[later].batch_id if again or landed else None,
                since=waiting.pulled[first] if times is not None and times > 1 else mine[key].since,
                last=waiting.pulled[at],
                times=times or 1,
            )
    return found


def _asked(waiting: _Open, query: str) -> list[tuple[Any, ...]]:
    """A query over ``told``: each reason of each waiting row, with the first and the last batch that refused its
    record, and the last that landed it (``mended``, -1 where none did)."""
    import duckdb

    parts = [f"json_extract_string(record, {literal(f'$.{chr(34)}{name}{chr(34)}')})" for name in waiting.key]
    masked = literal(MASK)
    known = " and ".join(f"not contains({part}, {masked})" for part in parts)
    rows = " union all ".join(
        f"select {nth} as nth, _row, record, reasons from read_parquet({literal(str(file))}, hive_partitioning = false)"
        for nth, file in waiting.refused.items()
    )
    own = ", ".join(f"{identifier(name)}::varchar" for name in waiting.key)
    good = " union all ".join(
        f"select {nth} as nth, 'key ' || to_json([{own}])::varchar as unit "
        f"from read_parquet({literal(str(file))}, hive_partitioning = false)"
        for nth, file in waiting.landed.items()
    )
    unit = (
        f"case when {known} then 'key ' || to_json([{', '.join(parts)}])::varchar "
        f"when not contains(record, {masked}) then 'record ' || record else nth || ' ' || _row end"
    )
    told = (
        f"with refused as (select *, {unit} as unit from ({rows})), "
        "units as (select unit, min(nth) as first, max(nth) as last, count(distinct nth) as times "
        "from refused group by 1), "
        f"landed as (select unit, max(nth) as mended from ({good or 'select -1 as nth, null as unit'}) group by 1), "
        "told as (select nth, _row, first, last, times, coalesce(mended, -1) as mended, reason.rule as rule, "
        "coalesce(reason.field, '') as field from (select *, unnest(reasons) as reason "
        "from refused join units using (unit) left join landed using (unit)))"
    )
    with duckdb.connect(":memory:") as connection:
        return connection.execute(f"{told} {query}").fetchall()
