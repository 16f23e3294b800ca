"""Instruments as flat tables that a warehouse can hold: one row a thing, plain columns.

``rule_sets``, ``rule_set_methods``, ``questions``, ``bands``, ``dimensions`` and ``instrument_sizes`` have the columns
of the dbt project's seeds of the same names, and ``instrument_id`` beside them. Keys begin with a prefix:
``2023-outcome-02`` is question 2 of the dimension outcome in smart-city-2023.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction

from definitions.bands import Band, Predicates, Rubric
from definitions.exact import rounded, shown
from definitions.instrument import Asked, Cohort, Instrument
from definitions.words import said

Cell = str | int | bool | Decimal | None
Row = Mapping[str, Cell]
Tables = Mapping[str, tuple[Row, ...]]

# Decimals of a number that has no end (1/9); its exact form stands beside it.
_DECIMALS = 10


def instrument_tables(instruments: Iterable[Instrument]) -> Tables:
    """The tables of some instruments, by name; rows in the order of the instruments and their files."""
    known = tuple(instruments)
    return {name: tuple(row for one in known for row in make(one)) for name, make in _TABLES.items()}


def question_key(instrument: Instrument, asked: Asked) -> str:
    """The key of a question among those of all instruments."""
    return f"{instrument.prefix}-{asked.dimension}-{asked.position:02d}"


def rule_set_id(instrument: Instrument, cohort: Cohort | None) -> str:
    """The id of a cohort's rules among those of all instruments."""
    return instrument.prefix if cohort is None else f"{instrument.prefix}-{cohort.id}"


def _instruments(instrument: Instrument) -> Iterator[Row]:
    low, high = instrument.scale or (None, None)
    yield {
        "instrument_id": instrument.id,
        "name_id": instrument.name.id,
        "name_en": instrument.name.en,
        "year": instrument.years[0],
        "last_year": instrument.years[-1],
        "status": instrument.status,
        "source": instrument.source,
        "scale_lowest": _number(low),
        "scale_highest": _number(high),
        "mode": instrument.rounding.mode,
        "decimals": instrument.rounding.decimals,
        "questions": len(instrument.asked),
    }


def _rule_set_methods(instrument: Instrument) -> Iterator[Row]:
    for cohort in instrument.cohorts or (None,):
        name = instrument.name if cohort is None else cohort.name
        yield {
            **_rule_set(instrument, cohort),
            "name_id": name.id,
            "name_en": name.en,
            "component_rounding": cohort is not None and cohort.components == "rounded",
            "mode": instrument.rounding.mode,
            "improvement": None if cohort is None else cohort.improvement,
            "is_default": cohort is None or cohort.default,
            "cohort_from_kolaborasi": None if cohort is None else cohort.when.get("kolaborasi"),
            "origin": instrument.status if cohort is None else cohort.origin,
            "source": instrument.source if cohort is None else cohort.source,
        }


def _rule_sets(instrument: Instrument) -> Iterator[Row]:
    for cohort in instrument.cohorts or (None,):
        weights = {part: weight for part, weight in instrument.weights_of(cohort).items() if weight is not None}
        whole = sum(weights.values(), Fraction(0))
        told = {part: block for block in (cohort.weights if cohort else ()) for part in block.of}
        for part, weight in weights.items():
            yield {
                **_rule_set(instrument, cohort),
                "dimension": part,
                "weight": _number(weight / whole),
                "origin": told[part].origin if part in told else instrument.status,
                "source": told[part].source if part in told else instrument.source,
            }


def _rule_set(instrument: Instrument, cohort: Cohort | None) -> Row:
    return {
        "rule_set_id": rule_set_id(instrument, cohort),
        "instrument_id": instrument.id,
        "year": instrument.years[0],
        "cohort": None if cohort is None else cohort.printed,
    }


def _dimensions(instrument: Instrument) -> Iterator[Row]:
    for position, part in enumerate(instrument.parts, start=1):
        yield {
            "instrument_id": instrument.id,
            "id": part.id,
            "position": position,
            "name_id": said(part.name, "id"),
            "name_en": said(part.name, "en"),
        }


def _sub_dimensions(instrument: Instrument) -> Iterator[Row]:
    for name, one in instrument.sub_dimensions.items():
        yield {"instrument_id": instrument.id, "id": name, "pillar": one.pillar, "name_id": one.id, "name_en": one.en}


def _questions(instrument: Instrument) -> Iterator[Row]:
    for asked in instrument.asked.values():
        question = asked.question
        yield {
            "question_key": question_key(instrument, asked),
            "instrument_id": instrument.id,
            "year": instrument.years[0],
            "dimension": asked.dimension,
            "position": asked.position,
            "part": asked.part,
            "printed_code": asked.code,
            "pillar": asked.pillar,
            "sub_dimension": question.sub_dimension,
            "question_text": said(question.text, "id"),
            "question_text_en": said(question.text, "en"),
            "answered": asked.answered,
            "answered_by": said(asked.by, "id") or None,
            "from_instrument": question.from_,
            "owner": asked.owner,
            "weight": _number(asked.weight),
            "weight_exact": None if asked.weight is None else shown(asked.weight),
        }


def _sizes(instrument: Instrument) -> Iterator[Row]:
    counted = Counter((asked.dimension, asked.pillar) for asked in instrument.asked.values())
    for (dimension, pillar), questions in counted.items():
        yield {
            "instrument_id": instrument.id,
            "year": instrument.years[0],
            "dimension": dimension,
            "pillar": pillar,
            "questions": questions,
            "source": instrument.source,
        }


def _bands(instrument: Instrument) -> Iterator[Row]:
    for asked, base, rubric in _rubrics(instrument):
        for band in rubric.bands or ():
            yield {
                **_rubric(instrument, asked, base, rubric),
                **_bounds(band),
                "score": _number(band.score),
                "basis": rubric.basis,
            }


def _options(instrument: Instrument) -> Iterator[Row]:
    for asked, base, rubric in _rubrics(instrument):
        for option, score in (rubric.options or {}).items():
            yield {
                **_rubric(instrument, asked, base, rubric),
                "option": option,
                "score": _number(score),
                "basis": rubric.basis,
            }


def _rubrics(instrument: Instrument) -> Iterator[tuple[Asked, str | None, Rubric]]:
    """Every rubric of every question; ``base`` is the code of one of several ways to measure."""
    for asked in instrument.asked.values():
        if asked.rubric is not None:
            yield asked, None, asked.rubric
        for code, base in asked.question.bases.items():
            yield asked, code, instrument.rubrics[base.rubric]


def _rubric(instrument: Instrument, asked: Asked, base: str | None, rubric: Rubric) -> Row:
    return {
        "rubric_version": rubric.version,
        "instrument_id": instrument.id,
        "status": rubric.status,
        "question_key": question_key(instrument, asked),
        "base": base,
    }


def _predicates(instrument: Instrument) -> Iterator[Row]:
    """Also by cohort, where it has its own, and by category, where a method names the index by one."""
    tables: list[tuple[str | None, str | None, Predicates | None]] = [(None, None, instrument.predicates)]
    tables += [(cohort.printed, None, cohort.predicates) for cohort in instrument.cohorts]
    if instrument.method is not None and instrument.method.name == "kami":
        tables += [(None, category, table) for category, table in instrument.method.thresholds.items()]
    for cohort, category, table in tables:
        for position, band in enumerate(table.bands if table else (), start=1):
            yield {
                "instrument_id": instrument.id,
                "cohort": cohort,
                "category": category,
                "position": position,
                **_bounds(band),
                "decimals": table.decimals if table else None,
                "letter": band.letter or None,
                "name_id": said(band.is_, "id"),
                "name_en": said(band.is_, "en"),
            }


def _bounds(band: Band) -> Row:
    return {
        "lower": _number(band.lower),
        "upper": _number(band.upper),
        "lower_inclusive": band.from_ is not None,
        "upper_inclusive": band.to is not None,
    }


def _number(value: Fraction | None) -> Decimal | None:
    if value is None:
        return None
    text = shown(value)
    return rounded(value, _DECIMALS) if "/" in text else Decimal(text)


_TABLES: Mapping[str, Callable[[Instrument], Iterator[Row]]] = {
    "instruments": _instruments,
    "rule_set_methods": _rule_set_methods,
    "rule_sets": _rule_sets,
    "dimensions": _dimensions,
    "sub_dimensions": _sub_dimensions,
    "questions": _questions,
    "instrument_sizes": _sizes,
    "bands": _bands,
    "options": _options,
    "predicates": _predicates,
}
