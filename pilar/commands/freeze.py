"""`pilar freeze`: a stage's result, fixed and signed."""

from typing import TYPE_CHECKING, Annotated

import typer

from pilar.commands.console import out, say
from pilar.commands.who import Who, account

if TYPE_CHECKING:
    from pilar.stages.freeze import Outcome

_MOST = 10


def freeze_command(
    instrument: Annotated[str, typer.Argument(help="Like smart-city-2023.")],
    stage: Annotated[str, typer.Argument(help="I or II.")],
    year: Annotated[int | None, typer.Option(help="Of the evaluation. Default: the instrument's newest.")] = None,
    who: Who = None,
) -> None:
    """Freeze the current publication for a stage: a signed copy that never changes. What comes later is a new version.

    Run it again after a kill or where its folder is gone: it is made again to the byte.
    """
    from pilar.commands import installation
    from pilar.stages.freeze import freeze

    ledger, settings = installation.opened()
    found = freeze(ledger, settings, instrument, stage, year=year, who=account(who))
    result = {"became": found.became, "list_sha256": found.list_sha256, "folder": found.folder}
    say({**result, "freeze": found.freeze, "moved": found.moved}, lambda: _show(found))


def _show(found: "Outcome") -> None:
    version = found.freeze
    what = f"{version.instrument} {version.year}, stage {version.stage}, version {version.version}"
    out.print(f"{found.became}: {what}", markup=False, style="bold")
    out.print(f"publication {version.publication}\nfolder      {found.folder}", markup=False)
    if version.version > 1:
        out.print(
            f"{len(found.moved)} value(s) moved since version {version.version - 1}; why: moved.json", markup=False
        )
        for row in found.moved[-_MOST:]:
            out.print(f"  {row['kind']} {row['what']}: {row['before']} -> {row['after']}", markup=False)
    if found.became == "already frozen":
        out.print("Nothing was changed: this publication is frozen for the stage already.")
    else:
        out.print("Give its readers the public key apart from the folder: pilar keys public")
