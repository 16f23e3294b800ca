"""What the pillars' gates take: every rule's query asked as one, and every rule by its own expectation.

``python -m benchmarks.gates --runs 9`` prints one Markdown table. Both are asked in turn in one process, of marts that
pass and have some thousands of rows; imports and first uses are not in the figures.
"""

import argparse
import logging
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb
import structlog

from expectations.engine import opened
from expectations.gate import PILLARS, rules_by_table, run_gates
from expectations.suites import suite_of
from tests.publication.sample_warehouse import build

# Every row again for every month of these years, with smaller numbers each time: some 1,500 to 3,500 rows a mart. Left
# out is what would have to follow from other indicators' numbers.
YEARS = (2000, 2023)
MORE = """
INSERT INTO {mart} BY NAME
SELECT * EXCLUDE (n, d, f, month, dp, formula) REPLACE (month AS period, n AS numerator, d AS denominator,
  round(CASE WHEN formula = 'amount' THEN n WHEN d IS NULL THEN value * f ELSE 100 * n / d END, dp) AS value,
  CASE WHEN basis = 'taken_over' THEN round(value * f, dp) END AS published_value,
  CASE WHEN basis = 'taken_over' THEN published_by END AS published_by)
FROM (SELECT m.*, dp, formula, month, 0.9 + hash(month || region_code) % 999983 / 2e7 AS f,
    round(m.numerator * f) AS n, round(m.denominator * (0.95 + hash(region_code || month) % 999983 / 2e7)) AS d
  FROM (SELECT DISTINCT ON (region_code, indicator_id) * FROM {mart}) m JOIN definitions.indicators i
    ON i.id = m.indicator_id, (SELECT format('{{}}-{{:02d}}', y, n) AS month
      FROM range({first}, {last} + 1) a (y), range(1, 13) b (n))
  WHERE formula <> 'growth' AND id <> 'gov_pad_share')
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. Returns 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gates", description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    runs: int = parser.parse_args(arguments).runs
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory(prefix="pilar-gates-") as folder:
        warehouse = build(Path(folder) / "evaluation.duckdb")
        rows = _grow(warehouse)
        ways = {"as the gates ask": _as_gates_ask, "by its own expectation each": _each_by_its_own}
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for number in range(runs + 1):
            for name, way in ways.items():
                seconds = _timed(way, warehouse)
                # The first is for what is made at first use.
                if number:
                    taken[name].append(seconds)
    rules = sum(len(own) for pillar in PILLARS for own in rules_by_table(pillar).values())
    sys.stdout.write(
        f"{rules} rules of {len(PILLARS)} gates, {rows} rows, {runs} runs in turn, load {os.getloadavg()[0]:.1f}.\n\n"
        "| | processor | wall |\n|---|---|---|\n"
    )
    for name, each in taken.items():
        processor, wall = (statistics.median(values) for values in zip(*each, strict=True))
        sys.stdout.write(f"| {name} | {processor:.2f} s | {wall:.2f} s |\n")
    return 0


def _grow(warehouse: Path) -> int:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("UPDATE evidence.batches SET rows = rows * 1000")
        counts = []
        for pillar in PILLARS:
            mart = f"candidate.mart_{pillar}"
            connection.execute(MORE.format(mart=mart, first=YEARS[0], last=YEARS[1]))
            counts += connection.execute(f"SELECT count(*) FROM {mart}").fetchall()
    return sum(count for (count,) in counts)


def _timed(way: Callable[[Path], bool], warehouse: Path) -> tuple[float, float]:
    processor, wall = time.process_time(), time.perf_counter()
    if not way(warehouse):
        raise SystemExit("the marts do not pass: the measurement would be of something else")
    return time.process_time() - processor, time.perf_counter() - wall


def _as_gates_ask(warehouse: Path) -> bool:
    return all(result.passed for result in run_gates(warehouse, PILLARS).values())


def _each_by_its_own(warehouse: Path) -> bool:
    with opened(warehouse) as tables:
        return all(
            tables.batch(table).validate(suite_of(table, rules, tables), result_format="BASIC").success
            for pillar in PILLARS
            for table, rules in rules_by_table(pillar).items()
        )


if __name__ == "__main__":
    sys.exit(main())
