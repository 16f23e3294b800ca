"""`pilar test-connection` and `pilar pull --dry-run`: a look at a system that leaves nothing behind."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from ledger.settings import Settings
from ledger.store import Ledger
from ledger.wording import sentence
from pilar.commands.console import STYLE, Row, out, plain, say, table
from pilar.commands.exit_codes import ExitCode, of_statuses

if TYPE_CHECKING:
    from connectors.decide.batch_decision import BatchDecision
    from connectors.pull.dry_run import DryRun
    from connectors.pull.trial import Step
    from connectors.source.source import Source

SIGNS = {
    "ok": ("✓ ok", "green"),
    "look": ("! look", "yellow"),
    "failed": ("✗ failed", "red"),
    "unknown": ("· unknown", ""),
}


def test_connection_command(
    source: Annotated[str, typer.Argument(help="The source's id: `pilar sources list`.")],
) -> None:
    """Try a source's system: reach it, log in, look at the first page, compare the clocks. Nothing is landed.

    Neither a ledger nor keys are needed. The exit code is 0 when the system gave its first page, else 5.
    """
    from connectors.pull.trial import try_out
    from pilar.commands import installation
    from pilar.sources.catalogue import find_source

    settings = installation.without_ledger()
    found = find_source(settings, source)
    steps = try_out(found, installation.connection(found.connection))
    result = {"source_id": found.id, "protocol": found.protocol, "connection": found.connection, "steps": steps}
    say(result, lambda: _print_steps(found, steps))
    raise typer.Exit(ExitCode.FAILED if any(step.outcome == "failed" for step in steps) else ExitCode.DONE)


def _print_steps(source: "Source", steps: "Sequence[Step]") -> None:
    out.print(Text.assemble((source.id, "bold"), f" · connection {source.connection} · protocol {source.protocol}"))
    lines = [{**plain(step), "outcome": Text(*SIGNS[step.outcome]), "ms": _took(step)} for step in steps]
    table(lines, {"name": "step", "outcome": "", "ms": "took", "told": ""}, right=["ms"])
    out.print("Nothing was landed, and nothing is in the ledger.")


def _took(step: "Step") -> str:
    return "" if step.ms is None else f"{step.ms} ms"


def print_dry_run(source: "Source", ledger: Ledger, settings: Settings, *, full: bool) -> None:
    """What a pull would come to. Ends the command with the exit code of such a pull."""
    from connectors.pull.dry_run import dry_run

    found = dry_run(source, ledger, settings, full=full)
    batches = [_batch(one) for one in found.decisions]
    told: Row = {"source_id": source.id, "dry_run": True, "pages": found.pages, "bytes": found.bytes}
    say(told | {"batches": batches, "refused": found.refused, "rows": found.rows}, lambda: _print(found, batches))
    raise typer.Exit(of_statuses(one.status for one in found.decisions))


def _batch(decision: "BatchDecision") -> Row:
    rows = decision.rows
    counts = {name: getattr(rows, name) for name in ("coverage", "received", "landed", "quarantined", "quarantine")}
    return {"status": decision.status, **counts, "reasons": decision.reasons, "findings": decision.findings}


def _print(found: "DryRun", batches: Sequence[Row]) -> None:
    out.print(f"A pull now would read {found.pages} page(s), {found.bytes} bytes, and come to this:", style="bold")
    for one in batches:
        counts = f"{one['received']} received = {one['landed']} landed + {one['quarantined']} quarantined"
        told = f"  coverage {one['coverage'] or '-'}  {counts}"
        out.print(Text.assemble((f"{one['status']:<9}", STYLE.get(one["status"], "")), told))
        for count in one["quarantine"]:
            out.print(Text(f"      refused {count.rows:>6}  {count.field}: {count.rule}"))
        for name, entries in (("why", one["reasons"]), ("note", one["findings"])):
            for entry in entries:
                out.print(f"      {name}: {sentence(entry)}", markup=False)
    if found.refused:
        _print_refused(found)
    if found.rows:
        out.print("rows that would land (what is personal is masked)", style="bold")
    for row in found.rows:
        out.print(Text(f"  {_record(row)}"))
    out.print("Nothing was landed, and nothing is in the ledger.")


def _print_refused(found: "DryRun") -> None:
    every = sum(one.rows.quarantined for one in found.decisions)
    out.print(f"refused rows: {len(found.refused)} of {every}", style="bold")
    lines = [{**reason, "row": row["row"], "page": row["page"]} for row in found.refused for reason in row["reasons"]]
    table(lines, {name: name for name in ("row", "page", "field", "rule", "value", "expected")})


def _record(row: Any) -> str:
    named = ", ".join(f"{name}={plain(value)}" for name, value in row.items() if name not in ("row", "coverage"))
    return f"row {row['row']} of {row['coverage']}: {named}"
