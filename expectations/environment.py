"""Environment: waste reduced, handled, managed and recycled."""

from expectations.common import pillar_rules
from expectations.rules import Range

_SHARE = "a share of the waste generated"
_WASTE = ("env_waste_managed", "env_waste_reduction", "env_waste_handled", "env_recycling_rate")

RULES = pillar_rules("environment", tuple(Range(name, 0, 100, _SHARE) for name in _WASTE), parts=_WASTE)
