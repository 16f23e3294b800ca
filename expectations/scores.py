"""The gate of the scores: nothing is published that does not follow from its parts under its rule set."""

from collections.abc import Iterable

from expectations.rules import (
    STATES,
    Rule,
    between,
    empty,
    filled,
    in_set,
    known,
    no_rows,
    not_empty,
    under_contract,
    unique,
)
from ledger.project import Table
from ledger.project import table as described

QUESTIONS, PILLARS = "scores.question_scores", "scores.pillar_scores"
DIMENSIONS, INDEX = "scores.dimension_scores", "scores.index_scores"
INDICES, ANSWERS = "scores.instrument_scores", "scores.instrument_answers"
HIGHEST = "the instrument's scale runs from 0 to 4"
BASES = ("reported", "computed")
REASONS = ("no_list", "not_listed", "dimension_missing")
WITHOUT_INDEX = "an index that cannot be computed says why, and one that can has nothing to excuse"
# By which columns the rows that do not meet a rule are shown.
SHOWN = {
    QUESTIONS: ("region_code", "question_key"),
    PILLARS: ("region_code", "pillar"),
    DIMENSIONS: ("region_code", "dimension", "basis"),
    INDEX: ("region_code", "basis"),
    INDICES: ("region_code", "instrument_id", "year", "role", "node"),
    ANSWERS: ("region_code", "instrument_id", "year", "role", "question"),
}
ROLES = ("opd", "evidence", "internal", "external", "interview", "final")
ANSWERED = ("given", "taken_over", "waiting", "counted", "unanswered", "refused")


def _contract(table: str) -> Table:
    """What dbt enforces of it: its columns, and which of them are filled; and its key."""
    return described(table.partition(".")[2])


def _unique(table: str, because: str) -> Rule:
    return unique(table, _contract(table).key, because)


def _filled(table: str) -> Iterable[Rule]:
    """For tables that no contract of dbt stands over."""
    because = "a score that does not say whose it is, under which rules, cannot be explained"
    return filled(table, _contract(table).required, SHOWN[table], because)


def _value_iff_measured(table: str, column: str) -> Iterable[Rule]:
    because = "no score where nothing was measured; zero is a score"
    measured = {"state": ("measured",)}
    elsewhere = {"state": tuple(state for state in STATES if state != "measured")}
    yield from filled(table, (column,), SHOWN[table], because, name="value_where_measured", where=measured)
    yield empty("no_value_elsewhere", table, column, SHOWN[table], because, where=elsewhere)


def _one_of(table: str, column: str, values: tuple[str, ...], because: str) -> Rule:
    return in_set(table, column, values, SHOWN[table], because)


def _range(table: str, column: str, bounds: tuple[int, int], because: str) -> Rule:
    return between(table, column, bounds, SHOWN[table], because)


def _regions_known(table: str) -> Rule:
    return known(
        table, "region_code", ("regions", "region_code"), "a code that is none of the installation's is nobody's"
    )


def _regions_present(table: str) -> Rule:
    query = "SELECT region_code FROM {seed:regions} WHERE region_code NOT IN (SELECT region_code FROM {batch})"
    return no_rows("regions_present", table, query, "no region silently disappears")


def _mean_of_questions(table: str, of: str, column: str, also: str) -> Rule:
    """A score is the mean of its questions' scores, rounded half up, and counts them. All exact: no division."""
    return no_rows(
        "mean_of_questions",
        table,
        """SELECT region_code, {of}, score, total, questions_scored, scored, synthetic FROM (
             SELECT s.region_code, s.{of}, s.{column} AS score, s.questions_scored, s.synthetic, sum(q.score) AS total,
               count(q.score) AS scored, coalesce(bool_or(q.synthetic) FILTER (q.score IS NOT NULL), false) AS simulated
             FROM {batch} s LEFT JOIN scores.question_scores q
               ON q.region_code = s.region_code AND q.{of} = s.{of} {also}
             GROUP BY ALL)
           WHERE scored <> questions_scored OR (score IS NULL) <> (total IS NULL) OR simulated <> synthetic
             OR score * scored - total > 0.005 * scored OR total - score * scored >= 0.005 * scored""",
        "a score is the mean of its questions' scores, and simulated where one of them is",
        of=of,
        column=column,
        also=also,
    )


_QUESTION_RULES = (
    not_empty(QUESTIONS),
    _unique(QUESTIONS, "one score per region, rule set and question"),
    under_contract(QUESTIONS, _contract(QUESTIONS)),
    _one_of(QUESTIONS, "state", STATES, "an unknown state is a signal, never a default"),
    _one_of(QUESTIONS, "rubric_status", ("assumed", "official"), "what is not officially published is marked assumed"),
    _one_of(QUESTIONS, "relation", ("direct", "proxy"), "a proxy never passes for the instrument's own measure"),
    _regions_known(QUESTIONS),
    known(QUESTIONS, "question_key", ("questions", "question_key"), "a question that the instrument does not ask"),
    _range(QUESTIONS, "score", (0, 4), HIGHEST),
    *_value_iff_measured(QUESTIONS, "score"),
    no_rows(
        "evidence",
        QUESTIONS,
        """SELECT region_code, question_key, indicator_id FROM {batch} WHERE state = 'measured' AND
           (indicator_id IS NULL OR value IS NULL
            OR coalesce(len(list_filter(batch_ids, b -> b IS NOT NULL)), 0) = 0)""",
        "a score is explained down to the batches it rests on",
    ),
    no_rows(
        "value_in_force",
        QUESTIONS,
        """SELECT q.region_code, q.question_key, q.period, q.value, m.value AS in_force FROM {batch} q
           LEFT JOIN promoted.marts m USING (region_system, region_code, indicator_id, period)
           WHERE CASE WHEN q.period IS NULL THEN q.state <> 'missing' ELSE (q.value, q.state, q.batch_ids, q.synthetic)
             IS DISTINCT FROM (m.value, m.state, m.batch_ids, m.synthetic) END""",
        "a question is answered with the figure that is in force, and with what it rests on",
    ),
    no_rows(
        "score_of_band",
        QUESTIONS,
        """SELECT q.region_code, q.question_key, q.value, q.score, b.score AS of_band FROM {batch} q
           LEFT JOIN {seed:bands} b ON b.question_key = q.question_key AND b.rubric_version = q.rubric_version
             AND (b.lower IS NULL OR q.value > b.lower OR b.lower_inclusive AND q.value = b.lower)
             AND (b.upper IS NULL OR q.value < b.upper OR b.upper_inclusive AND q.value = b.upper)
           WHERE q.state = 'measured' AND (q.score, q.rubric_status) IS DISTINCT FROM (b.score, b.status)""",
        "a score is the one of the band that its value lies in, as official as the band",
    ),
)

_PILLAR_RULES = (
    not_empty(PILLARS),
    _unique(PILLARS, "one score per region and pillar"),
    under_contract(PILLARS, _contract(PILLARS)),
    _one_of(PILLARS, "state", STATES, "an unknown state is a signal, never a default"),
    _regions_known(PILLARS),
    known(PILLARS, "pillar", ("pillars", "id"), "a pillar is one of the seed"),
    *_value_iff_measured(PILLARS, "score"),
    _range(PILLARS, "score", (0, 4), HIGHEST),
    _regions_present(PILLARS),
    no_rows(
        "pillars_present",
        PILLARS,
        """SELECT r.region_code, p.id AS pillar FROM {seed:regions} r CROSS JOIN {seed:pillars} p
           WHERE NOT EXISTS (SELECT 1 FROM {batch} s WHERE s.region_code = r.region_code AND s.pillar = p.id)""",
        "each region has every pillar, if only to say that one is missing",
    ),
    no_rows(
        "questions_counted",
        PILLARS,
        """SELECT region_code, pillar, questions_scored, questions_total, score FROM {batch}
           WHERE questions_scored NOT BETWEEN 0 AND questions_total OR (score IS NULL) <> (questions_scored = 0)""",
        "a score says how many of its questions it rests on",
    ),
    _mean_of_questions(PILLARS, "pillar", "score", ""),
)

_DIMENSION_RULES = (
    not_empty(DIMENSIONS),
    _unique(DIMENSIONS, "one value per region, rules, dimension and basis"),
    under_contract(DIMENSIONS, _contract(DIMENSIONS)),
    _one_of(DIMENSIONS, "basis", BASES, "what assessors gave and what was computed are never mixed up"),
    _one_of(DIMENSIONS, "state", STATES, "an unknown state is a signal, never a default"),
    _regions_known(DIMENSIONS),
    known(DIMENSIONS, "dimension", ("dimensions", "id"), "a dimension that the instrument does not have"),
    _range(DIMENSIONS, "value", (0, 4), HIGHEST),
    _range(DIMENSIONS, "weight", (0, 1), "a weight is a share of one"),
    *_value_iff_measured(DIMENSIONS, "value"),
    no_rows(
        "weights_of_rule_set",
        DIMENSIONS,
        """SELECT s.rule_set_id, sum(s.weight) AS weights FROM {seed:rule_sets} s
           WHERE s.rule_set_id IN (SELECT rule_set_id FROM {batch}) GROUP BY s.rule_set_id HAVING sum(s.weight) <> 1""",
        "the weights of a rule set sum to exactly 1",
    ),
    no_rows(
        "weights_as_ruled",
        DIMENSIONS,
        """SELECT d.region_code, d.rule_set_id, d.dimension, d.weight, s.weight AS ruled FROM {batch} d
           LEFT JOIN {seed:rule_sets} s ON s.rule_set_id = d.rule_set_id AND s.dimension = d.dimension
           WHERE d.weight IS DISTINCT FROM s.weight
             AND NOT (d.state = 'not_applicable' AND coalesce(d.weight, 0) = 0)
             OR s.weight IS NULL AND d.state <> 'not_applicable'""",
        "a weight is the one of the named rule set, and a dimension that has none has no value",
    ),
    no_rows(
        "evidence",
        DIMENSIONS,
        """SELECT region_code, dimension, basis FROM {batch} WHERE state = 'measured'
           AND basis <> 'reported' AND coalesce(len(list_filter(batch_ids, b -> b IS NOT NULL)), 0) = 0""",
        "a computed value names its batches; a reported one is the assessors' own",
    ),
    _mean_of_questions(
        DIMENSIONS, "dimension", "value", "AND q.rule_set_id = s.rule_set_id WHERE s.value_from = 'computed'"
    ),
)

_INDEX_RULES = (
    not_empty(INDEX),
    _unique(INDEX, "one index per region, rule set and basis"),
    under_contract(INDEX, _contract(INDEX)),
    _one_of(INDEX, "basis", BASES, "what assessors gave and what was computed are never mixed up"),
    _one_of(INDEX, "state", STATES, "an unknown state is a signal, never a default"),
    _regions_known(INDEX),
    known(INDEX, "rule_set_id", ("rule_set_methods", "rule_set_id"), "an index under rules that are not written down"),
    _range(INDEX, "index_value", (0, 4), HIGHEST),
    *_value_iff_measured(INDEX, "index_value"),
    *filled(
        INDEX,
        ("missing_because",),
        SHOWN[INDEX],
        WITHOUT_INDEX,
        name="reason_where_missing",
        where={"state": ("missing",)},
    ),
    empty("no_reason_elsewhere", INDEX, "missing_because", SHOWN[INDEX], WITHOUT_INDEX, where={"state": ("measured",)}),
    _one_of(INDEX, "missing_because", REASONS, "an unknown reason explains nothing"),
    _regions_present(INDEX),
    no_rows(
        "published_agrees",
        INDEX,
        """SELECT region_code, rule_set_id, index_value, published_value, published_by FROM {batch}
           WHERE basis = 'reported' AND index_value <> published_value""",
        "the index of the reported dimensions is the one the ministry published: else our rules are not its rules; "
        "one that is missing is compared with nothing",
    ),
    no_rows(
        "index_recomputed",
        INDEX,
        """SELECT * FROM (
             SELECT i.region_code, i.rule_set_id, i.basis, i.index_value,
               CASE WHEN count(d.value) < count(*) THEN NULL
                    WHEN bool_or(m.component_rounding) THEN sum(round(d.value * d.weight, 2))
                    ELSE round(sum(d.value * d.weight), 2) END AS recomputed
             FROM {batch} i JOIN {seed:rule_set_methods} m USING (rule_set_id)
             LEFT JOIN scores.dimension_scores d ON d.region_system = i.region_system AND d.region_code = i.region_code
               AND d.rule_set_id = i.rule_set_id AND d.basis = i.basis AND d.weight > 0
             GROUP BY ALL)
           WHERE index_value IS DISTINCT FROM recomputed""",
        "the index is the weighted sum of its dimensions, rounded half up as its rule set says",
    ),
    no_rows(
        "simulated_in_part",
        INDEX,
        """SELECT i.region_code, i.rule_set_id, i.basis, i.synthetic FROM {batch} i
           JOIN scores.dimension_scores d USING (region_system, region_code, rule_set_id, basis)
           GROUP BY ALL HAVING bool_or(d.synthetic) <> i.synthetic""",
        "an index is simulated where one of its dimensions is",
    ),
)

# Nobody need answer any instrument: these tables may be empty.
_INSTRUMENT_RULES = (
    _unique(INDICES, "one value per region, instrument, year, role and part"),
    *_filled(INDICES),
    _one_of(INDICES, "role", ROLES, "whose value it is; each role's stands by itself"),
    _one_of(INDICES, "state", ("measured", "missing"), "an unknown state is a signal, never a default"),
    _regions_known(INDICES),
    known(INDICES, "instrument_id", ("instruments", "id"), "an index of an instrument that is written down nowhere"),
    *_value_iff_measured(INDICES, "value"),
    no_rows(
        "questions_counted",
        INDICES,
        """SELECT region_code, instrument_id, year, role, questions, unanswered, waiting FROM {batch}
           WHERE unanswered < 0 OR waiting < 0 OR unanswered + waiting > questions""",
        "what is unanswered and what is waited for are among what is asked",
    ),
    no_rows(
        "index_present",
        INDICES,
        """SELECT region_code, instrument_id, year, role FROM {batch} GROUP BY ALL
           HAVING count(*) FILTER (WHERE node = 'index') <> 1""",
        "parts without their index, or two of them, are no result",
    ),
    _unique(ANSWERS, "one answer per region, instrument, year, role and question"),
    *_filled(ANSWERS),
    _one_of(ANSWERS, "state", ANSWERED, "an unknown state is a signal, never a default"),
    _regions_known(ANSWERS),
    no_rows(
        "refused_with_reason",
        ANSWERS,
        """SELECT region_code, instrument_id, question FROM {batch}
           WHERE (state = 'refused') <> (reason IS NOT NULL) OR (state = 'refused' AND answer IS NOT NULL)""",
        "an answer that does not count says why, and what nobody vetted is not shown",
    ),
    no_rows(
        "evidence",
        ANSWERS,
        """SELECT region_code, instrument_id, question FROM {batch}
           WHERE state IN ('given', 'refused') AND coalesce(len(batch_ids), 0) = 0 AND answer IS NOT NULL""",
        "an answer names the batches it came in",
    ),
)

RULES = (*_INSTRUMENT_RULES, *_QUESTION_RULES, *_PILLAR_RULES, *_DIMENSION_RULES, *_INDEX_RULES)
