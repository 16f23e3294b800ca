"""Batches whose number of rows would tell a count of people that the marts hide.

A count over the rows of a record is no larger than the rows behind it. What a batch landed, less what is shown of it
for other regions, is therefore the most that its hidden counts can be together. Where that is below the threshold, or
below that many times it where several are hidden, the batch does not say how many rows it has: of two counts below five
that are eight in all, each is four.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from connectors.source.source import Source
from definitions.indicators import Indicator, all_indicators
from ledger.records import Batch
from ledger.sql import identifier, literal
from pilar.evaluation.warehouse import PROMOTED, opened

# Of each batch and indicator: how much of the counts is shown, and how many of them are not.
_SHOWN = """
select batch_id, indicator_id, sum(coalesce({part}, 0)) as shown, count_if(state = 'suppressed') as hidden
from (select *, unnest(batch_ids) as batch_id from {promoted} where indicator_id in ({names}) and basis = 'computed')
group by all having count_if(state = 'suppressed') > 0
"""


def untold(warehouse: Path, batches: Iterable[Batch], sources: Mapping[str, Source]) -> frozenset[str]:
    """The batches that do not say how many rows they received and landed."""
    below = _below(sources)
    shown = _shown(warehouse)
    found = set()
    for batch in batches:
        least = below.get(batch.source_id, 0)
        rows = batch.rows_landed or 0
        narrow = any(rows - told < least * hidden for told, hidden in shown.get(batch.batch_id, ()))
        if 0 < rows < least or narrow:
            found.add(batch.batch_id)
    return frozenset(found)


def _counting() -> Iterator[tuple[Indicator, str, str, int]]:
    """The parts that count people's rows: indicator, part, record and threshold."""
    for _, indicator in all_indicators():
        for name, part in indicator.all_parts.items():
            if indicator.suppress is not None and part.count is not None:
                yield indicator, name, part.count, indicator.suppress.below


def _below(sources: Mapping[str, Source]) -> Mapping[str, int]:
    """The threshold of each source whose rows are counted as people."""
    of_record: dict[str, int] = {}
    for _, _, record, below in _counting():
        of_record[record] = max(below, of_record.get(record, 0))
    return {
        source.id: max(of_record.get(entry.record, 0) for entry in source.provides)
        for source in sources.values()
        if source.provides
    }


def _shown(warehouse: Path) -> Mapping[str, Collection[tuple[int, int]]]:
    """How many rows of each batch are shown, and how many counts of them are hidden, by each indicator that hides."""
    names: dict[str, list[str]] = {}
    for indicator, part, _, _ in _counting():
        if part in ("numerator", "denominator"):
            names.setdefault(part, []).append(indicator.id)
    found = defaultdict[str, set[tuple[int, int]]](set)
    with opened(warehouse) as connection:
        for part, listed in names.items():
            query = _SHOWN.format(part=identifier(part), promoted=PROMOTED, names=", ".join(map(literal, listed)))
            for batch_id, _, shown, hidden in connection.execute(query).fetchall():
                found[batch_id].add((int(shown), hidden))
    return found
