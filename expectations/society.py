"""Society: participation in nine years of compulsory schooling."""

from expectations.common import pillar_rules
from expectations.rules import Range

_SAME_PEOPLE = "pupils of an age among the people of that age: above 100 the two come from different populations"

RULES = pillar_rules(
    "society",
    (
        Range("soc_apm_9y", 0, 100, _SAME_PEOPLE),
        Range("soc_schools", 0, None, "a count", unusual=10_000),
    ),
    parts=("soc_apm_9y",),
)
