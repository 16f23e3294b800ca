"""Refused rows that came again: the overlap of an incremental source brings a bad record with each pull.

- Each batch goes on counting what it refused (promise P1).
- A person is asked about a record once, where it came last. That it came before is told beside it. This stays so after
  it is dismissed there.
- Nobody is asked once a later pull landed a version that is not older: the agency has corrected the record.
- A record is known again by its key, or by all that was kept of it. One whose key is masked, because a person may stand
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
from ledger.records import Batch, Merge
from ledger.settings import Settings
from ledger.sql import identifier, literal
from ledger.store import Ledger

MASK = "***"
_CURSOR = r"[0-9]+|[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?"
"""A refused row's cursor that cannot be misread as an older one; with another a row is never taken for corrected."""


@dataclass(frozen=True)
class Occurrences:
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
    refused ones from the first that waits on, and landed ones in force of later pulls."""

    batches: Sequence[Decided]
    pulled: Sequence[datetime]
    refused: Mapping[int, Path]
    landed: Mapping[int, Path]
    merge: Merge


def once(found: Sequence[Refused], ledger: Ledger, settings: Settings) -> Sequence[Refused]:
    """The same refusals, where rows that a later batch brought again wait no more."""
    told: dict[tuple[str, str, str], Refused] = {}
    for source_id, group in groupby(sorted(found, key=_source), _source):
        mine = {(one.batch.batch_id, one.rule, one.field): one for one in group}
        waiting = _open(source_id, ledger, settings, mine.values())
        if waiting is not None:
            told |= _folded(mine, waiting, _single(mine.values(), ledger))
    return [told.get((one.batch.batch_id, one.rule, one.field), one) for one in found]


def seen(batch: Batch, numbers: Sequence[int], ledger: Ledger, settings: Settings) -> Mapping[int, Occurrences]:
    """For those rows of a batch that other waiting batches of its source have too: when and how often they came."""
    waiting = _open(batch.source_id, ledger, settings, ledger.refused(batch.source_id))
    if waiting is None or not numbers:
        return {}
    nth = next((nth for nth in waiting.refused if waiting.batches[nth].batch_id == batch.batch_id), None)
    if nth is None:
        return {}
    listed = ", ".join(str(int(number)) for number in numbers)
    rows = _asked(
        waiting, f"select _row, first, times, last, mended from told where nth = {nth} and _row in ({listed})"
    )
    return {
        row: Occurrences(
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


def _open(source_id: str, ledger: Ledger, settings: Settings, found: Iterable[Refused]) -> _Open | None:
    """None where nothing can have come again: snapshots say themselves what is wrong.

    Batches of which all is dismissed take part: what a person decided of a record holds for its earlier versions too.
    """
    present = [one for one in found if one.fate.state == "open"]
    first = min((one.batch.batch_id for one in present if one.open), default=None)
    if first is None:
        return None
    wanted = {one.batch.batch_id for one in present if one.batch.batch_id >= first}
    decided = ledger.decided(source_id)
    force = ledger.in_force(source_id)
    later = {one.batch_id for one in force if one.merge is not None and one.batch_id > first}
    batches = sorted((one for one in decided if one.batch_id in wanted | later), key=attrgetter("batch_id"))
    known = ledger.batches_by_id(wanted | later)
    rows = [known[one.batch_id] for one in batches]
    merges = [row.merge for row in rows if row.merge is not None]
    files = [settings.home / row.landed_path for row in rows if row.landed_path is not None]
    if not merges or len(files) != len(batches):
        return None
    refused = {
        nth: files[nth].with_name("quarantine.parquet") for nth, one in enumerate(batches) if one.batch_id in wanted
    }
    landed = {nth: files[nth] for nth, one in enumerate(batches) if one.batch_id in later}
    if not all(file.is_file() for file in (*refused.values(), *landed.values())):
        return None  # `pilar verify` names a missing file; here each batch is told by itself
    return _Open(batches, [one.started_at for one in batches], refused, landed, merges[-1])


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
        if key in mine and mine[key].open:
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


def _said(column: str) -> str:
    """What a refused record says in a column, as text."""
    return f"json_extract_string(record, {literal(f'$.{chr(34)}{column}{chr(34)}')})"


def _landed(waiting: _Open) -> str:
    """The units that later pulls landed, and in which version."""
    own = ", ".join(f"{identifier(name)}::varchar" for name in waiting.merge.key)
    good = " union all ".join(
        f"select {nth} as nth, {literal(waiting.batches[nth].pull_id)} as pull_id, "
        f"'key ' || to_json([{own}])::varchar as unit, {identifier(waiting.merge.cursor)} as version "
        f"from read_parquet({literal(str(file))}, hive_partitioning = false)"
        for nth, file in waiting.landed.items()
    )
    return good or "select -1 as nth, '' as pull_id, '' as unit, 0 as version"


def _asked(waiting: _Open, query: str) -> list[tuple[Any, ...]]:
    """A query over ``told``: each reason of each waiting row, with the first and the last batch that refused its
    record, and the last of a later pull that landed it in no older version (``mended``, -1 where none did)."""
    import duckdb

    parts = [_said(name) for name in waiting.merge.key]
    masked = literal(MASK)
    known = " and ".join(f"not contains({part}, {masked})" for part in parts)
    rows = " union all ".join(
        f"select {nth} as nth, {literal(waiting.batches[nth].pull_id)} as pull_id, _row, record, reasons "
        f"from read_parquet({literal(str(file))}, hive_partitioning = false)"
        for nth, file in waiting.refused.items()
    )
    unit = (
        f"case when {known} then 'key ' || to_json([{', '.join(parts)}])::varchar "
        f"when not contains(record, {masked}) then 'record ' || record else nth || ' ' || _row end"
    )
    # A moment without an offset is read as UTC, which is hours later than Indonesia meant: a row waits rather too long.
    version = _said(waiting.merge.cursor)
    told = (
        f"with refused as (select *, {unit} as unit, case when regexp_full_match({version}, {literal(_CURSOR)}) "
        f"then {version} end as version from ({rows})), "
        "units as (select unit, min(nth) as first, max(nth) as last, count(distinct nth) as times "
        "from refused group by 1), "
        f"landed as (select * from ({_landed(waiting)}) where unit in (select unit from units)), "
        "corrected as (select bad.nth, bad._row, max(good.nth) as mended from refused bad join landed good "
        "on good.unit = bad.unit and good.pull_id > bad.pull_id "
        "and good.version >= try(cast_to_type(bad.version, good.version)) group by all), "
        "told as (select nth, _row, first, last, times, coalesce(mended, -1) as mended, reason.rule as rule, "
        "coalesce(reason.field, '') as field from (select *, unnest(reasons) as reason "
        "from refused join units using (unit) left join corrected using (nth, _row)))"
    )
    with duckdb.connect(":memory:") as connection:
        connection.execute("set timezone = 'UTC'")
        return connection.execute(f"{told} {query}").fetchall()
