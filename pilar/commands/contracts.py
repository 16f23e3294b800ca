"""`pilar contracts`: what is made from the source files, written and checked."""

from collections.abc import Sequence
from pathlib import Path

import typer

from ledger.errors import ConfigError
from ledger.settings import REPOSITORY
from pilar.commands.console import Row, err, out, say
from pilar.commands.exit_codes import ExitCode
from pilar.commands.words import Words

app = Words(help="What is made from contracts and records: dictionary, agencies' pages, dbt's source of records.")


@app.command("write")
def write_command() -> None:
    """Write the files that follow from the source files and from the records."""
    from connectors.authoring.contracts.files import write_files
    from connectors.source.source_files import load_sources

    changed = write_files(list(load_sources(_projects_sources()).values()), REPOSITORY)
    told = [{"file": path, "done": "written" if (REPOSITORY / path).is_file() else "removed"} for path in changed]
    say({"files": told}, lambda: _show(told))


def _show(files: Sequence[Row]) -> None:
    for one in files:
        out.print(f"{one['done']}  {one['file']}", markup=False)
    if not files:
        out.print("every file is as the contracts say")


@app.command("check")
def check_command() -> None:
    """Say which of these files differ from the source files, and what readers get undescribed or not at all."""
    from connectors.authoring.contracts.files import differences
    from connectors.source.source_files import load_sources
    from pilar.evaluation.described import problems

    found = [
        {"file": path, "what": what}
        for path, what in differences(list(load_sources(_projects_sources()).values()), REPOSITORY)
    ]
    untold = [str(problem) for problem in problems()]
    say({"differences": found, "undescribed": untold}, lambda: _show_problems(found, untold))
    if found or untold:
        raise typer.Exit(ExitCode.NOT_IN_ORDER)


def _show_problems(found: Sequence[Row], untold: Sequence[str]) -> None:
    for one in found:
        err.print(f"{one['file']}: {one['what']}", markup=False)
    if found:
        err.print("[bold red]not what the source files make of them[/]; write them: pilar contracts write")
    for problem in untold:
        err.print(problem, markup=False)
    if not found and not untold:
        out.print("every file is as the contracts say, and every column that is described reaches readers")


def _projects_sources() -> Path:
    """The project's own source files: an installation's may be others, of which the project's files must not be made.

    Raises ConfigError when PILAR_SOURCES names a folder outside of the project.
    """
    from ledger.settings import sources_dir

    folder = sources_dir()
    if not folder.is_relative_to(REPOSITORY):
        raise ConfigError(
            "these files are made from the project's own sources, and this folder is an installation's",
            where=str(folder),
            do="Put the source file into connectors/sources too, and run this without PILAR_HOME and PILAR_SOURCES",
        )
    return folder
