"""`pilar test` and `pilar check`: what a change must pass."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from ledger.settings import REPOSITORY
from pilar.commands.console import err, out

CHECKS: Sequence[tuple[str, Sequence[str]]] = (
    ("format", ("ruff", "format", "--check", "--quiet", ".")),
    ("lint", ("ruff", "check", "--quiet", ".")),
    ("types", ("mypy",)),
    ("imports", ("lint-imports",)),
    ("sql", ("sqlfluff", "lint", "--processes", "2", "dbt_project")),
    ("sources", ("pilar", "sources", "check")),
    ("contracts", ("pilar", "contracts", "check")),
)


# In this order, so that a mistake in a formula shows in a minute and not after the platform has started. Files run
# beside each other, a process a core; the tests of one file share what it has started.
_SPREAD = ("--numprocesses", "auto", "--dist", "loadfile")
_QUICK = "not integration and not e2e and not real and not browser"
SUITES: Sequence[Sequence[str]] = (
    ("-m", _QUICK, *_SPREAD),
    ("-m", f"not ({_QUICK}) and not e2e", *_SPREAD),
    ("-m", "e2e", *_SPREAD),
)


def test(context: typer.Context) -> None:
    """Run the tests: quick ones first, then those with real servers, real tables, Airflow and a browser.

    Further words go to pytest: `./run test tests/ledger -k receipt`.
    """
    arguments = list(context.args)
    if arguments:
        raise typer.Exit(_run(["pytest", *arguments]))
    status = 0
    for chosen in SUITES:
        status = status or _run(["pytest", *chosen])
    raise typer.Exit(status)


def check() -> None:
    """Run every check that needs no server: format, lint, types, imports, SQL, source files, contracts."""
    failed = [name for name, command in CHECKS if not _passes(name, command)]
    if failed:
        err.print(f"[bold red]failed:[/] {', '.join(failed)}")
        raise typer.Exit(1)
    out.print("all checks passed")


def _passes(name: str, command: Sequence[str]) -> bool:
    out.print(f"[bold]{name}[/]")
    return _run(command) == 0


def _run(command: Sequence[str]) -> int:
    program, *arguments = command
    binaries = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}"}
    return subprocess.run([binaries / program, *arguments], cwd=REPOSITORY, env=environment, check=False).returncode
