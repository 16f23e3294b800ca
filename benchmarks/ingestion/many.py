"""Many sources at once, as the platform runs them: four worker processes, one source at a time in each.

One host is slow. What matters is what that does to the others.
"""

import logging
import multiprocessing
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import structlog

from benchmarks.ingestion.bench import Bench, table
from benchmarks.ingestion.children import served
from benchmarks.ingestion.pilar_child import warm
from benchmarks.ingestion.records import source
from connectors.pull.course import pull
from ledger.keys import Keys
from ledger.settings import Connection, Settings
from ledger.store import Ledger

WORKERS = 4
PAGES = 3
ROWS = 200
SLOW_MS = 2000.0

Task = tuple[str, str, Path, str]


def measure(bench: Bench, sources: int) -> str:
    """All of them with every host quick, then with one slow, as Markdown."""
    lines = []
    with served(PAGES, ROWS) as quick, served(PAGES, ROWS, delay_ms=SLOW_MS) as slow:
        for name, first in (("every host quick", quick), ("one slow host", slow)):
            urls = [first, *(quick for _ in range(sources - 1))]
            whole, seconds = _all(bench, urls)
            others = sorted(seconds[1:])
            lines.append(
                (
                    name,
                    f"{whole:.1f} s",
                    f"{seconds[0]:.1f} s",
                    f"{statistics.median(others):.2f} s",
                    f"{others[int(len(others) * 0.95)]:.2f} s",
                    f"{others[-1]:.2f} s",
                )
            )
    head = ("", "all done", "the first source", "others, median", "95th percentile", "longest")
    asked = f"{sources} sources of {PAGES} pages, {WORKERS} workers; the slow host takes {SLOW_MS / 1000:g} s a page."
    return f"{asked}\n\n{table(head, lines)}"


def _all(bench: Bench, urls: Sequence[str]) -> tuple[float, list[float]]:
    home, ledger = bench.place(), bench.ledger()
    Keys.ensure(home / "keys")
    tasks = [(f"sample_{number}", url, home, ledger) for number, url in enumerate(urls)]
    # Spawned, not forked: this process holds threads and connections.
    with multiprocessing.get_context("spawn").Pool(WORKERS, initializer=_ready) as pool:
        pool.map(_nothing, range(WORKERS * 4))
        began = time.perf_counter()
        seconds = pool.map(_pull, tasks, chunksize=1)
        return time.perf_counter() - began, seconds


def _ready() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    warm()


def _nothing(_: int) -> None:
    time.sleep(0.1)


def _pull(task: Task) -> float:
    name, url, home, ledger_url = task
    settings = Settings(home=home, ledger_url=ledger_url, key_dir=home / "keys")
    began = time.perf_counter()
    outcome = pull(
        source(name=name), Ledger(ledger_url), settings, connection=Connection(url=url, extra={"private": True})
    )
    if any(batch.status == "rejected" for batch in outcome.batches):
        raise RuntimeError(f"{name} was not landed")
    return time.perf_counter() - began
