"""`pilar stages`: what is handed to assessors of a frozen stage."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from pilar.commands.console import out, say
from pilar.commands.words import Words

app = Words(help="A frozen stage's pack for assessors.")


@app.command("pack")
def pack_command(
    instrument: Annotated[str, typer.Argument(help="Like smart-city-2023.")],
    stage: Annotated[str, typer.Argument(help="I or II.")],
    *,
    year: Annotated[int | None, typer.Option(help="Of the evaluation. Default: the instrument's newest.")] = None,
    to: Annotated[Path | None, typer.Option(help="Folder. Default: packs in the installation.")] = None,
    language: Annotated[Literal["id", "en"], typer.Option(help="Of the PDF.")] = "id",
) -> None:
    """Write the pack of a stage's newest frozen version: a signed PDF with contents, and a zip of its documents."""
    from pilar.commands import installation
    from pilar.stages.pack import pack

    ledger, settings = installation.opened()
    folder = to if to is not None else settings.home / "packs"
    made = pack(ledger, settings, instrument, stage, year=year, to=folder, language=language)

    def show() -> None:
        version = made.freeze
        out.print(
            f"{version.instrument} {version.year}, stage {version.stage}, version {version.version}",
            markup=False,
            style="bold",
        )
        out.print(f"{made.pdf}\n{made.zip}  ({made.documents} documents)", markup=False)
        out.print("Give assessors the public key's fingerprint by another way: pilar keys public")

    say({"freeze": made.freeze, "pdf": made.pdf, "zip": made.zip, "documents": made.documents}, show)
