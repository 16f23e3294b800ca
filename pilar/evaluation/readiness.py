"""What is ready of each question before the assessors come, by the agency that answers for it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from definitions.answer_states import Window
from definitions.instrument import Asked
from definitions.instruments import shipped_instruments
from definitions.words import said
from ledger.records import AnswerKey
from pilar.evaluation.answer_states import brought_answers, place
from pilar.evaluation.definition_tables import write_rows
from pilar.evaluation.warehouse import opened

TABLE = "readiness"
_BY_QUESTION = "region_code, instrument_id, year, split_part(question, '#', 1)"
# Of several things it is answered for, the one that went back is what is lacking.
_STATES = f"""
select {_BY_QUESTION}, coalesce(max(state) filter (state = 'returned'), arg_max(state, since)), bool_or(synthetic)
from scores.answer_states group by all
"""
_EVIDENCE = f"""
select {_BY_QUESTION}, count(*) filter (state <> 'missing'), count(*) filter (good), bool_or(synthetic)
from scores.answer_evidence group by all
"""
_CONTRADICTED = """
select region_code, split_part(scope, ' ', 1), period::integer, split_part(scope, ' ', 2), count(*) from scores.findings
where rule = 'claim_contradicted' group by all
"""
Sheet = tuple[str, str, int]


def write_readiness(warehouse: Path, windows: Sequence[Window]) -> None:
    """Write the table ``readiness``: every question of what was begun, or of what a stage is declared for.

    The tables of states, evidence and findings are in the file.
    """
    with opened(warehouse) as connection:
        names = dict(connection.execute("select region_code, region_name from reference.regions").fetchall())
        states = _by_key(connection, _STATES)
        evidence = _by_key(connection, _EVIDENCE)
        contradicted = _by_key(connection, _CONTRADICTED)
        answered: Counter[AnswerKey] = Counter()
        simulated: set[AnswerKey] = set()
        begun = {_sheet(key) for key in (*states, *evidence)}
        for one in brought_answers(connection):
            key = _whole(one.key)
            begun.add(_sheet(key))
            answered[key] += one.role == "opd"
            simulated |= {key} if one.synthetic else set()
        begun |= {(region, window.instrument, window.year) for region in names for window in windows}
        rows = []
        for key, asked in _questions(sorted(begun)):
            state, made_up = states.get(key, (None, False))
            handed_in, good, invented = evidence.get(key, (0, 0, False))
            [findings] = contradicted.get(key, (0,))
            row = {
                **place(key, names),
                "text": said(asked.question.text, "id"),
                "answered": bool(answered[key]) or state not in (None, "draft"),
                "state": state,
                "evidence": handed_in,
                "evidence_good": good,
                "findings": findings,
                "synthetic": made_up or invented or key in simulated,
            }
            lacks = _lacks(asked, row)
            rows.append({**row, "lacks": lacks, "ready": lacks is None})
        write_rows(connection, "scores", TABLE, rows)


def _lacks(asked: Asked, row: Mapping[str, object]) -> str | None:
    """The first thing that is missing of a question."""
    if asked.answered == "external":
        return "waiting"
    if row["state"] == "returned":
        return "returned"
    if not row["answered"]:
        return "answer"
    if asked.answered == "evidence" and not row["evidence"]:
        return "evidence"
    if row["evidence"] and not row["evidence_good"]:
        return "fresh_evidence"
    return "contradicted" if row["findings"] else None


def _questions(begun: Iterable[Sheet]) -> Iterator[tuple[AnswerKey, Asked]]:
    for region, instrument, year in begun:
        for asked in shipped_instruments()[instrument].asked.values():
            yield AnswerKey(region, instrument, year, asked.key), asked


def _by_key(connection: duckdb.DuckDBPyConnection, sql: str) -> Mapping[AnswerKey, tuple[Any, ...]]:
    return {AnswerKey(*row[:4]): tuple(row[4:]) for row in connection.execute(sql).fetchall()}


def _whole(key: AnswerKey) -> AnswerKey:
    """The question, whichever of several things it was answered for."""
    return AnswerKey(key.region_code, key.instrument, key.year, key.code.partition("#")[0])


def _sheet(key: AnswerKey) -> Sheet:
    return key.region_code, key.instrument, key.year
