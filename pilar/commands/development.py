"""`pilar test` and `pilar check`: what a change must pass."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from ledger.settings import REPOSITORY
from pilar.commands.console import err, out
from pilar.commands.exit_codes import ExitCode

CHECKS: Sequence[tuple[str, Sequence[str]]] = (
    ("format", ("ruff", "format", "--check", "--quiet", ".")),
    ("lint", ("ruff", "check", "--quiet", ".")),
    ("types", ("mypy",)),
    ("imports", ("lint-imports",)),
    ("sql", ("sqlfluff", "lint", "--processes", "2", "dbt_project")),
    ("sources", ("pilar", "sources", "check")),
    ("contracts", ("pilar", "contracts", "check")),
)


# One session, a process a core: what is costly to start is started once, and no core waits for another's file. Eight
# share the 100 connections that PostgreSQL has. In which order, and what stays together: tests/spread.py.
WHOLE = ("--numprocesses", "auto", "--maxprocesses", "8")


INSTALLATION = frozenset({"PILAR_HOME", "PILAR_SOURCES", "PILAR_REGIONS", "PILAR_KEYS", "PILAR_LEDGER_URL"})


def test(context: typer.Context) -> None:
    """Run every test: formulas and the platform first, then quick ones, then those with servers and real tables.

    Further words go to pytest: `./run test tests/ledger -k receipt`.
    """
    raise typer.Exit(_run(["pytest", *(context.args or WHOLE)]))


def check() -> None:
    """Run every check that needs no server: format, lint, types, imports, SQL, source files, contracts."""
    failed = [name for name, command in CHECKS if not _passes(name, command)]
    if failed:
        err.print(f"[bold red]failed:[/] {', '.join(failed)}")
        raise typer.Exit(ExitCode.NOT_IN_ORDER)
    out.print("all checks passed")


def _passes(name: str, command: Sequence[str]) -> bool:
    out.print(f"[bold]{name}[/]")
    return _run(command) == 0


def _run(command: Sequence[str]) -> int:
    program, *arguments = command
    binaries = Path(sys.executable).parent
    # What is held against the project's own files is not an installation's business.
    own = {name: value for name, value in os.environ.items() if name not in INSTALLATION}
    environment = {**own, "PATH": f"{binaries}{os.pathsep}{own.get('PATH', '')}"}
    return subprocess.run([binaries / program, *arguments], cwd=REPOSITORY, env=environment, check=False).returncode
