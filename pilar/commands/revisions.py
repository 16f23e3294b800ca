"""`pilar revisions`: which figures of a source were restated, by unit, with the old one beside the new one."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from ledger.errors import LedgerError
from ledger.records import Revision
from ledger.settings import Settings
from pilar.commands.console import out

COLUMNS = ("unit", "kind", "column_name", "old_value", "new_value")
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
    find_source(settings.sources_dir, source)
    found = ledger.revisions(source, coverage)
    if not found:
        out.print("No figure that was in force was restated.")
    for revision in reversed(found):
        _print_head(revision)
        lines = _lines(settings, revision)
        out.print(_table(lines[:limit]))
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


def _table(lines: Sequence[Sequence[Any]]) -> Table:
    table = Table("unit", "what", "column", "was", "is")
    for unit, kind, *rest in lines:
        key = ", ".join(f"{name}={value}" for name, value in json.loads(unit).items())
        table.add_row(escape(key), kind, *("-" if value is None else escape(str(value)) for value in rest))
    return table


def _lines(settings: Settings, revision: Revision) -> Sequence[Sequence[Any]]:
    import duckdb

    from ledger.sql import literal

    path = settings.home / revision.path
    try:
        with duckdb.connect(":memory:") as connection:
            return connection.execute(
                f"select {', '.join(COLUMNS)} from read_parquet({literal(str(path))}) order by kind, unit, column_name"
            ).fetchall()
    except duckdb.Error:
        raise LedgerError("the differences of a revision cannot be read", where=str(path), do=GONE) from None
