"""Branding: declared investment and its growth."""

from expectations.common import pillar_rules
from expectations.rules import Range

RULES = pillar_rules(
    "branding",
    (
        Range("bra_investment_total", 0, None, "a sum of money put in is not negative", unusual=5e13),
        Range("bra_investment_growth", -100, None, "investment cannot shrink by more than all of it", unusual=1000),
        Range("bra_investment_projects", 0, None, "a count", unusual=1_000_000),
    ),
    growth=("bra_investment_growth",),
)
