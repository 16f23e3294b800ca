"""`pilar backup` and `pilar restore`: a copy of an installation that can be put back."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ledger.wording import moment
from pilar.commands.console import out, say, warn

if TYPE_CHECKING:
    from ledger.settings import Settings

KEYS_LOST = (
    "the keys are not there: kept pages cannot be read, and nothing new is pulled. Put them into {folder} from your "
    "backup of keys. Where they are lost: pilar keys replace-lost"
)


def backup_command(
    folder: Annotated[Path, typer.Argument(help="Where the copy goes: data and ledger, without keys.")],
    keys: Annotated[
        Path | None, typer.Option(help="Where the keys go: another folder, on other media in other hands.")
    ] = None,
) -> None:
    """Copy data and ledger into a folder, while everything runs. Copied once more, only what is new is copied.

    The copy is checked as `pilar verify` does. Without --keys no keys are copied: back them up some other way.
    """
    from pilar.commands import installation
    from pilar.platform.backup import back_up

    ledger, settings = installation.opened()
    made = back_up(ledger, settings, folder.resolve(), keys.resolve() if keys else None)
    say(
        {"folder": folder.resolve(), "keys": keys and keys.resolve(), "backup": made},
        lambda: out.print(
            f"{made.files} files, {made.bytes / 1e6:.1f} MB, and the ledger of {moment(made.moment)}: {folder}",
            markup=False,
        ),
    )
    if keys is None:
        warn(f"the keys are not in it. Back them up apart from it: {settings.key_dir}")


def restore_command(
    folder: Annotated[Path, typer.Argument(help="The folder of `pilar backup`.")],
    keys: Annotated[Path | None, typer.Option(help="The folder of the keys' backup.")] = None,
) -> None:
    """Put a backup into an empty installation: the one that PILAR_HOME names. Then check all of it.

    Without PILAR_LEDGER_URL a PostgreSQL is made in the installation's folder, as `pilar init` does.
    """
    from pilar.commands.verify import tell
    from pilar.platform.backup import read, restore

    read(folder)
    settings = _empty_installation()
    found = restore(settings, folder.resolve(), keys.resolve() if keys else None)
    if not found.keys:
        warn(KEYS_LOST.format(folder=settings.key_dir))
    tell(found.checked)


def _empty_installation() -> "Settings":
    import atexit

    from ledger.settings import Settings, default_key_dir, regions, sources_dir
    from pilar.commands.installation import home
    from pilar.platform.postgres import EmbeddedPostgres
    from pilar.platform.stack import LEDGER_DATABASE

    url = os.environ.get("PILAR_LEDGER_URL", "")
    if not url:
        server = EmbeddedPostgres(home() / "postgres")
        server.start()
        atexit.register(server.stop)
        server.create(LEDGER_DATABASE)
        url = server.url(LEDGER_DATABASE)
    key_dir = Path(os.environ.get("PILAR_KEYS") or default_key_dir(home())).resolve()
    return Settings(home=home(), ledger_url=url, sources_dir=sources_dir(), key_dir=key_dir, regions=regions())
