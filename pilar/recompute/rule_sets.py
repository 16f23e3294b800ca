"""The rule sets of the ministry's lists, as the instruments hold them: the cohorts of a year, and what they weigh."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from definitions.instrument import Cohort, Instrument
from definitions.instruments import SHIPPED, read_instrument

# Lists come under the ministry's own rules; what is assumed for a year computes no published list.
LISTED = "smart-city-*.yaml"


@dataclass(frozen=True, slots=True)
class RuleSet:
    """One rule set. ``cohort_from_kolaborasi``: what a list's Kolaborasi cell is ('given', 'empty') in its rows."""

    id: str
    year: int
    cohort: str
    dimensions: tuple[str, ...]
    is_default: bool
    cohort_from_kolaborasi: str
    improvement: str
    instrument: Instrument = field(repr=False)


def load_rule_sets() -> tuple[RuleSet, ...]:
    """All rule sets, by year."""
    instruments = [read_instrument(path) for path in sorted(SHIPPED.glob(LISTED))]
    return tuple(
        _rule_set(instrument, cohort)
        for instrument in instruments
        if instrument.status != "assumed"
        for cohort in instrument.cohorts
    )


def dimensions_of(rule_sets: Iterable[RuleSet]) -> tuple[str, ...]:
    """Every dimension any of the rule sets weighs, each once, in the instruments' order."""
    known = tuple(rule_sets)
    weighed = {name for rule_set in known for name in rule_set.dimensions}
    ordered = dict.fromkeys(part.id for rule_set in known for part in rule_set.instrument.parts)
    return tuple(name for name in ordered if name in weighed)


def _rule_set(instrument: Instrument, cohort: Cohort) -> RuleSet:
    return RuleSet(
        id=f"{instrument.prefix}-{cohort.id}",
        year=instrument.years[0],
        cohort=cohort.printed,
        dimensions=tuple(instrument.weights_of(cohort)),
        is_default=cohort.default,
        cohort_from_kolaborasi=cohort.when.get("kolaborasi", ""),
        improvement=cohort.improvement or "",
        instrument=instrument,
    )
