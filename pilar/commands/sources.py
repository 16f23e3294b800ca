"""`pilar sources`: the data engineer's words for agencies' systems."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from ledger.records import Batch, Maturity
from ledger.store import Ledger
from pilar.commands.console import SILENCE_STYLE, STYLE, err, out, warn
from pilar.commands.new_source import new_command

if TYPE_CHECKING:
    from connectors.source.source import Source

app = typer.Typer(help="The agencies' systems: list, check, new.", no_args_is_help=True)
app.command("new")(new_command)


@app.command("list")
def list_command(
    batches: Annotated[bool, typer.Option("--batches", help="Name every batch in force, not only the newest.")] = False,
) -> None:
    """List the sources: what is in force of each, when it last answered, and what became of the last pull."""
    from pilar.commands import installation
    from pilar.sources.catalogue import maturities, read_catalogue
    from pilar.sources.freshness import age

    ledger, settings = installation.opened()
    matured = maturities(ledger, settings.sources_dir, ledger.in_force())
    sources, left_out = read_catalogue(settings.sources_dir)
    table = Table(box=None, pad_edge=False)  # without lines, so that ids stand whole in 80 columns
    table.add_column("source", no_wrap=True)
    table.add_column("in force", overflow="fold")
    table.add_column("rows", justify="right")
    table.add_column("data", overflow="fold")
    table.add_column("last pull", overflow="fold")
    now = ledger.now()
    for source in sources.values():
        in_force = ledger.in_force(source.id)
        last = next(iter(ledger.batches(source.id, limit=1)), None)
        table.add_row(
            Text.assemble(source.id, (f"\n{source.opd}", "dim")),
            _in_force(in_force, matured, every=batches),
            str(sum((batch.rows_landed or 0) - (batch.rows_known or 0) for batch in in_force)),
            _freshness(ledger, source, now),
            Text(f"{last.status}\n{age(last.started_at, now)} ago", style=STYLE.get(last.status, ""))
            if last
            else "never",
        )
    out.print(table, soft_wrap=False, crop=False)  # soft-wrapped, a table wraps no cell and cuts all
    for error in left_out.values():
        warn(f"left out: {error}")


def _in_force(batches: Sequence[Batch], matured: Mapping[str, Maturity], *, every: bool) -> Text:
    if not batches:
        return Text("-")
    periods = dict.fromkeys(_period(batch, matured.get(batch.batch_id)) for batch in batches)
    ids = sorted((batch.batch_id for batch in batches), reverse=True)
    shown = ids if every else ids[:1]
    more = f" and {len(ids) - 1} more" if len(ids) > len(shown) else ""
    return Text.assemble(", ".join(periods), ("\n" + "\n".join(shown) + more, "dim"))


def _freshness(ledger: Ledger, source: "Source", now: datetime) -> Text:
    from pilar.sources.freshness import age, last_answer, silence

    last = last_answer(ledger, source)
    if last is None:
        return Text("none yet")
    state = silence(source.freshness, last, now)
    return Text.assemble(f"{age(last, now)} ago\n", (state, SILENCE_STYLE[state]))


@app.command("check")
def check_command() -> None:
    """Prove every source file against the code: protocol, arguments, contract, assertions."""
    from connectors.source.proof import check_sources
    from connectors.source.source_files import load_sources
    from ledger.settings import sources_dir

    folder = sources_dir()
    problems = check_sources(folder)
    for problem in problems:
        err.print(f"{problem.file}: {problem.where}: {problem.what}. {problem.do}", markup=False)
    if problems:
        err.print(f"[bold red]{len(problems)} problem(s)[/] in {folder}")
        raise typer.Exit(1)
    out.print(f"{len(load_sources(folder))} sources in order")


def _period(batch: Batch, maturity: Maturity | None) -> str:
    return f"{batch.coverage} ({maturity})" if maturity is not None else str(batch.coverage)
