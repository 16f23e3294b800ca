"""`pilar sources new`: a first source file from a live endpoint or a sample file."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from ledger.clock import local_zone
from ledger.errors import ConfigError
from pilar.commands.console import Row, out, say, table


def new_command(
    opd: Annotated[str, typer.Argument(help="The agency's folder, such as dinas_perhubungan.")],
    source: Annotated[str, typer.Argument(help="The new source's id, such as dishub_penumpang.")],
    *,
    sample: Annotated[Path | None, typer.Option(help="A CSV, XLSX or JSON file to look at.")] = None,
    protocol: Annotated[str, typer.Option(help="Or: how to speak to the system (see the protocols' page).")] = "",
    connection: Annotated[str, typer.Option(help="The connection's name: PILAR_CONN_<NAME>.")] = "",
    arg: Annotated[
        list[str] | None, typer.Option(help="An argument of the protocol, NAME=YAML; several times.")
    ] = None,
    each: Annotated[list[str] | None, typer.Option(help="One request, NAME=VALUE,NAME=VALUE; several times.")] = None,
) -> None:
    """Look at a system or a file and write a first source file for a person to finish. Nothing is overwritten."""
    from connectors.authoring.drafting.asked import ask_file, ask_system
    from connectors.authoring.drafting.draft import draft
    from ledger.settings import sources_dir
    from pilar.commands import installation

    target = sources_dir() / opd / f"{source}.yaml"
    if target.exists():
        raise ConfigError(
            "this source file is there already", where=str(target), do="Choose another id, or edit the file"
        )
    if (sample is None) == (not protocol):
        raise ConfigError("one place to look at is needed", where="sources new", do="Give --sample or --protocol")
    if sample is not None:
        asked = ask_file(sample, _arguments(arg or ()))
    else:
        contexts = [_pairs(entry) for entry in each or ()]
        link = installation.connection(connection)
        asked = ask_system(protocol, _arguments(arg or ()), connection, link, contexts)
    made = draft(opd, source, asked, datetime.now(local_zone()).date())
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("x", encoding="utf-8") as file:
        file.write(made.text)
    columns = [{"column": one.name, "type": one.guess.words, "person": one.person} for one in made.columns]
    result = {"file": target, "records_seen": asked.rows, "columns": columns, "open_points": made.open_points}
    say(result, lambda: _show(result))


def _show(result: Row) -> None:
    names = {name: name for name in ("column", "type", "person")}
    table(result["columns"], names, title=f"{result['records_seen']} records seen")
    out.print(f"written: {result['file']}", markup=False)
    out.print(f"{result['open_points']} lines say TODO: finish them, then pilar sources check", markup=False)


def _pairs(entry: str) -> Mapping[str, str]:
    found = [part.partition("=") for part in entry.split(",")]
    if not all(name and sign for name, sign, _ in found):
        raise ConfigError(f"{entry[:60]!r} is no request", where="--each", do="Write it like tahun=2024,kode=64.02")
    return {name.strip(): value.strip() for name, _, value in found}


def _arguments(entries: Sequence[str]) -> Mapping[str, Any]:
    import yaml

    found = {}
    for entry in entries:
        name, sign, value = entry.partition("=")
        try:
            found[name] = yaml.safe_load(value)
        except yaml.YAMLError:
            sign = ""
        if not sign or not name:
            raise ConfigError("this is no argument", where="--arg", do="Write NAME=VALUE, like path=/api/data")
    return found
