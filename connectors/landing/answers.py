"""Answers held against the questions that an agency is asked, as SQL conditions."""

from collections.abc import Callable, Iterator, Sequence

from connectors.landing.checks import Check, raw_name
from connectors.protocols.base import REFUSED_CELL
from connectors.source.answer_sheet import AnswerSheet
from definitions.questionnaire import AskedOf
from ledger.sql import literal

QUESTION, CHANGED, OPTION = "question", "question_changed", "option"
"""Rules: a question that the agency is not asked, one that is asked in other words now, an answer that it has not."""


def answer_checks(sheet: AnswerSheet) -> Iterator[Check]:
    """What must hold of a row that answers a question."""
    question, mark, answer = (raw_name(name) for name in (sheet.question, sheet.fingerprint, sheet.answer))
    asked = f"{raw_name(sheet.instrument)} || ' ' || {question}"
    known = _lookup(sheet.questions, lambda one: literal(one.fingerprint), asked)
    yield Check(
        f"{question} IS NOT NULL AND {known} IS NULL",
        literal(QUESTION),
        sheet.question,
        question,
        f"a question that {sheet.opd} is asked",
    )
    changed = f"{known} IS NOT NULL AND {mark} IS DISTINCT FROM {known}"
    yield Check(changed, literal(CHANGED), sheet.fingerprint, mark, "the question as it is asked now")
    listed = [one for one in sheet.questions if one.choices]
    ranged = [one for one in sheet.questions if not one.choices and one.low]
    read = f"{answer} IS NOT NULL AND NOT starts_with({answer}, {literal(REFUSED_CELL)})"
    if listed:
        options = _lookup(listed, lambda one: f"[{', '.join(literal(choice.text) for choice in one.choices)}]", asked)
        yield Check(
            f"{read} AND NOT list_contains({options}, {answer})",
            literal(OPTION),
            sheet.answer,
            answer,
            "an option of the question",
            f"'one of: ' || array_to_string({options}, ', ')",
        )
    if ranged:
        low, high = (_lookup(ranged, limit, asked) for limit in (lambda one: one.low, lambda one: one.high))
        number = f"TRY_CAST(replace({answer}, ',', '.') AS DECIMAL(18,6))"
        yield Check(
            f"{read} AND {low} IS NOT NULL AND NOT coalesce({number} BETWEEN {low} AND {high}, false)",
            literal(OPTION),
            sheet.answer,
            answer,
            "a number on the scale of the question",
            f"'a number from ' || {low} || ' to ' || {high}",
        )


def _lookup(questions: Sequence[AskedOf], value: Callable[[AskedOf], str], key: str) -> str:
    """SQL that finds what belongs to a question; NULL for one that is not among these."""
    pairs = ", ".join(f"{literal(f'{one.instrument} {one.key}')}: {value(one)}" for one in questions)
    return f"MAP {{{pairs}}}[{key}]"
