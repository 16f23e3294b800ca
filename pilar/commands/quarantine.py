"""`pilar quarantine`: the rows that were refused, and what to do about them."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from ledger.quarantine import Dismissal, Refused
from ledger.records import Batch
from ledger.store import Ledger
from ledger.wording import day, moment, sentence
from pilar.commands.console import Row, out, plain, say, table, wants_json
from pilar.commands.exit_codes import of_statuses
from pilar.commands.who import Who, account
from pilar.commands.words import Words

if TYPE_CHECKING:
    from pilar.sources.quarantine import QuarantinedRow

app = Words(help="Refused rows: list, show, replay, dismiss.")

STYLE = {
    "open": "yellow",
    "replayed": "green",
    "superseded": "green",
    "landed": "green",
    "dismissed": "dim",
    "repeated": "dim",
}


@app.command("list")
def list_command(
    source: Annotated[str | None, typer.Option(help="Of one source only.")] = None,
    rule: Annotated[str | None, typer.Option(help="Of one rule only.")] = None,
    batch: Annotated[str | None, typer.Option(help="Of one batch only.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what was replayed, superseded, dismissed, landed later, or came again.")
    ] = False,
) -> None:
    """List the rows in quarantine by source, coverage, rule and field: how many, since when, and what to do."""
    from pilar.commands import installation
    from pilar.sources.catalogue import find_source
    from pilar.sources.quarantine import existing_batch, refused

    ledger, settings = installation.opened()
    if source is not None:
        find_source(settings, source)
    if batch is not None:
        existing_batch(ledger, batch)
    found = refused(ledger, settings, source=source, rule=rule, batch=batch, closed=everything)
    others = refused(ledger, settings, source=source, batch=batch, closed=everything) if rule and not found else ()

    def show() -> None:
        if found:
            _print_refused(found)
        elif rule is not None:
            _print_none_of(rule, [(one.rule, one.rows if everything else one.open) for one in others])
        else:
            out.print("No row waits in quarantine." if not everything else "No row was ever in quarantine.")

    say({"quarantine": [_as_data(one) for one in found]}, show)


def _as_data(one: Refused) -> Row:
    from pilar.sources.quarantine import to_do

    batch = {name: getattr(one.batch, name) for name in ("source_id", "coverage", "batch_id", "status")}
    told = {name: getattr(one, name) for name in ("rule", "field", "rows", "open", "state", "since", "times", "last")}
    return batch | told | {"later_batch": one.later or one.fate.by, "to_do": to_do(one)}


@app.command("show")
def show_command(
    batch: Annotated[str, typer.Argument(help="The batch's id: `pilar quarantine list` shows it.")],
    rule: Annotated[str | None, typer.Option(help="Only rows that break this rule.")] = None,
    limit: Annotated[int, typer.Option(help="How many rows at most.", min=1)] = 20,
) -> None:
    """Show the refused rows of a batch with all their reasons. Values that may be a person's are masked."""
    from pilar.commands import installation
    from pilar.sources.quarantine import count, rows

    ledger, settings = installation.opened()
    found = rows(ledger, settings, batch, rule, limit)
    counts = ledger.quarantine_counts(batch)
    dismissals = ledger.dismissals(batch)
    total = count(ledger, settings, batch, rule)

    def show() -> None:
        if not found and rule is not None:
            _print_none_of(rule, [(one.rule, one.rows) for one in counts])
        else:
            _print_rows(batch, rule, found, total)
            _print_dismissals(dismissals)

    settled = [{name: value for name, value in plain(one).items() if name != "who"} for one in dismissals]
    say({"batch_id": batch, "rows": found, "total": total, "dismissals": settled}, show)


def _print_rows(batch: str, rule: str | None, found: Sequence["QuarantinedRow"], total: int) -> None:
    lines = []
    for row in found:
        for nth, reason in enumerate(row.reasons):
            first = {"row": row.row, "page": row.page, "became": _became(row)} if nth == 0 else {}
            lines.append({**reason, **first})
    table(lines, {name: name for name in ("row", "page", "field", "rule", "value", "expected")} | {"became": ""})
    if total > len(found):
        narrower = "" if rule is not None else ", or one rule of them: --rule RULE"
        out.print(
            f"These are the first {len(found)} of {total} rows. More: --limit {total}{narrower}",
            style="bold",
            markup=False,
        )
    out.print(f"File, sheet and line of a row: pilar trace {batch} {found[0].row}", markup=False)
    for later in sorted({row.seen.later for row in found if row.seen and row.seen.later and not row.seen.landed}):
        out.print(f"Rows that came again later: pilar quarantine show {later}", markup=False)


def _print_dismissals(dismissals: Sequence[Dismissal]) -> None:
    for one in dismissals:
        what = f"row {one.row}" if one.row is not None else "all rows"
        if one.until is not None:
            what += f" up to {one.until}"
        told = f"{moment(one.dismissed_at)} {one.who} dismissed {what} of {one.rule} {one.field}: {one.why}"
        out.print(Text(told))


@app.command("replay")
def replay_command(
    target: Annotated[str, typer.Argument(help="A source's id, or a batch's.")],
) -> None:
    """Land kept pages again under the present contract, and put them in force where their gate accepts them.

    The exit codes are those of `pilar pull`.
    """
    from pilar.commands import installation
    from pilar.evaluation import evaluate
    from pilar.sources.quarantine import replay

    ledger, settings = installation.opened()
    done: list[tuple[Batch, Batch]] = []
    try:
        for replayed in replay(ledger, settings, target):
            for new in replayed.new:
                if not wants_json():
                    _print_replayed(ledger, replayed.old, new)
                done.append((replayed.old, new))
    finally:
        # Also when one of several batches could not be replayed: what the others came to holds.
        new_in_force = any(new.status == "accepted" for _, new in done)
        due = new_in_force and evaluate.due(ledger, settings)
        if not wants_json():
            _print_afterwards(new_in_force=new_in_force, due=due, anything=bool(done))
    result = [{"replayed": old.batch_id, "batch": new} for old, new in done]
    say(
        {"target": target, "batches": result, "evaluation_due": due},
        lambda: (
            None if done else out.print(f"Nothing to replay: no row of {target} waits in quarantine.", markup=False)
        ),
    )
    raise typer.Exit(of_statuses(new.status for _, new in done))


def _print_afterwards(*, new_in_force: bool, due: bool, anything: bool) -> None:
    if anything and not new_in_force:
        out.print("Nothing new is in force.")
    elif due:
        out.print("An evaluation is due: pilar evaluate")


@app.command("dismiss")
def dismiss_command(
    target: Annotated[str, typer.Argument(help="A batch's id, or a source's together with --rule.")],
    *,
    why: Annotated[str, typer.Option(help="Why these rows need no more attention; it stands in the batch's receipt.")],
    rule: Annotated[str | None, typer.Option(help="Only rows that break this rule.")] = None,
    row: Annotated[int | None, typer.Option(help="Only this row of the batch.", min=0)] = None,
    who: Who = None,
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Up to this day also in later batches, for as many rows as now."),
    ] = None,
) -> None:
    """Record that refused rows need no more attention. They stay in quarantine, and are counted there."""
    from pilar.commands import installation
    from pilar.sources.quarantine import dismiss

    ledger, settings = installation.opened()
    last = until.date() if until is not None else None
    count = dismiss(ledger, settings, target, rule=rule, row=row, who=account(who), why=why, until=last)
    what = f"row {row}" if row is not None else f"{count} refusal(s)"
    then = (
        f"up to {last} a new batch is asked about where it brings more of them than now"
        if last is not None
        else "a new batch that brings them is asked about again (unless you say --until)"
    )
    say(
        {"target": target, "rule": rule, "row": row, "dismissed": count, "until": last},
        lambda: out.print(f"Dismissed {what}. They stay in quarantine, and {then}."),
    )


def _print_refused(found: Sequence[Refused]) -> None:
    """A batch a block: lines of their own length read well in a terminal of any width."""
    from pilar.sources.quarantine import to_do

    for batch, group in groupby(found, key=attrgetter("batch")):
        out.print(f"{batch.source_id} {batch.coverage or '-'}, batch {batch.batch_id}", style="bold", markup=False)
        for one in group:
            rows = f"{one.open} of {one.rows}" if one.state == "open" and one.open < one.rows else str(one.rows)
            broken = " ".join(filter(None, (one.rule, one.field)))
            state = Text(f"{one.state} since {day(one.since)}", style=STYLE[one.state])
            if one.open and one.times > 1 and one.last is not None:
                state.append(f", came {one.times} times, last {day(one.last)}")
            out.print(Text.assemble(f"  {rows:>8}  {broken}: ", state, f"; {to_do(one)}"))
    if waiting := [one.batch for one in found if one.open]:
        last = waiting[0]
        out.print(
            f"See the rows: pilar quarantine show {last.batch_id}\n"
            f"Contract mended: pilar quarantine replay {last.source_id}\n"
            f"Agency corrected: pilar pull {last.source_id}\n"
            f"Neither will be: pilar quarantine dismiss {last.batch_id} --why ...",
            markup=False,
        )


def _became(row: "QuarantinedRow") -> str:
    if row.dismissed:
        return "dismissed"
    if row.seen is None:
        return ""
    if row.seen.landed:
        return "landed later"
    return "again later" if row.seen.later else f"{row.seen.times}x since {day(row.seen.first)}"


def _print_none_of(rule: str, others: Sequence[tuple[str, int]]) -> None:
    named = ", ".join(sorted({other for other, _ in others}))
    told = f"{sum(rows for _, rows in others)} of other rules do: {named}" if others else "nor of any other"
    out.print(f"No row of rule {rule!r} waits; {told}.", markup=False)


def _print_replayed(ledger: Ledger, old: Batch, new: Batch) -> None:
    origin = (ledger.batch(new.replay_of) if new.replay_of is not None else None) or old
    counts = f"{new.rows_received} received = {new.rows_landed} landed + {new.rows_quarantined} quarantined"
    place = f"{new.source_id} {new.coverage or '-'}"
    if new.status == "unchanged":
        out.print(f"unchanged {place}: under the present contract {origin.batch_id} gives the same rows", markup=False)
        return
    before = f"before: {origin.rows_landed} landed, {origin.rows_quarantined} quarantined, {origin.status}"
    out.print(f"{new.status:<9} {place}: {new.batch_id} of {origin.batch_id}: {counts} ({before})", markup=False)
    for reason in new.reasons:
        out.print(f"      why: {sentence(reason)}", markup=False)
