"""What a publication costs: the first, one behind which nothing changed, and those after one changed source.

An installation is landed and evaluated as in ``benchmarks.evaluation``. Then its publications are built one after the
other. With ``--keep`` the scored files stay, and a second run with ``--kept`` publishes them without evaluating again.
"""

import argparse
import json
import logging
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import structlog

from benchmarks.evaluation.landed import FIGURES, FIGURES_SOURCE, YEARS, installation, land_figures, land_one_figure
from ledger.migrate import migrate
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.evaluation import evaluate, publish
from pilar.platform.postgres import EmbeddedPostgres
from publication.build import publish as build
from publication.meta import PublicationMeta
from publication.pointer import swap

OWN = "sample_own"
OWN_INDICATOR = "liv_sanitation_proper"
STATES = ("first", "one region's source changed", "every region's source changed")


def main(arguments: Sequence[str] | None = None) -> None:
    """Evaluate where nothing is kept, then publish each state in a process of its own. Prints JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--regions", type=int, default=514)
    parser.add_argument("--keep", type=Path, help="a folder for the scored files")
    parser.add_argument("--kept", type=Path, help="a folder of an earlier run with --keep")
    given = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory(prefix="pilar-publication-") as folder:
        kept = given.kept or given.keep or Path(folder) / "kept"
        if given.kept is None:
            evaluated(kept, given.regions)
        sys.stdout.write(json.dumps(published(kept, Path(folder) / "published")) + "\n")


def evaluated(kept: Path, regions: int) -> None:
    """Write the scored file of each state, and what its publication must be told, into a folder."""
    kept.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="pilar-publication-") as folder, ExitStack() as stack:
        # The scored files lead to the marts in force, which stand in the installation.
        home = kept / "home"
        server = stack.enter_context(EmbeddedPostgres(Path(folder) / "postgres"))
        migrate(server.url("postgres"))
        settings = _installation(home, server.url("postgres"), regions)
        ledger = Ledger(settings.ledger_url)
        land_figures(ledger, settings)
        for number, change in enumerate(_changes(ledger, settings)):
            change()
            evaluation = evaluate.build_candidates(ledger, settings)
            assert evaluation is not None
            evaluate.score(ledger, settings, evaluation)
            row = ledger.evaluation(evaluation)
            assert row is not None
            warehouse = evaluate.warehouse_file(settings, evaluation)
            meta = publish.gather(ledger, settings, row, warehouse)
            shutil.copy(warehouse, kept / f"{number}.duckdb")
            (kept / f"{number}.json").write_text(meta.model_dump_json(), encoding="utf-8")


def _changes(ledger: Ledger, settings: Settings) -> Iterator[Callable[[], object]]:
    yield lambda: land_one_figure(ledger, settings, OWN, OWN_INDICATOR, 55)
    yield lambda: land_one_figure(ledger, settings, OWN, OWN_INDICATOR, 56)
    yield lambda: land_figures(ledger, settings, years=YEARS[-1:])


def published(kept: Path, folder: Path) -> dict[str, dict[str, float]]:
    """Seconds, most memory, files and bytes written of the publication of each state, and of the last made again."""
    found = {}
    for number, state in enumerate(STATES):
        ready, done = os.pipe()
        child = os.fork()
        if not child:
            os.close(ready)
            meta = PublicationMeta.model_validate_json((kept / f"{number}.json").read_text(encoding="utf-8"))
            wall, processor = time.perf_counter(), sum(os.times()[:4])
            made = build(kept / f"{number}.duckdb", meta, folder)
            swap(folder, made.id)
            spent = os.times()
            path = made.path
            taken = {
                "seconds": round(time.perf_counter() - wall, 2),
                "processor": round(sum(spent[:4]) - processor, 2),
                # Of this process, or of one that it had make files.
                "memory_mb": max(map(_most_memory, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))),
                **_written(path),
            }
            os.write(done, json.dumps(taken).encode())
            os._exit(0)
        os.close(done)
        with os.fdopen(ready) as answer:
            found[state] = json.loads(answer.read())
        os.waitpid(child, 0)
    return found


def _most_memory(whose: int) -> int:
    return resource.getrusage(whose).ru_maxrss // 1024


def _written(path: Path) -> dict[str, int]:
    files = [file.stat() for file in path.rglob("*") if file.is_file()]
    own = [file for file in files if file.st_nlink == 1]
    return {
        "files": len(files),
        "own_files": len(own),
        "bytes": sum(f.st_size for f in files),
        "own_bytes": sum(f.st_size for f in own),
    }


def _installation(home: Path, url: str, number: int) -> Settings:
    settings = installation(home, url, number)
    own = FIGURES_SOURCE.replace(FIGURES, OWN).replace(
        "  - record: published_figure\n", f"  - record: published_figure\n    over: [{FIGURES}]\n"
    )
    (settings.sources_dir / "sample" / f"{OWN}.yaml").write_text(own, encoding="utf-8")
    return settings


if __name__ == "__main__":
    main()
