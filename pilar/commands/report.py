"""The results as tables in a terminal, read from the publication: what is printed is what readers see."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
from rich.table import Table
from rich.text import Text

from ledger.project import pillar_ids
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.commands.console import out
from publication.page.words import NO_INDEX

DASH = "—"


def print_scores(settings: Settings, folder: Path | None = None) -> None:
    """The index of every region, its pillars' scores, and what is assumed, held or missing."""
    from publication import pointer

    folder = folder or pointer.resolve(settings.published_dir)
    with duckdb.connect(str(folder / "marts.duckdb"), read_only=True) as connection:
        index = _rows(connection, "select * from scores.index_scores order by region_code, basis desc")
        pillars = _rows(connection, "select * from scores.pillar_scores")
    out.print(_index_table(index, pillars))
    for name, why in _without_index(index).items():
        out.print(f"{name}: the index {why}.", markup=False)
    out.print(
        "reported: from the assessors' dimension values. computed: with the outcome dimension computed from indicators "
        "under an assumed rubric. Pillars: score (questions scored of the instrument's). ~ from simulated systems.",
        style="dim",
    )


def print_gates(ledger: Ledger, evaluation_id: str) -> None:
    """The outcome of every pillar's gate, and what stood in the way."""
    table = Table("gate", "outcome", "checks", "what stood out")
    for gate in ledger.gates(evaluation_id):
        notable = [check for check in gate.checks if check["outcome"] != "pass"]
        style = {"pass": "green", "fail": "red", "error": "red"}[gate.outcome]
        lines = [f"{check['name']} ({check['severity']}): {check['message']}" for check in notable[:5]]
        if gate.carried_from is not None:
            lines.insert(0, f"same data and rules as in evaluation {gate.carried_from}, where it was checked")
        told = "\n".join(lines)
        table.add_row(gate.gate, Text(gate.outcome, style=style), str(len(gate.checks)), Text(told))
    out.print(table)


def _index_table(index: Sequence[Mapping[str, Any]], pillars: Sequence[Mapping[str, Any]]) -> Table:
    regions = {row["region_code"]: row["region_name"] for row in index}
    basis = {(row["region_code"], row["basis"]): row for row in index}
    scores = {(row["region_code"], row["pillar"]): row for row in pillars}
    table = Table("", title="Scores", title_justify="left")
    for code, name in regions.items():
        table.add_column(f"{name}\n{code}", justify="right")
    reported = [basis.get((code, "reported"), {}) for code in regions]
    computed = [basis.get((code, "computed"), {}) for code in regions]
    table.add_row("rule set", *(str(row.get("rule_set_id") or DASH) for row in computed))
    table.add_row("index, reported", *(_mark(row, "index_value") for row in reported))
    table.add_row("  as published", *(str(row.get("published_value") or DASH) for row in reported))
    table.add_row("index, computed", *(_mark(row, "index_value") for row in computed), end_section=True)
    for pillar in pillar_ids():
        table.add_row(pillar, *(_pillar(scores.get((code, pillar))) for code in regions))
    return table


def _without_index(index: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    """Why a region has no index of the assessors under its newest rules, by its name."""
    reported = [row for row in index if row["basis"] == "reported"]
    newest = {row["region_name"]: row for row in sorted(reported, key=lambda row: str(row["rule_set_id"]))}
    # A publication of an earlier version does not say why.
    reasons = {name: row.get("missing_because") for name, row in newest.items()}
    return {name: NO_INDEX[reason].en for name, reason in reasons.items() if reason is not None}


def _pillar(row: Mapping[str, Any] | None) -> str:
    if row is None or row["score"] is None:
        return DASH
    held = " held" if row["held_since"] is not None else ""
    return f"{_mark(row, 'score')} ({row['questions_scored']}/{row['questions_total']}){held}"


def _mark(row: Mapping[str, Any], column: str) -> str:
    value = row.get(column)
    return DASH if value is None else f"{'~' if row.get('synthetic') else ''}{value}"


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
