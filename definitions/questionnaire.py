"""What an instrument asks one agency (OPD): its questions with their options, and by what each is known again."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property

from definitions.bands import Band
from definitions.exact import shown
from definitions.indicators import all_indicators
from definitions.instrument import Asked, Instrument
from definitions.words import said
from ledger.errors import ConfigError

NOT_ASKED = frozenset({"external", "survey"})
"""Answered by another body's index, or by respondents: no agency is asked."""

_LONGEST_LIST = 25


@dataclass(frozen=True, slots=True)
class Choice:
    """One option as it stands in the answer's cell, and what it means in Indonesian."""

    text: str
    means: str


@dataclass(frozen=True)
class AskedOf:
    """One question as an agency is asked it, in Indonesian.

    ``choices`` are all that may be answered; without any, a number from ``low`` to ``high`` (both empty: any text).
    """

    instrument: str
    key: str
    code: str
    part: str
    text: str
    choices: tuple[Choice, ...]
    low: str
    high: str
    evidence: tuple[str, ...]

    @cached_property
    def fingerprint(self) -> str:
        """What it is known by: another wording, option or scale is another question. Evidence is no part of it."""
        told = {name: value for name, value in asdict(self).items() if name != "evidence"}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:12]


def owners(instrument: Instrument) -> Mapping[str, str]:
    """The agency that answers each question that an agency is asked, by key: the instrument's, else the indicator's."""
    measured: dict[str, str] = {}
    for _, indicator in all_indicators():
        for answer in indicator.answers:
            measured.setdefault(answer.question, indicator.owner)
    found = {
        one.key: one.owner or measured.get(f"{instrument.id}/{one.key}")
        for one in instrument.asked.values()
        if one.answered not in NOT_ASKED
    }
    return {key: owner for key, owner in found.items() if owner is not None}


def asked_of(instrument: Instrument, owner: str) -> tuple[AskedOf, ...]:
    """The questions of one agency, in the instrument's order.

    Raises ConfigError where it is asked none, or where the instrument is answered in several turns.
    """
    if any(part.each is not None for part in instrument.parts):
        raise ConfigError("it is answered in several turns, and a workbook asks once", where=instrument.id)
    by_owner = owners(instrument)
    found = tuple(_asked(instrument, one) for one in instrument.asked.values() if by_owner.get(one.key) == owner)
    if not found:
        known = ", ".join(sorted(set(by_owner.values()))) or "none"
        raise ConfigError(f"{owner[:40]!r} is asked nothing", where=instrument.id, do=f"Agencies are: {known}")
    return found


def _asked(instrument: Instrument, one: Asked) -> AskedOf:
    low, high = map(shown, one.scale) if one.scale is not None else ("", "")
    return AskedOf(
        instrument=instrument.id,
        key=one.key,
        code=one.code,
        part=said(instrument.nodes[one.part].name, "id"),
        text=said(one.question.text, "id"),
        choices=_choices(instrument, one),
        low=low,
        high=high,
        evidence=tuple(said(document, "id") for document in one.evidence),
    )


def _choices(instrument: Instrument, one: Asked) -> tuple[Choice, ...]:
    if one.rubric is not None and one.rubric.bands is not None:
        return tuple(Choice(band.written, f"{_means(band)} (nilai {shown(band.score)})") for band in one.rubric.bands)
    if one.rubric is not None:
        return tuple(Choice(option, f"nilai {shown(score)}") for option, score in one.rubric.choices.items())
    if one.scale is None or instrument.rounded_answers is not None:
        return ()
    low, high = one.scale
    steps = range(int(low), int(high) + 1)
    if low.denominator > 1 or high.denominator > 1 or len(steps) > _LONGEST_LIST:
        return ()
    return tuple(Choice(str(step), f"nilai {step} pada skala {shown(low)} sampai {shown(high)}") for step in steps)


def _means(band: Band) -> str:
    return band.said("mulai", "lebih dari", "sampai", "sampai kurang dari") or "berapa pun"
