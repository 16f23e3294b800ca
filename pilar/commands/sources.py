"""`pilar sources`, `pilar pull` and `pilar diagnose`: the data engineer's words for agencies' systems."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from ledger.errors import ConfigError
from ledger.records import Batch, Maturity, Revision
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.commands.new_source import new_command
from pilar.console import err, out, warn
from pilar.wording import sentence

app = typer.Typer(help="The agencies' systems: list, check, new.", no_args_is_help=True)
app.command("new")(new_command)

STYLE = {"accepted": "green", "unchanged": "green", "held": "yellow", "rejected": "red", "failed": "red"}


@app.command("list")
def list_command() -> None:
    """List the sources: agency, system, protocol, and what is in force of each."""
    from pilar.catalogue import maturities, read_catalogue
    from pilar.commands import installation

    ledger, settings = installation.opened()
    matured = maturities(ledger, settings.sources_dir, ledger.in_force())
    sources, left_out = read_catalogue(settings.sources_dir)
    table = Table("OPD", "source", "system", "protocol", "in force", "rows", "last pull")
    for source in sources.values():
        in_force = ledger.in_force(source.id)
        last = next(iter(ledger.batches(source.id, limit=1)), None)
        table.add_row(
            source.opd,
            source.id,
            source.system,
            source.protocol,
            ", ".join(dict.fromkeys(_period(batch, matured.get(batch.batch_id)) for batch in in_force)) or "-",
            str(sum((batch.rows_landed or 0) - (batch.rows_known or 0) for batch in in_force)),
            _told(last) if last else "never",
        )
    out.print(table)
    for error in left_out.values():
        warn(f"left out: {error}")


@app.command("check")
def check_command() -> None:
    """Prove every source file against the code: protocol, arguments, contract, assertions."""
    from connectors.check import check_sources
    from connectors.spec import load_sources
    from ledger.settings import sources_dir

    folder = sources_dir()
    problems = check_sources(folder)
    for problem in problems:
        err.print(f"{problem.file}: {problem.where}: {problem.what}. {problem.do}", markup=False)
    if problems:
        err.print(f"[bold red]{len(problems)} problem(s)[/] in {folder}")
        raise typer.Exit(1)
    out.print(f"{len(load_sources(folder))} sources in order")


def pull_command(
    source: Annotated[str, typer.Argument(help="The source's id: `pilar sources list`.")],
    full: Annotated[
        bool, typer.Option("--full", help="Everything again, where only what is new is asked for.")
    ] = False,
) -> None:
    """Pull one source now: land it, gate it, and say what became of it."""
    from pilar import steps
    from pilar.catalogue import find_source
    from pilar.commands import installation

    _, settings = installation.opened()
    installation.require_connection(settings, find_source(settings.sources_dir, source).connection)
    outcome = steps.ingest(source, full=full)
    for batch in outcome.batches:
        _print_batch(batch)
    if not outcome.new:
        out.print("Nothing new is in force.")


def release_command(
    batch: Annotated[str, typer.Argument(help="The held batch's id: `pilar diagnose SOURCE` shows it.")],
    why: Annotated[str, typer.Option(help="Who confirmed it and how; it stands in the batch's receipt.")],
) -> None:
    """Put a held batch in force after the agency confirmed it. The next evaluation reads it."""
    from pilar.commands import installation

    ledger, _ = installation.opened()
    receipt = ledger.release_batch(batch, why)
    out.print(f"{batch} is in force (receipt {receipt.seq}). Publish it: pilar evaluate", markup=False)


def diagnose_command(
    source: Annotated[str, typer.Argument(help="The source's id: `pilar sources list`.")],
    answer: Annotated[
        bool,
        typer.Option("--answer", help="Only print the last answer of the last pull. It may name persons."),
    ] = False,
) -> None:
    """Say what is wrong with a source: its last pulls, what was refused and why, and what to do."""
    from pilar.catalogue import find_source, maturities
    from pilar.commands import installation

    ledger, settings = installation.opened()
    found = find_source(settings.sources_dir, source)
    if answer:
        _print_answer(source, ledger, settings)
        return
    out.print(f"[bold]{found.id}[/] · {found.opd} · {found.system} · protocol {found.protocol}")
    batches = ledger.batches(source, limit=8)
    if not batches:
        out.print("It was never pulled. Try: pilar pull " + source)
    revised = {revision.batch_id: revision for revision in ledger.revisions(source)}
    matured = maturities(ledger, settings.sources_dir, ledger.in_force(source))
    for batch in batches:
        _print_batch(batch)
        if batch.batch_id in matured:
            out.print(f"      figures of {batch.coverage} are {matured[batch.batch_id]}")
        if batch.batch_id in revised:
            _print_revision(source, revised[batch.batch_id])
        for count in ledger.quarantine_counts(batch.batch_id)[:8]:
            out.print(f"      quarantined {count.rows:>6}  {count.field}: {count.rule}")
    for event in ledger.events_of(source, limit=3):
        out.print(
            f"event {event.event_id} from {event.sender}: {event.status}{f' - {event.detail}' if event.detail else ''}"
        )
    for refusal in ledger.refusals(source):
        out.print(f"refused {refusal.count} event(s): {refusal.reason}, last {refusal.last_at:%Y-%m-%d %H:%M}")
    _print_pages(ledger, batches)
    if found.caveats:
        out.print("[bold]what a reader must know[/]\n  " + "\n  ".join(found.caveats))
    out.print(f"[bold]runbook[/]\n  {found.runbook.strip()}")


def _print_pages(ledger: Ledger, batches: Sequence[Batch]) -> None:
    pages = ledger.pages(batches[0].batch_id) if batches else ()
    # Of a pull that failed the last answer matters, of any other one a few say how it was asked.
    for page in pages[-1:] if batches and batches[0].status == "failed" else pages[:3]:
        told = f"page  {page.status} {page.bytes} bytes in {page.ms} ms, sha256 {page.sha256[:16]}  {page.request}"
        out.print(told, markup=False)


def _print_answer(source: str, ledger: Ledger, settings: Settings) -> None:
    """The bytes, and nothing else: nowhere but on standard output, for they are kept nowhere in clear."""
    from connectors.trace import kept_bytes
    from ledger.keys import Keys

    last = next(iter(ledger.batches(source, limit=1)), None)
    pages = ledger.pages(last.batch_id) if last is not None else ()
    if not pages:
        raise ConfigError("the last pull brought no answer", where=source, do="See `pilar diagnose` for what it says")
    sys.stdout.buffer.write(kept_bytes(pages[-1], settings, Keys.load(settings.key_dir)))
    sys.stdout.buffer.flush()


def _print_batch(batch: Batch) -> None:
    style = STYLE.get(batch.status, "bold")
    out.print(f"[{style}]{batch.status:<9}[/] {_told(batch)}  coverage {batch.coverage or '-'}  {_rows(batch)}")
    if batch.error_message:
        out.print(f"      {batch.error_kind}: {batch.error_message}", markup=False)
    for reason in batch.reasons:
        out.print(f"      why: {sentence(reason)}", markup=False)
    for finding in batch.findings[:5]:
        out.print(f"      note: {sentence(finding)}", markup=False)


def _print_revision(source: str, revision: Revision) -> None:
    was = f", which was {revision.was}" if revision.was is not None else ""
    out.print(
        f"      revises {revision.coverage}{was}: {revision.changed} units changed, {revision.added} added, "
        f"{revision.removed} removed. See them: pilar revisions {source}",
        markup=False,
    )


def _period(batch: Batch, maturity: Maturity | None) -> str:
    return f"{batch.coverage} ({maturity})" if maturity is not None else str(batch.coverage)


def _rows(batch: Batch) -> str:
    if batch.rows_received is None:
        return ""
    known = f" ({batch.rows_known} known already)" if batch.rows_known else ""
    return f"{batch.rows_received} received = {batch.rows_landed} landed{known} + {batch.rows_quarantined} quarantined"


def _told(batch: Batch) -> str:
    return f"{batch.batch_id} {batch.started_at:%Y-%m-%d %H:%M}"
