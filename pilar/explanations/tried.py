"""A sheet of a publication taken up again: its case, and what values that somebody tries would make of it."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from definitions.exact import exact, shown
from definitions.indicators import all_indicators
from definitions.instrument import INDEX, Instrument
from definitions.scoring import Answer, Measured
from ledger.errors import ConfigError
from pilar.explanations.case import Case, Standing, place, read_answer, stand
from pilar.explanations.explanation import measurement
from pilar.explanations.gaps import Gap, measured_gap, scores_of

Document = Mapping[str, Any]
Change = tuple[str, object, object]
"""What changes, from what, to what."""


def case_of(sheet: Document, instrument: Instrument) -> Case:
    """The case that a sheet of an explanation tells of."""
    answers: dict[str, Answer] = {node["id"]: exact(node["answer"]) for node in sheet["nodes"] if node["given"]}
    for question in sheet["questions"]:
        if "answer" in question:
            asked = instrument.asked[place(question["key"])]
            options = asked.rubric.options if asked.rubric is not None else None
            said = question["answer"]
            answers[question["key"]] = said if isinstance(said, str) and said in (options or ()) else exact(said)
    return Case(instrument, sheet["cohort"], answers, of_answered=sheet["of_answered"])


def tried(case: Case, given: Sequence[tuple[str, str]], sheet: Document) -> tuple[Standing, Standing]:
    """What stands, and what would stand with these answers (name and text) to a sheet.

    Raises ConfigError for a wrong one, for two of one question, and for a value that its indicator cannot have.
    """
    answers: dict[str, Answer] = {}
    for name, text in given:
        key, answer = read_answer(case, name, text)
        if key in answers:
            raise ConfigError("two answers are tried at once", where=key, do="Keep one of them")
        _refuse_unweighed(case, key)
        if isinstance(answer, Measured):
            _refuse_impossible(sheet, key, exact(answer.value))
        answers[key] = answer
    for key in answers:
        for part in case.instrument.above[place(key)] & answers.keys():
            raise ConfigError(f"{part} is tried as a whole, and {key} stands in it", where=key, do="Try one of the two")
    return stand(case), stand(case.with_answers(answers))


def _refuse_unweighed(case: Case, key: str) -> None:
    """What stands in a part that the cohort does not weigh changes nothing: better said than computed."""
    instrument = case.instrument
    if instrument.method is not None:
        return
    weighed = instrument.weights_of(instrument.cohort(case.cohort))
    around = {key, *instrument.above.get(place(key), ())}
    for part in sorted(around & {part.id for part in instrument.parts} - weighed.keys()):
        what = f"{part} does not count for the cohort {case.cohort}: no value of it changes the index"
        raise ConfigError(what, where=key, do="Leave it out")


def _refuse_impossible(sheet: Document, key: str, value: Fraction) -> None:
    indicators = {indicator.id: indicator for _, indicator in all_indicators()}
    own = next((one["indicator"]["id"] for one in sheet["questions"] if one["key"] == key and "indicator" in one), "")
    limits = indicators[own].limits if own in indicators else None
    if limits is None:
        return
    if (limits.min is not None and value < limits.min) or (limits.max is not None and value > limits.max):
        bounds = [f"{word} {bound}" for word, bound in (("from", limits.min), ("to", limits.max)) if bound is not None]
        what = f"{shown(value)} is no possible value of {own}: they go {' '.join(bounds)}"
        raise ConfigError(what, where=key, do="Mend the value, or write score:3")


def changes(case: Case, before: Standing, after: Standing) -> Iterator[Change]:
    """The scores, pillars, parts and index that differ; the index in any case."""
    for key in sorted({*before.marks, *after.marks}, key=_order(case)):
        old, new = _score(before, key), _score(after, key)
        if old != new:
            yield key, old, new
    for name in sorted({*before.pillars, *after.pillars}):
        old_pillar, new_pillar = before.pillars.get(name), after.pillars.get(name)
        if old_pillar != new_pillar:
            yield name, old_pillar, new_pillar
    for name in (*case.instrument.nodes, INDEX):
        if name == INDEX or before.value(name) != after.value(name):
            yield name, before.value(name), after.value(name)


def _order(case: Case) -> Any:
    places = {key: number for number, key in enumerate(case.instrument.asked)}
    return lambda key: (places[place(key)], key)


def _score(standing: Standing, key: str) -> Fraction | None:
    return standing.marks[key].score if key in standing.marks else None


def gaps_of(sheet: Document, instrument: Instrument) -> Mapping[str, Mapping[Fraction, Gap]]:
    """For each measured question what every higher score takes: those that no possible value gives are left out."""
    indicators = {indicator.id: indicator for _, indicator in all_indicators()}
    found: dict[str, Mapping[Fraction, Gap]] = {}
    for question in sheet["questions"]:
        asked = instrument.asked[place(question["key"])]
        if question.get("value") is None or question.get("score") is None or asked.rubric is None:
            continue
        measured = measurement(indicators[question["indicator"]["id"]], question)
        if measured is not None and asked.rubric.bands is not None:
            higher = [one for one in scores_of(asked) if one > exact(question["score"])]
            gaps = {score: measured_gap(asked.rubric, measured, score) for score in higher}
            found[question["key"]] = {score: gap for score, gap in gaps.items() if gap.score == score}
    return found
