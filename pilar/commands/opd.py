"""`pilar opd`: what an agency (OPD) is sent of its own data."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from ledger.errors import ConfigError
from pilar.commands.console import out, say
from pilar.commands.words import Words

app = Words(help="An agency's scorecard, to be sent.")


@app.command("report")
def report_command(
    opd: Annotated[str, typer.Argument(help="The agency: dinas_kesehatan.")],
    pdf: Annotated[Path | None, typer.Option(help="Write it as PDF to this file.")] = None,
    xlsx: Annotated[Path | None, typer.Option(help="Write it as a workbook to this file.")] = None,
    language: Annotated[Literal["id", "en"], typer.Option(help="Of the report.")] = "id",
) -> None:
    """Write an agency's scorecard of the current publication: what it delivers, what was refused, what is asked."""
    from pilar.commands import installation
    from publication.pointer import resolve
    from publication.scorecard import read_scorecard, write_pdf, write_workbook

    if pdf is None and xlsx is None:
        raise ConfigError("no file is named", where="pilar opd report", do="Name one with --pdf or --xlsx")
    folder = resolve(installation.without_ledger().published_dir)
    card = read_scorecard(folder, opd)
    if pdf is not None:
        write_pdf(card, pdf, language)
    if xlsx is not None:
        write_workbook(card, xlsx, language)
    files = [path for path in (pdf, xlsx) if path is not None]

    def show() -> None:
        for path in files:
            out.print(f"{card.name}: {path}", markup=False)

    say({"opd": card.id, "publication_id": card.publication_id, "files": files}, show)
