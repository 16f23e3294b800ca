"""Every score explained, and every gap to the next band: the tables ``scores.explanations`` and ``scores.gaps``.

The numbers are those of the tables of scores. They are read once for all regions, and explained sheet by sheet: the
evaluation's own, the assessors' list, and what each role answered. A sheet that follows from the same as in an earlier
evaluation is taken over from there, with its gaps (`pilar/evaluation/carried_explanations.py`).
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import duckdb

from definitions.indicators import Indicator, all_indicators
from definitions.instrument import INDEX, Asked, Cohort, Instrument
from definitions.scoring import Answer, Mark
from ledger.sql import named_rows
from pilar.evaluation.carried_explanations import EXPLANATIONS, GAPS, carry, noted_before
from pilar.evaluation.carried_explanations import note as note_made
from pilar.evaluation.definition_tables import rows_of
from pilar.evaluation.instrument_scores import Answered
from pilar.evaluation.warehouse import PROMOTED, opened
from pilar.explanations.case import Case, stand
from pilar.explanations.explanation import COMPUTED, Explained, Place, Question, asked_of, explain, key_of
from publication.json_text import to_json

_QUESTIONS = f"""
select scored.*, mart.numerator, mart.denominator, mart.basis, mart.source_ids, mart.published_value, mart.published_by,
  mart.held_since, measured.newest
from scores.question_scores as scored
left join {PROMOTED} as mart using (region_code, indicator_id, period)
left join (
  select region_code, indicator_id, max(period) as newest from {PROMOTED} where state = 'measured' group by all
) as measured using (region_code, indicator_id)
order by region_code, rule_set_id, question_key
"""
# Without the evaluation that promoted each: nothing is said of it, and it is another one each time.
_TOLD = ("pillar", "score", "questions_scored", "questions_total", "state", "held_since")
_PILLARS = f"select region_code, {', '.join(_TOLD)} from scores.pillar_scores order by all"
Row = Mapping[str, Any]


def write_explanations(warehouse: Path, instruments: Mapping[str, Instrument], answered: Sequence[Answered]) -> None:
    """Explain what the tables of scores hold, and each answered sheet, and write both tables.

    One sheet after the other: all documents together are larger than all else of an evaluation.
    """
    with opened(warehouse) as connection:
        before = noted_before(connection, warehouse)
        noted: list[tuple[Place, str]] = []
        same: list[Place] = []
        with (
            rows_of(connection, "scores", EXPLANATIONS) as add_document,
            rows_of(connection, "scores", GAPS) as add_gaps,
        ):
            for sheet in chain(_evaluated(connection, instruments), map(_of_role, answered)):
                made_of = hashlib.sha256(repr((sheet.at, sheet.follows_from)).encode()).hexdigest()
                noted.append((sheet.at, made_of))
                if before.get(sheet.at.key) == made_of:
                    same.append(sheet.at)
                    continue
                explained = sheet.explain()
                add_document([{**sheet.at.row(), "explanation": to_json(explained.document)}])
                add_gaps(explained.gaps)
        carry(connection, same)
        note_made(connection, noted)


# -- what the evaluation computes, and the assessors' list -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of scores: whose it is, all that its explanation follows from beside the code, and what explains it."""

    at: Place
    follows_from: object
    explain: Callable[[], Explained]


@dataclass(frozen=True, slots=True)
class Scores:
    """The rows of one sheet, of the tables that an evaluation computes. Those of questions say what they rest on."""

    index: Row
    dimensions: Sequence[Row]
    questions: Sequence[Row]
    pillars: Sequence[Row]


def _evaluated(connection: duckdb.DuckDBPyConnection, instruments: Mapping[str, Instrument]) -> Iterator[Sheet]:
    rules = {f"{one.prefix}-{cohort.id}": (one, cohort) for one in instruments.values() for cohort in one.cohorts}
    dimensions = _by(
        named_rows(connection.execute("from scores.dimension_scores")), "region_code", "rule_set_id", "basis"
    )
    pillars = _by(named_rows(connection.execute(_PILLARS)), "region_code")
    indices = named_rows(connection.execute("from scores.index_scores order by region_code, rule_set_id, basis"))
    questions = Groups(connection, _QUESTIONS, ("region_code", "rule_set_id"))
    for place, rows in groupby(indices, itemgetter("region_code", "rule_set_id")):
        scored = questions.of(place)
        for index in rows:
            computed = index["basis"] == COMPUTED
            parts = dimensions.get((*place, index["basis"]), ())
            own, above = (scored, pillars[place[:1]]) if computed else ((), ())
            instrument, cohort = rules[index["rule_set_id"]]
            at = Place(
                *(index["region_system"], index["region_code"], index["region_name"]),
                *(instrument.id, instrument.years[0], index["basis"]),
            )
            given = Scores(index, parts, own, above)
            yield Sheet(at, given, partial(_explained, at, instrument, cohort, given))


def _explained(at: Place, instrument: Instrument, cohort: Cohort, given: Scores) -> Explained:
    index, dimensions = given.index, given.dimensions
    indicators = {indicator.id: indicator for _, indicator in all_indicators()}
    rows = {f"{row['dimension']}/{int(row['question_key'].rpartition('-')[2])}": row for row in given.questions}
    asked = instrument.asked.values() if at.role == COMPUTED else ()
    questions = [_question(one, rows.get(one.key), indicators) for one in asked]
    answers: dict[str, Answer] = {one.key: one.score for one in questions if one.score is not None}
    for row in dimensions:
        if row["value_from"] == "reported" and row["value"] is not None:
            answers[row["dimension"]] = row["value"]
    case = Case(instrument, cohort.id, answers, of_answered=True)
    values = {INDEX: index["index_value"], **{row["dimension"]: row["value"] for row in dimensions}}
    return explain(
        at,
        case,
        stand(case),
        questions,
        values=values,
        pillars=[{name: row[name] for name in _TOLD} for row in given.pillars],
        more={
            "rule_set_id": index["rule_set_id"],
            "missing_because": index["missing_because"],
            "published_value": index["published_value"],
            "published_by": index["published_by"],
        },
    )


def _question(asked: Asked, row: Row | None, indicators: Mapping[str, Indicator]) -> Question:
    if row is None:
        return Question(asked, asked.key, None, "unanswered", why="no_indicator")
    score = None if row["score"] is None else Fraction(row["score"])
    why = None if score is not None else _why(row)
    more = {"reason": row["newest"]} if why == "older_only" else {}
    indicator = indicators[row["indicator_id"]]
    return Question(asked, asked.key, score, row["state"], {**row, **more}, score, indicator, why)


def _why(row: Row) -> str:
    if row["state"] == "suppressed":
        return "suppressed"
    if row["state"] == "measured":
        return "no_band"
    if row["newest"] is not None:
        return "older_only"
    return "not_in_data" if row["batch_ids"] else "not_delivered"


# -- what each role answered -------------------------------------------------------------------------------------------


def _of_role(one: Answered) -> Sheet:
    sheet = one.sheet
    at = Place(
        *(sheet.region_system, sheet.region_code, sheet.region_name),
        *(sheet.instrument, sheet.year, sheet.role),
    )
    follows_from = (one.answers, one.rows, one.scored, one.scored.marks)
    return Sheet(at, follows_from, partial(_of_answers, at, one))


def _of_answers(at: Place, one: Answered) -> Explained:
    instrument = one.instrument
    case = Case(instrument, one.scored.cohort, {key_of(instrument, name): said for name, said in one.answers.items()})
    rows = {str(row["question"]): row for row in one.rows}
    questions = [_answer(case, key, mark, rows.get(key)) for key, mark in one.scored.marks.items()]
    known = {mark.key for mark in one.scored.marks.values()}
    questions += [
        Question(asked, key, None, "not_asked", why="part_given")
        for key, asked in instrument.asked.items()
        if key not in known and not asked.each
    ]
    predicate = None if one.scored.predicate is None else str(one.scored.predicate)
    values = {name: node.value for name, node in one.scored.nodes.items()}
    return explain(at, case, stand(case), questions, values=values, more={"predicate": predicate})


def _answer(case: Case, key: str, mark: Mark, row: Row | None) -> Question:
    state = str(row["state"]) if row is not None else mark.state
    why = state if state in ("waiting", "counted", "unanswered", "refused") else None
    return Question(asked_of(case.instrument, key), key, mark.score, state, row or {}, case.answers.get(key), why=why)


# -- reading -----------------------------------------------------------------------------------------------------------


class Groups:
    """The rows of a query, which orders them by these columns, group after group: one group is in memory at a time."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, query: str, by: tuple[str, ...]) -> None:
        answer = connection.cursor().execute(query)
        names = [column[0] for column in answer.description or ()]
        rows = (dict(zip(names, row, strict=True)) for row in iter(answer.fetchone, None))
        self._groups = ((key, list(own)) for key, own in groupby(rows, itemgetter(*by)))
        self._next = next(self._groups, None)

    def of(self, key: tuple[Any, ...]) -> Sequence[Row]:
        """The rows of a group; groups are asked for in their order."""
        while self._next is not None and self._next[0] < key:
            self._next = next(self._groups, None)
        return self._next[1] if self._next is not None and self._next[0] == key else ()


def _by(rows: Iterable[Row], *names: str) -> Mapping[tuple[Any, ...], Sequence[Row]]:
    found = defaultdict[tuple[Any, ...], list[Row]](list)
    for row in rows:
        found[tuple(row[name] for name in names)].append(row)
    return found
