"""`pilar pull`, `pilar release` and `pilar diagnose`: a source's batches, one by one."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from ledger.errors import ConfigError
from ledger.records import Batch, Event, Maturity, PageRow, QuarantineCount, Receipt, Refusal, Revision
from ledger.settings import Settings
from ledger.store import Ledger
from ledger.wording import moment, sentence
from pilar.commands.console import SILENCE_STYLE, STYLE, out, say
from pilar.commands.exit_codes import of_statuses
from pilar.commands.who import Who, account

if TYPE_CHECKING:
    from connectors.source.source import Source
    from definitions.words import Wording
    from pilar.sources.freshness import Silence
    from pilar.steps import IngestOutcome


def pull_command(
    source: Annotated[str, typer.Argument(help="The source's id: `pilar sources list`.")],
    full: Annotated[
        bool, typer.Option("--full", help="Everything again, where only what is new is asked for.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Land nothing: say what would land, what would be refused, and ten masked rows."
        ),
    ] = False,
) -> None:
    """Pull one source now: land it, gate it, and say what became of it.

    The exit code is 0 when it is accepted or unchanged, else that of the worst batch: 3 held, 4 rejected, 5 failed.
    """
    from pilar import steps
    from pilar.commands import installation
    from pilar.commands.trial import print_dry_run
    from pilar.sources.catalogue import find_source

    ledger, settings = installation.opened()
    found = find_source(settings, source)
    installation.require_connection(settings, found.connection)
    if dry_run:
        print_dry_run(found, ledger, settings, full=full)
        return
    outcome = steps.ingest(source, full=full)
    say({"source_id": source, "batches": outcome.batches, "new": outcome.new}, lambda: _print_outcome(outcome))
    raise typer.Exit(of_statuses(batch.status for batch in outcome.batches))


def _print_outcome(outcome: "IngestOutcome") -> None:
    for batch in outcome.batches:
        _print_batch(batch)
    if not outcome.new:
        out.print("Nothing new is in force.")


def release_command(
    batches: Annotated[
        list[str], typer.Argument(metavar="BATCH...", help="Ids of held batches: `pilar diagnose SOURCE` shows them.")
    ],
    why: Annotated[str, typer.Option(help="How it was confirmed: the office, the letter. It stands in the receipt.")],
    who: Who = None,
) -> None:
    """Put a held batch (or several of a source at once) in force after the agency confirmed it.

    The next evaluation reads it.
    """
    from pilar.commands import installation

    ledger, _ = installation.opened()
    receipts = ledger.release_batches(batches, why, account(who))
    released = [{"batch_id": one.batch_id, "receipt": one.seq, "receipt_sha256": one.sha256} for one in receipts]
    say({"released": released}, lambda: _print_released(receipts))


def _print_released(receipts: Sequence[Receipt]) -> None:
    for receipt in receipts:
        out.print(f"{receipt.batch_id} is in force (receipt {receipt.seq}). Publish it: pilar evaluate", markup=False)


def diagnose_command(
    source: Annotated[str, typer.Argument(help="The source's id: `pilar sources list`.")],
    answer: Annotated[
        bool,
        typer.Option("--answer", help="Only print the last answer of the last pull. It may name persons."),
    ] = False,
) -> None:
    """Say what is wrong with a source: its last pulls, what was refused and why, and what to do."""
    from pilar.commands import installation
    from pilar.sources.catalogue import find_source

    ledger, settings = installation.opened()
    found = find_source(settings, source)
    if answer:
        _print_answer(source, ledger, settings)
        return
    diagnosis = _diagnosis(found, ledger, settings)
    say(_as_data(diagnosis), lambda: _print_diagnosis(diagnosis))


@dataclass(frozen=True)
class _Diagnosis:
    """All that is said of a source."""

    source: "Source"
    silence: "Silence | None"
    last_answer: datetime | None
    newest: datetime | None
    asked_at: datetime
    batches: Sequence[Batch]
    refused: Mapping[str, Sequence[QuarantineCount]]
    maturity: Mapping[str, Maturity]
    revisions: Mapping[str, Revision]
    events: Sequence[Event]
    refusals: Sequence[Refusal]
    pages: Sequence[PageRow]


def _diagnosis(source: "Source", ledger: Ledger, settings: Settings) -> _Diagnosis:
    from pilar.sources.catalogue import maturities
    from pilar.sources.freshness import last_answer, silence

    ledger.fail_all_dead()  # a pull that was killed is not running
    last, now, batches = last_answer(ledger, source), ledger.now(), ledger.batches(source.id, limit=8)
    in_force = ledger.in_force(source.id)
    return _Diagnosis(
        source=source,
        silence=silence(source.freshness, last, now) if last is not None else None,
        last_answer=last,
        newest=max((batch.finished_at or batch.started_at for batch in in_force), default=last),
        asked_at=now,
        batches=batches,
        refused={batch.batch_id: ledger.quarantine_counts(batch.batch_id) for batch in batches},
        maturity=maturities(ledger, settings.sources_dir, in_force),
        revisions={revision.batch_id: revision for revision in ledger.revisions(source.id)},
        events=ledger.events_of(source.id, limit=3),
        refusals=ledger.refusals(source.id),
        pages=ledger.pages(batches[0].batch_id) if batches else (),
    )


def _as_data(found: _Diagnosis) -> Mapping[str, Any]:
    source = {
        name: getattr(found.source, name) for name in ("id", "opd", "system", "protocol", "connection", "runbook")
    }
    told = {one.name: getattr(found, one.name) for one in fields(found) if one.name != "source"}
    return {"source": source | {"caveats": [_english(one) for one in found.source.caveats]}} | told


def _print_diagnosis(found: _Diagnosis) -> None:
    source = found.source
    out.print(Text.assemble((source.id, "bold"), f" · {source.opd} · {source.system} · protocol {source.protocol}"))
    _print_freshness(found)
    if not found.batches:
        out.print(f"It was never pulled. Try: pilar test-connection {source.id}", markup=False)
    for batch in found.batches:
        _print_batch(batch)
        if batch.batch_id in found.maturity:
            out.print(f"      figures of {batch.coverage} are {found.maturity[batch.batch_id]}", markup=False)
        if batch.batch_id in found.revisions:
            _print_revision(source.id, found.revisions[batch.batch_id])
        _print_quarantined(batch, found.refused[batch.batch_id])
    for event in found.events:
        detail = f" - {event.detail}" if event.detail else ""
        out.print(Text(f"event {event.event_id} from {event.sender}: {event.status}{detail}"))
    for refusal in found.refusals:
        out.print(Text(f"refused {refusal.count} event(s): {refusal.reason}, last {moment(refusal.last_at)}"))
    _print_pages(found.batches, found.pages)
    if source.caveats:
        out.print("what a reader must know", style="bold")
        out.print(Text("  " + "\n  ".join(_english(caveat) for caveat in source.caveats)))
    out.print("runbook", style="bold")
    out.print(f"  {source.runbook.strip()}", markup=False)


def _english(text: "Wording | str | None") -> str:
    from definitions.words import said

    return said(text, "en")


def _print_pages(batches: Sequence[Batch], pages: Sequence[PageRow]) -> None:
    # Of a pull that failed the last answer matters, of any other one a few say how it was asked.
    shown = pages[-1:] if batches and batches[0].status == "failed" else pages[:3]
    for page in shown:
        status = f" HTTP {page.status}," if page.status else ""
        told = f"page {page.seq},{status} {page.bytes} bytes in {page.ms} ms, sha256 {page.sha256[:16]}, {page.request}"
        out.print(Text(told))
    if len(pages) > len(shown):
        out.print(f"and {len(pages) - len(shown)} more pages of this pull")


def _print_freshness(found: _Diagnosis) -> None:
    from pilar.sources.freshness import age

    limits = found.source.freshness
    due = f"due {_english(limits.due)}; late after {limits.warn} without accepted data, overdue after {limits.fail}"
    if found.last_answer is None or found.silence is None or found.newest is None:
        out.print(f"freshness: nothing was accepted yet; {due}", markup=False)
        return
    confirmed = "newest file came" if found.source.of_files else "last confirmed"
    ago = age(found.last_answer, found.asked_at)
    told = f"newest data accepted {moment(found.newest)}, {confirmed} {ago} ago; {due}"
    out.print(Text.assemble("freshness: ", (found.silence, SILENCE_STYLE[found.silence]), f", {told}"))


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
    told = f" {batch.batch_id} {moment(batch.started_at)}  coverage {batch.coverage or '-'}  {_rows(batch)}"
    out.print(Text.assemble((f"{batch.status:<9}", style), told))
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
