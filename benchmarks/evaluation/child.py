"""One landing and one evaluation of it, with what each step took. Prints JSON."""

import argparse
import json
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import structlog

from benchmarks.evaluation.landed import YEARS, installation, land_figures, land_one, land_records
from ledger.migrate import migrate
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.evaluation import build, evaluate, explained, findings, instrument_scores, promotion, warehouse
from pilar.platform.postgres import EmbeddedPostgres

CHANGED = "perkim_sanitasi"
STEPS = {
    "begin the file": (build, "begin_warehouse"),
    "figures and marts": (build, "build_candidates"),
    "marts written": (promotion, "export_marts"),
    "gates": ("expectations.gate", "run_gates"),
    "scores": (build, "build_scores"),
    "scores of instruments": (instrument_scores, "write_instrument_scores"),
    "explanations": (explained, "write_explanations"),
    "findings": (findings, "write_findings"),
    "gate of scores": ("expectations.gate", "run_gate"),
}


class Meter:
    """Wall and processor seconds and the most memory resident, of each step of each run."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, tuple[float, float, float]]] = {}
        self.run = ""

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While it is open, the steps of evaluations are measured."""
        with ExitStack() as stack:
            for name, (module, function) in STEPS.items():
                place = sys.modules[module] if isinstance(module, str) else module
                stack.enter_context(mock.patch.object(place, function, self._timed(name, getattr(place, function))))
            yield

    def _timed(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def measured(*args: Any, **named: Any) -> Any:
            with self.of(name):
                return work(*args, **named)

        return measured

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Measure what is done in here. Within another measurement the memory of both is the inner one's."""
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        wall, processor = time.perf_counter(), time.process_time()
        yield
        taken = (time.perf_counter() - wall, time.process_time() - processor, _most_memory())
        self.found.setdefault(self.run, {})[name] = taken


def main(arguments: Sequence[str] | None = None) -> None:
    """Land, evaluate, change one source, evaluate again."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("figures", "records"))
    parser.add_argument("--regions", type=int, required=True)
    parser.add_argument("--rows", type=int, default=0)
    parser.add_argument("--home", type=Path)
    given = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    import expectations.gate  # noqa: F401 (its steps are measured)

    with tempfile.TemporaryDirectory(prefix="pilar-evaluation-") as folder, ExitStack() as stack:
        home = given.home or Path(folder) / "home"
        server = stack.enter_context(EmbeddedPostgres(Path(folder) / "postgres"))
        migrate(server.url("postgres"))
        told(_measure(given, home, server.url("postgres")))


def _measure(given: argparse.Namespace, home: Path, url: str) -> dict[str, Any]:
    settings = installation(home, url, given.regions)
    ledger, meter = Ledger(url), Meter()
    rows = land_figures(ledger, settings) if given.what == "figures" else land_records(ledger, settings, given.rows)
    if given.what == "figures":
        land_one(ledger, settings, CHANGED, coverage=str(YEARS[-1]), rows=30 * len(settings.regions))
    _warm(settings)
    with meter.watching():
        for meter.run in ("everything", "one source changed"):
            with meter.of("evaluation"):
                evaluation = evaluate.build_candidates(ledger, settings)
                assert evaluation is not None
                evaluate.score(ledger, settings, evaluation)
            carried = sum(row.carried_from is not None for row in ledger.gates(evaluation))
            outcomes = {row.gate: row.outcome for row in ledger.gates(evaluation)}
            if set(outcomes.values()) != {"pass"}:
                blocking = {
                    row.gate: [
                        check for check in row.checks if check["outcome"] != "pass" and check["severity"] != "warning"
                    ]
                    for row in ledger.gates(evaluation)
                }
                raise SystemExit(f"measured something else: {outcomes} {str(blocking)[:3000]}")
            land_one(
                ledger,
                settings,
                CHANGED,
                coverage=str(YEARS[-1]),
                rows=max(given.rows // 20, 31 * len(settings.regions)),
            )
    last = evaluate.warehouse_file(settings, evaluation)
    with duckdb.connect(str(last), read_only=True) as connection:
        [states] = connection.execute("select count(*), count(value) from promoted.marts").fetchall()
    size = evaluate.warehouse_file(settings, evaluation).stat().st_size
    return {"rows": rows, "steps": meter.found, "carried": carried, "states": states, "file": size}


def _warm(settings: Settings) -> None:
    """What is loaded once where processes begin is not in the figures: the parsed project, seeds and imports."""
    build.seeds_template(build.working_folder(settings.warehouse_dir / "0.duckdb"))
    import great_expectations  # noqa: F401 (imported for its effect: gates import it while they run)

    warehouse.opened(settings.home / "nothing.duckdb")


def _most_memory() -> float:
    """The most memory that was resident since it was last reset, in MB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def told(found: object) -> None:
    """Print it as the last line."""
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
