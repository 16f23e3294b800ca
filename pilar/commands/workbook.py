"""`pilar workbook`: the workbook that asks an agency (OPD), and what of a returned one was refused."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ledger.errors import ConfigError
from pilar.commands.console import out, say

if TYPE_CHECKING:
    from pilar.answers.refusals import Refusal


def workbook_command(
    opd: Annotated[str, typer.Argument(help="The agency: dinas_kesehatan.")],
    *,
    instrument: Annotated[str, typer.Option(help="The instrument's id: smart-city-2023.")] = "",
    stage: Annotated[str, typer.Option(help="I or II.")] = "I",
    year: Annotated[int | None, typer.Option(help="Default: the instrument's last year.")] = None,
    region: Annotated[str, typer.Option(help="Code or name. Default: a workbook for each of the installation's.")] = "",
    to: Annotated[Path | None, typer.Option(help="Folder. Default: workbooks in the installation.")] = None,
    refused: Annotated[bool, typer.Option("--refused", help="List the refused cells of returned ones.")] = False,
) -> None:
    """Write the workbook with an agency's questions, or list what of a returned one was refused."""
    if refused:
        _refused(opd)
    else:
        _write(opd, instrument, stage, year=year, region=region, to=to)


def _write(opd: str, instrument_id: str, stage: str, *, year: int | None, region: str, to: Path | None) -> None:
    from definitions.stage import named, shipped
    from ledger.regions import find, known
    from pilar.answers.known import known_of
    from pilar.answers.workbook import workbook_of
    from pilar.answers.workbook_file import write_workbook
    from pilar.commands import installation

    if not instrument_id:
        raise ConfigError("no instrument is named", where="--instrument", do="Name one, such as smart-city-2023")
    of = named(instrument_id, stage, year)
    settings, instrument = installation.without_ledger(), shipped(of.instrument)
    places = find(region) if region else known(settings.regions)
    if not places:
        raise ConfigError("the installation has no region", where="--region", do="Name one, by its code or name")
    told = []
    for place in places:
        before = known_of(settings, instrument, place.code, of.year)
        asked = workbook_of(instrument, opd, place, year=of.year, stage=of.stage, known=before)
        path = (to or settings.home / "workbooks") / asked.file_name
        write_workbook(asked, path)
        told.append({"region_code": place.code, "file": path, "questions": len(asked.questions)})

    def show() -> None:
        for one in told:
            out.print(f"{one['questions']} questions: {one['file']}", markup=False)
        out.print("The agency fills in the yellow cells and sends it back under the same name.")

    say({"workbooks": told}, show)


def _refused(opd: str) -> None:
    from pilar.answers.refusals import refusals
    from pilar.commands import installation

    found = refusals(*installation.opened(), opd)
    say({"opd": opd, "refused": found}, lambda: _show(opd, found))


def _show(opd: str, found: "Sequence[Refusal]") -> None:
    for one in found:
        out.print(f"{one.file}, {one.sheet}!{one.cell} ({one.question}): {one.why}", markup=False)
    if not found:
        out.print(f"No cell of {opd} waits.", markup=False)
