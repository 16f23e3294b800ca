"""Three outcomes, a file left free, and Great Expectations truly evaluating on DuckDB."""

import json
import logging
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import duckdb
import pytest

from expectations import engine
from expectations.gate import GATES, rules_of, run_gate, run_rules
from expectations.interpret import crashed, interpret
from expectations.result import judge
from expectations.rules import OWN_QUERY, no_rows, not_empty
from expectations.suites import suite_of
from ledger.errors import GateError
from tests.expectations.conftest import Spoil, warnings

TABLE = "candidate.mart_living"


@pytest.mark.parametrize("gate", GATES)
def test_good_data_passes_with_every_rule_answered(gate: str, good_warehouse: Path) -> None:
    result = run_gate(good_warehouse, gate)

    assert [check for check in result.checks if check.outcome != "pass"] == []
    assert (result.outcome, result.passed, result.blocking) == ("pass", True, ())
    assert sorted(check.name for check in result.checks) == sorted(rule.name for rule in rules_of(gate))


def test_great_expectations_evaluates_on_duckdb(spoiled: Spoil) -> None:
    """An IndexError in place of an answer would be an error here, and no rows would be counted."""
    warehouse = spoiled(f"UPDATE {TABLE} SET unit = 'ribu' WHERE indicator_id = 'liv_water_proper'")

    result = run_gate(warehouse, "living")

    unit = next(check for check in result.checks if check.name == "as_defined")
    assert (result.outcome, unit.outcome, unit.failing_count) == ("fail", "fail", 3)
    assert {row["region_code"] for row in unit.failing_rows} == {"35.07", "62.02", "64.02"}


def test_without_its_settings_nothing_is_evaluated_and_nothing_passes(
    spoiled: Spoil, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason for engine.KEEP_RESULTS_ALIVE. If this passes one day, the settings are no longer needed."""
    monkeypatch.setattr(engine, "KEEP_RESULTS_ALIVE", {})

    result = run_gate(spoiled(f"UPDATE {TABLE} SET unit = 'ribu'"), "living")

    assert result.outcome == "error"
    assert "could not be carried out" in result.blocking[0].message


def test_failing_rows_are_at_most_20_and_fit_json(spoiled: Spoil) -> None:
    warehouse = spoiled(
        f"INSERT INTO {TABLE} SELECT m.* REPLACE (1900 + n AS period, 101 AS value) "
        f"FROM {TABLE} m, range(30) r (n) WHERE indicator_id = 'liv_water_proper' AND region_code = '64.02'"
    )

    result = run_gate(warehouse, "living")

    for name in ("range_liv_water_proper", "period_form", "value_recomputed"):
        check = next(check for check in result.checks if check.name == name)
        assert (len(check.failing_rows), check.failing_count) == (20, 30), name
        assert {"region_code", "period", "indicator_id"} <= set(check.failing_rows[0])
    json.dumps(asdict(result))


def test_p3_crashed_check_is_an_error_and_blocks(good_warehouse: Path) -> None:
    broken = no_rows("broken", TABLE, "SELECT no_such_column FROM {batch}", "it cannot run")

    result = run_rules(good_warehouse, "living", (not_empty(TABLE), broken))

    assert (result.outcome, result.passed) == ("error", False)
    assert [(check.name, check.outcome) for check in result.checks] == [("not_empty", "pass"), ("broken", "error")]
    assert [check.name for check in result.blocking] == ["broken"]
    assert "no_such_column" in result.checks[1].message


def test_p3_crashed_warning_blocks_too(good_warehouse: Path) -> None:
    broken = no_rows("broken", TABLE, "SELECT no_such_column FROM {batch}", "it cannot run", severity="warning")

    assert run_rules(good_warehouse, "living", (broken,)).outcome == "error"


def test_expectation_that_cannot_be_made_is_an_error(good_warehouse: Path) -> None:
    unknown = replace(not_empty(TABLE), expectation="ExpectMiracles")

    result = run_rules(good_warehouse, "living", (unknown,))

    assert (result.outcome, result.checks[0].name) == ("error", "gate_ran")
    assert "ExpectMiracles" in result.checks[0].message


@pytest.mark.parametrize(
    ("statement", "missing"),
    [
        ("DROP TABLE candidate.mart_living CASCADE", "candidate.mart_living"),
        ("DROP TABLE definitions.indicators CASCADE", "indicators"),
        ("DROP TABLE evidence.batches", "batches"),
        ("DROP VIEW promoted.mart_living", "promoted.mart_living"),
        ("CREATE SCHEMA other; CREATE TABLE other.indicators AS FROM definitions.indicators", "indicators"),
    ],
    ids=["no table", "no seed", "no batches", "nothing that could be in force", "seed twice"],
)
def test_missing_table_is_an_error(statement: str, missing: str, spoiled: Spoil) -> None:
    result = run_gate(spoiled(statement), "living")

    assert result.outcome == "error"
    assert missing in result.blocking[0].message


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM candidate.mart_living",
        "DELETE FROM definitions.indicators",
        "DELETE FROM seeds.regions",
        "DELETE FROM evidence.batches",
    ],
    ids=["no figures", "no definitions", "no regions", "no batches"],
)
def test_p3_a_gate_that_ran_on_nothing_blocks(statement: str, spoiled: Spoil) -> None:
    assert run_gate(spoiled(statement), "living").outcome == "fail"


def test_with_nothing_in_force_there_is_nothing_to_compare(spoiled: Spoil) -> None:
    result = run_gate(spoiled("DELETE FROM promoted.kept_living"), "living")

    assert (result.outcome, warnings(result)) == ("pass", ())


def test_p3_what_is_in_force_and_cannot_be_read_is_an_error(spoiled: Spoil) -> None:
    lost = "CREATE OR REPLACE VIEW promoted.mart_living AS SELECT error('gone')::VARCHAR AS region_code"
    result = run_gate(spoiled(lost), "living")

    assert result.outcome == "error"
    assert {"unit_slip", "swapped", "half_lost"} <= {check.name for check in result.blocking}
    assert next(check for check in result.checks if check.name == "as_defined").outcome == "pass"


def test_numbers_that_have_no_logarithm_are_no_crash(spoiled: Spoil) -> None:
    """Nought and less stand on either side of a comparison: the answer is fail, and never error."""
    sides = (f"UPDATE {table} SET numerator = -numerator * (rowid % 2)" for table in (TABLE, "promoted.kept_living"))
    assert run_gate(spoiled("; ".join(sides)), "living").outcome == "fail"


def test_a_gate_says_little_of_itself(good_warehouse: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert run_gate(good_warehouse, "branding").passed
    assert [record for record in caplog.records if record.name.startswith("great_expectations")] == []


def test_missing_file_is_an_error_and_is_not_created(tmp_path: Path) -> None:
    result = run_gate(tmp_path / "none.duckdb", "living")

    assert (result.outcome, list(tmp_path.iterdir())) == ("error", [])


def test_damaged_file_is_an_error(warehouse: Path) -> None:
    warehouse.write_bytes(b"not a database" * 1000)

    assert run_gate(warehouse, "living").outcome == "error"


def test_empty_suite_is_an_error(good_warehouse: Path) -> None:
    assert run_rules(good_warehouse, "living", ()).outcome == "error"
    assert judge("living", ()).outcome == "error"


def test_unknown_gate_is_refused(good_warehouse: Path) -> None:
    with pytest.raises(GateError, match=r"no gate 'health'.*governance"):
        run_gate(good_warehouse, "health")


def test_warning_is_recorded_and_does_not_block(spoiled: Spoil) -> None:
    warehouse = spoiled(
        f"UPDATE {TABLE} SET numerator = 7000, value = 70 "
        "WHERE indicator_id = 'liv_water_proper' AND region_code = '64.02'"
    )

    result = run_gate(warehouse, "living")

    assert result.outcome == "pass"
    assert {check.name for check in warnings(result)} == {"published_agrees", "changed_without_data"}
    agrees = next(check for check in warnings(result) if check.name == "published_agrees")
    assert agrees.failing_rows[0]["published_value"] == "76.8000"


def test_file_is_free_for_writing_afterwards(warehouse: Path) -> None:
    """Other processes write the file next: dbt the scores. One writer at a time, so nothing may be left open."""
    run_gate(warehouse, "living")
    run_rules(warehouse, "living", (replace(not_empty(TABLE), expectation="ExpectMiracles"),))

    write = f"import duckdb; duckdb.connect({str(warehouse)!r}).execute('CREATE TABLE after (x INT)')"
    subprocess.run([sys.executable, "-c", write], check=True, timeout=60)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("INSERT INTO after VALUES (1)")


def test_gate_changes_nothing(good_warehouse: Path) -> None:
    before = good_warehouse.read_bytes()
    run_gate(good_warehouse, "scores")
    assert good_warehouse.read_bytes() == before


def test_great_expectations_is_not_imported_with_the_rules() -> None:
    """Parsing a DAG must not cost the seconds that Great Expectations takes to import."""
    code = (
        "import sys; from expectations.gate import GATES, rules_of; [rules_of(gate) for gate in GATES]; "
        "sys.exit(any(name.split('.')[0] in ('great_expectations', 'pandas') for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_crash_is_read_from_both_forms_of_exception_info() -> None:
    flat = {"raised_exception": True, "exception_message": "no\nluck", "exception_traceback": ""}
    assert crashed(flat) == "no luck"
    assert crashed({"metric": flat}) == "no luck"
    assert crashed({"raised_exception": False, "exception_message": None}) is None
    assert crashed({}) is None


def test_success_without_a_result_is_an_error() -> None:
    rule = not_empty(TABLE)
    assert interpret(rule, True, {}, {}).outcome == "error"


def test_a_rule_whose_query_and_expectation_differ_is_an_error(good_warehouse: Path) -> None:
    differs = replace(not_empty(TABLE), query="SELECT 1 FROM {batch}")

    result = run_rules(good_warehouse, "living", (differs,))

    assert (result.outcome, result.checks[0].name, result.checks[0].outcome) == ("error", "not_empty", "error")
    assert "ExpectTableRowCountToBeBetween finds none" in result.checks[0].message


def test_p3_a_query_that_crashes_leaves_every_expectation_to_be_asked(spoiled: Spoil) -> None:
    """All queries of a table are one: the others are not taken for answered when one of them cannot run."""
    warehouse = spoiled(f"UPDATE {TABLE} SET unit = 'ribu'")
    broken = no_rows("broken", TABLE, "SELECT no_such_column FROM {batch}", "it cannot run")

    result = run_rules(warehouse, "living", (*rules_of("living"), broken))

    outcomes = {check.name: check.outcome for check in result.checks}
    assert outcomes.pop("broken") == "error"
    assert outcomes.pop("as_defined") == "fail"
    assert set(outcomes.values()) == {"pass"}


def test_a_suite_says_of_each_rule_its_severity_owner_and_reason(good_warehouse: Path) -> None:
    rules = rules_of("living")
    with engine.opened(good_warehouse) as tables:
        suite = suite_of(TABLE, rules, tables)

    assert suite.name == "mart_living"
    assert [item.meta for item in suite.expectations] == [
        {"rule": rule.name, "severity": rule.severity, "owner": rule.owner, "because": rule.because} for rule in rules
    ]
    by_rule = {str((item.meta or {})["rule"]): item for item in suite.expectations}
    assert by_rule["unusual_liv_stunting_prevalence"].severity == "warning"
    assert (by_rule["range_liv_water_proper"].meta or {})["owner"] == "Dinas Perkim"


def test_only_what_no_class_says_is_a_query_of_our_own() -> None:
    """Great Expectations' regular expressions do not run on DuckDB; no class compares a table with another one."""
    own = {rule.name for rule in rules_of("living") if rule.expectation == OWN_QUERY}

    assert own == {
        *("under_contract", "period_form", "as_defined"),
        *("rows_present", "known_region_code", "indicators_known"),
        *(
            "suppressed_as_ruled",
            "suppressed_together",
            "stated_decimals",
            "published_agrees",
            "parts_stated",
            "value_recomputed",
        ),
        *("evidence", "published_as_listed", "counts_whole", "counts_within_rows", "same_part"),
        *("periods_copied", "periods_alike", "regions_copied", "indicators_alike"),
        *("unit_slip", "swapped", "half_lost", "lost", "jump", "changed_without_data"),
    }
