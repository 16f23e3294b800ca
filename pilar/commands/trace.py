"""`pilar trace`: from a row to the request, the page and the bytes that it came from."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from ledger.errors import ConfigError
from ledger.store import Ledger
from ledger.wording import moment
from pilar.commands.console import Row, out, say

if TYPE_CHECKING:
    from connectors.kept.trace import Traced
    from ledger.records import Batch


def trace_command(
    batch: Annotated[str, typer.Argument(help="A batch's id, or a source's: then its batch in force.")],
    row: Annotated[list[str], typer.Argument(help="The row's number (_row), or COLUMN=VALUE ... of its key.")],
    coverage: Annotated[str | None, typer.Option(help="With a source's id: which coverage.")] = None,
    show: Annotated[bool, typer.Option("--show", help="Also print the record, with persons masked.")] = False,
) -> None:
    """Show where a landed or refused row came from: request, page, time, hash and byte range."""
    from connectors.kept.trace import row_of, trace
    from pilar.commands import installation
    from pilar.sources.catalogue import find_source

    ledger, settings = installation.opened()
    found = _batch(ledger, batch, coverage)
    number = int(row[0]) if len(row) == 1 and row[0].isdigit() else row_of(settings.home, found, _pairs(row))
    _print(trace(find_source(settings, found.source_id), found, number, ledger, settings), ledger, show)


def _batch(ledger: Ledger, name: str, coverage: str | None) -> "Batch":
    found = ledger.batch(name)
    if found is not None:
        return found
    in_force = [batch for batch in ledger.in_force(name) if coverage in (None, batch.coverage)]
    if len(in_force) == 1:
        return in_force[0]
    if in_force:
        known = ", ".join(str(batch.coverage) for batch in in_force)
        raise ConfigError(f"{name} has several batches in force", where=known, do="Name one with --coverage")
    raise ConfigError(
        f"there is no batch {name!r}, and no source of this name has one in force",
        where=coverage or "",
        do="See `pilar sources list` and `pilar diagnose SOURCE`",
    )


def _pairs(words: Sequence[str]) -> dict[str, str]:
    pairs = [word.partition("=") for word in words]
    if not all(name and sign for name, sign, _ in pairs):
        raise ConfigError(
            "a row is named by its number or by its key", where=" ".join(words), do="Like 17, or kode_daerah=64.02"
        )
    return {name: value for name, _, value in pairs}


def _print(traced: "Traced", ledger: Ledger, show: bool) -> None:
    batch, page, span = traced.batch, traced.page, traced.span
    receipt = ledger.receipt_of(batch.batch_id)
    place = "the whole page: its protocol tells no finer place"
    if span is not None:
        place = f"{span.start} to {span.end - 1} of {page.bytes}" + (f", {span.location}" if span.location else "")
    ended = moment(batch.finished_at, seconds=True) if batch.finished_at is not None else "-"
    reasons = traced.values.get("reasons") or ()
    lines = [
        ("row", f"{traced.row}, {'refused' if traced.refused else 'landed'}"),
        ("batch", f"{batch.batch_id} of {batch.source_id}, coverage {batch.coverage}, {batch.status}"),
        ("receipt", f"{receipt.seq}, {receipt.sha256}" if receipt is not None else "-"),
        ("request", page.request),
        ("answer", f"page {page.seq}, status {page.status}, {page.bytes} bytes in {page.ms} ms"),
        ("fetched", f"{moment(batch.started_at, seconds=True)} to {ended}"),
        ("sha256", page.sha256),
        ("bytes", place),
        ("kept in", page.path),
    ]
    lines += [("refused", f"{reason['field']}: {reason['rule']}") for reason in reasons]
    record = None
    if show:
        values = {name: value for name, value in traced.values.items() if name != "reasons"}
        record = traced.shown or ", ".join(f"{name}={value}" for name, value in values.items())
        lines.append(("record", record))
    result: Row = {
        "row": traced.row,
        "refused": traced.refused,
        "reasons": [{"field": reason["field"], "rule": reason["rule"]} for reason in reasons],
        "batch": batch,
        "receipt": {"seq": receipt.seq, "sha256": receipt.sha256} if receipt is not None else None,
        "page": page,
        "bytes": {"start": span.start, "end": span.end, "location": span.location} if span is not None else None,
        "record": record,
    }
    say(result, lambda: _print_lines(lines))


def _print_lines(lines: Sequence[tuple[str, str | None]]) -> None:
    for name, value in lines:
        out.print(Text(f"{name:<8} {value}"))
