"""Rules on what a mart's figures rest on: batches, the parts that indicators have in common, published figures."""

from collections.abc import Iterable, Sequence

from definitions.indicators import Indicator, Part
from definitions.records import FIGURES
from expectations.rules import SHOWN_SQL, Rule, no_rows
from ledger.sql import literal

# A side of a figure: (indicator, numerator or denominator).
Side = tuple[str, str]


def lineage_rules(table: str, indicators: Sequence[Indicator]) -> Iterable[Rule]:
    """Rules on the lineage of a pillar's mart."""
    yield no_rows(
        "evidence",
        table,
        """WITH said AS (SELECT indicator_id, state, basis, synthetic, any_value(source_ids) AS source_ids,
             any_value(batch_ids) AS batch_ids, count(*) AS figures
             FROM {batch} GROUP BY indicator_id, state, basis, synthetic, hash(source_ids), hash(batch_ids)),
           named AS (SELECT s.*, unnest(CASE WHEN len(batch_ids) = 0 THEN [NULL] ELSE batch_ids END) AS batch_id
             FROM said s),
           traced AS (SELECT n.* EXCLUDE (batch_id), count(DISTINCT b.batch_id) AS known,
               coalesce(bool_or(b.synthetic), false) AS simulated,
               coalesce(list_sort(list_distinct(list(b.source_id))), []) AS sources
             FROM named n JOIN {seed:indicators} i ON i.id = n.indicator_id
             LEFT JOIN {seed:batches} b ON b.batch_id = n.batch_id
               AND (b.record = '{figures}' AND n.basis IS DISTINCT FROM 'computed'
                 OR list_contains(i.records, b.record) AND n.basis IS DISTINCT FROM 'taken_over')
             GROUP BY ALL)
           SELECT * FROM traced WHERE known <> len(batch_ids) OR sources <> list_sort(source_ids)
             OR simulated <> synthetic OR (state = 'measured' AND known = 0)""",
        "a figure names the batches it was computed from: they are in force, bring what the indicator counts, come "
        "from the sources that it names, and are simulated where it says so",
        figures=FIGURES,
    )
    yield no_rows(
        "published_as_listed",
        table,
        """SELECT {shown}, m.published_value, m.published_by, p.value AS listed, p.publisher
           FROM {batch} m JOIN {seed:indicators} i ON i.id = m.indicator_id
           LEFT JOIN {seed:published_figures} p USING (indicator_id, region_system, region_code, period)
           WHERE (m.published_value IS NULL) <> (m.published_by IS NULL)
             OR (p.value IS NOT NULL AND (m.published_value, m.published_by) IS DISTINCT FROM (p.value, p.publisher))
             OR (m.basis = 'taken_over' AND m.state = 'measured' AND (m.published_value IS NULL
               OR p.value IS NULL AND abs(m.value - m.published_value) > 0.5 * power(10, -i.dp) + 1e-9))""",
        "what an authority published stands as it is listed or was taken over, with who published it",
        shown=SHOWN_SQL,
    )
    yield from _counts_within_rows(table, indicators)
    yield from _same_part(table, indicators)


def _counts_within_rows(table: str, indicators: Sequence[Indicator]) -> Iterable[Rule]:
    """A row of a record is counted in one region and period at most, so a count has its batches' rows as its bound."""
    counted = [
        (indicator.id, side, part.record)
        for indicator in indicators
        for side, part in indicator.all_parts.items()
        if part.count is not None and indicator.formula != "expression"
    ]
    if counted:
        yield no_rows(
            "counts_whole",
            table,
            """WITH counted (indicator_id, side, record) AS (VALUES {counted})
               SELECT {shown}, c.side, m.numerator, m.denominator FROM {batch} m JOIN counted c USING (indicator_id)
               WHERE m.basis = 'computed'
                 AND CASE c.side WHEN 'numerator' THEN m.numerator ELSE m.denominator END % 1 <> 0""",
            "a count of rows is a whole number",
            counted=_values(counted),
            shown=SHOWN_SQL,
        )
        yield no_rows(
            "counts_within_rows",
            table,
            """WITH counted (indicator_id, side, record) AS (VALUES {counted}),
               own AS (SELECT * FROM {batch} WHERE state = 'measured' AND basis = 'computed'),
               totals AS (SELECT c.*, sum(CASE c.side WHEN 'numerator' THEN o.numerator ELSE o.denominator END) AS total
                 FROM counted c JOIN own o USING (indicator_id) GROUP BY ALL),
               rests AS (SELECT DISTINCT indicator_id, unnest(batch_ids) AS batch_id FROM own),
               landed AS (SELECT r.indicator_id, b.record,
                   CASE WHEN count(*) = count(b.rows) THEN sum(b.rows) END AS landed
                 FROM rests r JOIN {seed:batches} b USING (batch_id) GROUP BY ALL)
               SELECT * FROM totals JOIN landed USING (indicator_id, record) WHERE total > landed""",
            "no more is counted than rows were landed: a batch was counted twice, or a count is in another unit",
            counted=_values(counted),
        )


def _same_part(table: str, indicators: Sequence[Indicator]) -> Iterable[Rule]:
    """What two indicators count in the same way is one number."""
    pairs = list(_pairs(indicators))
    if pairs:
        yield no_rows(
            "same_part",
            table,
            """WITH pairs (here, side, there, other_side, years) AS (VALUES {pairs}),
               own AS (SELECT region_code, indicator_id, period, unnest(['numerator', 'denominator']) AS side,
                   unnest([numerator, denominator]) AS number
                 FROM {batch} WHERE state = 'measured' AND basis = 'computed')
               SELECT a.region_code, a.period, a.indicator_id, a.side, a.number, b.indicator_id AS other,
                 b.side AS other_side, b.period AS other_period, b.number AS other_number
               FROM pairs p JOIN own a ON a.indicator_id = p.here AND a.side = p.side
               JOIN own b ON b.indicator_id = p.there AND b.side = p.other_side AND b.region_code = a.region_code
                 AND b.period = (left(a.period, 4)::INTEGER - p.years) || substr(a.period, 5)
               WHERE a.number <> b.number""",
            "what two indicators count in the same way is one number",
            pairs=_values(pairs),
        )


def _pairs(indicators: Sequence[Indicator]) -> Iterable[tuple[str, str, str, str, int]]:
    """Each part with the first one that is counted alike, and how many years earlier that one's figure stands."""
    first: dict[Part, tuple[Side, int]] = {}
    for indicator in indicators:
        if indicator.formula == "expression":
            continue
        for side, part in indicator.all_parts.items():
            alike = part.model_copy(update={"says": None, "years_ago": 0})
            (other, other_side), years = first.setdefault(alike, ((indicator.id, side), part.years_ago))
            if (other, other_side) != (indicator.id, side):
                yield indicator.id, side, other, other_side, part.years_ago - years


def _values(rows: Sequence[Sequence[str | int]]) -> str:
    return ", ".join(
        f"({', '.join(literal(cell) if isinstance(cell, str) else str(cell) for cell in row)})" for row in rows
    )
