"""Rules on numbers that stand in a second place: a year repeated under the next, a region's under another region.

Whether sameness is a copy depends on how much is the same. Ten digits that agree by chance are no everyday matter; a
count of schools that stays for a year is. Only significant digits count, without those that would agree anyway: the
first of two regions' numbers, the first two of one region's in two periods. Noughts at the end say nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from expectations.rules import Rule, Severity, no_rows

NEVER = 1000000


@dataclass(frozen=True, slots=True)
class _Places:
    """What may be a copy of what. ``surely`` so many same digits are a copy, ``perhaps`` so many are worth a look.

    ``contents`` says what stands in each ``place``: of an indicator or of all, within a region or in all, and how many
    digits that is. ``free``: so many of a number's first digits agree anyway.
    """

    name: str
    contents: str
    free: int
    surely: int = NEVER
    perhaps: int = NEVER


# All regions of an indicator have the same numbers in two periods, or one region has.
_PERIODS = _Places(
    "periods",
    """SELECT indicator_id, NULL AS region, period AS place,
         sum(hash((region_code, numerator, denominator, value))) AS content, sum(digits) AS digits
       FROM numbers GROUP BY indicator_id, period
       UNION ALL SELECT indicator_id, region_code, period, hash((numerator, denominator, value)), digits
       FROM numbers""",
    free=2,
    surely=12,
    perhaps=5,
)
# Two regions have the same numbers in all periods of an indicator, or in all that is measured of them.
_REGIONS = _Places(
    "regions",
    """SELECT indicator_id, NULL AS region, region_code AS place,
         sum(hash((period, numerator, denominator, value))) AS content, sum(digits) AS digits
       FROM numbers GROUP BY indicator_id, region_code
       UNION ALL SELECT NULL, NULL, region_code, sum(hash((indicator_id, period, numerator, denominator, value))),
         sum(digits)
       FROM numbers GROUP BY region_code""",
    free=1,
    surely=10,
)
# Two indicators have the same numbers everywhere. It may be true: where nothing is reduced, all that is managed is
# handled.
_INDICATORS = _Places(
    "indicators",
    """SELECT NULL::VARCHAR AS indicator_id, NULL::VARCHAR AS region, indicator_id AS place,
         sum(hash((region_code, period, numerator, denominator, value))) AS content, sum(digits) AS digits
       FROM numbers GROUP BY indicator_id""",
    free=1,
    perhaps=7,
)
_DIGITS = " + ".join(
    f"greatest(0, length(rtrim(ltrim(replace(coalesce({side}, 0)::VARCHAR, '.', ''), '-0'), '0')) - {{free}})"
    for side in ("numerator", "denominator", "value")
)
# The number of digits is that of any of the places: they have the same numbers.
_QUERY = f"""WITH own AS (SELECT * REPLACE (CASE WHEN numerator IS NULL THEN value END AS value) FROM {{batch}}
               WHERE state = 'measured'),
             numbers AS (SELECT *, {_DIGITS} AS digits FROM own),
             contents AS ({{contents}})
             SELECT indicator_id, region, list(place ORDER BY place) AS {{places}}, min(digits) AS digits
             FROM contents GROUP BY indicator_id, region, content
             HAVING count(*) > 1 AND min(digits) BETWEEN {{least}} AND {{most}}"""


def copy_rules(table: str) -> Iterable[Rule]:
    """Rules on copies within a pillar's mart."""
    for places in (_PERIODS, _REGIONS):
        because = f"two {places.name} cannot have the same long numbers: one is the other's copy"
        yield _rule(f"{places.name}_copied", table, places, because, "critical")
    for places in (_PERIODS, _INDICATORS):
        because = f"several {places.name} have the same numbers: look once whether one is a copy"
        yield _rule(f"{places.name}_alike", table, places, because, "warning")


def _rule(name: str, table: str, places: _Places, because: str, severity: Severity) -> Rule:
    return no_rows(
        name,
        table,
        _QUERY,
        because,
        severity=severity,
        contents=places.contents,
        places=places.name,
        free=str(places.free),
        least=str(places.surely if severity == "critical" else places.perhaps),
        most=str(NEVER if severity == "critical" else places.surely - 1),
    )
