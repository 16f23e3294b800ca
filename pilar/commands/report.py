"""The results as tables in a terminal, read from the publication: what is printed is what readers see."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from ledger.project import pillar_ids
from ledger.records import GateRow
from ledger.settings import Settings
from ledger.sql import named_rows
from pilar.commands.console import Row, out, print_table, table
from publication.page.words import NO_INDEX

if TYPE_CHECKING:
    import duckdb

DASH = "—"
OUTCOME_STYLE = {"pass": "green", "fail": "red", "error": "red"}
Scores = Mapping[str, Sequence[Row]]


def read_scores(settings: Settings, folder: Path | None = None) -> Scores:
    """The ``index`` of every region and its ``pillars``, as a publication has them (default: the current one).

    Of the index of one region and basis the newest rule set stands last.
    """
    from publication import pointer
    from publication.tables import opened_publication

    folder = folder or pointer.resolve(settings.published_dir)
    with opened_publication(folder) as connection:
        return {
            "index": named_rows(
                connection.execute("select * from scores.index_scores order by region_code, basis desc, rule_set_id")
            ),
            "pillars": named_rows(
                connection.execute("select * from scores.pillar_scores order by region_code, pillar")
            ),
            "instruments": _instruments(connection),
        }


def print_scores(scores: Scores) -> None:
    """The index of every region, its pillars' scores, and what is assumed, held or missing."""
    print_table(_index_table(scores["index"], scores["pillars"]))
    if scores["instruments"]:
        print_table(_instrument_table(scores["instruments"]))
    for name, why in _without_index(scores["index"]).items():
        out.print(f"{name}: the index {why}.", markup=False)
    out.print(
        "reported: from the assessors' dimension values. computed: with the dimensions that indicators answer computed "
        "under an assumed rubric. Pillars: score (questions scored of the instrument's). ~ from simulated systems.",
        style="dim",
    )


def print_gates(gates: Sequence[GateRow]) -> None:
    """The outcome of every pillar's gate, and what stood in the way."""
    table(
        [_gate(gate) for gate in gates], dict(zip(GATE, ("gate", "outcome", "checks", "what stood out"), strict=True))
    )


GATE = ("gate", "outcome", "checks", "told")


def _gate(gate: GateRow) -> Row:
    notable = [check for check in gate.checks if check["outcome"] != "pass"]
    lines = [f"{check['name']} ({check['severity']}): {check['message']}" for check in notable[:5]]
    if gate.carried_from is not None:
        lines.insert(0, f"same data and rules as in evaluation {gate.carried_from}, where it was checked")
    outcome = Text(gate.outcome, style=OUTCOME_STYLE[gate.outcome])
    return dict(zip(GATE, (gate.gate, outcome, len(gate.checks), "\n".join(lines)), strict=True))


def _index_table(index: Sequence[Mapping[str, Any]], pillars: Sequence[Mapping[str, Any]]) -> Table:
    regions = {row["region_code"]: row["region_name"] for row in index}
    basis = {(row["region_code"], row["basis"]): row for row in index}
    scores = {(row["region_code"], row["pillar"]): row for row in pillars}
    made = Table("", title="Scores", title_justify="left", box=None, pad_edge=False)
    for code, name in regions.items():
        made.add_column(f"{name}\n{code}", justify="right")
    reported = [basis.get((code, "reported"), {}) for code in regions]
    computed = [basis.get((code, "computed"), {}) for code in regions]
    made.add_row("rule set", *(str(row.get("rule_set_id") or DASH) for row in computed))
    made.add_row("index, reported", *(_mark(row, "index_value") for row in reported))
    made.add_row("  as published", *(str(row.get("published_value") or DASH) for row in reported))
    made.add_row("index, computed", *(_mark(row, "index_value") for row in computed))
    for pillar in pillar_ids():
        made.add_row(pillar, *(_pillar(scores.get((code, pillar))) for code in regions))
    return made


def _instrument_table(results: Sequence[Mapping[str, Any]]) -> Table:
    """A line for each instrument and party; each party's result stands by itself."""
    regions = {row["region_code"]: row["region_name"] for row in results}
    lines = {(row["instrument_id"], row["year"], row["role"]): dict[str, str]() for row in results}
    for row in results:
        waiting = f" ({row['waiting']} waiting)" if row["waiting"] else ""
        lines[row["instrument_id"], row["year"], row["role"]][row["region_code"]] = f"{_mark(row, 'value')}{waiting}"
    made = Table("", title="Instruments, by who answered", title_justify="left", box=None, pad_edge=False)
    for code, name in regions.items():
        made.add_column(f"{name}\n{code}", justify="right")
    for (instrument, year, role), values in sorted(lines.items()):
        year_too = "" if str(year) in instrument else f" of {year}"
        made.add_row(f"{instrument}{year_too}, {role}", *(values.get(code, DASH) for code in regions))
    return made


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


def _instruments(connection: "duckdb.DuckDBPyConnection") -> Sequence[Row]:
    """The results that have a value. A publication of an earlier version has no such table."""
    known = connection.execute("from duckdb_tables() where table_name = 'instrument_scores'").fetchone()
    query = (
        "select region_code, region_name, instrument_id, year, role, value::decimal(12, 2) as value, predicate, "
        "waiting, synthetic from scores.instrument_scores where node = 'index' and value is not null "
        "order by region_code, instrument_id, year, role"
    )
    return named_rows(connection.execute(query)) if known else []
