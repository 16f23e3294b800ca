"""`pilar gates`: what Great Expectations says of an evaluation, as pages."""

from pathlib import Path
from typing import Annotated

import typer

from pilar.commands.console import out

app = typer.Typer(help="What Great Expectations says of an evaluation: docs.", no_args_is_help=True)


@app.command("docs")
def docs_command(
    evaluation: Annotated[str, typer.Argument(help="An evaluation's id, as `pilar evaluate` and the pages give it.")],
    folder: Annotated[Path, typer.Argument(help="Where the pages go: a folder that is empty or not there yet.")],
) -> None:
    """Ask every rule again on the evaluation's file, and write Data Docs: what is asked, and the rows that break it."""
    from expectations.docs import write_docs
    from expectations.gate import GATES
    from pilar.commands import installation
    from pilar.evaluation.evaluate import warehouse_file

    _, settings = installation.opened()
    for gate, result in write_docs(warehouse_file(settings, evaluation), GATES, folder, evaluation).items():
        out.print(f"{gate}: {result.outcome}")
    out.print(f"Open {folder / 'index.html'}")
