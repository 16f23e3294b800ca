"""`pilar keys`: the keys that kept pages are encrypted with, and the one that signs frozen stages."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated

import typer

from ledger.settings import Settings
from ledger.wording import moment
from pilar.commands.console import Row, out, say, table
from pilar.commands.words import Words

app = Words(help="The keys of kept pages: list, rotate, reencrypt, replace-lost. The key of frozen stages: public.")

LOCK = "keys"
_PSEUDONYMS = "The pseudonym key is never changed: every person would become another one."


@app.command("list")
def list_command() -> None:
    """List the page keys, and how many kept pages each of them wrote. Keys themselves are never shown."""
    from connectors.kept.rekey import retired_at, uses
    from connectors.pull.page_store import FIRST_KEY
    from ledger.keys import PAGE_KEY, Keys, page_key_id, read_key, retired_key_files
    from pilar.commands import installation

    _, settings = installation.opened()
    current, used = Keys.load(settings.key_dir).page_key, dict(uses(settings))
    rows: list[Row] = []

    def note(key_id: bytes, file: str, state: str, retired: datetime | None = None) -> None:
        pages = used.pop(key_id, 0)
        rows.append({"key": key_id.hex(), "file": file, "state": state, "retired_at": retired, "pages": pages})

    note(page_key_id(current), PAGE_KEY, "current")
    for path in retired_key_files(settings.key_dir):
        if (key := read_key(path)) != current:
            note(page_key_id(key), path.name, "retired", retired_at(path))
    if FIRST_KEY in used:
        note(FIRST_KEY, "-", "of the first release: pilar keys reencrypt")
    for unknown in sorted(used):
        note(unknown, "-", "missing: restore it from your backup")
    say({"keys": rows}, lambda: _show(rows))


def _show(rows: Sequence[Row]) -> None:
    told = [row | {"state": " ".join(_state(row))} for row in rows]
    table(told, {"key": "key", "file": "file", "state": "state", "pages": "pages"}, right=["pages"])
    out.print(_PSEUDONYMS)


def _state(row: Row) -> Iterator[str]:
    yield row["state"]
    if row["retired_at"] is not None:
        yield moment(row["retired_at"])


@app.command("rotate")
def rotate_command(
    reencrypt: Annotated[bool, typer.Option("--reencrypt", help="Also write the kept pages with the new key.")] = False,
) -> None:
    """Make a new page key the current one. Pages that older keys wrote stay readable with them."""
    from ledger.keys import rotate_page_key
    from pilar.commands import installation

    ledger, settings = installation.opened()
    with ledger.lock(LOCK):
        made = rotate_page_key(settings.key_dir).hex()
        told = [f"Page key {made} is current. Back up the keys now: {settings.key_dir}", _PSEUDONYMS]
        written = _reencrypt(settings) if reencrypt else None
    more = _lines(written) if written is not None else []
    say({"current": made, "reencrypted": written}, lambda: _print([*told, *more]))


@app.command("reencrypt")
def reencrypt_command() -> None:
    """Write kept pages with the current key, and let go of old keys that nothing needs any more."""
    from pilar.commands import installation

    ledger, settings = installation.opened()
    with ledger.lock(LOCK):
        written = _reencrypt(settings)
    say({"reencrypted": written}, lambda: _print(_lines(written)))


@app.command("replace-lost")
def replace_lost_command(
    yes: Annotated[bool, typer.Option("--yes", help="I know what is lost with them, and no backup has them.")] = False,
) -> None:
    """Make new keys in the place of those that are missing and in no backup. Those that are there stay."""
    from ledger.errors import ConfigError
    from ledger.keys import PAGE_KEY, PSEUDONYM_KEY, Keys
    from pilar.commands import installation

    ledger, settings = installation.opened()
    costs = {
        PAGE_KEY: "Pages that were kept until now cannot be read again.",
        PSEUDONYM_KEY: "Everybody is a new person to the next pull. Pull every source with --full before you evaluate.",
    }
    lost = [name for name in costs if not (settings.key_dir / name).exists()]
    told = [f"{name}: {costs[name]}" for name in lost] or ["No key is missing. Nothing was changed."]
    if lost and not yes:
        raise ConfigError(" ".join(told), where=str(settings.key_dir), do="Say --yes where no backup has the keys")
    with ledger.lock(LOCK):
        Keys.ensure(settings.key_dir)
    say({"made": lost}, lambda: _print(told))


@app.command("public")
def public_command() -> None:
    """Print the public key of frozen stages, and its fingerprint. It is no secret: give it to everybody who checks."""
    from pilar.commands import installation
    from pilar.stages.signature import fingerprint, public_key

    _, settings = installation.opened()
    pem = public_key(settings.key_dir)
    told = {"public_key": pem.decode(), "fingerprint": fingerprint(pem)}
    say(told, lambda: out.print(pem.decode(), end="", markup=False))


def _reencrypt(settings: Settings) -> Row:
    from connectors.kept import rekey
    from ledger.keys import Keys, retired_key_files

    pages = rekey.reencrypt(settings)
    removable = rekey.removable(settings)
    for path in removable:
        rekey.remove(path)
    needed = Keys.load(settings.key_dir).retired_page_keys
    kept = [path.name for path in retired_key_files(settings.key_dir)] if needed else []
    return {"pages": pages, "removed": [path.name for path in removable], "kept": kept}


def _lines(written: Row) -> Sequence[str]:
    lines = [f"{written['pages']} page(s) written with the current key."]
    lines += [f"Removed {name}: no page needs it." for name in written["removed"]]
    if written["kept"]:
        names = ", ".join(written["kept"])
        lines.append(
            f"{names}: kept for pulls that began before; run `pilar keys reencrypt` again tomorrow to let go of it."
        )
    return lines


def _print(lines: Sequence[str]) -> None:
    for line in lines:
        out.print(line, markup=False)
