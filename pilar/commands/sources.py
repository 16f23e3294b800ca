"""`pilar sources`: the data engineer's words for agencies' systems."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from ledger.records import Maturity
from ledger.store import Ledger
from pilar.commands.console import SILENCE_STYLE, STYLE, Row, err, out, say, table, warn
from pilar.commands.exit_codes import ExitCode
from pilar.commands.new_source import new_command
from pilar.commands.words import Words

if TYPE_CHECKING:
    from connectors.source.source import Source
    from definitions.problems import Problem

app = Words(help="The agencies' systems: list, check, new.")
app.command("new")(new_command)


@app.command("list")
def list_command(
    batches: Annotated[bool, typer.Option("--batches", help="Name every batch in force, not only the newest.")] = False,
) -> None:
    """List the sources: what is in force of each, when it last answered, and what became of the last pull."""
    from pilar.commands import installation
    from pilar.sources.catalogue import maturities, read_catalogue

    ledger, settings = installation.opened()
    matured = maturities(ledger, settings.sources_dir, ledger.in_force())
    sources, left_out = read_catalogue(settings.sources_dir)
    now = ledger.now()
    rows = [_row(ledger, source, matured, now) for source in sources.values()]
    told = [str(error) for error in left_out.values()]
    say(
        {"sources": rows, "left_out": told},
        lambda: table([_line(row, now, every=batches) for row in rows], COLUMNS, right=["rows"]),
    )
    for error in told:
        warn(f"left out: {error}")


COLUMNS = {"source": "source", "in_force": "in force", "rows": "rows", "data": "data", "last_pull": "last pull"}


def _row(ledger: Ledger, source: "Source", matured: Mapping[str, Maturity], now: datetime) -> Row:
    """A source, and what the ledger knows of it."""
    from pilar.sources.freshness import last_answer, silence

    in_force = ledger.in_force(source.id)
    answered = last_answer(ledger, source)
    last = next(iter(ledger.batches(source.id, limit=1)), None)
    return {
        "source_id": source.id,
        "opd": source.opd,
        "in_force": [
            {"batch_id": batch.batch_id, "coverage": batch.coverage, "maturity": matured.get(batch.batch_id)}
            for batch in in_force
        ],
        "rows": sum((batch.rows_landed or 0) - (batch.rows_known or 0) for batch in in_force),
        "last_answer": answered,
        "silence": silence(source.freshness, answered, now) if answered is not None else None,
        "last_pull": {"status": last.status, "started_at": last.started_at} if last is not None else None,
    }


def _line(row: Row, now: datetime, *, every: bool) -> Row:
    """The same for people: an agency, a period and an age below each other, so that ids stand whole in 80 columns."""
    from pilar.sources.freshness import age

    data, pull = Text("none yet"), Text("never")
    if row["silence"] is not None:
        silence = (row["silence"], SILENCE_STYLE[row["silence"]])
        data = Text.assemble(f"{age(row['last_answer'], now)} ago\n", silence)
    if (last := row["last_pull"]) is not None:
        pull = Text(f"{last['status']}\n{age(last['started_at'], now)} ago", style=STYLE.get(last["status"], ""))
    return {
        "source": Text.assemble(row["source_id"], (f"\n{row['opd']}", "dim")),
        "in_force": _in_force(row["in_force"], every=every),
        "rows": row["rows"],
        "data": data,
        "last_pull": pull,
    }


def _in_force(batches: Sequence[Row], *, every: bool) -> Text:
    if not batches:
        return Text("-")
    periods = dict.fromkeys(
        f"{one['coverage']} ({one['maturity']})" if one["maturity"] is not None else str(one["coverage"])
        for one in batches
    )
    ids = sorted((one["batch_id"] for one in batches), reverse=True)
    shown = ids if every else ids[:1]
    more = f" and {len(ids) - 1} more" if len(ids) > len(shown) else ""
    return Text.assemble(", ".join(periods), ("\n" + "\n".join(shown) + more, "dim"))


@app.command("check")
def check_command() -> None:
    """Prove every source file against the code: protocol, arguments, contract, assertions."""
    from connectors.source.proof import check_sources
    from connectors.source.source_files import load_sources
    from ledger.settings import sources_dir

    folder = sources_dir()
    problems = check_sources(folder)
    count = 0 if problems else len(load_sources(folder))
    say({"folder": folder, "problems": problems, "in_order": count}, lambda: _show(problems, count, folder))
    if problems:
        raise typer.Exit(ExitCode.NOT_IN_ORDER)


def _show(problems: "Sequence[Problem]", count: int, folder: Path) -> None:
    for problem in problems:
        err.print(Text(f"{problem.file}: {problem.where}: {problem.what}. {problem.do}"))
    if problems:
        err.print(f"[bold red]{len(problems)} problem(s)[/] in {folder}")
    else:
        out.print("1 source is in order" if count == 1 else f"{count} sources are in order")
