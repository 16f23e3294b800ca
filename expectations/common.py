"""The rules every pillar's candidate mart must meet, whatever it measures."""

from collections.abc import Iterable

from expectations.bounds import Bounds, read_bounds
from expectations.rules import (
    REGION_SYSTEM,
    STATES,
    Rule,
    between,
    empty,
    filled,
    has_columns,
    in_set,
    known,
    no_rows,
    not_empty,
    not_larger,
    unique,
)
from ledger.project import mart_of
from ledger.project import table as described

SHOWN = ("region_code", "period", "indicator_id")
SHOWN_SQL = ", ".join(SHOWN)
MEASURED = {"state": ("measured",)}
ELSEWHERE = {"state": tuple(state for state in STATES if state != "measured")}


def pillar_rules(pillar: str) -> tuple[Rule, ...]:
    """Rules for ``candidate.mart_<pillar>``, among them the bounds of its indicators.

    Raises GateError when the bounds cannot be read, ConfigError when no YAML describes the mart.
    """
    table = f"candidate.mart_{pillar}"
    listed = read_bounds(pillar)
    return (
        *_shape(table, pillar),
        *_presence(table, pillar),
        *_values(table),
        _recomputed(table),
        *_part_within_whole(table, tuple(item.indicator_id for item in listed if item.formula == "share")),
        *(rule for item in listed for rule in _bounded(table, item)),
    )


def _shape(table: str, pillar: str) -> Iterable[Rule]:
    contract = described(mart_of(pillar))
    yield not_empty(table)
    yield has_columns(table, contract.names, "a mart keeps the columns its readers rely on")
    yield unique(table, contract.key, "one value per region, period and indicator")
    because = "a number without its region, period, unit, definition and source says nothing"
    yield from filled(table, contract.required, SHOWN, because)
    yield in_set(table, "pillar", (pillar,), SHOWN, "a row of another pillar would be gated by the wrong rules")
    yield in_set(
        table, "region_system", (REGION_SYSTEM,), SHOWN, "169 BPS codes name another region in Kemendagri's list"
    )
    yield in_set(table, "state", STATES, SHOWN, "an unknown state is a signal, never a default")
    yield no_rows(
        "region_code_form",
        table,
        "SELECT {shown} FROM {batch} WHERE NOT regexp_full_match(region_code, '[0-9][0-9][.][0-9][0-9]')",
        "a regency's code is written 64.02; bare digits are ambiguous between code systems",
        shown=SHOWN_SQL,
    )
    yield no_rows(
        "period_form",
        table,
        "SELECT {shown} FROM {batch} WHERE NOT regexp_full_match(period, '20[0-9][0-9](-(0[1-9]|1[0-2]))?')",
        "a period is a year (2024) or a month (2024-08)",
        shown=SHOWN_SQL,
    )


def _presence(table: str, pillar: str) -> Iterable[Rule]:
    yield no_rows(
        "regions_present",
        table,
        """SELECT r.region_code, NULL AS period, NULL AS indicator_id FROM {seed:regions} r
           WHERE r.region_code NOT IN (SELECT region_code FROM {batch} WHERE region_code IS NOT NULL)""",
        "no region silently disappears: one without data has rows that say so",
    )
    yield no_rows(
        "indicators_present",
        table,
        """SELECT r.region_code, NULL AS period, i.id AS indicator_id
           FROM {seed:regions} r CROSS JOIN {seed:indicators} i
           WHERE i.pillar = '{pillar}' AND NOT EXISTS
           (SELECT 1 FROM {batch} m WHERE m.region_code = r.region_code AND m.indicator_id = i.id)""",
        "each region has a row for each indicator of the pillar, if only to say that it is missing",
        pillar=pillar,
    )
    yield known(
        table, "region_code", ("regions", "region_code"), "a code that is none of the installation's is nobody's"
    )
    yield no_rows(
        "indicators_known",
        table,
        """SELECT {shown} FROM {batch}
           WHERE indicator_id NOT IN (SELECT id FROM {seed:indicators} WHERE pillar = '{pillar}')""",
        "an indicator without a definition cannot be explained",
        shown=SHOWN_SQL,
        pillar=pillar,
    )
    yield no_rows(
        "unit_as_defined",
        table,
        """SELECT m.region_code, m.period, m.indicator_id, m.unit, i.unit AS defined
           FROM {batch} m JOIN {seed:indicators} i ON i.id = m.indicator_id WHERE m.unit <> i.unit""",
        "the unit is the one of the indicator's definition",
    )


def _values(table: str) -> Iterable[Rule]:
    because = "empty is not zero: there is a value exactly when something was measured"
    yield from filled(table, ("value",), SHOWN, because, name="value_where_measured", where=MEASURED)
    yield empty("no_value_elsewhere", table, "value", SHOWN, because, where=ELSEWHERE)
    for part in ("numerator", "denominator"):
        because = "a suppressed rate could be computed back from its counts"
        yield empty(f"suppressed_{part}", table, part, SHOWN, because, where={"state": ("suppressed",)})
    because = "a rate of nothing is missing, not zero and not infinite"
    yield between(
        table,
        "denominator",
        (0, None),
        SHOWN,
        because,
        name="denominator_positive",
        above_minimum=True,
        where=MEASURED,
    )
    yield no_rows(
        "evidence",
        table,
        """SELECT {shown}, source_ids FROM {batch}
           WHERE state = 'measured' AND coalesce(len(list_filter(batch_ids, b -> b IS NOT NULL)), 0) = 0""",
        "a measured value names the batches it was computed from",
        shown=SHOWN_SQL,
    )
    yield no_rows(
        "stated_decimals",
        table,
        """SELECT m.region_code, m.period, m.indicator_id, m.value, i.dp
           FROM {batch} m JOIN {seed:indicators} i ON i.id = m.indicator_id
           WHERE m.value::DECIMAL(28,4) * power(10, i.dp)::INTEGER % 1 <> 0""",
        "a value is written with the decimals its indicator states, no more",
    )
    yield no_rows(
        "published_agrees",
        table,
        """SELECT m.region_code, m.period, m.indicator_id, m.value, m.published_value, m.published_by
           FROM {batch} m JOIN {seed:indicators} i ON i.id = m.indicator_id
           WHERE abs(m.value - m.published_value) > 0.5 * power(10, -i.dp) + 1e-9""",
        "the authoritative figure differs: a finding for people to settle, never averaged away",
        severity="warning",
    )


def _part_within_whole(table: str, parts: tuple[str, ...]) -> Iterable[Rule]:
    if parts:
        where = {"indicator_id": parts, **MEASURED}
        because = "a part is never larger than its whole, nor negative"
        yield not_larger("part_within_whole", table, ("numerator", "denominator"), SHOWN, because, where=where)
        yield between(table, "numerator", (0, None), SHOWN, because, name="part_not_negative", where=where)


def _recomputed(table: str) -> Rule:
    """The value follows from its own components, to half a unit of the last printed decimal."""
    # The division is done in binary; 1e-9 is far above its error and far below half a unit of any printed decimal.
    return no_rows(
        "value_recomputed",
        table,
        """SELECT * FROM (
             SELECT m.region_code, m.period, m.indicator_id, m.value, i.dp,
               i.factor * CASE WHEN i.formula = 'growth' THEN m.numerator - m.denominator ELSE m.numerator END
                 / m.denominator AS recomputed
             FROM {batch} m JOIN {seed:indicators} i ON i.id = m.indicator_id
             WHERE m.state = 'measured' AND i.formula IN ('share', 'percent', 'ratio', 'growth') AND m.denominator > 0)
           WHERE recomputed IS NULL OR abs(value - recomputed) > 0.5 * power(10, -dp) + 1e-9""",
        "a ratio is recomputed from its components; a rate of sums is never the mean of rates",
    )


def _bounded(table: str, item: Bounds) -> Iterable[Rule]:
    where = {"indicator_id": (item.indicator_id,)}
    if (item.minimum, item.maximum) != (None, None):
        yield between(
            table,
            "value",
            (item.minimum, item.maximum),
            SHOWN,
            item.because,
            name=f"range_{item.indicator_id}",
            where=where,
            owner=item.owner,
        )
    if (item.unusual_below, item.unusual_above) != (None, None):
        yield between(
            table,
            "value",
            (item.unusual_below, item.unusual_above),
            SHOWN,
            "possible and seldom: look once whether it is true",
            name=f"unusual_{item.indicator_id}",
            where=where,
            severity="warning",
            owner=item.owner,
        )
