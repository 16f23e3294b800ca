"""Candidates run in processes of their own: none finds what another one imported, and each one's memory is its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.settings import REPOSITORY


@dataclass(frozen=True)
class Outcome:
    """What a candidate said, the most memory it had resident (MB), and its processor time with its start (s)."""

    said: Mapping[str, Any]
    peak_mb: float
    processor_s: float

    @property
    def seconds(self) -> float:
        """The measured part, without imports."""
        return float(self.said["seconds"])


def told(**figures: Any) -> None:
    """What a child says in the end: one line of JSON."""
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.stdout.flush()


def run(
    arguments: Sequence[str], *, python: Path | None = None, environment: Mapping[str, str] | None = None
) -> Outcome:
    """Run ``python`` with these arguments to its end. Raises RuntimeError when it fails."""
    child = subprocess.Popen(
        [str(python or sys.executable), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)} | dict(environment or {}),
    )
    assert child.stdout is not None
    assert child.stderr is not None
    output = child.stdout.read()
    errors = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    child.stdout.close()
    child.stderr.close()
    if child.returncode != 0:
        raise RuntimeError(f"{arguments} failed: {errors[-2000:]}")
    return Outcome(json.loads(output.splitlines()[-1]), usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime)


@contextmanager
def served(pages: int, rows: int, *, bad_every: int = 0, delay_ms: float = 0) -> Iterator[str]:
    """The address of a server of its own that is gone afterwards."""
    arguments = {"--pages": pages, "--rows": rows, "--bad-every": bad_every, "--delay-ms": delay_ms}
    listed = [str(part) for pair in arguments.items() for part in pair]
    server = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.ingestion.server", *listed],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
    )
    try:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
    finally:
        server.kill()
        server.wait()
        assert server.stdout is not None
        server.stdout.close()
