"""What the ranges of indices and ranks take: 1,000 draws for one region, and for all of the country.

``python -m benchmarks.sureness --runs 5`` prints one Markdown table. Regions are made up: as many dimensions as the
ministry's evaluation of 2023 has, one of which is the mean of 33 questions with assumed bands. Beside it stands the
time of drawing the numbers alone.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise

from pilar.explanations.simulation import (
    Dimension,
    Entrant,
    Judged,
    Rubric,
    Weighing,
    simulate,
    thresholds_with_steps,
)

DRAWS, SEED, COUNTRY = 1000, 1, 514
WEIGHTS = {"baseline": 10, "output": 20, "outcome": 20, "impact": 20, "quick_wins": 20, "kolaborasi": 10}
QUESTIONS = 33
# Distances between regions and questions that fall together with no threshold.
SPREAD, SHIFT = 37, 17


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. Returns 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sureness", description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs: int = parser.parse_args(arguments).runs
    everybody = [_entrant(number) for number in range(COUNTRY)]
    rules = Weighing(
        "2023-kppn-ikn",
        {name: Fraction(percent, 100) for name, percent in WEIGHTS.items()},
        dict.fromkeys(WEIGHTS, 10),
        parts_rounded=False,
    )
    nobody = [Entrant("none", (Dimension("outcome", Fraction(1)),))]
    ways: dict[str, Callable[[], object]] = {
        "the weights' draws alone": lambda: simulate(nobody, rules, DRAWS, SEED),
        "one region": lambda: simulate(everybody[:1], rules, DRAWS, SEED).ranges(),
        f"{COUNTRY} regions, with ranks and neighbours": lambda: _country(everybody, rules),
    }
    sys.stdout.write("| what | wall | processor |\n|---|---|---|\n")
    for name, way in ways.items():
        taken = [_timed(way) for _ in range(runs)]
        wall, processor = (statistics.median(column) for column in zip(*taken, strict=True))
        sys.stdout.write(f"| {name}, {DRAWS} draws | {wall:.2f} s | {processor:.2f} s |\n")
    return 0


def _country(everybody: Sequence[Entrant], rules: Weighing) -> None:
    found = simulate(everybody, rules, DRAWS, SEED)
    ranges = found.ranges()
    for one, other in pairwise(sorted(ranges, key=lambda region: ranges[region].rank)):
        found.turns(one, other)


def _entrant(number: int) -> Entrant:
    questions = tuple(
        Judged(Fraction((number * SPREAD + question * SHIFT) % 1000, 10), _rubric(question))
        for question in range(QUESTIONS)
    )
    given = (
        Dimension(name, Fraction((number * SPREAD + place * SHIFT) % 401, 100))
        for place, name in enumerate(WEIGHTS)
        if name != "outcome"
    )
    return Entrant(f"r{number}", (Dimension("outcome", None, questions), *given))


def _rubric(question: int) -> Rubric:
    starts = [(Fraction(at), True) for at in (25, 50, 75)]
    thresholds = tuple(thresholds_with_steps(starts, Fraction(1, 4), f"rubric {question}"))
    return Rubric(thresholds, tuple(Fraction(score) for score in range(1, 5)))


def _timed(way: Callable[[], object]) -> tuple[float, float]:
    wall, processor = time.perf_counter(), time.process_time()
    way()
    return time.perf_counter() - wall, time.process_time() - processor


if __name__ == "__main__":
    sys.exit(main())
