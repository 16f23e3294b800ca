"""`pilar verify`: is everything still as it was written?"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from pilar.commands.console import Row, err, out, say, table
from pilar.commands.exit_codes import ExitCode
from pilar.commands.words import SayingGroup, Words

if TYPE_CHECKING:
    from ledger.receipts import Witness
    from pilar.audit.verification import Checked, Holdings

app = Words(
    help="Check receipts, files, pages and publications against what was written.",
    cls=SayingGroup,
    invoke_without_command=True,
    no_args_is_help=False,
)


@app.callback()
def verify_command(  # noqa: PLR0917 (each is an option)
    context: typer.Context,
    source: Annotated[str | None, typer.Option(help="Files and pages of this source only.")] = None,
    pages: Annotated[bool, typer.Option("--pages", help="Decrypt and hash every kept page too.")] = False,
    file: Annotated[Path | None, typer.Option(help="Only this file, and what speaks of it.")] = None,
    against: Annotated[Path | None, typer.Option(help="Also: does the chain hold every receipt of this copy?")] = None,
    chain: Annotated[Path | None, typer.Option(help="Check this exported chain instead of the ledger's.")] = None,
    home: Annotated[Path | None, typer.Option(help="With --chain: the folder of data. Default: PILAR_HOME.")] = None,
    keys: Annotated[Path | None, typer.Option(help="With --chain: the folder of keys, for --pages.")] = None,
) -> None:
    """Check that nothing was altered since it was written, and name the first thing that was. Changes nothing.

    With --chain no database is needed. The exit code is 0 when everything holds, 1 on damage, 2 when it cannot be told.
    """
    if context.invoked_subcommand is not None:
        return
    from pilar.audit.verification import Scope, compare, verify

    witnesses, holdings = _offline(chain, home, keys) if chain is not None else _online()
    checked = list(verify(witnesses, holdings, Scope(source, pages, file)))
    if against is not None:
        checked.append(compare(witnesses(), _copy(against)()))
    tell(checked)


@app.command("export")
def export_command(file: Annotated[Path, typer.Argument(help="Where to write the chain, one receipt a line.")]) -> None:
    """Write a copy of the chain. Kept elsewhere, it shows later whether receipts were cut off or rewritten."""
    from ledger.errors import ConfigError

    if file.is_dir():
        raise ConfigError("this is a folder", where=str(file), do="Name the file to write in it")
    witnesses, _ = _online()
    try:
        count = _write_copy(witnesses(), file)
    except OSError as error:
        raise ConfigError(
            f"the chain cannot be written: {error.strerror}", where=str(file), do="Name a file in a folder of yours"
        ) from error
    told = f"{count} receipts in {file}. Check with them: pilar verify --chain {file}"
    say({"receipts": count, "file": file}, lambda: out.print(told, markup=False))


@app.command("frozen")
def frozen_command(
    folder: Annotated[Path, typer.Argument(help="Of one version, like frozen/smart-city-2023-2023-II/v1.")],
    key: Annotated[Path, typer.Option(help="The publisher's public key, as `pilar keys public` prints it.")],
) -> None:
    """Check a frozen stage with nothing but its folder and the public key: no ledger, no installation.

    The exit code is 0 when everything is as it was signed, 1 when something is not, 2 when it cannot be told.
    """
    from ledger.errors import ConfigError
    from pilar.stages.frozen import check, read
    from pilar.stages.signature import fingerprint

    for path, there in ((folder, folder.is_dir()), (key, key.is_file())):
        if not there:
            raise ConfigError("there is no such file or folder", where=str(path), do="Name it as it lies here")
    pem = key.read_bytes()
    sealed, version = check(folder, pem), read(folder)
    subject = f"{version.instrument} {version.year} {version.stage}, version {version.version}"
    told = f"{subject}: every file is as it was signed by key {fingerprint(pem)}"
    result = {"as_signed": True, "list_sha256": sealed, "fingerprint": fingerprint(pem), "freeze": version}
    say(result, lambda: out.print(told, markup=False))


def _write_copy(witnesses: "Iterable[Witness]", file: Path) -> int:
    from ledger.disk import put
    from ledger.receipts import copy_line

    draft = file.with_name(f".{file.name}.draft")
    count = 0
    with draft.open("w", encoding="utf-8") as lines:
        for witness in witnesses:
            lines.write(copy_line(witness) + "\n")
            count += 1
    put(draft, file)
    return count


def _online() -> "tuple[Callable[[], Iterable[Witness]], Holdings]":
    from pilar.audit.verification import Holdings
    from pilar.commands import installation

    ledger, settings = installation.opened()
    return ledger.witnesses, Holdings(settings.home, settings.key_dir, ledger)


def _offline(chain: Path, home: Path | None, keys: Path | None) -> "tuple[Callable[[], Iterable[Witness]], Holdings]":
    import os

    from ledger.settings import default_key_dir
    from pilar.audit.verification import Holdings
    from pilar.commands import installation

    folder = (home or installation.home()).resolve()
    key_dir = keys or Path(os.environ.get("PILAR_KEYS") or default_key_dir(folder))
    return _copy(chain), Holdings(folder, key_dir)


def _copy(file: Path) -> "Callable[[], Iterable[Witness]]":
    from ledger.errors import ConfigError
    from ledger.receipts import read_copy

    if not file.is_file():
        raise ConfigError("there is no such file", where=str(file), do="Write one with `pilar verify export FILE`")
    return partial(read_copy, file)


def tell(checked: "Sequence[Checked]") -> None:
    """Show what was checked. Ends the command with exit code 1 where something was damaged."""
    damaged = [line.damage for line in checked if line.damage is not None]
    told = [_as_data(line) for line in checked]
    say(
        {"checked": told, "as_written": not damaged},
        lambda: table([_line(row) for row in told], COLUMNS, right=NUMBERS),
    )
    for damage in damaged[:1]:
        err.print(Text(f"pilar: {damage}", style="red"))
    if damaged:
        raise typer.Exit(ExitCode.NOT_IN_ORDER)


COLUMNS = {"what": "what", "count": "checked", "gone": "removed", "sign": "", "note": ""}
NUMBERS = ("count", "gone")


def _as_data(line: "Checked") -> Row:
    damage = str(line.damage) if line.damage is not None else None
    return {"what": line.what, "count": line.count, "gone": line.gone, "note": line.note, "damage": damage}


def _line(row: Row) -> Row:
    sign = Text("✗ damaged", style="red") if row["damage"] else Text("✓ as written" if row["count"] else "-")
    return row | {"gone": row["gone"] or "", "sign": sign, "note": Text(row["note"], style="dim")}
