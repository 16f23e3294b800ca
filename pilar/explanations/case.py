"""One region's answers under one instrument, and all that follows from them: the index, its parts, its pillars."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

from definitions.exact import exact, rounded
from definitions.instrument import INDEX, Asked, Instrument
from definitions.scoring import Answer, Mark, Measured, Node, Scored, score, with_score
from ledger.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Case:
    """What a region answered. ``answers`` are by key of a question or by id of a part, as `score` takes them.

    ``of_answered``: a part is the plain mean of those of its questions that have a score, as the evaluation computes
    from indicators. Else the instrument's own rule holds, and an unanswered question leaves the index missing.
    """

    instrument: Instrument
    cohort: str | None
    answers: Mapping[str, Answer]
    of_answered: bool = False

    def with_answers(self, more: Mapping[str, Answer]) -> "Case":
        """The same region with other answers to some questions."""
        return replace(self, answers={**self.answers, **more})


@dataclass(frozen=True, slots=True)
class Standing:
    """What follows from a case. ``marks`` are of the questions that count; a pillar is the mean of its scores."""

    scored: Scored = field(repr=False)
    marks: Mapping[str, Mark] = field(repr=False)
    pillars: Mapping[str, Decimal]

    @property
    def index(self) -> Decimal | None:
        """The index as it is rounded; None where it is missing."""
        return self.scored.index.value

    @property
    def nodes(self) -> Mapping[str, Node]:
        """The index and its parts."""
        return self.scored.nodes

    def value(self, node: str) -> Decimal | None:
        """The rounded value of a part; None where it is missing, or weighs nothing for this region."""
        return self.nodes[node].value if node in self.nodes else None


def stand(case: Case) -> Standing:
    """Score a case. Raises ConfigError for an answer that the instrument does not have."""
    if not case.of_answered:
        scored = score(case.instrument, case.answers, case.cohort)
        return Standing(scored, scored.marks, _pillars(case.instrument, scored.marks))
    asked = case.instrument.asked
    own = {name: answer for name, answer in case.answers.items() if name in asked}
    marks = score(case.instrument, own, case.cohort).marks
    return _of_answered(case, {key: mark for key, mark in marks.items() if mark.state == "given"})


def raised(case: Case, standing: Standing, key: str, to: Fraction) -> Standing:
    """What follows where one question had another score."""
    marks = {**standing.marks, key: Mark(key, to, "given")}
    if case.of_answered:
        return _of_answered(case, marks)
    return Standing(with_score(case.instrument, standing.scored, key, to), marks, _pillars(case.instrument, marks))


def place(key: str) -> str:
    """A question's key without its turn: ``sid/3#2`` is the question ``sid/3``."""
    return key.partition("#")[0]


def read_answer(case: Case, name: str, text: str) -> tuple[str, Answer]:
    """A key and an answer as a person writes them: ``outcome/19`` and ``82.5``, ``score:3``, ``value:82.5`` or ``BB``.

    A bare number is the indicator's value where the evaluation computes the score from one, and a score elsewhere.
    Raises ConfigError for a name that the instrument does not have, and for a text that is no answer.
    """
    plain, _, turn = name.casefold().partition("#")
    if plain not in case.instrument.targets:
        case.instrument.question(name)  # which says what names are near
    key, _ = case.instrument.targets[plain]
    if key == INDEX:
        raise ConfigError("the index follows from its parts", where=name, do="Name a question or a part")
    key = f"{key}#{turn}" if turn else key
    asked = case.instrument.asked.get(place(key))
    _refuse_below_given(case, key, asked)
    said, _, number = text.strip().rpartition(":")
    bands = asked is not None and asked.rubric is not None and asked.rubric.bands is not None
    try:
        value = exact(number)
    except ValueError:
        if asked is not None and asked.rubric is not None and asked.rubric.options is not None and not said:
            return key, text.strip()
        raise ConfigError(f"{text[:30]!r} is no answer", where=key, do="Write 82.5, score:3 or an option") from None
    if said not in ("", "score", "value"):
        raise ConfigError(f"{said[:20]!r} is neither score nor value", where=key, do="Write score:3 or value:82.5")
    measured = bands and (said == "value" or (not said and case.of_answered))
    if said == "value" and not bands:
        raise ConfigError("has no bands for a measured value", where=key, do="Write score:3")
    return key, Measured(value) if measured else value


def _refuse_below_given(case: Case, key: str, asked: Asked | None) -> None:
    """An answer below a part that is given as a whole would stand for all of the part."""
    above = case.instrument.above.get(place(key), frozenset()) if asked is not None else frozenset()
    given = next((part for part in above if part in case.answers), None)
    if given is not None:
        what = f"{given} is as it was given, not computed from its questions"
        raise ConfigError(what, where=key, do=f"Try {given}=VALUE")


def _of_answered(case: Case, marks: Mapping[str, Mark]) -> Standing:
    given = {name: answer for name, answer in case.answers.items() if name not in case.instrument.asked}
    own = defaultdict[str, list[Fraction]](list)
    for key, mark in marks.items():
        if mark.score is not None:
            own[case.instrument.asked[key].dimension].append(mark.score)
    level, rounding = case.instrument.levels[1], case.instrument.rounding
    decimals = rounding.decimals if level.decimals is None else level.decimals
    means = {part: rounded(mean(scores), decimals, rounding.mode) for part, scores in own.items()}
    scored = score(case.instrument, {**means, **given}, case.cohort)
    return Standing(scored, marks, _pillars(case.instrument, marks))


def _pillars(instrument: Instrument, marks: Mapping[str, Mark]) -> Mapping[str, Decimal]:
    own = defaultdict[str, list[Fraction]](list)
    for key, mark in marks.items():
        pillar = instrument.asked[place(key)].pillar
        if pillar is not None and mark.score is not None:
            own[pillar].append(mark.score)
    return {name: rounded(mean(scores), 2) for name, scores in own.items()}


def mean(scores: Sequence[Fraction]) -> Fraction:
    """The plain mean, exact."""
    return sum(scores, Fraction(0)) / len(scores)
