"""An instrument: questions in order, weights, rounding and rubric as data.

Printed codes repeat, so a question's key is its dimension and its position there: ``outcome/19``.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import count
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from definitions.bands import Origin, Predicates, Rubric
from definitions.exact import Exact, Mode
from definitions.methods import Method
from definitions.problems import did_you_mean
from definitions.words import Name, Strict, Wording
from ledger.errors import ConfigError

INDEX = "index"
WHOLE = Fraction(100)

Answered = Literal["computed", "evidence", "survey", "assessor", "external", "self"]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.&-]*$")]
Scale = tuple[Exact, Exact]


class Rounding(Strict):
    """How results are rounded."""

    mode: Mode = "half_up"
    decimals: Annotated[int, Field(ge=0, le=10)] = 2


class Level(Strict):
    """How a node follows from its children, and from which of their values: the exact or the rounded ones.

    A weighted sum takes weights as they are (points); a weighted mean divides by their sum.
    """

    follows: Literal["weighted_mean", "mean", "weighted_sum", "sum"]
    of: Literal["exact", "rounded"] = "exact"
    times: Exact = Fraction(1)
    decimals: Annotated[int, Field(ge=0, le=10)] | None = None

    @property
    def weighs(self) -> bool:
        """Whether the weights of the children matter."""
        return self.follows.startswith("weighted")


class WeightSums(Strict):
    """What weights must sum to: those of a parent's children ``to`` (100, 1), or to the parent's own weight."""

    to: Exact = WHOLE
    of: Literal["parent", "whole"] = "parent"


class Inherited(Strict):
    """What a part says once for all questions in it, and a question for itself. ``evidence``: the documents wanted."""

    answered: Answered | None = None
    by: Wording | str | None = None
    owner: Name | None = None
    pillar: Name | None = None
    rubric: Name | None = None
    scale: Scale | None = None
    evidence: tuple[Wording | str, ...] = ()


class Base(Strict):
    """One of several ways to answer a question, with a rubric of its own."""

    text: Wording | str
    rubric: Name


class Question(Inherited):
    """One question, in our own short words. ``from``: the instrument whose index answers it.

    ``repeat`` stands for so many questions of which no text is known: ``TK1`` becomes ``TK1-01`` and so on.
    """

    code: Code
    text: Wording | str
    weight: Exact | None = None
    sub_dimension: Name | None = None
    from_: str | None = Field(default=None, alias="from")
    indicator: Name | None = None
    bases: dict[Code, Base] = Field(default_factory=dict)
    repeat: Annotated[int, Field(ge=1)] = 1

    @model_validator(mode="after")
    def _external_says_whose(self) -> Self:
        if self.answered == "external" and self.by is None and self.from_ is None:
            raise ValueError("is another body's index: say whose, with by or from")
        return self


class Part(Inherited):
    """A node between the index and its questions: a dimension, a domain, an aspect.

    ``each``: its questions are answered once for each of these (an innovation), under codes like ``16#1``.
    """

    id: Code
    name: Wording | str
    weight: Exact | None = None
    each: Wording | str | None = None
    parts: tuple["Part", ...] = ()
    questions: tuple[Question, ...] = ()

    @model_validator(mode="after")
    def _parts_or_questions(self) -> Self:
        if bool(self.parts) == bool(self.questions):
            raise ValueError(f"{self.id} needs either parts or questions")
        return self

    def walk(self) -> Iterator["Part"]:
        """This part and all below, parents first."""
        yield self
        for part in self.parts:
            yield from part.walk()

    def ask(self, above: tuple["Part", ...] = ()) -> Iterator[tuple[tuple["Part", ...], Question]]:
        """Every question here and below, with the parts it stands in, the nearest first."""
        here = (self, *above)
        yield from ((here, question) for question in self.questions)
        for part in self.parts:
            yield from part.ask(here)


class SubDimension(Strict):
    """A group of questions inside a pillar, which no step of the computation knows."""

    id: str
    en: str
    pillar: Name


class Weights(Strict):
    """Weights that stand in one place."""

    of: dict[Code, Exact]
    origin: Origin
    source: str


class Cohort(Strict):
    """Rules for some of the regions (or for a year): what replaces the instrument's own.

    ``printed`` is how lists write it. ``when`` tells it from a list's cells: a part's value is ``given`` or ``empty``.
    ``components: rounded``: each weighted part is rounded before the sum. ``numbers`` replace those of the method.
    """

    id: Code
    name: Wording
    printed: str
    default: bool = False
    when: dict[Code, Literal["given", "empty"]] = Field(default_factory=dict)
    components: Literal["exact", "rounded"] = "exact"
    improvement: Literal["previous_resummed"] | None = None
    weights: tuple[Weights, ...] = ()
    numbers: dict[str, Any] = Field(default_factory=dict)
    predicates: Predicates | None = None
    origin: Origin
    source: str

    @property
    def weight(self) -> Mapping[str, Fraction]:
        """The weight of each part that it weighs."""
        return {part: weight for block in self.weights for part, weight in block.of.items()}


class Sample(Strict):
    """How many different people a survey asks, for each dimension (pillar) or for each sub-dimension."""

    respondents: Annotated[int, Field(ge=1)]
    per: Literal["pillar", "sub_dimension"]
    source: str


class Choice(Strict):
    """Where public copies disagree: what this file says, and what the others do."""

    about: str
    chosen: str
    other: str
    because: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its place and with what it inherits. ``each``: it is answered in several turns."""

    key: str
    dimension: str
    position: int
    part: str
    question: Question
    code: str
    weight: Fraction | None
    answered: Answered
    by: Wording | str | None
    owner: str | None
    pillar: str | None
    rubric: Rubric | None
    scale: Scale | None
    each: bool
    evidence: tuple[Wording | str, ...] = ()


class Instrument(Strict):
    """One index: what is asked, how it is weighed, rounded and named, and where that is written.

    ``levels`` say how the index and each level below follow from their children; an index that is no tree has a
    ``method`` instead. ``missing`` says what an unanswered question counts, by the way it is answered (``any`` for
    the others); where it says nothing, the index is missing. ``names`` are what published tables call our columns
    and codes. ``rounded_answers``: answers are themselves means, printed with so many decimals. ``sample`` is that of
    the questions that a survey answers.
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9.-]*$")]
    key: str = ""
    name: Wording
    years: Annotated[tuple[int, ...], Field(min_length=1)]
    status: Origin
    source: str
    owner: Name | None = None
    based_on: str | None = None
    scale: Scale | None = None
    index_scale: Scale | None = None
    rounding: Rounding = Rounding()
    rounded_answers: Annotated[int, Field(ge=0)] | None = None
    weights: WeightSums | None = None
    levels: tuple[Level, ...] = ()
    method: Method | None = None
    missing: dict[Answered | Literal["any"], Exact] = Field(default_factory=dict)
    predicates: Predicates | None = None
    rubric: Name | None = None
    rubrics: dict[Name, Rubric] = Field(default_factory=dict)
    sub_dimensions: dict[Name, SubDimension] = Field(default_factory=dict)
    answered: Answered = "assessor"
    evidence: tuple[Wording | str, ...] = ()
    sample: Sample | None = None
    cohorts: tuple[Cohort, ...] = ()
    names: dict[str, str] = Field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    parts: Annotated[tuple[Part, ...], Field(min_length=1)]

    @property
    def prefix(self) -> str:
        """What keys of its questions and rule sets begin with, where several instruments share a table."""
        return self.key or self.id

    @cached_property
    def nodes(self) -> Mapping[str, Part]:
        """Every part, by its id."""
        return {part.id: part for top in self.parts for part in top.walk()}

    @cached_property
    def asked(self) -> Mapping[str, Asked]:
        """Every question in order, by its key."""
        return {one.key: one for part in self.parts for one in self.asked_in(part)}

    @cached_property
    def asked_of(self) -> Mapping[str, tuple[Asked, ...]]:
        """The questions of each part of the first level."""
        return {top.id: tuple(one for one in self.asked.values() if one.dimension == top.id) for top in self.parts}

    @cached_property
    def asked_under(self) -> Mapping[str, tuple[Asked, ...]]:
        """The questions that stand directly in each part."""
        return {name: tuple(one for one in self.asked.values() if one.part == name) for name in self.nodes}

    @cached_property
    def scales(self) -> Mapping[str, Scale]:
        """The lowest and the highest value of each part, where every level below the index is a plain or weighted mean.

        What a missing answer counts may lie below the scale of its question.
        """
        if self.method is not None or any("mean" not in one.follows or one.times != 1 for one in self.levels[1:]):
            return {}
        found: dict[str, Scale] = {}
        for name in self.nodes:
            below = [one.scale for one in self.asked.values() if name in self.above[one.key]]
            bounds = [bound for scale in below if scale is not None for bound in scale]
            if None not in below:
                found[name] = (min(*bounds, *self.missing.values()), max(*bounds, *self.missing.values()))
        return found

    @cached_property
    def above(self) -> Mapping[str, frozenset[str]]:
        """The parts that each question and each part stands in, by key or id."""
        parts = {
            below.id: frozenset(
                above.id for above in self.nodes.values() if above is not below and below in above.walk()
            )
            for below in self.nodes.values()
        }
        return parts | {one.key: parts[one.part] | {one.part} for one in self.asked.values()}

    @cached_property
    def targets(self) -> Mapping[str, tuple[str, str]]:
        """What may be answered or published: every key, code and part in small letters, to (key or part, basis).

        A printed code that stands more than once is nobody's: only the key tells.
        """
        codes = Counter(one.code.casefold() for one in self.asked.values())
        found = {one.code.casefold(): (one.key, "") for one in self.asked.values() if codes[one.code.casefold()] == 1}
        found |= {one.key.casefold(): (one.key, "") for one in self.asked.values()}
        for one in self.asked.values():
            found |= {base.casefold(): (one.key, base) for base in one.question.bases}
        found |= {node.casefold(): (node, "") for node in (*self.published, INDEX)}
        return found | {
            theirs.casefold(): found[ours.casefold()] for theirs, ours in self.names.items() if ours.casefold() in found
        }

    @cached_property
    def published(self) -> tuple[str, ...]:
        """The nodes below the index that have values: every part, and what a method computes beside them."""
        extra = tuple(self.method.shares) if self.method is not None and self.method.name == "shares" else ()
        return (*self.nodes, *extra)

    def cohort(self, named: str | None = None) -> Cohort | None:
        """A cohort by its id or as lists print it, else the default; None where the instrument has none.

        Raises ConfigError for one it does not have.
        """
        if named is None:
            return next((one for one in self.cohorts if one.default), None)
        for one in self.cohorts:
            if _plain(named) in (_plain(one.id), _plain(one.printed)):
                return one
        known = ", ".join(one.printed for one in self.cohorts) or "none"
        raise ConfigError(f"the cohort {named[:40]!r} is not known", where=self.id, do=f"Write one of: {known}")

    def weights_of(self, cohort: Cohort | None) -> Mapping[str, Fraction | None]:
        """The weight of each top part; one that the cohort does not weigh is left out."""
        if cohort is None or not cohort.weights:
            return {part.id: part.weight for part in self.parts}
        return {part.id: cohort.weight[part.id] for part in self.parts if part.id in cohort.weight}

    def method_of(self, cohort: Cohort | None) -> Method | None:
        """The method, with the numbers that the cohort replaces."""
        if self.method is None or cohort is None or not cohort.numbers:
            return self.method
        return type(self.method).model_validate({**self.method.model_dump(by_alias=True), **cohort.numbers})

    def predicates_of(self, cohort: Cohort | None) -> Predicates | None:
        """The table of predicates that holds."""
        return self.predicates if cohort is None or cohort.predicates is None else cohort.predicates

    def question(self, name: str) -> Asked:
        """The question with a key or a code that stands once. Raises ConfigError for any other."""
        key, _ = self.targets.get(name.casefold(), ("", ""))
        if key not in self.asked:
            known = did_you_mean(name, [*self.asked])
            raise ConfigError(f"there is no question {name[:40]!r}", where=self.id, do=known)
        return self.asked[key]

    def asked_in(self, top: Part) -> Iterator[Asked]:
        """The questions of a part of the first level, in order."""
        positions = count(1)
        for above, question in top.ask():
            for turn in range(1, question.repeat + 1):
                code = question.code if question.repeat == 1 else f"{question.code}-{turn:02d}"
                yield self._one(above, question, code, next(positions))

    def _one(self, parts: Sequence[Part], question: Question, code: str, position: int) -> Asked:
        """A question with what it inherits; ``parts`` are those it stands in, the nearest first."""
        above: tuple[Inherited, ...] = (question, *parts)
        part, top = parts[0], parts[-1]
        rubric = next((one.rubric for one in above if one.rubric), self.rubric)
        group = self.sub_dimensions.get(question.sub_dimension or "")
        return Asked(
            key=f"{top.id}/{position}",
            dimension=top.id,
            position=position,
            part=part.id,
            question=question,
            code=code,
            weight=question.weight,
            answered=next((one.answered for one in above if one.answered), self.answered),
            by=next((one.by for one in above if one.by), None),
            owner=next((one.owner for one in above if one.owner), self.owner),
            pillar=group.pillar if group else next((one.pillar for one in above if one.pillar), None),
            rubric=self.rubrics.get(rubric or ""),
            scale=next((one.scale for one in above if one.scale), self.scale),
            each=top.each is not None,
            evidence=next((one.evidence for one in above if one.evidence), self.evidence),
        )


def _plain(name: str) -> str:
    """A name without regard to case and blanks: lists write KPPN&IKN and KPPN & IKN."""
    return "".join(name.split()).casefold()
