"""The chain from an index down to what its figures rest on, as a document of plain values, and the gaps as rows.

Everything that a score follows from stands in the document: weights, rules of rounding, bands, parts of a figure.
Whoever reads it can compute every value again with nothing else at hand.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

from definitions.bands import Band, Rubric
from definitions.exact import shown
from definitions.indicators import DIVIDED, Indicator
from definitions.instrument import INDEX, Asked, Instrument, Level, Part
from definitions.words import Wording, said
from pilar.explanations.case import Case, Standing, place, raised
from pilar.explanations.gaps import Gap, Measurement, Ratio, measured_gap, next_score, scores_of

Document = dict[str, Any]
Row = Mapping[str, Any]

COMPUTED, REPORTED = "computed", "reported"

WHY: Mapping[str, tuple[str, str]] = {
    "no_indicator": ("Belum ada indikator untuk pertanyaan ini.", "No indicator answers this question."),
    "not_delivered": ("Belum ada data untuk indikatornya.", "No data of its indicator has been delivered."),
    "older_only": (
        "Data daerah ini yang terbaru lebih lama daripada tahun acuan.",
        "The region's newest figure is older than the reference year.",
    ),
    "not_in_data": (
        "Data sudah masuk, tetapi tidak memuat angka daerah ini.",
        "Data were delivered, and they give no figure of this region.",
    ),
    "suppressed": (
        "Disamarkan: orangnya terlalu sedikit, di sini atau pada angka terkait.",
        "Suppressed: too few people stand behind it or a related figure. It is not shown, and not scored.",
    ),
    "no_band": ("Nilainya tidak masuk rentang mana pun.", "The value lies in no band of the rubric."),
    "waiting": ("Menunggu indeks dari lembaga lain.", "It waits for another body's index."),
    "counted": (
        "Tidak dijawab; dihitung menurut aturan instrumen.",
        "It is not answered, and counts what the instrument says.",
    ),
    "unanswered": ("Tidak dijawab.", "It is not answered."),
    "refused": ("Jawabannya ditolak.", "The answer was refused."),
    "part_given": (
        "Tidak dinilai sendiri: nilai bagiannya diberikan langsung.",
        "It is not scored by itself: its part was given as a whole.",
    ),
}
"""Why a question has no answer of its own, in Indonesian and in English."""


_OF_A_VALUE = (
    *("period", "value", "numerator", "denominator", "basis", "relation"),
    *("published_value", "published_by", "held_since"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Whose scores are explained: a region, an instrument, a year, and who gave the answers."""

    region_system: str
    region_code: str
    region_name: str
    instrument_id: str
    year: int
    role: str

    def row(self) -> Row:
        """Its columns in a table."""
        return {name: getattr(self, name) for name in self.__slots__}

    @property
    def key(self) -> tuple[str, str, int, str]:
        """What tells it from the others: region, instrument, year and role."""
        return self.region_code, self.instrument_id, self.year, self.role


@dataclass(frozen=True, slots=True)
class Question:
    """What is known of one question: its answer and what the answer rests on.

    ``row`` holds the columns that its table has: value, period, parts, sources, batches. ``why`` is a word of `WHY`.
    """

    asked: Asked
    key: str
    score: Fraction | None
    state: str
    row: Row = field(default_factory=dict)
    answer: object = None
    indicator: Indicator | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Explained:
    """One sheet explained: its document, and a row for each question that has a gap."""

    document: Document
    gaps: Sequence[Row]


def explain(
    at: Place,
    case: Case,
    standing: Standing,
    questions: Sequence[Question],
    *,
    values: Mapping[str, Decimal | None],
    pillars: Sequence[Row] = (),
    more: Row | None = None,
) -> Explained:
    """The document of one sheet.

    ``values`` are the index and its parts as the evaluation has them, ``pillars`` its rows of pillars. ``more`` is what
    else is said of the sheet.
    """
    found = {one.key: gap for one in questions if (gap := _gap(one)) is not None}
    gaps = {one.key: _told_gap(case, standing, one, found[one.key]) for one in questions if one.key in found}
    document = {
        "instrument": case.instrument.id,
        "name": _both(case.instrument.name),
        "status": case.instrument.status,
        "year": at.year,
        "role": at.role,
        "cohort": case.cohort,
        "of_answered": case.of_answered,
        **(more or {}),
        "rounding": case.instrument.rounding.model_dump(),
        "nodes": [*_nodes(case, values)],
        "pillars": pillars,
        "questions": [_told(one, gaps.get(one.key)) for one in questions],
        "why": {one.why: dict(zip(("id", "en"), WHY[one.why], strict=True)) for one in questions if one.why},
    }
    return Explained(document, [_gap_row(at, one, gaps[one.key]) for one in questions if one.key in gaps])


def measurement(indicator: Indicator, row: Row) -> Measurement | None:
    """How a question's value is measured; None where it has none."""
    if row.get("value") is None:
        return None
    limits = indicator.limits
    low, high = (None, None) if limits is None else (limits.min, limits.max)
    numerator, denominator = row.get("numerator"), row.get("denominator")
    ratio = None
    if indicator.formula in DIVIDED and numerator is not None and denominator is not None:
        ratio = Ratio(
            Fraction(numerator),
            Fraction(denominator),
            Fraction(indicator.times) if indicator.formula == "ratio" else Fraction(100),
            growth=indicator.formula == "growth",
            whole=indicator.formula == "share",
        )
    return Measurement(
        Fraction(row["value"]),
        indicator.decimals,
        None if low is None else Fraction(low),
        None if high is None else Fraction(high),
        ratio,
    )


@lru_cache(maxsize=4096)
def number(value: Fraction | Decimal | None) -> Decimal | str | None:
    """An exact number as a document has it: a decimal where it ends, else a fraction as text."""
    if not isinstance(value, Fraction):
        return value
    text = shown(value)
    return text if "/" in text else Decimal(text)


# -- gaps --------------------------------------------------------------------------------------------------------------


def _gap(one: Question) -> Gap | Fraction | None:
    """The gap of a measured value; the next score where only a score is known; None where there is neither."""
    if one.score is None or one.state == "waiting" or not scores_of(one.asked):
        return None
    measured = measurement(one.indicator, one.row) if one.indicator is not None else None
    if measured is not None and one.asked.rubric is not None and one.asked.rubric.bands is not None:
        return measured_gap(one.asked.rubric, measured)
    return next_score(one.asked, one.score) or Gap("highest")


def _told_gap(case: Case, standing: Standing, one: Question, gap: Gap | Fraction) -> Document:
    to = gap if isinstance(gap, Fraction) else gap.score
    told: Document = {
        "state": "reachable" if isinstance(gap, Fraction) else gap.state,
        "score": number(one.score),
        "next_score": number(to),
        "owner": _owner(one),
    }
    if isinstance(gap, Gap) and one.indicator is not None:
        told |= needed_of(gap, one.row, _indicator(one.indicator))
    if to is not None:
        told |= _effect(standing, raised(case, standing, one.key, to), one.asked)
    return told


def needed_of(gap: Gap, row: Row, indicator: Document) -> Document:
    """What a higher score takes, in the indicator's unit; nothing where no value reaches it.

    ``row`` holds the value and its parts, ``indicator`` is described as in a document.
    """
    if gap.needed is None:
        return {}
    told = {"unit": indicator["unit"], "value": row["value"], "value_needed": number(gap.needed.value)}
    if gap.count is None:
        return told
    return told | {
        "numerator": row["numerator"],
        "denominator": row["denominator"],
        "more": gap.count.steps,
        "value_reached": number(gap.count.value),
        "counts": indicator["parts"].get("numerator"),
    }


def _effect(before: Standing, after: Standing, asked: Asked) -> Document:
    def change(name: str | None, old: Decimal | None, new: Decimal | None) -> Document:
        return {"id": name, "before": old, "after": new}

    pillar, dimension = asked.pillar or "", asked.dimension
    return {
        "pillar": change(asked.pillar, before.pillars.get(pillar), after.pillars.get(pillar)),
        "dimension": change(dimension, before.value(dimension), after.value(dimension)),
        "index": change(INDEX, before.index, after.index),
    }


def _gap_row(at: Place, one: Question, told: Document) -> Row:
    plain = ("state", "score", "next_score", "owner", "unit", "value", "value_needed", "numerator", "denominator")
    effects = {
        f"{name}_{when}": told.get(name, {}).get(when)
        for name in ("pillar", "dimension", "index")
        for when in ("before", "after")
    }
    return {
        **at.row(),
        "question": one.key,
        "printed_code": one.asked.code,
        "pillar": one.asked.pillar,
        "dimension": one.asked.dimension,
        "indicator_id": one.indicator.id if one.indicator is not None else None,
        **{name: _stored(told.get(name)) for name in (*plain, "value_reached")},
        "count_more": told.get("more"),
        **effects,
        "synthetic": bool(one.row.get("synthetic")),
    }


def _stored(value: object) -> object:
    """A table has decimals only: a score that is a fraction is told in the document, to the last digit."""
    if isinstance(value, str) and "/" in value:
        found = Fraction(value)
        return str(round(Decimal(found.numerator) / Decimal(found.denominator), 4))
    return value


# -- documents ---------------------------------------------------------------------------------------------------------


def _told(one: Question, gap: Document | None) -> Document:
    asked, row = one.asked, one.row
    told: Document = {
        "key": one.key,
        "code": asked.code,
        "text": _both(asked.question.text),
        "dimension": asked.dimension,
        "part": asked.part,
        "pillar": asked.pillar,
        "answered": asked.answered,
        "by": said(asked.by, "en") or None,
        "owner": _owner(one),
        "state": one.state,
        "score": number(one.score),
    }
    if one.why is not None:
        told |= {"why": one.why, "reason": row.get("reason")}
    if one.answer is not None:
        told["answer"] = one.answer if isinstance(one.answer, str) else number(_fraction(one.answer))
        told["said"] = row.get("answer")
    if one.score is not None and one.state != "waiting" and asked.rubric is not None:
        told["rubric"] = _rubric(asked.rubric)
    if one.indicator is not None:
        told["indicator"] = _indicator(one.indicator)
        told |= {name: row.get(name) for name in _OF_A_VALUE}
    if row:
        told["sources"] = list(row.get("source_ids") or ())
        told["batches"] = list(row.get("batch_ids") or ())
        told["synthetic"] = bool(row.get("synthetic"))
    if gap is not None:
        told["gap"] = gap
    # Of 117 questions most have little to say: what is empty is left out.
    return {name: value for name, value in told.items() if value is not None}


def _fraction(answer: object) -> Fraction | Decimal:
    assert isinstance(answer, Fraction | Decimal | int), answer
    return Fraction(answer) if isinstance(answer, int) else answer


def _owner(one: Question) -> str | None:
    return one.indicator.owner if one.indicator is not None else one.asked.owner


def _both(text: Wording | str | None) -> Document | None:
    return {"id": said(text, "id"), "en": said(text, "en")} if text else None


def _rubric(rubric: Rubric) -> Document:
    told: Document = {"status": rubric.status, "version": rubric.version, "basis": rubric.basis}
    if rubric.options is not None:
        return told | {"options": {name: number(score) for name, score in rubric.options.items()}}
    return told | {
        "decimals": rubric.decimals,
        "overlap": rubric.overlap,
        "bands": [{**_bounds(band), "score": number(band.score)} for band in rubric.bands or ()],
    }


def _bounds(band: Band) -> Document:
    given = {"from": band.from_, "above": band.above, "to": band.to, "below": band.below}
    return {word: number(bound) for word, bound in given.items() if bound is not None}


def _indicator(indicator: Indicator) -> Document:
    return {
        "id": indicator.id,
        "name": _both(indicator.name),
        "definition": _both(indicator.definition),
        "unit": indicator.unit,
        "direction": indicator.direction,
        "decimals": indicator.decimals,
        "formula": indicator.formula,
        "factor": indicator.times if indicator.formula == "ratio" else Decimal(100),
        "parts": {name: _both(part.says) for name, part in indicator.all_parts.items()},
        "records": list(indicator.records),
        "cites": indicator.cites,
        "source": indicator.source,
    }


def _nodes(case: Case, values: Mapping[str, Decimal | None]) -> Iterator[Document]:
    """The index, then each part with what it consists of."""
    instrument, rules = case.instrument, case.instrument.cohort(case.cohort)
    if instrument.method is not None:
        for name, value in values.items():
            yield {"id": name, "value": value, "given": False, "follows": {"rule": instrument.method.name}}
        return
    weights = instrument.weights_of(rules)
    components = rules.components if rules is not None else "exact"
    yield {
        "id": INDEX,
        "name": _both(instrument.name),
        "value": values.get(INDEX),
        "given": False,
        "follows": {**_level(instrument.levels[0]), "components": components},
        "children": [
            {"node": part.id, "weight": number(weights[part.id])} for part in instrument.parts if part.id in weights
        ],
    }
    for part in instrument.parts:
        if part.id in weights:
            yield from _part(case, part, 1, values)


def _part(case: Case, part: Part, depth: int, values: Mapping[str, Decimal | None]) -> Iterator[Document]:
    instrument = case.instrument
    children = [_child("node", one.id, one.weight) for one in part.parts]
    children += [_child("question", one.key, one.weight) for one in instrument.asked_under[part.id]]
    given = part.id in case.answers
    follows = _level(instrument.levels[depth])
    if case.of_answered:
        follows = {**follows, "rule": "mean_of_answered"}
    told: Document = {"id": part.id, "name": _both(part.name), "value": values.get(part.id), "given": given}
    if given:
        yield told | {"answer": number(_fraction(case.answers[part.id]))}
        return
    yield told | {"follows": follows, "children": children}
    for below in part.parts:
        yield from _part(case, below, depth + 1, values)


def _child(kind: str, name: str, weight: Fraction | None) -> Document:
    return {kind: name} if weight is None else {kind: name, "weight": number(weight)}


def _level(level: Level) -> Document:
    return {"rule": level.follows, "of": level.of, "times": number(level.times), "decimals": level.decimals}


def key_of(instrument: Instrument, name: str) -> str:
    """What an answer's name says: the key of its question with its turn, or the id of a part."""
    plain, _, turn = name.partition("#")
    key = instrument.targets[plain.casefold()][0]
    return f"{key}#{turn}" if turn else key


def asked_of(instrument: Instrument, key: str) -> Asked:
    """The question of a key, with or without a turn."""
    return instrument.asked[place(key)]
