"""The definitions as flat tables, for the evaluation's file and for those who read a publication.

Their columns are described in `dbt_project/models/definitions.yml`.
"""

from collections.abc import Iterator, Mapping, Sequence

from definitions.indicators import DIVIDED, Indicator, Part, all_indicators

Row = Mapping[str, object]


def definition_tables() -> Mapping[str, Sequence[Row]]:
    """The rows of every table, by its name. Raises ConfigError when a definition is wrong."""
    listed = list(all_indicators())
    return {
        "indicators": [_indicator(pillar, indicator) for pillar, indicator in listed],
        "suppression": [row for _, indicator in listed for row in _suppression(indicator)],
        "answers": [row for _, indicator in listed for row in _answers(indicator)],
    }


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


def _suppression(indicator: Indicator) -> Iterator[Row]:
    rule = indicator.suppress
    for count in rule.counts if rule is not None else ():
        assert rule is not None
        yield {
            "indicator_id": indicator.id,
            "count_of": count,
            "threshold": rule.below,
            "status": rule.status,
            "reason": rule.because,
        }


def _answers(indicator: Indicator) -> Iterator[Row]:
    for answer in indicator.answers:
        yield {
            "indicator_id": indicator.id,
            "instrument_id": answer.instrument,
            "dimension": answer.dimension,
            "position": answer.position,
            "relation": answer.relation,
            "relation_note": answer.note and answer.note.en,
            "relation_note_id": answer.note and answer.note.id,
        }
