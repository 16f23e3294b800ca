"""The rule sets as the seeds of the dbt project hold them: the cohorts of a year, and the dimensions they weigh."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass

from ledger.settings import REPOSITORY

SEEDS = REPOSITORY / "dbt_project" / "seeds"


@dataclass(frozen=True, slots=True)
class RuleSet:
    """One rule set. ``cohort_from_kolaborasi``: what a list's Kolaborasi cell is ('given', 'empty') in its rows."""

    id: str
    year: int
    cohort: str
    dimensions: tuple[str, ...]
    is_default: bool
    cohort_from_kolaborasi: str
    improvement: str


def load_rule_sets() -> tuple[RuleSet, ...]:
    """All rule sets, in the order of the seed."""
    weights = list(_seed("rule_sets"))
    return tuple(
        RuleSet(
            id=row["rule_set_id"],
            year=int(row["year"]),
            cohort=row["cohort"],
            dimensions=tuple(line["dimension"] for line in weights if line["rule_set_id"] == row["rule_set_id"]),
            is_default=row["is_default"] == "true",
            cohort_from_kolaborasi=row["cohort_from_kolaborasi"],
            improvement=row["improvement"],
        )
        for row in _seed("rule_set_methods")
    )


def dimensions_of(rule_sets: Iterable[RuleSet]) -> tuple[str, ...]:
    """Every dimension any of the rule sets weighs, each once, in the order of the seed."""
    return tuple(dict.fromkeys(name for rule_set in rule_sets for name in rule_set.dimensions))


def _seed(name: str) -> Iterable[dict[str, str]]:
    with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
