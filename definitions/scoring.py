"""One exact score of one region under one instrument. Pure: answers in, every node's value out.

Nothing here is a float. What is not answered counts what the instrument says, or leaves its parents without a value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Literal

from definitions.bands import Predicate
from definitions.exact import exact, rounded, shown
from definitions.instrument import INDEX, Asked, Cohort, Instrument, Level, Part, Scale
from definitions.methods import Item, Method
from definitions.refusals import AnswerError

Number = Decimal | Fraction | int
State = Literal["given", "waiting", "counted", "unanswered"]


@dataclass(frozen=True, slots=True)
class Measured:
    """A raw value, which the question's rubric puts into a band; a bare number is a score already."""

    value: Number


Answer = Number | str | Measured
"""A score, an option of the rubric (``BB``), or a measured value."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What became of one question.

    ``state``: answered; waiting for another body's index; counted as the instrument says of unanswered ones; or not
    answered, which leaves the index missing.
    """

    key: str
    score: Fraction | None
    state: State


@dataclass(frozen=True, slots=True)
class Node:
    """The index or a part: its exact value, and that value as the instrument rounds it. None where it is missing."""

    id: str
    exact: Fraction | None
    value: Decimal | None


@dataclass(frozen=True, slots=True)
class Scored:
    """Everything that follows from one region's answers. Marks of a question answered in turns end in ``#1``."""

    instrument: str
    cohort: str | None
    nodes: Mapping[str, Node]
    marks: Mapping[str, Mark] = field(repr=False)
    predicate: Predicate | None = None
    notes: tuple[str, ...] = ()

    @property
    def index(self) -> Node:
        """The index itself."""
        return self.nodes[INDEX]

    @property
    def unanswered(self) -> tuple[str, ...]:
        """Keys of the questions that have no answer and wait for no other body."""
        return tuple(key for key, mark in self.marks.items() if mark.state in ("counted", "unanswered"))

    @property
    def waiting(self) -> tuple[str, ...]:
        """Keys of the questions that wait for another body's index."""
        return tuple(key for key, mark in self.marks.items() if mark.state == "waiting")


def score(instrument: Instrument, answers: Mapping[str, Answer], cohort: str | None = None) -> Scored:
    """Score one region. ``answers`` are named by key, by a code that stands once, or by part.

    A part that is given stands for its questions, which then are not asked. ``16#1`` answers a question of a part that
    is answered for each of several things. Raises AnswerError for a name, an option or a value that the instrument does
    not have, and where a part and its questions are both given.
    """
    rules = instrument.cohort(cohort)
    taken = Taken(instrument)
    for name, answer in answers.items():
        taken.take(name, answer)
    parts, marks = taken.parts, taken.marks
    weights = instrument.weights_of(rules)
    for part in instrument.parts:
        if part.id in weights:
            _complete(instrument, part, parts, marks)
    method = instrument.method_of(rules)
    if method is not None:
        return _by_method(instrument, rules, method, marks)
    return _by_tree(instrument, rules, parts, marks)


def with_score(instrument: Instrument, scored: Scored, key: str, to: Fraction) -> Scored:
    """The same region where one question has another score: only what stands above the question is computed again."""
    rules = instrument.cohort(scored.cohort)
    marks = {**scored.marks, key: Mark(key, to, "given")}
    method = instrument.method_of(rules)
    if method is not None:
        return _by_method(instrument, rules, method, marks)
    above = instrument.above[key] | {INDEX}
    kept = {name: node.exact for name, node in scored.nodes.items() if name not in above and node.exact is not None}
    found = _by_tree(instrument, rules, kept, marks)
    return replace(found, nodes={**scored.nodes, **found.nodes})


def improvement(instrument: Instrument, now: Scored, previous: Scored | None) -> Decimal | None:
    """What changed since the year before, by the cohort's way of counting; None where it or a result is not known.

    ``previous_resummed``: the new index less the previous year's unrounded sum, rounded once. That is not the index
    which was published then, where components were rounded first.
    """
    rules = instrument.cohort(now.cohort)
    if previous is None or previous.index.exact is None or now.index.value is None:
        return None
    if rules is None or rules.improvement != "previous_resummed":
        return None
    return now.index.value - _rounded(instrument, previous.index.exact)


# -- answers ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Taken:
    """Answers to one instrument that stand together: parts that are given as they are, and marks of questions."""

    instrument: Instrument
    parts: dict[str, Fraction] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)

    def take(self, name: str, answer: Answer) -> None:
        """Take one more. Raises AnswerError where it is none or does not go with those before: nothing then changes."""
        instrument = self.instrument
        plain, _, turn = name.casefold().partition("#")
        key, base = instrument.targets.get(plain, ("", ""))
        question = instrument.asked.get(key)
        if question is None:
            part = _part(instrument, name, key)
            if part in self.parts:
                raise AnswerError("twice", code=name[:40], where=instrument.id, do="Keep one of the answers")
            number = _number(instrument, name, part, answer)
            self._only_one(part, [one for one in (*self.marks, *self.parts) if part in self._above(one)])
            for above in sorted(self._above(part) & self.parts.keys()):
                self._only_one(above, [part])
            self.parts[part] = number
            return
        if bool(turn) != question.each:
            do = "Write it as 16#1, 16#2 ..." if question.each else "Leave the # out"
            raise AnswerError("not_how", code=name[:40], where=instrument.id, do=do)
        place = f"{key}#{turn}" if turn else key
        if place in self.marks:
            raise AnswerError("twice", code=name[:40], where=instrument.id, do="Keep one of the answers")
        mark = _mark(instrument, question, place, base, answer)
        for part in sorted(self._above(key) & self.parts.keys()):
            self._only_one(part, [place])
        self.marks[place] = mark

    def settles(self, key: str) -> bool:
        """Whether a question is answered, or a part that it stands in is given."""
        return key in self.marks or not self._above(key).isdisjoint(self.parts)

    def _above(self, place: str) -> frozenset[str]:
        return self.instrument.above[place.partition("#")[0]]

    def _only_one(self, part: str, below: Sequence[str]) -> None:
        if below:
            do = "Give one of the two"
            raise AnswerError("part_given", name=below[0], part=part, where=self.instrument.id, do=do)


def _part(instrument: Instrument, name: str, key: str) -> str:
    if key in instrument.nodes and instrument.method is None:
        return key
    known = "; ".join([*instrument.nodes, *list(instrument.targets)[:5]])
    reason = "not_asked" if key else "no_question"
    raise AnswerError(reason, code=name[:40], where=instrument.id, do=f"Parts and first questions are: {known}")


def _number(instrument: Instrument, name: str, part: str, answer: Answer) -> Fraction:
    if isinstance(answer, str | Measured):
        raise AnswerError("part_needs_number", code=name[:40], where=instrument.id)
    return _on_scale(_fraction(answer), instrument.scales.get(part), f"{instrument.id}, {part}")


def _on_scale(value: Fraction, scale: Scale | None, where: str) -> Fraction:
    if scale is not None and not scale[0] <= value <= scale[1]:
        low, high = map(shown, scale)
        raise AnswerError("off_scale", value=shown(value), low=low, high=high, where=where, do="Mend the answer")
    return value


@lru_cache(maxsize=4096)
def _fraction(number: Number) -> Fraction:
    return exact(number)


def _mark(instrument: Instrument, asked: Asked, place: str, base: str, answer: Answer) -> Mark:
    rubric = asked.rubric
    if base:
        rubric = instrument.rubrics[
            next(one.rubric for code, one in asked.question.bases.items() if code.casefold() == base)
        ]
    try:
        if isinstance(answer, str):
            if rubric is None:
                raise AnswerError("needs_number", do="Give a score")
            return Mark(place, rubric.of_option(answer.strip()), "given")
        if isinstance(answer, Measured):
            if rubric is None:
                raise AnswerError("no_rubric", do="Give a score in place of a measured value")
            return Mark(place, rubric.of_value(_fraction(answer.value)).score, "given")
        if base:
            raise AnswerError("one_of_ways", do="Give the measured value, or the question's score")
        value = _on_scale(_fraction(answer), asked.scale, "")
    except AnswerError as error:
        raise error.at(f"{instrument.id}, {place} ({asked.code})") from None
    return Mark(place, value, "given")


def _complete(instrument: Instrument, top: Part, parts: Mapping[str, Fraction], marks: dict[str, Mark]) -> None:
    """Add a mark for each question of a part that has no answer, as the instrument says what is missing counts."""
    given = {below.id for part in top.walk() if part.id in parts for below in part.walk()}
    turns = sorted({key.partition("#")[2] for key in marks if key.startswith(f"{top.id}/")}) if top.each else []
    for asked in instrument.asked_of[top.id]:
        for key in [f"{asked.key}#{turn}" for turn in turns] if asked.each else [asked.key]:
            if asked.part not in given and key not in marks:
                marks[key] = _missing(instrument, asked, key)


def _missing(instrument: Instrument, asked: Asked, key: str) -> Mark:
    counts = instrument.missing.get(asked.answered, instrument.missing.get("any"))
    if asked.answered == "external":
        return Mark(key, counts, "waiting")
    return Mark(key, counts, "unanswered" if counts is None else "counted")


# -- nodes -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Tree:
    """The nodes of an instrument that is a tree, from the questions up."""

    instrument: Instrument
    given: Mapping[str, Fraction]
    marks: Mapping[str, Mark]
    nodes: dict[str, Node] = field(default_factory=dict)

    def node(self, part: Part, depth: int) -> Node:
        """A part's value, and those of everything below it."""
        level = self.instrument.levels[depth]
        if part.id in self.given:
            found: Fraction | None = self.given[part.id]
        elif part.parts:
            found = _follow(level, [(one.weight, _used(level, self.node(one, depth + 1))) for one in part.parts])
        else:
            asked = self.instrument.asked_under[part.id]
            found = _follow(level, [(one.weight, self.marks[one.key].score) for one in asked])
        self.nodes[part.id] = _made(self.instrument, part.id, found, level.decimals)
        return self.nodes[part.id]


def _by_tree(
    instrument: Instrument, rules: Cohort | None, given: Mapping[str, Fraction], marks: Mapping[str, Mark]
) -> Scored:
    weights = instrument.weights_of(rules)
    tree = _Tree(instrument, given, marks)
    tops = [(weights[part.id], tree.node(part, 1)) for part in instrument.parts if part.id in weights]
    nodes = {**tree.nodes, INDEX: _index(instrument, rules, tops)}
    return Scored(instrument.id, rules.id if rules else None, nodes, marks, _predicate(instrument, rules, nodes))


def _index(instrument: Instrument, rules: Cohort | None, tops: Sequence[tuple[Fraction | None, Node]]) -> Node:
    level = instrument.levels[0]
    weighed = [(weight, _used(level, node)) for weight, node in tops]
    index = _made(instrument, INDEX, _follow(level, weighed), level.decimals)
    if index.exact is None or rules is None or rules.components == "exact":
        return index
    # The rule of 2022: each weighted part is rounded, and the rounded parts are summed. The exact sum stays what it is.
    whole = sum(weight for weight, _ in weighed if weight is not None)
    parts = [weight * value / whole for weight, value in weighed if weight is not None and value is not None]
    return Node(INDEX, index.exact, sum((_rounded(instrument, part) for part in parts), Decimal(0)))


def _used(level: Level, node: Node) -> Fraction | None:
    """The value of a child that its parent follows from."""
    return node.exact if level.of == "exact" or node.value is None else _fraction(node.value)


def _follow(level: Level, children: Sequence[tuple[Fraction | None, Fraction | None]]) -> Fraction | None:
    total, weights = Fraction(0), Fraction(0)
    for weight, value in children:
        if value is None:
            return None
        if level.weighs and weight is not None:
            total += weight * value
            weights += weight
        else:
            total += value
    divisor = {"weighted_mean": weights, "mean": Fraction(len(children))}.get(level.follows, Fraction(1))
    return level.times * total / divisor


def _by_method(instrument: Instrument, rules: Cohort | None, method: Method, marks: Mapping[str, Mark]) -> Scored:
    items: dict[str, list[Item]] = {part.id: [] for part in instrument.parts}
    for key, mark in marks.items():
        place, _, turn = key.partition("#")
        asked = instrument.asked[place]
        items[asked.dimension].append(Item(asked.code, asked.weight or Fraction(0), mark.score, turn))
    computed = method.compute(items)
    nodes = {name: _made(instrument, name, value) for name, value in computed.nodes.items()}
    predicate = computed.predicate or _predicate(instrument, rules, nodes)
    return Scored(instrument.id, rules.id if rules else None, nodes, marks, predicate, computed.notes)


def _predicate(instrument: Instrument, rules: Cohort | None, nodes: Mapping[str, Node]) -> Predicate | None:
    """The name of the index as it is rounded: what is published is what is named."""
    table, value = instrument.predicates_of(rules), nodes[INDEX].value
    return None if table is None or value is None else table.of(value)


def _made(instrument: Instrument, name: str, value: Fraction | None, decimals: int | None = None) -> Node:
    return Node(name, value, None if value is None else _rounded(instrument, value, decimals))


def _rounded(instrument: Instrument, value: Fraction, decimals: int | None = None) -> Decimal:
    rounding = instrument.rounding
    return rounded(value, rounding.decimals if decimals is None else decimals, rounding.mode)
