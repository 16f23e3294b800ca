"""`pilar readiness`: what is ready before the assessors come, by the agency that answers for it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Annotated

import typer

from ledger.names import agency_name
from pilar.commands.console import out, say, table
from pilar.commands.owner import Owner, agency

LACKS = {
    "answer": "not answered",
    "returned": "returned, and not handed in again",
    "evidence": "no evidence handed in",
    "fresh_evidence": "no evidence that is valid and fresh",
    "contradicted": "contradicted by a figure",
}
COLUMNS = {
    "printed_code": "code",
    "text": "question",
    "state": "state",
    "good": "evidence",
    "lacks": "lacks",
}
_SQL = """
select region_code, region_name, instrument_id, year, owner, question, printed_code, text, answered, state, evidence,
  evidence_good, findings, lacks, ready, synthetic
from scores.readiness
where (len(?::varchar[]) = 0 or region_code in (select unnest(?::varchar[]))) and coalesce(instrument_id = ?, true)
order by region_code, instrument_id, year, owner nulls last, question
"""


def readiness_command(
    region: Annotated[str | None, typer.Argument(help="Regency or city: a name or code. Default: all.")] = None,
    instrument: Annotated[str | None, typer.Option(help="One instrument only: pemdi-2026.")] = None,
    owner: Owner = None,
) -> None:
    """Show what is ready before the assessors come: answered, evidence valid and fresh, not contradicted; by agency.

    As of the current publication.
    """
    from ledger.regions import find
    from pilar.commands import installation
    from publication.pointer import resolve
    from publication.tables import read_rows

    settings = installation.without_ledger()
    of = agency(owner, settings)
    codes = [one.code for one in find(region)] if region is not None else []
    folder = resolve(settings.published_dir)
    found = [row for row in read_rows(folder, _SQL, [codes, codes, instrument]) if of in (None, row["owner"])]
    say({"publication_id": folder.name, "readiness": found}, lambda: _show(found))


def _show(found: Sequence[Mapping[str, object]]) -> None:
    if not found:
        out.print("Nothing to be ready for: the publication knows no such answer, evidence or stage.")
    for (name, instrument, year), sheet in groupby(
        found, key=lambda row: (row["region_name"], row["instrument_id"], row["year"])
    ):
        out.print(f"{name}, {instrument} {year}", markup=False, style="bold")
        for owner, questions in groupby(sheet, key=lambda row: row["owner"]):
            _agency(str(owner) if owner is not None else None, list(questions))


def _agency(owner: str | None, questions: Sequence[Mapping[str, object]]) -> None:
    own = [row for row in questions if row["lacks"] != "waiting"]
    counts = Counter(str(row["lacks"]) for row in own if not row["ready"])
    waiting = f"; {len(questions) - len(own)} wait for another body's index" if len(own) < len(questions) else ""
    lacking = "".join(f"; {counts[kind]} {told}" for kind, told in LACKS.items() if counts[kind])
    who = agency_name(owner) if owner is not None else "no agency is named"
    out.print(f"{who}: {len(own) - counts.total()} of {len(own)} ready{lacking}{waiting}", markup=False)
    if counts:
        table([_line(row) for row in own if not row["ready"]], COLUMNS)


def _line(row: Mapping[str, object]) -> dict[str, object]:
    good = f"{row['evidence_good']} of {row['evidence']} good" if row["evidence"] else "-"
    return {**row, "state": row["state"] or "-", "good": good, "lacks": LACKS[str(row["lacks"])]}
