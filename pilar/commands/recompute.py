"""`pilar recompute`: a list of regions with dimension values, computed again."""

from pathlib import Path
from typing import Annotated

import typer

from pilar.commands.console import out, say
from pilar.commands.exit_codes import ExitCode


def recompute_command(
    file: Annotated[Path, typer.Argument(help="CSV of regions with dimension values; published results optional.")],
    previous: Annotated[Path | None, typer.Option(help="The list of the year before, for the improvement.")] = None,
    year: Annotated[
        int | None, typer.Option(help="Default: the year in the file's name, else told by its columns.")
    ] = None,
) -> None:
    """Compute the index of every region again, and print each row that differs from a published result.

    The exit code is 0 when none differs, 1 when some do, 2 when the file cannot be read.
    """
    from pilar.recompute.recompute import recompute, render

    found = recompute(file, previous, year)
    told = {"file": found.file, "year": found.year, "rows": found.rows, "unused_columns": found.unused_columns}
    say(told | {"differences": found.differences}, lambda: render(found, out))
    raise typer.Exit(ExitCode.NOT_IN_ORDER if found.differences else ExitCode.DONE)
