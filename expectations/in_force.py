"""Rules on how a candidate differs from what is in force of its pillar: the version that passed last.

Nothing in force, nothing to compare: these rules then find nothing. A figure is compared while its unit and definition
stay. Where the version in force is the wrong one, `pilar evaluate --anew PILLAR` judges the pillar without it.
"""

from collections.abc import Iterable

from expectations.rules import SHOWN_SQL, Rule, no_rows

SLIP = 0.02
"""A number that is 10, 100, 1,000 ... times what it was, give or take so much, is in another unit."""
SLIP_FROM = 1000
"""Below it a count may well grow tenfold."""
JUMP = 1.5
"""A number that grew or shrank by more than this factor is told: twice as much is a batch counted twice, too."""
JUMP_FROM = 20
"""Smaller counts jump for small reasons."""

# Figures that are not the same as in force.
_CHANGED = """WITH changed AS (SELECT * FROM {batch} m ANTI JOIN {before} b ON m.region_code = b.region_code
  AND m.indicator_id = b.indicator_id AND m.period = b.period AND m.state = b.state
  AND m.numerator IS NOT DISTINCT FROM b.numerator AND m.denominator IS NOT DISTINCT FROM b.denominator
  AND m.value IS NOT DISTINCT FROM b.value AND m.published_value IS NOT DISTINCT FROM b.published_value)"""
# A figure's parts, or its value where it has none: what is a ratio of parts says nothing new.
_NUMBERS = """SELECT *, CASE WHEN number > 0 THEN ln(number) END AS size FROM (SELECT region_code, indicator_id, period,
  unit, definition, unnest(['numerator', 'denominator', 'value']) AS side,
  unnest([numerator, denominator, CASE WHEN numerator IS NULL THEN value END]::DOUBLE[]) AS number"""
_BOTH = f"""{_CHANGED}, now AS ({_NUMBERS} FROM changed WHERE state = 'measured')), was AS ({_NUMBERS} FROM {{before}}
  SEMI JOIN changed USING (region_code, indicator_id) WHERE state = 'measured')), """
_SAME = "region_code, indicator_id, period, side, unit, definition"


def in_force_rules(table: str) -> Iterable[Rule]:
    """Rules on a pillar's mart and what is in force of it."""
    yield no_rows(
        "unit_slip",
        table,
        f"""{_BOTH} steps AS (SELECT {_SAME}, now.number AS number, was.number AS in_force,
              (now.size - was.size) / ln(10) AS step FROM now JOIN was USING ({_SAME})
            WHERE side = 'value' OR greatest(now.number, was.number) >= {SLIP_FROM})
            SELECT {SHOWN_SQL}, side, number, in_force FROM steps
            WHERE round(step) <> 0 AND abs(step - round(step)) <= log10(1 + {SLIP})""",
        "a number that is 10, 100 or 1,000 times what is in force is in another unit, here or there",
    )
    yield no_rows(
        "swapped",
        table,
        f"""{_BOTH} own AS (SELECT {_SAME}, now.size AS size, was.size AS in_force, abs(now.size - was.size) AS off
              FROM now JOIN was USING ({_SAME}) WHERE now.size IS NOT NULL AND was.size IS NOT NULL),
            moved AS (SELECT * FROM own WHERE (region_code, indicator_id) IN
              (SELECT (region_code, indicator_id) FROM own GROUP BY region_code, indicator_id HAVING avg(off) > 0.005)),
            pairs AS (
              SELECT 'regions' AS swapped, unnest([NULL, a.indicator_id]) AS within,
                least(a.region_code, b.region_code) AS one, greatest(a.region_code, b.region_code) AS other,
                a.off, abs(a.size - b.in_force) AS off_other
              FROM moved a JOIN moved b USING (indicator_id, period, side) WHERE a.region_code <> b.region_code
              UNION ALL SELECT 'indicators', NULL, least(a.indicator_id, b.indicator_id),
                greatest(a.indicator_id, b.indicator_id), a.off, abs(a.size - b.in_force)
              FROM moved a JOIN moved b USING (region_code, period, side) WHERE a.indicator_id <> b.indicator_id
              UNION ALL SELECT 'parts', a.indicator_id, 'numerator', 'denominator', a.off, abs(a.size - b.in_force)
              FROM moved a JOIN moved b USING (region_code, indicator_id, period) WHERE a.side <> b.side
              UNION ALL SELECT 'periods', a.indicator_id, a.period, b.period, a.off, abs(a.size - b.size)
              FROM moved a JOIN was b USING (region_code, indicator_id, side) WHERE a.period <> b.period)
            SELECT swapped, within, one, other, count(*) AS numbers FROM pairs GROUP BY swapped, within, one, other
            HAVING (count(*) >= 4 OR max(off_other) = 0) AND avg(off) > 0.005 AND sum(off_other) * 5 < sum(off)""",
        "two regions, indicators or parts have each other's numbers in force, or a period has those of another one",
    )
    yield no_rows(
        "half_lost",
        table,
        """WITH known AS (SELECT region_code, indicator_id, period FROM {before} WHERE state = 'measured'
             AND region_code IN (SELECT region_code FROM {seed:regions})
             AND indicator_id IN (SELECT id FROM {seed:indicators}))
           SELECT (SELECT count(*) FROM known) AS in_force, count(*) AS lost FROM known
           ANTI JOIN (SELECT * FROM {batch} WHERE state = 'measured') USING (region_code, indicator_id, period)
           HAVING 2 * count(*) > (SELECT count(*) FROM known)""",
        "more than half of what is in force would be lost: a build that went wrong",
    )
    yield no_rows(
        "lost",
        table,
        """SELECT b.region_code, b.period, b.indicator_id, b.value AS in_force, m.state
           FROM {before} b LEFT JOIN {batch} m USING (region_code, indicator_id, period)
           WHERE b.state = 'measured' AND m.state IS DISTINCT FROM 'measured'
             AND b.region_code IN (SELECT region_code FROM {seed:regions})
             AND b.indicator_id IN (SELECT id FROM {seed:indicators})""",
        "a figure is in force and is no longer measured: look once whether it was withdrawn",
        severity="warning",
    )
    yield no_rows(
        "jump",
        table,
        f"""{_BOTH} steps AS (SELECT now.*, was.number AS in_force, was.period AS period_in_force
              FROM now ASOF JOIN was USING (region_code, indicator_id, side, unit, definition, period))
            SELECT {SHOWN_SQL}, side, number, in_force, period_in_force FROM steps
            WHERE (side = 'value' OR greatest(abs(number), abs(in_force)) >= {JUMP_FROM}) AND number <> in_force
              AND (number * in_force <= 0 OR greatest(number / in_force, in_force / number) > {JUMP})
            UNION ALL SELECT {SHOWN_SQL}, 'value', 0, NULL, NULL FROM changed SEMI JOIN
              (SELECT * FROM {{before}} WHERE state = 'missing') USING (region_code, indicator_id, period)
            WHERE state = 'measured' AND value = 0""",
        "a number is far from what is in force, or nought where nothing was known: look once whether it is true",
        severity="warning",
    )
    yield no_rows(
        "changed_without_data",
        table,
        f"""{_CHANGED} SELECT m.region_code, m.period, m.indicator_id, m.value, b.value AS in_force, m.state
            FROM changed m JOIN {{before}} b USING (region_code, indicator_id, period, unit, definition)
            WHERE len(m.batch_ids) > 0 AND m.batch_ids = b.batch_ids""",
        "a figure changed and the batches that it rests on did not: a rule was changed, or the build went wrong",
        severity="warning",
    )
