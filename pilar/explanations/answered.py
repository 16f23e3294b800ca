"""How sure the index of an instrument is that people answered: how much of its weight has no answer, or a simulated
one.

Each role's index stands by itself, and so does its sureness. Nothing is varied here: only the ministry's smart-city
index has rubrics and weights that are assumed.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from definitions.instrument import Instrument, Level, Part
from definitions.instruments import shipped_instruments
from publication.tables import read_rows

Row = Mapping[str, Any]
Sheet = tuple[str, str, int, str]
KINDS: Mapping[str, tuple[str, ...]] = {
    "missing": ("unanswered", "counted", "refused"),
    "waiting": ("waiting",),
}
"""States of answers that make an index less sure: nobody answered, or another body's index is awaited."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The index of one role. ``shares`` are of the weight, or of the number of questions where ``by`` says so.

    ``rank`` is among the regions that the same role answered for in the same year, None where there is no index.
    """

    region_code: str
    region_name: str
    instrument: str
    year: int
    role: str
    value: Decimal | None
    shares: Mapping[str, Fraction]
    sure: Fraction
    by: str
    rank: int | None
    of: int


def answered(folder: Path, region: str | None = None) -> Sequence[Answered]:
    """How sure the index of each instrument, year and role of a publication is (of one region, where given)."""
    answers: dict[Sheet, list[Row]] = defaultdict(list)
    for row in read_rows(folder, "from scores.instrument_answers order by all"):
        answers[_sheet(row)].append(row)
    indices = read_rows(
        folder, "from scores.instrument_scores where node = 'index' order by instrument_id, year, role, value desc"
    )
    values: dict[tuple[Any, ...], list[Decimal]] = defaultdict(list)
    for row in indices:
        if row["value"] is not None:
            values[row["instrument_id"], row["year"], row["role"]].append(row["value"])
    simulated = frozenset((row["region_code"], row["instrument_id"]) for row in indices if row["synthetic"])
    known = shipped_instruments()
    return [
        _answered(row, known[row["instrument_id"]], answers[_sheet(row)], values, simulated)
        for row in indices
        if region in (None, row["region_code"])
    ]


def weights(instrument: Instrument) -> Mapping[str, Fraction] | None:
    """How much of an index's range each question decides, by its key; they sum to one. None where it is no tree."""
    if instrument.method is not None:
        return None
    tops = instrument.weights_of(instrument.cohort())
    parts = [part for part in instrument.parts if part.id in tops]
    level, *below = instrument.levels
    found = {
        key: share
        for part, own in zip(parts, _moves(level, [tops[part.id] for part in parts]), strict=True)
        for key, share in _under(instrument, part, own, below)
    }
    whole = sum(found.values())
    return {key: share / whole for key, share in found.items()}


def _under(
    instrument: Instrument, part: Part, share: Fraction, levels: Sequence[Level]
) -> Iterator[tuple[str, Fraction]]:
    level, *below = levels
    if part.parts:
        for one, own in zip(part.parts, _moves(level, [one.weight for one in part.parts]), strict=True):
            yield from _under(instrument, one, share * own, below)
    else:
        asked = instrument.asked_under[part.id]
        for question, own in zip(asked, _moves(level, [one.weight for one in asked]), strict=True):
            low, high = question.scale or (Fraction(0), Fraction(1))
            yield question.key, share * own * (high - low)


def _moves(level: Level, weights: Sequence[Fraction | None]) -> Sequence[Fraction]:
    """By how much a node moves for each of its children that moves by one."""
    given = [weight if level.weighs and weight is not None else Fraction(1) for weight in weights]
    divided = level.follows in ("weighted_mean", "mean")
    return [weight / sum(given) if divided else weight for weight in given]


def _answered(
    row: Row,
    instrument: Instrument,
    answers: Sequence[Row],
    values: Mapping[tuple[Any, ...], Sequence[Decimal]],
    simulated: frozenset[tuple[str, str]],
) -> Answered:
    own = weights(instrument)
    # What is refused under a name that is no question's has no weight: its question stands there too.
    counted = [one for one in answers if own is None or one["question"] in own]
    weight = {one["question"]: own[one["question"]] if own else Fraction(1, len(counted)) for one in counted}
    found = {name: [one for one in counted if one["state"] in states] for name, states in KINDS.items()}
    found["simulated"] = [one for one in counted if one["synthetic"] or _fed(instrument, one) in simulated]
    found["simulated"] = [one for one in found["simulated"] if one["state"] in ("given", "taken_over")]
    shares = {name: sum((weight[one["question"]] for one in ones), Fraction(0)) for name, ones in found.items()}
    if row["synthetic"]:
        # Parts that were given as a whole have no questions here.
        shares["simulated"] += 1 - sum(weight.values(), Fraction(0)) if counted else 0
    ranked = values.get((row["instrument_id"], row["year"], row["role"]), ())
    return Answered(
        region_code=row["region_code"],
        region_name=row["region_name"],
        instrument=row["instrument_id"],
        year=row["year"],
        role=row["role"],
        value=row["value"],
        shares=shares,
        sure=1 - sum(shares.values(), Fraction(0)),
        by="weight" if own else "questions",
        rank=None if row["value"] is None else 1 + sum(value > row["value"] for value in ranked),
        of=len(ranked),
    )


def _fed(instrument: Instrument, answer: Row) -> tuple[str, str | None] | None:
    """The region and the instrument whose index answers a question."""
    asked = instrument.asked.get(answer["question"].partition("#")[0])
    if asked is None or answer["state"] != "taken_over":
        return None
    return answer["region_code"], asked.question.from_


def _sheet(row: Row) -> Sheet:
    return row["region_code"], row["instrument_id"], row["year"], row["role"]
