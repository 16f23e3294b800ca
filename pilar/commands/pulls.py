"""`pilar pull`, `pilar release` and `pilar diagnose`: a source's batches, one by one."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from ledger.errors import ConfigError
from ledger.records import Batch, QuarantineCount, Revision
from ledger.settings import Settings
from ledger.store import Ledger
from ledger.wording import moment, sentence
from pilar.commands.console import SILENCE_STYLE, STYLE, out

if TYPE_CHECKING:
    from connectors.source.source import Source


def pull_command(
    source: Annotated[str, typer.Argument(help="The source's id: `pilar sources list`.")],
    full: Annotated[
        bool, typer.Option("--full", help="Everything again, where only what is new is asked for.")
    ] = False,
) -> None:
    """Pull one source now: land it, gate it, and say what became of it."""
    from pilar import steps
    from pilar.commands import installation
    from pilar.sources.catalogue import find_source

    _, settings = installation.opened()
    installation.require_connection(settings, find_source(settings.sources_dir, source).connection)
    outcome = steps.ingest(source, full=full)
    for batch in outcome.batches:
        _print_batch(batch)
    if not outcome.new:
        out.print("Nothing new is in force.")


def release_command(
    batches: Annotated[
        list[str], typer.Argument(metavar="BATCH...", help="Ids of held batches: `pilar diagnose SOURCE` shows them.")
    ],
    why: Annotated[str, typer.Option(help="Who confirmed it and how; it stands in the batch's receipt.")],
) -> None:
    """Put a held batch (or several of a source at once) in force after the agency confirmed it.

    The next evaluation reads it.
    """
    from pilar.commands import installation

    ledger, _ = installation.opened()
    for receipt in ledger.release_batches(batches, why):
        out.print(f"{receipt.batch_id} is in force (receipt {receipt.seq}). Publish it: pilar evaluate", markup=False)


def diagnose_command(
    source: Annotated[str, typer.Argument(help="The source's id: `pilar sources list`.")],
    answer: Annotated[
        bool,
        typer.Option("--answer", help="Only print the last answer of the last pull. It may name persons."),
    ] = False,
) -> None:
    """Say what is wrong with a source: its last pulls, what was refused and why, and what to do."""
    from connectors.source.columns import said
    from pilar.commands import installation
    from pilar.sources.catalogue import find_source, maturities

    ledger, settings = installation.opened()
    found = find_source(settings.sources_dir, source)
    if answer:
        _print_answer(source, ledger, settings)
        return
    out.print(f"[bold]{found.id}[/] · {found.opd} · {found.system} · protocol {found.protocol}")
    _print_freshness(ledger, found)
    ledger.fail_all_dead()  # a pull that was killed is not running
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
        _print_quarantined(batch, ledger.quarantine_counts(batch.batch_id))
    for event in ledger.events_of(source, limit=3):
        out.print(
            f"event {event.event_id} from {event.sender}: {event.status}{f' - {event.detail}' if event.detail else ''}"
        )
    for refusal in ledger.refusals(source):
        out.print(f"refused {refusal.count} event(s): {refusal.reason}, last {moment(refusal.last_at)}")
    _print_pages(ledger, batches)
    if found.caveats:
        out.print("[bold]what a reader must know[/]\n  " + "\n  ".join(said(caveat, "en") for caveat in found.caveats))
    out.print(f"[bold]runbook[/]\n  {found.runbook.strip()}")


def _print_pages(ledger: Ledger, batches: Sequence[Batch]) -> None:
    pages = ledger.pages(batches[0].batch_id) if batches else ()
    # Of a pull that failed the last answer matters, of any other one a few say how it was asked.
    shown = pages[-1:] if batches and batches[0].status == "failed" else pages[:3]
    for page in shown:
        status = f" HTTP {page.status}," if page.status else ""
        told = f"page {page.seq},{status} {page.bytes} bytes in {page.ms} ms, sha256 {page.sha256[:16]}, {page.request}"
        out.print(told, markup=False)
    if len(pages) > len(shown):
        out.print(f"and {len(pages) - len(shown)} more pages of this pull")


def _print_freshness(ledger: Ledger, source: "Source") -> None:
    from connectors.source.columns import said
    from pilar.sources.freshness import age, last_answer, silence

    limits = source.freshness
    last, now = last_answer(ledger, source), ledger.now()
    due = f"due {said(limits.due, 'en')}; late after {limits.warn} without accepted data, overdue after {limits.fail}"
    if last is None:
        out.print(f"freshness: nothing was accepted yet; {due}", markup=False)
        return
    newest = max((batch.finished_at or batch.started_at for batch in ledger.in_force(source.id)), default=last)
    state = silence(limits, last, now)
    confirmed = "newest file came" if source.of_files else "last confirmed"
    told = f"newest data accepted {moment(newest)}, {confirmed} {age(last, now)} ago; {due}"
    out.print(Text.assemble("freshness: ", (state, SILENCE_STYLE[state]), f", {told}"))


def _print_quarantined(batch: Batch, counts: Sequence[QuarantineCount]) -> None:
    for count in counts[:8]:
        out.print(f"      quarantined {count.rows:>6}  {count.field}: {count.rule}", markup=False)
    if counts:
        more = f"and {len(counts) - 8} more reasons. " if len(counts) > 8 else ""
        out.print(f"      {more}See the rows: pilar quarantine show {batch.batch_id}", markup=False)


def _print_answer(source: str, ledger: Ledger, settings: Settings) -> None:
    """The bytes, and nothing else: nowhere but on standard output, for they are kept nowhere in clear."""
    from connectors.kept.trace import kept_bytes
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
    if batch.retry_at:
        out.print(f"      not asked again before {moment(batch.retry_at)}, unless by `pilar pull`")
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


def _rows(batch: Batch) -> str:
    if batch.rows_received is None:
        return ""
    known = f" ({batch.rows_known} known already)" if batch.rows_known else ""
    return f"{batch.rows_received} received = {batch.rows_landed} landed{known} + {batch.rows_quarantined} quarantined"


def _told(batch: Batch) -> str:
    return f"{batch.batch_id} {moment(batch.started_at)}"
