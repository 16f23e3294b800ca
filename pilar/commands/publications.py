"""`pilar publications`: what readers see, what they saw before, and going back to it."""

from typing import Annotated

import typer
from rich.table import Table

from ledger.wording import moment
from pilar.commands.console import out, warn

app = typer.Typer(help="What is published: list, show, roll back.", no_args_is_help=True)


@app.command("list")
def list_command() -> None:
    """List the publications, the current one first."""
    from pilar.commands import installation
    from publication.pointer import current, list_publications

    ledger, settings = installation.opened()
    now = current(settings.published_dir)
    for name in list_publications(settings.published_dir):
        if ledger.publication(name) is None:
            warn(f"the ledger does not know the publication {name}. Pilar did not make this folder: take it away")
    table = Table("", box=None, pad_edge=False)  # without lines: 80 columns are enough
    for name in ("publication", "published", "manifest"):
        table.add_column(name, no_wrap=True)
    for row in ledger.publications():
        mark = f"→ {row.action}" if row.publication_id == now else ""
        table.add_row(mark, row.publication_id, moment(row.published_at), row.manifest_sha256[:12])
    out.print(table)


@app.command("show")
def show_command(
    publication_id: Annotated[str | None, typer.Argument(help="Default: the current one.")] = None,
) -> None:
    """Show a publication: its scores, its files, and whether its manifest still holds."""
    from pilar.commands import installation
    from pilar.commands.report import print_scores
    from pilar.evaluation.publish import find, recorded
    from publication.verify import verify

    ledger, settings = installation.opened()
    folder = find(settings, publication_id)
    row = recorded(ledger, folder.name, verify(folder))
    print_scores(settings, folder)
    out.print(f"folder    {folder}\nmanifest  {row.manifest_sha256} (every file as it was published)")


@app.command("rollback")
def rollback_command(
    publication_id: Annotated[str | None, typer.Argument(help="Default: the one before the current one.")] = None,
) -> None:
    """Point readers at an earlier publication. Nothing is deleted."""
    from pilar.commands import installation
    from pilar.evaluation.publish import rollback

    ledger, settings = installation.opened()
    out.print(f"Readers now see {rollback(ledger, settings, publication_id)}.")
