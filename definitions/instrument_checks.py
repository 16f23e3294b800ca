"""Whether an instrument hangs together: weights, levels, names, rubrics, cohorts."""

from collections import Counter
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

from pydantic import ValidationError

from definitions.exact import shown
from definitions.instrument import INDEX, Instrument, Level, Part, WeightSums
from definitions.methods import Item
from definitions.problems import did_you_mean
from definitions.words import said


def problems(instrument: Instrument) -> Iterator[str]:
    """What is wrong with an instrument as a whole, in the order in which it should be mended."""
    yield from _names(instrument)
    yield from _rubrics(instrument)
    yield from _cohorts(instrument)
    if (instrument.method is None) == (not instrument.levels):
        yield "needs levels, or a method in their place"
    elif instrument.method is None:
        yield from _tree(instrument)
    else:
        yield from _methods(instrument)
    yield from _predicates(instrument)


def _names(instrument: Instrument) -> Iterator[str]:
    parts = [part.id.casefold() for top in instrument.parts for part in top.walk()]
    yield from (f"part {name!r} stands twice" for name in _repeated([*parts, INDEX]))
    codes = {one.code.casefold() for one in instrument.asked.values()}
    yield from (f"{name!r} is a part and the code of a question" for name in parts if name in codes)
    for top in instrument.parts:
        texts = [
            (question.code, said(question.text, "id").casefold()) for part in top.walk() for question in part.questions
        ]
        yield from (f"question {code} stands twice in {top.id}" for code, _ in _repeated(texts))
        yield from (f"question {code} of {top.id} has no text" for code, text in texts if not text.strip())
    groups = {q.sub_dimension for top in instrument.parts for p in top.walk() for q in p.questions if q.sub_dimension}
    for name in sorted(groups - set(instrument.sub_dimensions)):
        yield f"sub_dimension {name!r} is not known. {did_you_mean(name, list(instrument.sub_dimensions))}"
    yield from (f"sub_dimension {name!r} has no question" for name in sorted(set(instrument.sub_dimensions) - groups))


def _rubrics(instrument: Instrument) -> Iterator[str]:
    named = {name for top in instrument.parts for part in top.walk() for name in _rubrics_of(part)}
    named |= {instrument.rubric} if instrument.rubric else set()
    for name in sorted(named - set(instrument.rubrics)):
        yield f"rubric {name!r} is not known. {did_you_mean(name, list(instrument.rubrics))}"
    yield from (f"rubric {name!r} is used by no question" for name in sorted(set(instrument.rubrics) - named))


def _rubrics_of(part: Part) -> Iterator[str]:
    for one in (part, *part.questions):
        if one.rubric:
            yield one.rubric
    yield from (base.rubric for question in part.questions for base in question.bases.values())


def _cohorts(instrument: Instrument) -> Iterator[str]:
    cohorts, parts = instrument.cohorts, {part.id for part in instrument.parts}
    yield from (f"cohort {name!r} stands twice" for name in _repeated([one.id.casefold() for one in cohorts]))
    if cohorts and sum(one.default for one in cohorts) != 1:
        yield "exactly one cohort is the default"
    for cohort in cohorts:
        listed = [part for block in cohort.weights for part in block.of]
        yield from (f"cohort {cohort.id} weighs {name} twice" for name in _repeated(listed))
        for name in sorted({*listed, *cohort.when} - parts):
            yield f"cohort {cohort.id} names {name!r}, which is no part. {did_you_mean(name, sorted(parts))}"
        if cohort.weights and any(part.weight is not None for part in instrument.parts):
            yield f"cohort {cohort.id} has weights, and the parts have weights of their own"
        if cohort.numbers and instrument.method is None:
            yield f"cohort {cohort.id} has numbers, and there is no method that reads them"


def _tree(instrument: Instrument) -> Iterator[str]:
    for part, depth in _depths(instrument.parts, 1):
        if (depth == len(instrument.levels) - 1) != bool(part.questions):
            yield f"{part.id} is {depth} below the index, and there are {len(instrument.levels)} levels"
            return
    sums = instrument.weights or WeightSums()
    for cohort in instrument.cohorts or (None,):
        weights = instrument.weights_of(cohort)
        where = f"the parts under cohort {cohort.id}" if cohort else "the parts"
        yield from _summed(where, list(weights.items()), instrument.levels[0], sums, sums.to)
    for part, depth in _depths(instrument.parts, 1):
        children = [(one.id, one.weight) for one in part.parts]
        children += [(question.code, question.weight) for question in part.questions]
        expected = sums.to if sums.of == "parent" else part.weight
        yield from _summed(part.id, children, instrument.levels[depth], sums, expected)


def _summed(
    where: str, children: list[tuple[str, Fraction | None]], level: Level, sums: WeightSums, expected: Fraction | None
) -> Iterator[str]:
    """Whether the weights of a node's children are there and sum to what they must."""
    given = [weight for _, weight in children if weight is not None]
    if not level.weighs and not (level.follows == "sum" and sums.of == "whole"):
        yield from (
            f"{code} has a weight, and {where} is a plain {level.follows}" for code, w in children if w is not None
        )
        return
    if len(given) < len(children):
        yield from (f"{code} in {where} has no weight" for code, weight in children if weight is None)
        return
    if any(weight <= 0 for weight in given):
        yield f"weights in {where} are more than zero"
    if expected is not None and sum(given) != expected:
        yield f"weights in {where} sum to {shown(sum(given, Fraction(0)))}, not {shown(expected)}"


def _methods(instrument: Instrument) -> Iterator[str]:
    items = {
        part.id: [Item(one.code, one.weight or Fraction(0), None) for one in instrument.asked_in(part)]
        for part in instrument.parts
    }
    for cohort in instrument.cohorts or (None,):
        try:
            method = instrument.method_of(cohort)
        except ValidationError as error:
            assert cohort is not None
            yield f"numbers of cohort {cohort.id}: {error.errors()[0]['msg']}"
            continue
        assert method is not None
        yield from method.problems(items)


def _predicates(instrument: Instrument) -> Iterator[str]:
    scale = instrument.index_scale or instrument.scale
    for predicates in (instrument.predicates, *(one.predicates for one in instrument.cohorts)):
        if predicates is not None and scale is not None:
            for end in scale:
                if predicates.of(end) is None:
                    yield f"no predicate holds {shown(end)}, an end of the scale"


def _depths(parts: Iterable[Part], depth: int) -> Iterator[tuple[Part, int]]:
    for part in parts:
        yield part, depth
        yield from _depths(part.parts, depth + 1)


def _repeated(items: Iterable[Any]) -> list[Any]:
    return [item for item, count in Counter(items).items() if count > 1]
