"""What breakages of marts are made of: the form of one, and the SQL that they share."""

from dataclasses import dataclass
from typing import Literal

Expected = Literal["blocked", "told"]


@dataclass(frozen=True, slots=True)
class Breakage:
    """One way to spoil a mart. ``told``: it could be true, so that a warning is enough."""

    name: str
    spoil: str
    because: str
    expected: Expected = "blocked"


TARGETS = {
    "governance": ("gov_apbd_realisation", "gov_revenue_realisation"),
    "branding": ("bra_investment_total", "bra_investment_projects"),
    "economy": ("eco_ipm", "eco_poverty_p0"),
    "living": ("liv_water_proper", "liv_sanitation_proper"),
    "society": ("soc_apm_9y", "soc_schools"),
    "environment": ("env_waste_handled", "env_waste_reduction"),
}
"""For each mart ``{i}`` and ``{j}``."""

FACTORS = ("10", "100", "1000", "0.1", "0.01")
NUMBERS = "numerator, denominator, value, state, basis"
NEWEST = "(indicator_id, period) IN (SELECT indicator_id, max(period) FROM {t} GROUP BY 1)"
OF_NEWEST = NEWEST.replace("(indicator_id, period)", "({t}.indicator_id, {t}.period)")
VALUE = """; UPDATE {t} SET value = round(CASE WHEN denominator IS NULL THEN numerator
  WHEN indicator_id LIKE '%_growth' THEN 100 * (numerator - denominator) / denominator
  ELSE 100 * numerator / denominator END, 2) WHERE state = 'measured' AND numerator IS NOT NULL"""
"""The value follows from its parts again: whoever spoiled these computed on with them."""


SHARES = "indicator_id IN (SELECT id FROM definitions.indicators WHERE formula = 'share')"


def later(years: int) -> str:
    """A period so many years later."""
    return f"(left(period, 4)::INTEGER + {years}) || substr(period, 5)"


def scaled(factor: str, where: str = "true") -> str:
    """All numbers in another unit: the value of a ratio stays as it is."""
    return f"""UPDATE {{t}} SET numerator = numerator::DOUBLE * {factor}, denominator = denominator::DOUBLE * {factor},
      value = CASE WHEN denominator IS NULL THEN value::DOUBLE * {factor} ELSE value END WHERE {where}"""


def taken_from(match: str, where: str) -> str:
    """The numbers of a row are those of another row ``o`` of the mart."""
    sets = ", ".join(f"{name} = o.{name}" for name in NUMBERS.split(", "))
    return f"UPDATE {{t}} SET {sets} FROM (FROM {{t}}) o WHERE {match} AND {where}"


def other_region(region: str = "o.region_code") -> str:
    """Match a row with the one of another region."""
    return f"o.indicator_id = {{t}}.indicator_id AND o.period = {{t}}.period AND o.region_code = {region}"


MALANG = "'35.07'"
SWAP = "CASE {t}.region_code WHEN '64.02' THEN '35.07' WHEN '35.07' THEN '64.02' ELSE {t}.region_code END"
ROTATE = "CASE {t}.region_code WHEN '64.02' THEN '35.07' WHEN '35.07' THEN '62.02' ELSE '64.02' END"
OTHER_INDICATOR = """o.region_code = {t}.region_code AND o.period = {t}.period
  AND o.indicator_id = CASE {t}.indicator_id WHEN '{i}' THEN '{j}' ELSE '{i}' END"""
