"""What moved between two frozen versions of a stage, and why: values before and after, batches and definitions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.sql import literal
from publication.tables import read_rows

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Look:
    """One kind of value. Each row names its ``place``, its value, the group it follows into, and its reasons.

    ``below``: the kind whose moved values of the same group explain it.
    """

    kind: str
    query: str
    reasons: tuple[str, ...]
    below: str | None = None


_OWN = "in (select rule_set_id from reference.rule_set_methods where instrument_id = {instrument} and year = {year})"
_LOOKS = (
    _Look(
        "question",
        f"""
        select scored.region_code || ' ' || scored.rule_set_id || ' ' || scored.question_key as place,
          scored.region_code || ' ' || scored.rule_set_id || ' ' || scored.dimension as group_in,
          coalesce(scored.score::varchar, scored.state) as value, scored.value as measured, scored.period,
          list_sort(scored.batch_ids) as batches,
          (select md5(defined::varchar) from reference.indicators as defined where defined.id = scored.indicator_id)
            as definition,
          (select md5(string_agg(band::varchar, ';' order by band::varchar)) from reference.bands as band
            where band.question_key = scored.question_key) as bands
        from scores.question_scores as scored where scored.rule_set_id {_OWN}
        """,
        ("measured", "period", "batches", "definition", "bands"),
    ),
    _Look(
        "dimension",
        f"""
        select region_code || ' ' || rule_set_id || ' ' || basis || ' ' || dimension as place,
          region_code || ' ' || rule_set_id || ' ' || basis as group_in,
          region_code || ' ' || rule_set_id || ' ' || dimension as group_of,
          coalesce(value::varchar, state) as value, weight, list_sort(batch_ids) as batches
        from scores.dimension_scores where rule_set_id {_OWN}
        """,
        ("weight", "batches"),
        below="question",
    ),
    _Look(
        "index",
        f"""
        select indexed.region_code || ' ' || indexed.rule_set_id || ' ' || indexed.basis as place,
          '' as group_in, place as group_of, coalesce(indexed.index_value::varchar, indexed.state) as value,
          (select md5(string_agg(rule::varchar, ';' order by rule::varchar)) from reference.rule_sets as rule
            where rule.rule_set_id = indexed.rule_set_id) as rules
        from scores.index_scores as indexed where indexed.rule_set_id {_OWN}
        """,
        ("rules",),
        below="dimension",
    ),
    _Look(
        "answer",
        """
        select region_code || ' ' || role || ' ' || question as place, region_code || ' ' || role as group_in,
          coalesce(score::varchar, state) as value, answer as answered, list_sort(batch_ids) as batches
        from scores.instrument_answers where instrument_id = {instrument} and year = {year}
        """,
        ("answered", "batches"),
    ),
    _Look(
        "result",
        """
        select region_code || ' ' || role || ' ' || node as place, '' as group_in,
          region_code || ' ' || role as group_of, coalesce(value::varchar, state) as value
        from scores.instrument_scores where instrument_id = {instrument} and year = {year}
        """,
        (),
        below="answer",
    ),
)


def moved(before: Path, after: Path, instrument: str, year: int) -> Sequence[Row]:
    """Each value that is another one in the second publication: what it was and is, and what is another one below it.

    ``because`` names what differs: batches that are gone and new, the measured value, and hashes of definition, bands
    and rules. ``follows``: the moved values that it was computed from.
    """
    found: list[Row] = []
    groups: dict[tuple[str, str], list[str]] = {}
    for look in _LOOKS:
        old, new = _rows(before, look, instrument, year), _rows(after, look, instrument, year)
        for place in sorted(old.keys() | new.keys()):
            row = _moved(look, place, old.get(place), new.get(place), groups)
            if row is not None:
                found.append(row)
                group = (old.get(place) or new[place])["group_in"]
                groups.setdefault((look.kind, group), []).append(place)
    return found


def publishes(publication: Path, instrument: str, year: int) -> bool:
    """Whether a publication says anything of an instrument's year."""
    return any(_rows(publication, look, instrument, year) for look in _LOOKS)


def _moved(
    look: _Look, place: str, old: Row | None, new: Row | None, groups: Mapping[tuple[str, str], Sequence[str]]
) -> Row | None:
    was, now = (row["value"] if row is not None else None for row in (old, new))
    if was == now:
        return None
    either = old or new or {}
    below = groups.get((look.below or "", str(either.get("group_of"))), ())
    because = dict(_reasons(look, old or {}, new or {}))
    return {"kind": look.kind, "what": place, "before": was, "after": now, "because": because, "follows": list(below)}


def _reasons(look: _Look, old: Row, new: Row) -> Iterator[tuple[str, Row]]:
    for name in look.reasons:
        was, now = old.get(name), new.get(name)
        if was == now:
            continue
        if name == "batches":
            gone, come = set(was or ()), set(now or ())
            yield name, {"gone": sorted(gone - come), "new": sorted(come - gone)}
        else:
            yield name, {"before": was, "after": now}


def _rows(publication: Path, look: _Look, instrument: str, year: int) -> Mapping[str, Row]:
    rows = read_rows(publication, look.query.format(instrument=literal(instrument), year=year))
    return {str(row["place"]): row for row in rows}
