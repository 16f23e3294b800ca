"""`pilar gates`: what Great Expectations says of an evaluation, as pages."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from pilar.commands.console import Row, out, say
from pilar.commands.words import Words

app = Words(help="What Great Expectations says of an evaluation: docs.")


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
    results = write_docs(warehouse_file(settings, evaluation), GATES, folder, evaluation)
    told = [{"gate": gate, "outcome": result.outcome} for gate, result in results.items()]
    page = folder / "index.html"
    say({"gates": told, "page": page}, lambda: _show(told, page))


def _show(gates: Sequence[Row], page: Path) -> None:
    for one in gates:
        out.print(f"{one['gate']}: {one['outcome']}")
    out.print(f"Open {page}", markup=False)
