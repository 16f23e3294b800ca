"""Governance: budget execution, own-source revenue, and the electronic-government index."""

from expectations.common import pillar_rules
from expectations.rules import Range

_REALISATION = "realised beyond the budget happens; ten times is a lost decimal point (12311 was printed for 123.11)"

RULES = pillar_rules(
    "governance",
    (
        Range("gov_apbd_realisation", 0, 1000, _REALISATION, unusual=120),
        Range("gov_revenue_realisation", 0, 1000, _REALISATION, unusual=150),
        Range("gov_pad_share", 0, 100, "a share of the revenue"),
        Range("gov_spbe", 0, 5, "a weighted maturity level from 1 to 5; 0 stands for a government not assessed"),
    ),
    parts=("gov_pad_share",),
)
