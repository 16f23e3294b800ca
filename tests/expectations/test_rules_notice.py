"""Every rule of every gate notices what it stands for: spoil the data, and exactly that rule is not met."""

from decimal import Decimal

import pytest

from expectations.bounds import read_bounds
from expectations.gate import GATES, PILLARS, rules_of, run_rules
from expectations.result import GateResult
from expectations.rules import Rule
from ledger.project import table as described
from tests.expectations.conftest import Spoil

FIRST = "rowid = (SELECT min(rowid) FROM {t} WHERE state = 'measured')"
AGAIN = "INSERT INTO {t} SELECT * REPLACE ('2031' AS period) FROM {t} WHERE {first}"
LONG = "numerator = 123456789012345, denominator = 1"
PILLAR_SPOILS = {
    "not_empty": "DELETE FROM {t}",
    "under_contract": "ALTER TABLE {t} ALTER COLUMN unit DROP NOT NULL",
    "grain_unique": "INSERT INTO {t} SELECT * FROM {t} LIMIT 1",
    "accepted_state": "UPDATE {t} SET state = 'perhaps' WHERE {first}",
    "period_form": "UPDATE {t} SET period = '2024-13' WHERE {first}",
    "as_defined": "UPDATE {t} SET unit = 'ribu' WHERE {first}",
    "rows_present": "DELETE FROM {t} WHERE {first}",
    "known_region_code": "UPDATE {t} SET region_code = '64.99' WHERE {first}",
    "indicators_known": "UPDATE {t} SET indicator_id = 'made_up' WHERE {first}",
    "value_where_measured": "UPDATE {t} SET value = NULL WHERE {first}",
    "no_value_elsewhere": "UPDATE {t} SET value = 0, state = 'missing' WHERE {first}",
    "suppressed_numerator": "UPDATE {t} SET state = 'suppressed', value = NULL, numerator = 3 WHERE {first}",
    "suppressed_denominator": "UPDATE {t} SET state = 'suppressed', value = NULL, denominator = 3 WHERE {first}",
    "suppressed_as_ruled": "DELETE FROM definitions.suppression; UPDATE {t} SET state = 'suppressed' WHERE {first}",
    "suppressed_together": "DELETE FROM definitions.suppression; "
    "INSERT INTO definitions.suppression BY NAME SELECT DISTINCT indicator_id, 'one' AS together FROM {t}; "
    "UPDATE {t} SET state = 'suppressed', value = NULL, numerator = NULL, denominator = NULL WHERE {first}",
    "stated_decimals": "UPDATE {t} SET value = 1.2345 WHERE {first}",
    "published_agrees": "UPDATE {t} SET published_value = value + 1 WHERE {first}",
    "denominator_positive": "UPDATE {t} SET denominator = 0 WHERE {first}",
    "parts_stated": "UPDATE {t} SET basis = NULL WHERE {first}",
    "value_recomputed": "UPDATE {t} SET numerator = 1, denominator = 3, value = 50 WHERE {first}",
    "part_within_whole": "UPDATE {t} SET numerator = 101, denominator = 100 WHERE state = 'measured'",
    "evidence": "UPDATE {t} SET batch_ids = [NULL] WHERE {first}",
    "published_as_listed": "UPDATE {t} SET published_value = 1, published_by = NULL WHERE {first}",
    "counts_whole": "UPDATE {t} SET numerator = 0.5, denominator = 0.5 WHERE state = 'measured'",
    "counts_within_rows": "UPDATE evidence.batches SET rows = 1",
    "same_part": "UPDATE {t} SET numerator = numerator + rowid, denominator = denominator + 2 * rowid",
    "periods_copied": f"UPDATE {{t}} SET {LONG} WHERE {{first}}; {{again}}",
    "periods_alike": "UPDATE {t} SET numerator = 1234567, denominator = NULL WHERE {first}; {again}",
    "regions_copied": f"UPDATE {{t}} SET {LONG} WHERE state = 'measured'",
    "indicators_alike": f"UPDATE {{t}} SET state = 'measured', period = '2024', value = 1, {LONG}",
    "unit_slip": "UPDATE {k} SET numerator = numerator * 1000, denominator = denominator * 1000, value = value * 10",
    "swapped": "UPDATE {k} SET region_code = CASE region_code WHEN '62.02' THEN '64.02' ELSE '62.02' END "
    "WHERE region_code <> '35.07'",
    "half_lost": "UPDATE {t} SET period = '2031' WHERE region_code <> '64.02'",
    "lost": "UPDATE {t} SET state = 'missing' WHERE {first}",
    "jump": "UPDATE {k} SET numerator = numerator * 2, value = value * 2",
    "changed_without_data": "UPDATE {k} SET value = value + 1",
}
SCORES = ("question_scores", "pillar_scores", "dimension_scores", "index_scores")
# No contract of dbt's stands before these: the platform writes them.
WRITTEN = ("instrument_scores", "instrument_answers")
SCORE_SPOILS = {
    **{(table, "under_contract"): f"ALTER TABLE {{t}} DROP COLUMN {described(table).names[-1]}" for table in SCORES},
    ("question_scores", "not_empty"): "DELETE FROM {t}",
    ("question_scores", "grain_unique"): "INSERT INTO {t} SELECT * FROM {t} LIMIT 1",
    ("question_scores", "accepted_state"): "UPDATE {t} SET state = 'perhaps'",
    ("question_scores", "accepted_rubric_status"): "UPDATE {t} SET rubric_status = 'sure'",
    ("question_scores", "accepted_relation"): "UPDATE {t} SET relation = 'nearly'",
    ("question_scores", "known_region_code"): "UPDATE {t} SET region_code = '64.99'",
    ("question_scores", "known_question_key"): "UPDATE {t} SET question_key = 'made up'",
    ("question_scores", "range_score"): "UPDATE {t} SET score = 4.01",
    ("question_scores", "no_value_elsewhere"): "UPDATE {t} SET score = 0 WHERE state = 'missing'",
    ("question_scores", "value_where_measured"): "UPDATE {t} SET score = NULL",
    ("question_scores", "evidence"): "UPDATE {t} SET batch_ids = []",
    ("question_scores", "value_in_force"): "UPDATE {t} SET value = value + 1",
    ("question_scores", "score_of_band"): "UPDATE {t} SET score = 4 - score",
    ("pillar_scores", "mean_of_questions"): "UPDATE {t} SET score = score - 0.01",
    ("index_scores", "simulated_in_part"): "UPDATE {t} SET synthetic = NOT synthetic",
    ("dimension_scores", "mean_of_questions"): "UPDATE {t} SET value = value - 0.01 WHERE value_from = 'computed'",
    ("pillar_scores", "not_empty"): "DELETE FROM {t}",
    ("pillar_scores", "grain_unique"): "INSERT INTO {t} SELECT * FROM {t} LIMIT 1",
    ("pillar_scores", "accepted_state"): "UPDATE {t} SET state = 'perhaps'",
    ("pillar_scores", "known_region_code"): "UPDATE {t} SET region_code = '64.99'",
    ("pillar_scores", "known_pillar"): "UPDATE {t} SET pillar = 'seventh'",
    ("pillar_scores", "no_value_elsewhere"): "UPDATE {t} SET score = 0 WHERE state = 'missing'",
    ("pillar_scores", "value_where_measured"): "UPDATE {t} SET score = NULL",
    ("pillar_scores", "range_score"): "UPDATE {t} SET score = -0.01",
    ("pillar_scores", "regions_present"): "DELETE FROM {t} WHERE region_code = '62.02'",
    ("pillar_scores", "pillars_present"): "DELETE FROM {t} WHERE region_code = '62.02' AND pillar = 'society'",
    ("pillar_scores", "questions_counted"): "UPDATE {t} SET questions_scored = questions_total + 1",
    ("dimension_scores", "not_empty"): "DELETE FROM {t}",
    ("dimension_scores", "grain_unique"): "INSERT INTO {t} SELECT * FROM {t} LIMIT 1",
    ("dimension_scores", "accepted_basis"): "UPDATE {t} SET basis = 'guessed'",
    ("dimension_scores", "accepted_state"): "UPDATE {t} SET state = 'perhaps'",
    ("dimension_scores", "known_region_code"): "UPDATE {t} SET region_code = '64.99'",
    ("dimension_scores", "known_dimension"): "UPDATE {t} SET dimension = 'seventh'",
    ("dimension_scores", "range_value"): "UPDATE {t} SET value = 5",
    ("dimension_scores", "range_weight"): "UPDATE {t} SET weight = 1.5",
    ("dimension_scores", "value_where_measured"): "UPDATE {t} SET value = NULL",
    ("dimension_scores", "no_value_elsewhere"): "UPDATE {t} SET state = 'missing'",
    (
        "dimension_scores",
        "weights_of_rule_set",
    ): "UPDATE definitions.rule_sets SET weight = 0.11 WHERE dimension = 'baseline'",
    ("dimension_scores", "weights_as_ruled"): "UPDATE {t} SET weight = 0.3 WHERE dimension = 'outcome'",
    ("dimension_scores", "evidence"): "UPDATE {t} SET batch_ids = [NULL]",
    ("index_scores", "not_empty"): "DELETE FROM {t}",
    ("index_scores", "grain_unique"): "INSERT INTO {t} SELECT * FROM {t} LIMIT 1",
    ("index_scores", "accepted_basis"): "UPDATE {t} SET basis = 'guessed'",
    ("index_scores", "accepted_state"): "UPDATE {t} SET state = 'perhaps'",
    ("index_scores", "known_region_code"): "UPDATE {t} SET region_code = '64.99'",
    ("index_scores", "known_rule_set_id"): "UPDATE {t} SET rule_set_id = 'made up'",
    ("index_scores", "range_index_value"): "UPDATE {t} SET index_value = 4.01",
    ("index_scores", "value_where_measured"): "UPDATE {t} SET index_value = NULL",
    ("index_scores", "no_value_elsewhere"): "UPDATE {t} SET state = 'missing'",
    ("index_scores", "reason_where_missing"): "UPDATE {t} SET state = 'missing', index_value = NULL",
    ("index_scores", "no_reason_elsewhere"): "UPDATE {t} SET missing_because = 'no_list'",
    ("index_scores", "accepted_missing_because"): "UPDATE {t} SET missing_because = 'perhaps'",
    ("index_scores", "regions_present"): "DELETE FROM {t} WHERE region_code = '62.02'",
    ("index_scores", "published_agrees"): "UPDATE {t} SET published_value = 2.83 WHERE region_code = '64.02'",
    ("index_scores", "index_recomputed"): "UPDATE {t} SET index_value = index_value + 0.01",
    **{
        (table, f"filled_{column}"): f"UPDATE {{t}} SET {column} = NULL"
        for table in WRITTEN
        for column in described(table).required
    },
    ("instrument_scores", "grain_unique"): "INSERT INTO {t} SELECT * FROM {t} LIMIT 1",
    ("instrument_scores", "accepted_role"): "UPDATE {t} SET role = 'somebody'",
    ("instrument_scores", "accepted_state"): "UPDATE {t} SET state = 'perhaps'",
    ("instrument_scores", "known_region_code"): "UPDATE {t} SET region_code = '64.99'",
    ("instrument_scores", "known_instrument_id"): "UPDATE {t} SET instrument_id = 'made up'",
    ("instrument_scores", "value_where_measured"): "UPDATE {t} SET value = NULL",
    ("instrument_scores", "no_value_elsewhere"): "UPDATE {t} SET state = 'missing' WHERE value IS NOT NULL",
    ("instrument_scores", "questions_counted"): "UPDATE {t} SET waiting = questions + 1",
    ("instrument_scores", "index_present"): "DELETE FROM {t} WHERE node = 'index'",
    ("instrument_answers", "grain_unique"): "INSERT INTO {t} SELECT * FROM {t} LIMIT 1",
    ("instrument_answers", "accepted_state"): "UPDATE {t} SET state = 'perhaps'",
    ("instrument_answers", "known_region_code"): "UPDATE {t} SET region_code = '64.99'",
    ("instrument_answers", "refused_with_reason"): "UPDATE {t} SET reason = NULL WHERE state = 'refused'",
    ("instrument_answers", "evidence"): "UPDATE {t} SET batch_ids = []",
}
PILLAR_CASES = [(gate, rule) for gate in PILLARS for rule in rules_of(gate)]
BOUNDS = [
    (gate, f"{kind}_{bounds.indicator_id}", side, limit)
    for gate in PILLARS
    for bounds in read_bounds(gate)
    for kind, side, limit in (
        ("range", -1, bounds.minimum),
        ("range", 1, bounds.maximum),
        ("unusual", 1, bounds.unusual_above),
        ("unusual", -1, bounds.unusual_below),
    )
    if limit is not None
]
# The shared rules come from one function: each is tried on one pillar, all pillars in turn.
SHARED = [
    candidates[position % len(candidates)]
    for position, name in enumerate(sorted({rule.name for _, rule in PILLAR_CASES if rule.name in PILLAR_SPOILS}))
    if (candidates := [(gate, rule) for gate, rule in PILLAR_CASES if rule.name == name])
]


def named(case: object) -> str | None:
    return case.name if isinstance(case, Rule) else None


def answer(spoil: Spoil, gate: str, rule: Rule, statement: str) -> GateResult:
    """The gate's answer when it consists of one rule."""
    words = {"again": AGAIN, "first": FIRST, "t": rule.table, "k": f"promoted.kept_{gate}"}
    for word, said in words.items():
        statement = statement.replace(f"{{{word}}}", said)
    return run_rules(spoil(statement), gate, (rule,))


@pytest.mark.parametrize(("gate", "rule"), SHARED, ids=named)
def test_pillar_rule_notices(gate: str, rule: Rule, spoiled: Spoil) -> None:
    result = answer(spoiled, gate, rule, PILLAR_SPOILS[rule.name])

    check = result.checks[0]
    assert (check.name, check.outcome) == (rule.name, "fail")
    assert result.outcome == ("pass" if rule.severity == "warning" else "fail")
    assert check.message == rule.because


@pytest.mark.parametrize(("gate", "name", "side", "limit"), BOUNDS)
def test_a_bound_of_the_seed_notices_just_outside(
    gate: str, name: str, side: int, limit: Decimal, spoiled: Spoil
) -> None:
    rule = next(rule for rule in rules_of(gate) if rule.name == name)
    # Great Expectations compares in binary: beside 5e13 that is less exact than the fourth decimal.
    outside = limit + side * max(Decimal("0.0001"), abs(limit) / 10**13)
    indicator = name.partition("_")[2]
    where = f"WHERE indicator_id = '{indicator}' AND region_code = '64.02'"

    at_limit = answer(spoiled, gate, rule, f"UPDATE {{t}} SET value = {limit} {where}").checks[0]
    beyond = answer(spoiled, gate, rule, f"UPDATE {{t}} SET value = {outside} {where}").checks[0]

    assert (at_limit.outcome, beyond.outcome) == ("pass", "fail")
    assert rule.severity == ("warning" if name.startswith("unusual_") else "critical")
    shown = beyond.failing_rows[0]
    assert (shown["region_code"], shown["indicator_id"]) == ("64.02", indicator)


def test_every_bound_of_the_seed_has_its_rule_and_every_rule_its_test() -> None:
    assert len(BOUNDS) >= 30
    assert {rule.name for _, rule in PILLAR_CASES} - set(PILLAR_SPOILS) == {name for _, name, _, _ in BOUNDS}


@pytest.mark.parametrize("rule", rules_of("scores"), ids=lambda rule: f"{rule.table}.{rule.name}")
def test_score_rule_notices(rule: Rule, spoiled: Spoil) -> None:
    table = rule.table.removeprefix("scores.")

    result = answer(spoiled, "scores", rule, SCORE_SPOILS[table, rule.name])

    assert (result.outcome, result.checks[0].outcome) == ("fail", "fail")


@pytest.mark.parametrize("batches", ["[]", "[NULL]"])
@pytest.mark.parametrize(("basis", "outcome"), [("reported", "pass"), ("computed", "fail")])
def test_p7_a_dimension_names_its_batches_where_it_was_computed(
    basis: str, outcome: str, batches: str, spoiled: Spoil
) -> None:
    [rule] = [rule for rule in rules_of("scores") if (rule.table, rule.name) == ("scores.dimension_scores", "evidence")]
    result = answer(spoiled, "scores", rule, f"UPDATE {{t}} SET batch_ids = {batches} WHERE basis = '{basis}'")
    assert result.outcome == outcome


@pytest.mark.parametrize("gate", GATES)
def test_rule_names_are_unique_in_their_table(gate: str) -> None:
    names = [(rule.table, rule.name) for rule in rules_of(gate)]
    assert len(names) == len(set(names)) > 0


def test_recomputation_allows_half_a_unit_and_no_more(spoiled: Spoil) -> None:
    rule = next(rule for rule in rules_of("living") if rule.name == "value_recomputed")
    where = "WHERE indicator_id = 'liv_stunting_prevalence' AND region_code = '35.07'"  # 80 of 1300 = 6.1538...

    exact = answer(spoiled, "living", rule, f"UPDATE {{t}} SET value = 6.1538 {where}")
    off = answer(spoiled, "living", rule, f"UPDATE {{t}} SET value = 6.16 {where}")

    assert (exact.outcome, off.outcome) == ("pass", "fail")
    assert off.checks[0].failing_count == 1


def test_p7_a_value_without_its_numerator_cannot_be_recomputed(spoiled: Spoil) -> None:
    rule = next(rule for rule in rules_of("living") if rule.name == "value_recomputed")

    result = answer(spoiled, "living", rule, "UPDATE {t} SET numerator = NULL WHERE {first}")

    assert (result.outcome, result.checks[0].outcome) == ("fail", "fail")


def test_mean_of_rates_is_noticed(spoiled: Spoil) -> None:
    """11.93 % is the rate of the sums of 39 health centres (Satu Data Kab. Malang, February 2020), 12.3 their mean."""
    rule = next(rule for rule in rules_of("living") if rule.name == "value_recomputed")
    where = "WHERE indicator_id = 'liv_stunting_prevalence' AND region_code = '35.07'"

    result = answer(
        spoiled, "living", rule, f"UPDATE {{t}} SET numerator = 18938, denominator = 158677, value = 12.3 {where}"
    )

    assert result.outcome == "fail"


def test_p8_a_missing_index_is_not_compared_with_the_published_one(spoiled: Spoil) -> None:
    """Without the assessors' list there is no index to be wrong; one that should be there is noticed as recomputed."""
    named = {rule.name: rule for rule in rules_of("scores")}
    gone = "UPDATE {t} SET index_value = NULL, state = 'missing', missing_because = 'no_list'"

    assert answer(spoiled, "scores", named["published_agrees"], gone).outcome == "pass"
    assert answer(spoiled, "scores", named["reason_where_missing"], gone).outcome == "pass"
    assert answer(spoiled, "scores", named["index_recomputed"], gone).outcome == "fail"


def test_2022_rounds_components_first(spoiled: Spoil) -> None:
    """Malang 2022: .14 + .31 + .88 + .26 + .92 = 2.51 where the unrounded sum is 2.504."""
    rule = next(rule for rule in rules_of("scores") if rule.name == "index_recomputed")
    where = "WHERE rule_set_id = '2022-kppn-ikn'"

    right = answer(spoiled, "scores", rule, f"UPDATE {{t}} SET index_value = 2.51 {where}")
    summed_first = answer(spoiled, "scores", rule, f"UPDATE {{t}} SET index_value = 2.50 {where}")

    assert (right.outcome, summed_first.outcome) == ("pass", "fail")
    assert summed_first.checks[0].failing_rows[0]["recomputed"] == "2.51"
