"""The definitions as flat tables, for the evaluation's file and for those who read a publication.

Their columns are described in `dbt_project/models/definitions.yml`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction

from definitions.bands import Band
from definitions.exact import shown
from definitions.indicators import DIVIDED, Answer, Indicator, Part, all_indicators
from definitions.instrument import Asked, Instrument
from definitions.instruments import shipped_instruments
from definitions.together import SIDES, Side, groups
from definitions.words import said
from ledger.errors import ConfigError

Row = Mapping[str, object]


def definition_tables() -> Mapping[str, Sequence[Row]]:
    """The rows of every table, by its name. Raises ConfigError when a definition is wrong."""
    listed = list(all_indicators())
    known = shipped_instruments()
    instruments = sorted(known.values(), key=lambda one: (one.years[0], one.id))
    linked = _linked(known, (indicator for _, indicator in listed))
    together = groups()
    return {
        "indicators": [_indicator(pillar, indicator) for pillar, indicator in listed],
        "suppression": [row for _, indicator in listed for row in _suppression(indicator, together)],
        "instruments": [_instrument(instrument) for instrument in instruments],
        "questions": [row for instrument in instruments for row in _questions(instrument, linked)],
        "bands": [row for instrument in instruments for row in _bands(instrument)],
        "dimensions": _dimensions(instruments),
        "rule_sets": [row for instrument in instruments for row in _rule_sets(instrument)],
        "rule_set_methods": [row for instrument in instruments for row in _methods(instrument)],
    }


def _linked(
    instruments: Mapping[str, Instrument], indicators: Iterable[Indicator]
) -> Mapping[tuple[str, str], tuple[Indicator, Answer]]:
    """Which indicator answers a question: (instrument, key) -> it.

    Raises ConfigError where the question is not there, or two answer it.
    """
    found: dict[tuple[str, str], tuple[Indicator, Answer]] = {}
    for indicator in indicators:
        for answer in indicator.answers:
            place = (answer.instrument, f"{answer.dimension}/{answer.position}")
            instrument = instruments.get(answer.instrument)
            if instrument is None or place[1] not in instrument.asked:
                raise ConfigError(
                    f"there is no question {answer.question!r}",
                    where=f"indicator {indicator.id}",
                    do="Name it instrument/dimension/position; see definitions/instruments",
                )
            if place in found:
                raise ConfigError(
                    f"{found[place][0].id} and {indicator.id} answer one question, {answer.question}",
                    where=f"indicator {indicator.id}",
                    do="Let one of them answer it",
                )
            found[place] = (indicator, answer)
    return found


def _indicator(pillar: str, indicator: Indicator) -> Row:
    limits = indicator.limits
    return {
        "id": indicator.id,
        "pillar": pillar,
        "name_id": indicator.name.id,
        "name_en": indicator.name.en,
        "unit": indicator.unit,
        "direction": indicator.direction,
        "dp": indicator.decimals,
        "numerator": _says(indicator.numerator),
        "denominator": _says(indicator.denominator),
        "definition": indicator.definition.en,
        "definition_id": indicator.definition.id,
        "records": list(indicator.records),
        "source_text": indicator.source,
        "citation": indicator.cites,
        "owner": indicator.owner,
        "vintage": indicator.vintage,
        "bappenas_code": indicator.bappenas,
        "minimum": limits and limits.min,
        "maximum": limits and limits.max,
        "unusual_above": limits and limits.unusual_above,
        "unusual_below": limits and limits.unusual_below,
        "because": limits and limits.because,
        "formula": indicator.formula,
        "factor": indicator.times if indicator.formula == "ratio" else 100 if indicator.formula in DIVIDED else 1,
    }


def _says(part: Part | None) -> str | None:
    return part.says.en if part is not None and part.says is not None else None


def _suppression(indicator: Indicator, together: Mapping[Side, str]) -> Iterator[Row]:
    rule = indicator.suppress
    if rule is None:
        return
    # What is left of a whole is told by the numerator, so that it goes with it.
    groups = {part: together.get((indicator.id, part)) for part in SIDES}
    groups["complement"] = groups["numerator"]
    given_away = [part for part in SIDES if groups[part] and part not in rule.counts]
    for count in (*rule.counts, *given_away):
        yield {
            "indicator_id": indicator.id,
            "count_of": count,
            "threshold": rule.below if count in rule.counts else None,
            "together": groups[count],
            "status": rule.status,
            "reason": rule.because,
        }


def _instrument(instrument: Instrument) -> Row:
    return {
        "id": instrument.id,
        "year": instrument.years[0],
        "name_id": instrument.name.id,
        "name_en": instrument.name.en,
        "status": instrument.status,
        "source": instrument.source,
    }


def _key(instrument: Instrument, asked: Asked) -> str:
    return f"{instrument.prefix}-{asked.dimension}-{asked.position:02d}"


def _questions(instrument: Instrument, linked: Mapping[tuple[str, str], tuple[Indicator, Answer]]) -> Iterator[Row]:
    for asked in instrument.asked.values():
        # A year that is assumed after another asks what that one asks.
        named = (instrument.id, instrument.based_on or instrument.id)
        found = next((linked[one, asked.key] for one in named if (one, asked.key) in linked), None)
        indicator, answer = found or (None, None)
        yield {
            "question_key": _key(instrument, asked),
            "instrument_id": instrument.id,
            "year": instrument.years[0],
            "dimension": asked.dimension,
            "position": asked.position,
            "printed_code": asked.code,
            "pillar": asked.pillar,
            "sub_dimension": asked.question.sub_dimension,
            "question_text": said(asked.question.text, "id"),
            "question_text_en": said(asked.question.text, "en"),
            "answered": asked.answered,
            "answered_by": said(asked.by, "id") or None,
            "owner": asked.owner,
            "weight": None if asked.weight is None else shown(asked.weight),
            "indicator_id": indicator and indicator.id,
            "relation": answer and answer.relation,
            "relation_note": answer and answer.note and answer.note.en,
            "relation_note_id": answer and answer.note and answer.note.id,
        }


def _bands(instrument: Instrument) -> Iterator[Row]:
    for asked in instrument.asked.values():
        rubric = asked.rubric
        for band in (rubric.bands or ()) if rubric is not None else ():
            assert rubric is not None
            yield {
                "rubric_version": rubric.version,
                "status": rubric.status,
                "question_key": _key(instrument, asked),
                **_bounds(band),
                "score": shown(band.score),
                "basis": rubric.basis,
            }


def _bounds(band: Band) -> Row:
    return {
        "lower": None if band.lower is None else shown(band.lower),
        "upper": None if band.upper is None else shown(band.upper),
        "lower_inclusive": band.from_ is not None,
        "upper_inclusive": band.to is not None,
    }


def _dimensions(instruments: Iterable[Instrument]) -> Sequence[Row]:
    """The dimensions of the ministry's evaluation, each once, in the order of its instruments."""
    named = {part.id: part.name for one in instruments if one.cohorts and not one.method for part in one.parts}
    return [
        {"id": name, "position": position, "name_id": said(text, "id"), "name_en": said(text, "en")}
        for position, (name, text) in enumerate(named.items(), start=1)
    ]


def _rule_sets(instrument: Instrument) -> Iterator[Row]:
    for cohort in instrument.cohorts:
        for block in cohort.weights:
            for dimension, weight in block.of.items():
                yield {
                    "rule_set_id": f"{instrument.prefix}-{cohort.id}",
                    "instrument_id": instrument.id,
                    "year": instrument.years[0],
                    "cohort": cohort.printed,
                    "dimension": dimension,
                    "weight": shown(weight / Fraction(sum(cohort.weight.values()))),
                    "origin": block.origin,
                    "source": block.source,
                }


def _methods(instrument: Instrument) -> Iterator[Row]:
    for cohort in instrument.cohorts:
        if cohort.weights:
            yield {
                "rule_set_id": f"{instrument.prefix}-{cohort.id}",
                "instrument_id": instrument.id,
                "year": instrument.years[0],
                "cohort": cohort.printed,
                "name_id": cohort.name.id,
                "name_en": cohort.name.en,
                "component_rounding": cohort.components == "rounded",
                "mode": instrument.rounding.mode,
                "improvement": cohort.improvement,
                "is_default": cohort.default,
                "cohort_from_kolaborasi": cohort.when.get("kolaborasi"),
                "origin": cohort.origin,
                "source": cohort.source,
            }
