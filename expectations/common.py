"""The rules every pillar's candidate mart must meet, whatever it measures.

These ask what a mart says of itself, by its definitions. `lineage` asks what it rests on, `copies` whether numbers
stand in a second place, and `in_force` how it differs from what is in force.
"""

from collections.abc import Iterable

from definitions.indicators import DIVIDED, load_indicators
from expectations.bounds import Bounds, read_bounds
from expectations.copies import copy_rules
from expectations.in_force import in_force_rules
from expectations.lineage import lineage_rules
from expectations.rules import (
    SHOWN,
    SHOWN_SQL,
    STATES,
    Rule,
    between,
    empty,
    filled,
    in_set,
    known,
    no_rows,
    not_empty,
    not_larger,
    under_contract,
    unique,
)
from ledger.project import mart_of
from ledger.project import table as described

MEASURED = {"state": ("measured",)}
ELSEWHERE = {"state": tuple(state for state in STATES if state != "measured")}


def pillar_rules(pillar: str) -> tuple[Rule, ...]:
    """Rules for ``candidate.mart_<pillar>``, among them the bounds of its indicators.

    Raises GateError when the bounds cannot be read, ConfigError when no YAML describes the mart.
    """
    table = f"candidate.mart_{pillar}"
    listed = read_bounds(pillar)
    indicators = load_indicators()[pillar]
    return (
        *_shape(table, pillar),
        *_presence(table, pillar),
        *_values(table),
        *_parts(table, tuple(item.indicator_id for item in listed if item.formula == "share")),
        *lineage_rules(table, indicators),
        *copy_rules(table),
        *in_force_rules(table),
        *(rule for item in listed for rule in _bounded(table, item)),
    )


def _shape(table: str, pillar: str) -> Iterable[Rule]:
    contract = described(mart_of(pillar))
    yield not_empty(table)
    yield under_contract(table, contract)
    yield unique(table, contract.key, "one value per region, period and indicator")
    yield in_set(table, "state", STATES, SHOWN, "an unknown state is a signal, never a default")
    yield no_rows(
        "period_form",
        table,
        "SELECT {shown} FROM {batch} WHERE NOT regexp_full_match(period, '20[0-9][0-9](-(0[1-9]|1[0-2]))?')",
        "a period is a year (2024) or a month (2024-08)",
        shown=SHOWN_SQL,
    )
    yield no_rows(
        "as_defined",
        table,
        """SELECT m.region_code, m.period, m.indicator_id, m.pillar, m.unit, i.unit AS unit_defined, m.region_system,
             m.region_name, r.region_name AS name_listed, m.definition
           FROM {batch} m JOIN {seed:indicators} i ON i.id = m.indicator_id
           JOIN {seed:regions} r ON r.region_code = m.region_code
           WHERE (m.pillar, m.unit, m.definition, m.region_system, m.region_name)
             <> (i.pillar, i.unit, i.definition, r.region_system, r.region_name)""",
        "pillar, unit and definition are the indicator's, name and code system the region's, as they are defined",
    )


def _presence(table: str, pillar: str) -> Iterable[Rule]:
    yield no_rows(
        "rows_present",
        table,
        """SELECT r.region_code, d.period, d.indicator_id FROM {seed:regions} r CROSS JOIN
           (SELECT DISTINCT i.id AS indicator_id, m.period FROM {seed:indicators} i
            LEFT JOIN {batch} m ON m.indicator_id = i.id WHERE i.pillar = '{pillar}') d
           ANTI JOIN {batch} m ON m.region_code = r.region_code AND m.indicator_id = d.indicator_id
             AND m.period = d.period""",
        "each region has a row for each indicator and each of its periods, if only to say that it is missing",
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
        "an indicator without a definition cannot be explained, one of another pillar is gated by the wrong rules",
        shown=SHOWN_SQL,
        pillar=pillar,
    )


def _values(table: str) -> Iterable[Rule]:
    because = "empty is not zero: there is a value exactly when something was measured"
    yield from filled(table, ("value",), SHOWN, because, name="value_where_measured", where=MEASURED)
    yield empty("no_value_elsewhere", table, "value", SHOWN, because, where=ELSEWHERE)
    for part in ("numerator", "denominator"):
        because = "a suppressed rate could be computed back from its counts"
        yield empty(f"suppressed_{part}", table, part, SHOWN, because, where={"state": ("suppressed",)})
    yield no_rows(
        "suppressed_as_ruled",
        table,
        """SELECT {shown}, state, count_of, threshold FROM {batch} m LEFT JOIN {seed:suppression} s USING (indicator_id)
           WHERE m.state = 'suppressed' AND s.indicator_id IS NULL
             OR CASE s.count_of
               WHEN 'numerator' THEN m.numerator WHEN 'denominator' THEN m.denominator
               WHEN 'complement' THEN m.denominator - m.numerator END BETWEEN 1 AND s.threshold - 1""",
        "counts of people under the threshold are hidden, and nothing else is",
        shown=SHOWN_SQL,
    )
    yield no_rows(
        "suppressed_together",
        table,
        """WITH beside AS (SELECT s.indicator_id, m.region_code, m.period, s.together,
               max((coalesce(o.value, o.numerator, o.denominator) IS NOT NULL)::INTEGER) AS shown
             FROM {batch} m JOIN {seed:suppression} s USING (indicator_id)
             LEFT JOIN {seed:suppression} t ON t.together = s.together
             LEFT JOIN {batch} o ON o.indicator_id = t.indicator_id AND o.region_code = m.region_code
               AND o.period = m.period
             WHERE m.state = 'suppressed' GROUP BY ALL)
           SELECT region_code, period, indicator_id, string_agg(together, ', ') AS together FROM beside GROUP BY ALL
           HAVING bool_and(together IS NOT NULL AND shown = 1)""",
        "a hidden count is a whole less its other parts: what it could be computed back from is hidden too",
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


def _parts(table: str, shares: tuple[str, ...]) -> Iterable[Rule]:
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
        "parts_stated",
        table,
        """SELECT {shown}, i.formula, m.basis, m.numerator, m.denominator
           FROM {batch} m JOIN {seed:indicators} i ON i.id = m.indicator_id
           WHERE m.state = 'measured' AND (m.basis IS NULL OR m.basis NOT IN ('computed', 'taken_over')
             OR m.basis = 'computed' AND (i.formula = 'published'
               OR (m.numerator IS NOT NULL) <> (i.formula IN ({divided}, 'amount'))
               OR (m.denominator IS NOT NULL) <> (i.formula IN ({divided}))))""",
        "a measured value says whether it was computed or taken over, and what was computed says from which parts",
        shown=SHOWN_SQL,
        divided=", ".join(f"'{formula}'" for formula in sorted(DIVIDED)),
    )
    # The division is done in binary; 1e-9 is far above its error and far below half a unit of any printed decimal.
    yield no_rows(
        "value_recomputed",
        table,
        """SELECT * FROM (
             SELECT m.region_code, m.period, m.indicator_id, m.value, i.dp,
               CASE i.formula WHEN 'amount' THEN m.numerator
                 WHEN 'growth' THEN i.factor * (m.numerator - m.denominator) / m.denominator
                 ELSE i.factor * m.numerator / m.denominator END AS recomputed
             FROM {batch} m JOIN {seed:indicators} i ON i.id = m.indicator_id
             WHERE m.state = 'measured' AND (i.formula IN ({divided}) AND m.denominator > 0
               OR i.formula = 'amount' AND m.numerator IS NOT NULL))
           WHERE recomputed IS NULL OR abs(value - recomputed) > 0.5 * power(10, -dp) + 1e-9""",
        "a value is recomputed from its parts; a rate of sums is never the mean of rates",
        divided=", ".join(f"'{formula}'" for formula in sorted(DIVIDED)),
    )
    if shares:
        where = {"indicator_id": shares, **MEASURED}
        because = "a part is never larger than its whole"
        yield not_larger("part_within_whole", table, ("numerator", "denominator"), SHOWN, because, where=where)


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
