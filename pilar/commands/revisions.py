"""`pilar revisions`: which figures of a source were restated, by unit, with the old one beside the new one."""

import json
from collections.abc import Sequence
from typing import Annotated

import typer

from ledger.errors import LedgerError
from ledger.records import Revision
from ledger.settings import Settings
from pilar.commands.console import Row, out, plain, say, table

COLUMNS = {"unit": "unit", "kind": "what", "column_name": "column", "old_value": "was", "new_value": "is"}
GONE = "Restore landing/ from your backup"


def revisions_command(
    source: Annotated[str, typer.Argument(help="The source's id: `pilar sources list`.")],
    coverage: Annotated[str | None, typer.Option(help="Only what is about this period: 2024, 2024-08.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Lines shown of each revision.")] = 20,
) -> None:
    """Show which figures were restated after they had been in force: old and new, unit by unit."""
    from pilar.commands import installation
    from pilar.sources.catalogue import find_source

    ledger, settings = installation.opened()
    find_source(settings, source)
    found = [(one, _lines(settings, one)) for one in reversed(ledger.revisions(source, coverage))]
    result = [plain(one) | {"lines": lines[:limit], "more": max(0, len(lines) - limit)} for one, lines in found]
    say({"revisions": result}, lambda: _show(found, limit))


def _show(found: Sequence[tuple[Revision, Sequence[Row]]], limit: int) -> None:
    if not found:
        out.print("No figure that was in force was restated.")
    for revision, lines in found:
        _print_head(revision)
        table([_told(line) for line in lines[:limit]], COLUMNS)
        if len(lines) > limit:
            out.print(f"... and {len(lines) - limit} more: --limit, or {revision.path}", markup=False)


def _print_head(revision: Revision) -> None:
    was = f", which was {revision.was}" if revision.was is not None else ""
    out.print(
        f"{revision.coverage}{was}: batch {revision.batch_id} after {revision.previous_batch_id}: "
        f"{revision.changed} units changed, {revision.added} added, {revision.removed} removed",
        markup=False,
        style="bold",
    )


def _told(line: Row) -> Row:
    unit = ", ".join(f"{name}={value}" for name, value in line["unit"].items())
    values = {name: "-" if line[name] is None else line[name] for name in ("old_value", "new_value")}
    return line | {"unit": unit} | values


def _lines(settings: Settings, revision: Revision) -> Sequence[Row]:
    import duckdb

    from ledger.sql import literal

    path = settings.home / revision.path
    try:
        with duckdb.connect(":memory:") as connection:
            rows = connection.execute(
                f"select {', '.join(COLUMNS)} from read_parquet({literal(str(path))}) order by kind, unit, column_name"
            ).fetchall()
            return [dict(zip(COLUMNS, (json.loads(unit), *rest), strict=True)) for unit, *rest in rows]
    except duckdb.Error:
        raise LedgerError("the differences of a revision cannot be read", where=str(path), do=GONE) from None
