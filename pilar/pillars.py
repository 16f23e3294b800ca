"""The pillars, in the order in which the ministry lists them."""

from ledger.project import pillar_ids

PILLARS = pillar_ids()
