"""``python -m benchmarks.ingestion``: prints Markdown, every ratio from one run. See the README one folder up."""

import argparse
import os
import platform
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence

import duckdb

from benchmarks.ingestion import many, rows
from benchmarks.ingestion.bench import Bench, opened, table
from benchmarks.ingestion.children import Outcome, served
from benchmarks.ingestion.pilar_child import PARTS

BAD_EVERY = 100
FLAT_PAGES = (100, 5000)
ROWS_A_PAGE = (100, 1000)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was asked for, and print. Returns 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingestion", description=__doc__)
    parser.add_argument("--records", type=int, default=500_000)
    parser.add_argument("--pages", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--delay-ms", type=float, default=20)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--table-rows", type=int, default=10_000_000)
    parser.add_argument("--sources", type=int, default=200)
    parser.add_argument("--only", nargs="+", choices=sorted(MEASUREMENTS), default=list(MEASUREMENTS))
    given = parser.parse_args(arguments)
    sys.stdout.write(
        f"{os.cpu_count()} processors, Python {platform.python_version()}, DuckDB {duckdb.__version__}, "
        f"load average {os.getloadavg()[0]:.1f} before.\n\n"
    )
    with opened() as bench:
        for name in given.only:
            sys.stdout.write(MEASUREMENTS[name](bench, given) + "\n")
            sys.stdout.flush()
    return 0


def speed(bench: Bench, given: argparse.Namespace) -> str:
    """Pilar beside its floor and dlt, and what each part of it costs."""
    candidates: dict[str, Callable[[str], Outcome]] = {
        "floor: fetch, one typed read into Parquet": lambda url: bench.floor(url, given.pages),
        "Pilar, everything on": bench.pilar,
        **{f"Pilar without {part}": _without(bench, part) for part in PARTS},
        "dlt, REST source into DuckDB": bench.dlt,
    }
    found: dict[str, list[Outcome]] = {name: [] for name in candidates}
    with served(given.pages, given.records // given.pages, bad_every=BAD_EVERY) as url:
        for _ in range(given.rounds):
            for name, candidate in candidates.items():
                found[name].append(candidate(url))
        clean = "Pilar, no bad rows"
        found[clean] = []
    with served(given.pages, given.records // given.pages) as url:
        found[clean] = [bench.pilar(url) for _ in range(given.rounds)]
    title = f"{given.records:,} records in {given.pages} pages, 1 % of them bad; median of {given.rounds}."
    return f"{title}\n\n{_compared(found)}"


def delay(bench: Bench, given: argparse.Namespace) -> str:
    """A slow server that allows several requests at once."""
    least = given.pages * given.delay_ms / 1000 / given.concurrency
    rounds = range(given.rounds)
    lines = []
    for per_page in ROWS_A_PAGE:
        with served(given.pages, per_page, bad_every=BAD_EVERY, delay_ms=given.delay_ms) as url:
            limits = {"concurrency": given.concurrency}
            found: dict[str, list[Outcome]] = {
                "threads that only fetch": [bench.bare(url, given.pages, given.concurrency) for _ in rounds],
                "Pilar": [bench.pilar(url, limits=limits) for _ in rounds],
            }
            for name, outcomes in found.items():
                middle = statistics.median(one.seconds for one in outcomes)
                lines.append((f"{per_page}", name, f"{middle:.2f} s", f"{middle / least:.2f}"))
    title = f"{given.pages} pages, {given.delay_ms:g} ms each, concurrency {given.concurrency}: {least:.2f} s at least."
    return f"{title}\n\n{table(('rows a page', '', 'wall', 'ratio'), lines)}"


def memory(bench: Bench, _given: argparse.Namespace) -> str:
    """The most memory a pull has resident, over few and many pages of one size."""
    lines = []
    for rows_a_page in ROWS_A_PAGE:
        peaks = []
        for pages in FLAT_PAGES:
            with served(pages, rows_a_page, bad_every=BAD_EVERY) as url:
                peaks.append(bench.pilar(url).peak_mb)
            lines.append((f"{rows_a_page}", f"{pages}", f"{peaks[-1]:.0f} MB", f"{peaks[-1] / peaks[0]:.2f}"))
    return table(("rows a page", "pages", "peak memory", "ratio"), lines)


def tables(bench: Bench, given: argparse.Namespace) -> str:
    """Rows a second from CSV and PostgreSQL."""
    return rows.measure(bench, given.table_rows)


def crowd(bench: Bench, given: argparse.Namespace) -> str:
    """Many sources at once."""
    return many.measure(bench, given.sources)


def _without(bench: Bench, part: str) -> Callable[[str], Outcome]:
    return lambda url: bench.pilar(url, without=part)


def _compared(found: Mapping[str, Sequence[Outcome]]) -> str:
    middle = {name: statistics.median(one.seconds for one in outcomes) for name, outcomes in found.items()}
    floor, whole = (middle[name] for name in list(found)[:2])
    lines = [
        (
            name,
            f"{seconds:.2f} s",
            f"{statistics.median(one.processor_s for one in found[name]):.1f} s",
            f"{statistics.median(one.peak_mb for one in found[name]):.0f} MB",
            f"{seconds / floor:.2f}",
            f"{seconds / whole:.2f}",
        )
        for name, seconds in middle.items()
    ]
    return table(("", "wall", "processor, with start", "peak memory", "by the floor", "by Pilar"), lines)


MEASUREMENTS: Mapping[str, Callable[[Bench, argparse.Namespace], str]] = {
    "speed": speed,
    "delay": delay,
    "memory": memory,
    "tables": tables,
    "crowd": crowd,
}

if __name__ == "__main__":
    sys.exit(main())
