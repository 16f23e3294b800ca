"""`pilar keys`: the keys that kept pages are encrypted with."""

from typing import Annotated

import typer
from rich.table import Table

from ledger.settings import Settings
from ledger.wording import moment
from pilar.commands.console import out

app = typer.Typer(help="The keys of kept pages: list, rotate, reencrypt.", no_args_is_help=True)

LOCK = "keys"
_PSEUDONYMS = "The pseudonym key is never changed: every person would become another one."


@app.command("list")
def list_command() -> None:
    """List the page keys, and how many kept pages each of them wrote. Keys themselves are never shown."""
    from connectors.kept.rekey import retired_at, uses
    from ledger.keys import PAGE_KEY, Keys, page_key_id, read_key, retired_key_files
    from pilar.commands import installation

    _, settings = installation.opened()
    current, used = Keys.load(settings.key_dir).page_key, dict(uses(settings))
    table = Table("key", "file", "state", "pages", box=None, pad_edge=False)  # without lines: 80 columns are enough
    table.add_row(page_key_id(current).hex(), PAGE_KEY, "current", str(used.pop(page_key_id(current), 0)))
    for path in retired_key_files(settings.key_dir):
        if (key := read_key(path)) != current:
            state = f"retired {moment(retired_at(path))}"
            table.add_row(page_key_id(key).hex(), path.name, state, str(used.pop(page_key_id(key), 0)))
    for unknown, pages in sorted(used.items()):
        table.add_row(unknown.hex(), "-", "missing: restore it from your backup", str(pages))
    out.print(table)
    out.print(_PSEUDONYMS)


@app.command("rotate")
def rotate_command(
    reencrypt: Annotated[bool, typer.Option("--reencrypt", help="Also write the kept pages with the new key.")] = False,
) -> None:
    """Make a new page key the current one. Pages that older keys wrote stay readable with them."""
    from ledger.keys import rotate_page_key
    from pilar.commands import installation

    ledger, settings = installation.opened()
    with ledger.lock(LOCK):
        made = rotate_page_key(settings.key_dir)
        out.print(f"Page key {made.hex()} is current. Back up the keys now: {settings.key_dir}", markup=False)
        out.print(_PSEUDONYMS)
        if reencrypt:
            _reencrypt(settings)


@app.command("reencrypt")
def reencrypt_command() -> None:
    """Write kept pages with the current key, and let go of old keys that nothing needs any more."""
    from pilar.commands import installation

    ledger, settings = installation.opened()
    with ledger.lock(LOCK):
        _reencrypt(settings)


def _reencrypt(settings: Settings) -> None:
    from connectors.kept import rekey
    from ledger.keys import Keys, retired_key_files

    out.print(f"{rekey.reencrypt(settings)} page(s) written with the current key.")
    for path in rekey.removable(settings):
        rekey.remove(path)
        out.print(f"Removed {path.name}: no page needs it.", markup=False)
    if Keys.load(settings.key_dir).retired_page_keys:
        names = ", ".join(path.name for path in retired_key_files(settings.key_dir))
        out.print(
            f"{names}: kept for pulls that began before; run `pilar keys reencrypt` again tomorrow to let go of it.",
            markup=False,
        )
