"""`pilar rubric`: what other rules would change, before they are adopted."""

from pathlib import Path
from typing import Annotated

import typer

from pilar.commands.console import out, say
from pilar.commands.words import Words

app = Words(help="What other weights or bands would change, before they are adopted: diff.")

_NAMED = "An instrument's id (smart-city-2023), or a YAML file of your own."


@app.command("diff")
def diff_command(
    before: Annotated[str, typer.Argument(help=_NAMED)],
    after: Annotated[str, typer.Argument(help=_NAMED)],
    file: Annotated[
        Path | None, typer.Argument(help="CSV of regions, as `pilar recompute --instrument` reads it.")
    ] = None,
) -> None:
    """Say what differs between two instruments, and what it does to the index, predicate and rank of every region."""
    from definitions.instruments import find_instrument
    from pilar.recompute.rubric_diff import changes, effects, render

    old, new = find_instrument(before), find_instrument(after)
    found = changes(old, new)
    moved = None if file is None else effects(file, old, new)
    told = {"before": old.id, "after": new.id, "changes": found, "regions": moved}
    say(told, lambda: render((old.id, new.id), found, moved, out))
