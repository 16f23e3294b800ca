"""Economy: poverty and human development."""

from expectations.common import pillar_rules
from expectations.rules import Range

RULES = pillar_rules(
    "economy",
    (
        Range("eco_ipm", 0, 100, "the index is scaled to 100; no regency of 2018-2021 lies outside its goalposts"),
        Range("eco_poverty_p0", 0, 100, "a share of the population", unusual=50),
    ),
)
