"""`pilar recompute`: a list of regions with dimension values, computed again."""

from pathlib import Path
from typing import Annotated

import typer

from pilar.commands.console import out


def recompute_command(
    file: Annotated[Path, typer.Argument(help="CSV of regions with dimension values; published results optional.")],
    previous: Annotated[Path | None, typer.Option(help="The list of the year before, for the improvement.")] = None,
    year: Annotated[
        int | None, typer.Option(help="Default: the year in the file's name, else told by its columns.")
    ] = None,
) -> None:
    """Compute the index of every region again, and print each row that differs from a published result.

    Exit status 0 when none differs, 1 when some do, 2 when the file cannot be read.
    """
    from pilar.recompute.recompute import recompute, render

    raise typer.Exit(render(recompute(file, previous, year), out))
