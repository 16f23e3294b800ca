"""`pilar contracts`: what is made from the source files, written and checked."""

from pathlib import Path

import typer

from ledger.errors import ConfigError
from ledger.settings import REPOSITORY
from pilar.commands.console import err, out

app = typer.Typer(
    help="What is made from the contracts: dbt's source, dictionary, agencies' pages.", no_args_is_help=True
)


@app.command("write")
def write_command() -> None:
    """Write the files that follow from the source files; a new source gets a first staging model."""
    from connectors.authoring.contracts.files import write_files
    from connectors.source.source_files import load_sources

    changed = write_files(list(load_sources(_projects_sources()).values()), REPOSITORY)
    for path in changed:
        out.print(f"written  {path}" if (REPOSITORY / path).is_file() else f"removed  {path}", markup=False)
    if not changed:
        out.print("every file is as the contracts say")


@app.command("check")
def check_command() -> None:
    """Say which of these files differ from the source files, and what readers get undescribed or not at all."""
    from connectors.authoring.contracts.files import differences
    from connectors.source.source_files import load_sources
    from pilar.evaluation.described import problems

    found = list(differences(list(load_sources(_projects_sources()).values()), REPOSITORY))
    for path, what in found:
        err.print(f"{path}: {what}", markup=False)
    if found:
        err.print("[bold red]not what the source files make of them[/]; write them: ./run contracts write")
    untold = list(problems())
    for problem in untold:
        err.print(str(problem), markup=False)
    if found or untold:
        raise typer.Exit(1)
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
