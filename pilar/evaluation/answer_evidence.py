"""The evidence behind answers: which of it holds on its day, is signed, and stands for one thing alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import duckdb

from ledger.records import AnswerKey
from pilar.evaluation.answer_states import known_key, place
from pilar.evaluation.definition_tables import write_rows
from pilar.evaluation.warehouse import opened

TABLE = "answer_evidence"
HANDED_IN = ("draft", "submitted", "accepted")
"""States in which evidence is there and was not sent back."""

Validity = Literal["valid", "expired", "early", "unknown"]
_EVIDENCE = """
select region_code, instrument, year, code, evidence_id, level, opd, state, valid_from, valid_to, signed, kind,
  content_sha256, _source, _batch, _page, _row, _synthetic
from records.evidence where region_code in (select region_code from reference.regions) order by all
"""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of evidence, as a source tells it."""

    key: AnswerKey
    evidence_id: str
    level: int | None
    opd: str | None
    state: str
    valid_from: date | None
    valid_to: date | None
    signed: str | None
    kind: str | None
    content_sha256: str | None
    source_id: str
    batch_id: str
    page_no: int
    row_no: int
    synthetic: bool

    def validity(self, on: date) -> Validity:
        """Whether it holds on a day; of a year that is over, on its last one."""
        day = min(on, date(self.key.year, 12, 31))
        if self.valid_to is not None and self.valid_to < day:
            return "expired"
        if self.valid_from is not None and self.valid_from > day:
            return "early"
        return "unknown" if self.valid_from is None and self.valid_to is None else "valid"


def read_evidence(connection: duckdb.DuckDBPyConnection) -> Sequence[Evidence]:
    """The evidence of the installation's regions for questions that there are."""
    found = []
    for region, instrument, year, code, *rest in connection.execute(_EVIDENCE).fetchall():
        key = known_key(region, instrument, year, code)
        if key is not None:
            found.append(Evidence(key, *rest))
    return found


def write_answer_evidence(warehouse: Path, on: date) -> None:
    """Write the table ``answer_evidence``. ``on`` is the day on which documents are to hold."""
    with opened(warehouse) as connection:
        found = read_evidence(connection)
        names = dict(connection.execute("select region_code, region_name from reference.regions").fetchall())
        others = reused(found)
        write_rows(connection, "scores", TABLE, [_row(one, names, on, others.get(one)) for one in found])


def reused(found: Sequence[Evidence]) -> Mapping[Evidence, tuple[str, str]]:
    """Evidence whose file stands for another agency or another year too: what kind of reuse, and of whom or when."""
    uses: dict[str, list[Evidence]] = {}
    for one in found:
        if one.content_sha256 is not None and one.state != "missing":
            uses.setdefault(one.content_sha256, []).append(one)
    return {one: told for same in uses.values() for one in same if (told := _reuse(one, same)) is not None}


def _reuse(one: Evidence, same: Sequence[Evidence]) -> tuple[str, str] | None:
    opds = sorted({f"{other.opd} {other.key.region_code}" for other in same if _agency(other) != _agency(one)})
    if opds:
        return "other_opd", ", ".join(opds)
    years = sorted({str(other.key.year) for other in same if other.key.year != one.key.year})
    return ("other_year", ", ".join(years)) if years else None


def _agency(one: Evidence) -> tuple[str, str | None]:
    return one.key.region_code, one.opd


def is_good(validity: str, signed: str | None, reused_as: str | None, state: str) -> bool:
    """Whether an answer may rest on it. Another year's file counts where it says itself that it still holds."""
    fresh = reused_as is None or (reused_as == "other_year" and validity == "valid")
    return state in HANDED_IN and validity in ("valid", "unknown") and signed != "altered" and fresh


def _row(one: Evidence, names: Mapping[str, str], on: date, reuse: tuple[str, str] | None) -> Mapping[str, object]:
    validity, (kind, whose) = one.validity(on), reuse or (None, None)
    return {
        **place(one.key, names),
        "evidence_id": one.evidence_id,
        "level": one.level,
        "opd": one.opd,
        "state": one.state,
        "valid_to": one.valid_to.isoformat() if one.valid_to is not None else None,
        "validity": validity,
        "kind": one.kind,
        "signed": one.signed,
        "reused": kind,
        "reused_by": whose,
        "good": is_good(validity, one.signed, kind, one.state),
        "content_sha256": one.content_sha256,
        "source_id": one.source_id,
        "batch_id": one.batch_id,
        "page_no": one.page_no,
        "row_no": one.row_no,
        "synthetic": one.synthetic,
    }
