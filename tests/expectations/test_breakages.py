"""What the gates of the pillars catch of everything that can be wrong with a mart, and what escapes them.

Every breakage is asked of every mart by the rules' queries. That a query and its expectation agree is shown for each
rule elsewhere; here some are asked of the gates themselves.
"""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb
import pytest

from expectations.engine import opened
from expectations.gate import PILLARS, all_queries, rules_by_table, run_gate
from expectations.rules import Severity
from tests.expectations.breakages import BREAKAGES, ESCAPED, SCORE_BREAKAGES, SCORES_ESCAPED
from tests.expectations.conftest import warnings
from tests.expectations.spoiling import TARGETS, Breakage
from tests.expectations.two_versions import build_two_versions
from tests.publication.sample_warehouse import build

Noticed = Mapping[str, Mapping[Breakage, frozenset[str]]]
SCORED = tuple(f"scores.{name}_scores" for name in ("question", "pillar", "dimension", "index"))
# What the column's type refuses never comes before a gate.
REFUSED = (duckdb.OutOfRangeException, duckdb.ConversionException)


class Matrix:
    """The marts of two versions, to be broken one way at a time."""

    def __init__(self, pristine: Path) -> None:
        self.pristine = pristine
        warehouse = Path(shutil.copy(pristine, pristine.with_name("broken.duckdb")))
        self._severities: dict[tuple[str, str], Severity] = {}
        self.connection = duckdb.connect(str(warehouse))
        measured = {
            row[0]
            for pillar in PILLARS
            for row in self.connection.execute(
                f"SELECT DISTINCT indicator_id FROM candidate.mart_{pillar} WHERE state = 'measured'"
            ).fetchall()
        }
        self.connection.close()
        queries = {}
        with opened(warehouse) as tables:
            for pillar in PILLARS:
                [(table, every)] = rules_by_table(pillar).items()
                # No breakage takes a mart's contract from it, and bounds of what is not measured have nothing to say.
                rules = [
                    rule
                    for rule in every
                    if rule.name != "under_contract"
                    and not measured.isdisjoint(rule.where.get("indicator_id", measured))
                ]
                queries[pillar] = all_queries(table, rules, tables)
                self._severities |= {(pillar, rule.name): rule.severity for rule in rules}
        self.connection = duckdb.connect(str(warehouse), config={"threads": 1})
        # A prepared query is planned once; what columns hold may not be part of the plan then.
        self.connection.execute("SET disabled_optimizers = 'statistics_propagation'")
        for pillar, query in queries.items():
            self.connection.execute(f"PREPARE gate_{pillar} AS {query}")

    def spoil(self, pillar: str, breakage: Breakage) -> str:
        """The SQL that breaks a pillar's mart."""
        table, (one, other) = f"candidate.mart_{pillar}", TARGETS[pillar]
        newest = self._one(f"SELECT max(period) FROM {table} WHERE indicator_id = '{one}' AND state = 'measured'")
        spoil = breakage.spoil
        for word, said in {"t": table, "i": one, "j": other, "p": str(newest)}.items():
            spoil = spoil.replace(f"{{{word}}}", said)
        return spoil

    def found(self, pillar: str, breakage: Breakage, *, first: str = "") -> frozenset[str] | None:
        """The rules that notice a breakage; None where it does not apply. ``first``: SQL that comes before it."""
        spoil, rows = self.spoil(pillar, breakage), f"SELECT (count(*), sum(hash(m))) FROM candidate.mart_{pillar} m"
        before = self._one(rows)
        self.connection.execute("BEGIN")
        try:
            self.connection.execute(first + spoil)
            if self._one(rows) == before:
                return None
            return frozenset(name for (name,) in self.connection.execute(f"EXECUTE gate_{pillar}").fetchall())
        except REFUSED:
            return None
        finally:
            self.connection.execute("ROLLBACK")

    def answer(self, pillar: str, found: frozenset[str]) -> str:
        """What a gate says to these rules."""
        if any(self._severities[pillar, name] == "critical" for name in found):
            return "blocked"
        return "told" if found else "nothing"

    def _one(self, query: str) -> object:
        row = self.connection.execute(query).fetchone()
        assert row is not None
        return row[0]


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matrix]:
    matrix = Matrix(build_two_versions(tmp_path_factory.mktemp("matrix") / "evaluation.duckdb"))
    yield matrix
    matrix.connection.close()


@pytest.fixture(scope="module")
def noticed(matrix: Matrix) -> Noticed:
    """For every pillar the rules that notice each breakage that applies to its mart."""
    return {
        pillar: {breakage: found for breakage in BREAKAGES if (found := matrix.found(pillar, breakage)) is not None}
        for pillar in PILLARS
    }


@pytest.mark.parametrize("pillar", PILLARS)
def test_of_a_hundred_ways_to_break_a_mart_95_are_caught_and_the_rest_are_listed(
    pillar: str, matrix: Matrix, noticed: Noticed
) -> None:
    answers = {breakage: matrix.answer(pillar, found) for breakage, found in noticed[pillar].items()}
    escaped = {
        breakage.name: answer for breakage, answer in answers.items() if answer not in ("blocked", breakage.expected)
    }

    assert len(answers) >= 60
    assert escaped == ESCAPED[pillar]
    assert len(escaped) <= 0.05 * len(answers)


def test_with_nothing_in_force_four_of_five_are_caught(matrix: Matrix, noticed: Noticed) -> None:
    """A first evaluation compares with nothing: its rows, definitions and batches have to tell."""
    without = "DELETE FROM promoted.own_living; "
    found = {breakage: matrix.found("living", breakage, first=without) for breakage in noticed["living"]}
    answers = [(matrix.answer("living", names or frozenset()), breakage.expected) for breakage, names in found.items()]
    caught = sum(answer in ("blocked", expected) for answer, expected in answers)
    assert caught >= 0.8 * len(answers)


def test_of_a_hundred_ways_to_break_the_scores_95_are_caught_and_the_rest_are_listed(tmp_path: Path) -> None:
    warehouse = build(tmp_path / "evaluation.duckdb")
    with opened(warehouse) as tables:
        gate = [all_queries(table, rules, tables) for table, rules in rules_by_table("scores").items()]
    answers = {}
    with duckdb.connect(str(warehouse)) as connection:

        def rows() -> list[object]:
            return [connection.execute(f"SELECT count(*), sum(hash(t)) FROM {t} t").fetchall() for t in SCORED]

        before = rows()
        for breakage in SCORE_BREAKAGES:
            connection.execute("BEGIN")
            connection.execute(breakage.spoil)
            if rows() != before:
                answers[breakage.name] = [row for query in gate for row in connection.execute(query).fetchall()]
            connection.execute("ROLLBACK")

    escaped = {name: "nothing" for name, found in answers.items() if not found}
    assert len(answers) >= 45
    assert escaped == SCORES_ESCAPED
    assert {rule.severity for rules in rules_by_table("scores").values() for rule in rules} == {"critical"}


def test_every_breakage_has_a_name_of_its_own_and_applies_somewhere(noticed: Noticed) -> None:
    names = [breakage.name for breakage in (*BREAKAGES, *SCORE_BREAKAGES)]
    assert len(names) == len(set(names))
    assert {breakage for found in noticed.values() for breakage in found} == set(BREAKAGES)


def test_every_rule_notices_some_breakage(noticed: Noticed) -> None:
    """Bounds are tried at their limits elsewhere, and so is a lost contract."""
    rules = {rule.name for pillar in PILLARS for [own] in [rules_by_table(pillar).values()] for rule in own}
    shared = {name for name in rules if not name.startswith(("range_", "unusual_"))} - {"under_contract"}
    assert shared <= {name for of_pillar in noticed.values() for found in of_pillar.values() for name in found}


@pytest.mark.parametrize("breakage", BREAKAGES[::16], ids=lambda breakage: breakage.name)
def test_the_gate_says_what_its_queries_find(
    breakage: Breakage, matrix: Matrix, noticed: Noticed, tmp_path: Path
) -> None:
    pillar = next(pillar for pillar in PILLARS if breakage in noticed[pillar])
    warehouse = Path(shutil.copy(matrix.pristine, tmp_path / "evaluation.duckdb"))
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(matrix.spoil(pillar, breakage))

    result = run_gate(warehouse, pillar)

    assert {check.name for check in result.checks if check.outcome == "fail"} == noticed[pillar][breakage]
    assert (not result.passed) == (matrix.answer(pillar, noticed[pillar][breakage]) == "blocked")


def test_what_is_true_is_neither_stopped_nor_told(matrix: Matrix) -> None:
    for pillar in PILLARS:
        result = run_gate(matrix.pristine, pillar)
        assert (result.outcome, warnings(result)) == ("pass", ()), pillar
