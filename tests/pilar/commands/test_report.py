"""What the terminal says of a publication's scores, and of the gates before it."""

from itertools import permutations
from pathlib import Path

import duckdb
import pytest

from ledger.settings import Settings
from ledger.store import Ledger
from pilar.commands.console import out
from pilar.commands.report import print_gates, print_scores, read_scores

TABLES = """
CREATE SCHEMA scores;
CREATE TABLE scores.index_scores AS SELECT '64.02' AS region_code, 'Kabupaten Contoh' AS region_name,
  'computed' AS basis, '2023-reguler' AS rule_set_id, 2.89 AS index_value, NULL AS published_value,
  NULL AS missing_because, true AS synthetic
  UNION ALL SELECT '35.73', 'Kota Contoh', 'reported', '2023-reguler', NULL, 2.5, 'no_list', false;
CREATE TABLE scores.pillar_scores AS SELECT '64.02' AS region_code, pillar, score, 3 AS questions_scored,
  7 AS questions_total, NULL AS held_since, synthetic
FROM (VALUES ('living', 3.67, true), ('economy', 3.00, false), ('society', NULL, true))
  AS given (pillar, score, synthetic)
"""


def test_scores_from_simulated_systems_are_marked(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "marts.duckdb")) as connection:
        connection.execute(TABLES)

    with out.capture() as printed:
        print_scores(read_scores(Settings(home=tmp_path, ledger_url="", key_dir=tmp_path), tmp_path))

    names = ("living", "economy", "society")
    rows = {name: line for line in printed.get().splitlines() for name in names if name in line}
    assert "~3.67 (3/7)" in rows["living"]
    assert "3.00 (3/7)" in rows["economy"]
    assert "~" not in rows["economy"]
    assert "~" not in rows["society"]
    assert "Kota Contoh: the index cannot be computed: there is no list" in printed.get()
    assert "Kabupaten Contoh: the index" not in printed.get()


INDEXES = (
    "('64.02', 'Kabupaten Contoh', 'reported', '2023-reguler', 2.82, 2.83, false, null)",
    "('64.02', 'Kabupaten Contoh', 'computed', '2023-reguler', 2.89, 2.85, true, null)",
)


YEARS = (
    "('64.02', 'Kabupaten Contoh', 'reported', '2022-reguler', 1.11, NULL, false, NULL)",
    "('64.02', 'Kabupaten Contoh', 'reported', '2023-reguler', 2.22, NULL, false, NULL)",
    "('64.02', 'Kabupaten Contoh', 'computed', '2022-reguler', 3.33, NULL, false, NULL)",
    "('64.02', 'Kabupaten Contoh', 'computed', '2023-reguler', 3.99, NULL, false, NULL)",
)


def printed_of(folder: Path, rows: tuple[str, ...]) -> list[str]:
    """The lines that are printed of a publication with these rows of indexes."""
    with duckdb.connect(str(folder / "marts.duckdb")) as connection:
        connection.execute(TABLES)
        connection.execute(
            f"create or replace table scores.index_scores as from (values {', '.join(rows)}) as given "
            "(region_code, region_name, basis, rule_set_id, index_value, published_value, synthetic, missing_because)"
        )
    with out.capture() as printed:
        print_scores(read_scores(Settings(home=folder, ledger_url="", key_dir=folder), folder))
    return [" ".join(line.split()) for line in printed.get().splitlines()]


@pytest.mark.parametrize("rows", list(permutations(YEARS)))
def test_the_index_is_that_of_the_newest_rules_in_whatever_order_they_are_stored(
    tmp_path: Path, rows: tuple[str, ...]
) -> None:
    told = set(printed_of(tmp_path, rows))
    assert {"rule set 2023-reguler", "index, reported 2.22", "index, computed 3.99"} <= told


@pytest.mark.parametrize("rows", list(permutations(INDEXES)))
def test_the_index_of_the_assessors_stands_above_what_was_published_for_it(
    tmp_path: Path, rows: tuple[str, ...]
) -> None:
    told = [line for line in printed_of(tmp_path, rows) if "index, " in line or "as published" in line]
    assert told == ["index, reported 2.82", "as published 2.83", "index, computed ~2.89"]


def test_a_gate_says_what_stood_out_and_where_its_answer_was_carried_over_from(ledger: Ledger) -> None:
    before, evaluation_id = ledger.start_evaluation([]), ledger.start_evaluation([])
    checks = [
        {"name": "range", "severity": "critical", "outcome": "fail", "message": "too large"},
        {"name": "grain", "severity": "critical", "outcome": "pass", "message": "one row"},
    ]
    ledger.record_gate(evaluation_id, "economy", "fail", checks)
    ledger.record_gate(evaluation_id, "living", "pass", [], carried_from=before)

    with out.capture() as printed:
        print_gates(ledger.gates(evaluation_id))

    rows = {name: line for line in printed.get().splitlines() for name in ("economy", "living") if name in line}
    assert "range (critical): too large" in rows["economy"]
    assert "grain" not in printed.get()
    assert "same data and rules as" in rows["living"]
    assert "same data" not in rows["economy"]
