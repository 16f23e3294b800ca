"""Living: stunting, births, drinking water and sanitation."""

from expectations.common import pillar_rules
from expectations.rules import Range

RULES = pillar_rules(
    "living",
    (
        Range("liv_stunting_prevalence", 0, 100, "a share of the children measured", unusual=60),
        Range("liv_births_health_worker", 0, 100, "a share of the births recorded"),
        Range("liv_water_proper", 0, 100, "a share of the households"),
        Range("liv_sanitation_proper", 0, 100, "a share of the households"),
    ),
    parts=("liv_stunting_prevalence", "liv_births_health_worker", "liv_water_proper", "liv_sanitation_proper"),
)
