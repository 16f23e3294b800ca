"""A gate's answer is carried over where all it read is the same, says so, and is never one that was not a pass."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from expectations import common
from expectations import gate as gates
from expectations.bounds import Bounds, read_bounds
from expectations.gate import GATES, PILLARS, reads_only_its_mart
from expectations.rules import no_rows
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.evaluation import parsed_project, promotion
from pilar.evaluation.parsed_project import fingerprint
from pilar.evaluation.transform import DbtNode, DbtResult
from tests.publication.sample_warehouse import build

ALL_BUILT = DbtResult(True, (), 0.0)
SPOILED = "update candidate.mart_economy set state = 'perhaps' where indicator_id = 'eco_ipm'"
# The same rates of sums in another unit: only what is in force tells.
SLIPPED = """update candidate.mart_governance set numerator = numerator * 10, denominator = denominator * 10
  where indicator_id = 'gov_apbd_realisation'"""
MENDED = "update candidate.mart_economy set state = 'measured' where indicator_id = 'eco_ipm'"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = build(tmp_path_factory.mktemp("promoted") / "evaluation.duckdb")
    write(path, f"create table main.seeded_with as select '{fingerprint()}' as fingerprint")
    return path


@pytest.fixture
def warehouse(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(built, tmp_path / "evaluation.duckdb"))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """The pillars that were truly gated, one entry for each evaluation."""
    calls: list[Sequence[str]] = []
    run = gates.run_gates

    def counted(warehouse: Path, pillars: Sequence[str]) -> object:
        calls.append(list(pillars))
        return run(warehouse, pillars)

    monkeypatch.setattr(gates, "run_gates", counted)
    return calls


def write(warehouse: Path, statement: str) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(statement)


def evaluate(
    ledger: Ledger, settings: Settings, warehouse: Path, result: DbtResult = ALL_BUILT, anew: Sequence[str] = ()
) -> str:
    evaluation_id = ledger.start_evaluation([])
    promotion.decide(ledger, settings, evaluation_id, warehouse, result, anew=anew)
    return evaluation_id


def carried(ledger: Ledger, evaluation_id: str) -> dict[str, str | None]:
    return {row.gate: row.carried_from for row in ledger.gates(evaluation_id)}


def test_p7_the_same_rows_and_rules_carry_the_answer_and_say_where_it_was_given(
    ledger: Ledger, settings: Settings, warehouse: Path, asked: list[Sequence[str]]
) -> None:
    first, second, third = (evaluate(ledger, settings, warehouse) for _ in range(3))
    assert asked == [list(PILLARS), [], []]
    assert carried(ledger, first) == dict.fromkeys(PILLARS)
    assert carried(ledger, second) == carried(ledger, third) == dict.fromkeys(PILLARS, first)
    assert [row.checks for row in ledger.gates(third)] == [row.checks for row in ledger.gates(first)]
    last = ledger.last_good()
    assert {row.evaluation_id for row in last.values()} == {third}
    for row in last.values():
        assert row.path is not None
        assert (settings.home / row.path).is_file()


def test_only_a_mart_that_changed_is_judged_again(
    ledger: Ledger, settings: Settings, warehouse: Path, asked: list[Sequence[str]]
) -> None:
    first = evaluate(ledger, settings, warehouse)
    write(warehouse, "update candidate.mart_living set definition = definition || '.'")
    second = evaluate(ledger, settings, warehouse)
    assert asked[1] == ["living"]
    assert carried(ledger, second) == {**dict.fromkeys(PILLARS, first), "living": None}


def test_what_was_in_force_and_what_is_known_of_batches_are_among_what_a_gate_judges_by(
    ledger: Ledger, settings: Settings, warehouse: Path, asked: list[Sequence[str]]
) -> None:
    evaluate(ledger, settings, warehouse)
    write(warehouse, "update candidate.mart_living set numerator = numerator + 1, value = 80.8 where value = 80.79")
    evaluate(ledger, settings, warehouse)  # compared with the version before
    evaluate(ledger, settings, warehouse)  # compared with itself
    evaluate(ledger, settings, warehouse)
    write(warehouse, "update evidence.batches set rows = rows + 1 where record = 'household'")
    evaluate(ledger, settings, warehouse)
    assert asked[1:] == [["living"], ["living"], [], ["living"]]


def test_p3_a_candidate_in_another_unit_is_held_until_a_person_has_it_judged_anew(
    ledger: Ledger, settings: Settings, warehouse: Path
) -> None:
    good = evaluate(ledger, settings, warehouse)
    write(warehouse, SLIPPED)
    evaluate(ledger, settings, warehouse)
    held = ledger.held_since("governance")
    assert held is not None
    assert str(held.reason).startswith("fail: unit_slip: a number that is 10, 100 or 1,000 times what is in force")
    assert ledger.last_good()["governance"].evaluation_id == good

    anew = evaluate(ledger, settings, warehouse, anew=["governance"])
    assert ledger.held_since("governance") is None
    assert ledger.last_good()["governance"].evaluation_id == anew
    [told] = [row for row in ledger.gates(anew) if row.gate == "governance"]
    assert [check["name"] for check in told.checks if check["outcome"] != "pass"] == ["judged_anew"]
    after = evaluate(ledger, settings, warehouse)
    assert ledger.last_good()["governance"].evaluation_id == after


def test_p3_what_is_in_force_and_cannot_be_read_holds_its_pillar_until_it_is_judged_anew(
    ledger: Ledger, settings: Settings, warehouse: Path
) -> None:
    evaluate(ledger, settings, warehouse)
    path = ledger.last_good()["governance"].path
    assert path is not None
    (settings.home / path).unlink()
    write(warehouse, SLIPPED)
    evaluation_id = evaluate(ledger, settings, warehouse)
    outcomes = {row.gate: row.outcome for row in ledger.gates(evaluation_id)}
    assert outcomes == {**dict.fromkeys(PILLARS, "pass"), "governance": "error"}
    evaluate(ledger, settings, warehouse, anew=["governance"])
    assert ledger.held_since("governance") is None


def test_p3_a_gate_that_failed_fails_again_and_shows_it(
    ledger: Ledger, settings: Settings, warehouse: Path, asked: list[Sequence[str]]
) -> None:
    good = evaluate(ledger, settings, warehouse)
    write(warehouse, SPOILED)
    for _ in range(2):
        bad = evaluate(ledger, settings, warehouse)
        row = next(row for row in ledger.gates(bad) if row.gate == "economy")
        assert (row.outcome, row.carried_from) == ("fail", None)
        assert ledger.last_good()["economy"].evaluation_id == good
        held = ledger.held_since("economy")
        assert held is not None
        assert "accepted_state" in str(held.reason)
    write(warehouse, MENDED)
    mended = evaluate(ledger, settings, warehouse)
    assert asked[1:] == [["economy"]] * 3
    assert ledger.held_since("economy") is None
    assert ledger.last_good()["economy"].evaluation_id == mended
    assert list((settings.home / "promoted" / "economy").glob(".*")) == []


def test_p3_an_error_is_never_carried_over(
    ledger: Ledger, settings: Settings, warehouse: Path, asked: list[Sequence[str]]
) -> None:
    first = evaluate(ledger, settings, warehouse)
    row = next(row for row in ledger.gates(first) if row.gate == "society")
    crashed = ledger.start_evaluation([])
    ledger.record_gate(crashed, "society", "error", row.checks, judged_sha256=row.judged_sha256)
    evaluate(ledger, settings, warehouse)
    assert asked[1] == ["society"]


def test_other_rules_or_reference_tables_judge_everything_again(
    ledger: Ledger, settings: Settings, warehouse: Path, asked: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluate(ledger, settings, warehouse)
    with monkeypatch.context() as patched:
        patched.setattr(promotion, "rules_sha256", lambda: "of another day")
        evaluate(ledger, settings, warehouse)
    write(warehouse, "drop table main.seeded_with")
    evaluate(ledger, settings, warehouse)
    assert asked == [list(PILLARS)] * 3


def test_a_changed_bound_has_its_pillar_judged_again(
    ledger: Ledger,
    settings: Settings,
    warehouse: Path,
    asked: list[Sequence[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = evaluate(ledger, settings, warehouse)

    def narrower(pillar: str) -> tuple[Bounds, ...]:
        return tuple(
            replace(item, maximum=Decimal(1), unusual_above=None, because="a share of one")
            if item.indicator_id == "eco_poverty_p0"
            else item
            for item in read_bounds(pillar)
        )

    monkeypatch.setattr(common, "read_bounds", narrower)
    second = evaluate(ledger, settings, warehouse)
    assert asked[1] == ["economy"]
    assert carried(ledger, second) == {**dict.fromkeys(PILLARS, first), "economy": None}
    held = ledger.held_since("economy")
    assert held is not None
    assert held.reason == "fail: range_eco_poverty_p0: a share of one"


def test_the_definitions_are_among_what_tells_rules_apart(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    definitions = shutil.copytree(parsed_project.DEFINITIONS, warehouse.with_name("definitions"))
    monkeypatch.setattr(parsed_project, "DEFINITIONS", definitions)
    before = promotion.rules_sha256()
    poverty = definitions / "indicators" / "economy" / "eco_poverty_p0.yaml"
    text = poverty.read_text(encoding="utf-8")
    poverty.write_text(text.replace("unusual_above: 50", "unusual_above: 51"), encoding="utf-8")
    assert promotion.rules_sha256() != before


def test_rules_are_told_apart_by_files_project_and_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    before = promotion.rules_sha256()
    monkeypatch.setattr(promotion, "version", lambda name: "0.0")
    assert promotion.rules_sha256() != before


def test_p3_a_pillar_that_was_not_built_is_held_with_an_error(
    ledger: Ledger, settings: Settings, warehouse: Path
) -> None:
    node = DbtNode("mart_living", "model", "error", "no such column", 0.1)
    evaluation_id = evaluate(ledger, settings, warehouse, DbtResult(False, (node,), 0.1))
    outcomes = {row.gate: row.outcome for row in ledger.gates(evaluation_id)}
    assert outcomes == {**dict.fromkeys(PILLARS, "pass"), "living": "error"}
    assert [pillar for pillar in PILLARS if ledger.held_since(pillar) is not None] == ["living"]


def test_every_pillar_reads_only_its_mart_and_the_scores_do_not() -> None:
    assert {gate for gate in GATES if reads_only_its_mart(gate)} == set(PILLARS)


@pytest.mark.parametrize(
    "condition",
    [
        "period > cast(year(current_date) as varchar)",
        "period > cast(year(NOW ()) as varchar)",
        "today() > date '2026-01-01'",
        "value < (select min(value) from promoted.mart_economy)",
        "region_code not in (select code from read_csv('codes.csv'))",
        "random() > 0.5",
    ],
)
def test_p3_a_rule_that_reads_a_moment_or_another_table_is_asked_each_time(
    condition: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = no_rows("other", "candidate.mart_economy", f"select * from {{batch}} where {condition}", "it may change")
    rules = (*gates.rules_of("economy"), rule)
    monkeypatch.setattr(gates, "rules_of", lambda gate: rules)
    assert reads_only_its_mart("economy") is False
    monkeypatch.setattr(gates, "rules_of", lambda gate: (replace(rules[0], table="scores.index_scores"),))
    assert reads_only_its_mart("economy") is False
