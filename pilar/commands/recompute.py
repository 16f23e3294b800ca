"""`pilar recompute`: regions with dimension values or answers, computed again."""

from pathlib import Path
from typing import Annotated

import typer

from ledger.errors import ConfigError
from pilar.commands.console import out, say
from pilar.commands.exit_codes import ExitCode


def recompute_command(
    file: Annotated[
        Path, typer.Argument(help="CSV of regions with dimension values or answers; published results too.")
    ],
    previous: Annotated[Path | None, typer.Option(help="The list of the year before, for the improvement.")] = None,
    year: Annotated[
        int | None, typer.Option(help="Default: the year in the file's name, else told by its columns.")
    ] = None,
    instrument: Annotated[
        str | None, typer.Option(help="Answers to any instrument: its id (pemdi-2026), or a YAML file of your own.")
    ] = None,
) -> None:
    """Compute the index of every region again, and print each row that differs from a published result.

    The exit code is 0 when none differs, 1 when some do, 2 when the file cannot be read.
    """
    if instrument is None:
        _list(file, previous, year)
        return
    if previous is not None or year is not None:
        raise ConfigError(
            "--previous and --year are of the ministry's lists",
            where="--instrument",
            do="Leave them out, or leave --instrument out",
        )
    _answers(file, instrument)


def _list(file: Path, previous: Path | None, year: int | None) -> None:
    from pilar.recompute.recompute import recompute, render

    found = recompute(file, previous, year)
    told = {"file": found.file, "year": found.year, "rows": found.rows, "unused_columns": found.unused_columns}
    say(told | {"differences": found.differences}, lambda: render(found, out))
    raise typer.Exit(ExitCode.NOT_IN_ORDER if found.differences else ExitCode.DONE)


def _answers(file: Path, named: str) -> None:
    from pilar.recompute.by_instrument import recompute_answers, render

    found = recompute_answers(file, named)
    told = {
        "file": found.file,
        "instrument": found.instrument.id,
        "status": found.instrument.status,
        "regions": found.regions,
        "unused_columns": found.unused_columns,
        "differences": found.differences,
    }
    say(told, lambda: render(found, out))
    raise typer.Exit(ExitCode.NOT_IN_ORDER if found.differences else ExitCode.DONE)
