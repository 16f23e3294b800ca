"""Somebody who wants to know a hidden count has all that is published, and knows how figures are made of each other.

One build gives every regency of the country figures drawn at random, with many small ones. For each hidden count the
least and the greatest value is computed that agree with what is shown: both must be as far apart as the threshold.
"""

import random
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pytest
from scipy.optimize import linprog

from definitions.between import load_rules
from definitions.indicators import all_indicators
from definitions.together import groups
from ledger.regions import all_regions
from ledger.sql import literal
from pilar.evaluation.figures import COLUMNS
from pilar.evaluation.transform import run_dbt
from pilar.evaluation.warehouse import regions_view
from tests.dbt_project.landing import create

REGIONS = 90
YEAR = "2024"
INDICATORS = {indicator.id: (pillar, indicator) for pillar, indicator in all_indicators()}
HIDING = {name: one.suppress for name, (_, one) in INDICATORS.items() if one.suppress is not None}

Figures = dict[str, tuple[int, int]]
Shown = Mapping[str, tuple[Decimal | None, Decimal | None]]

# Figures that are one number though each comes by itself.
SAME = (
    ("liv_antenatal_k6", "liv_births_facility", "liv_postnatal_kf1", "liv_postnatal_complete"),
    ("liv_immunisation_hb0", "liv_immunisation_bcg"),
    ("liv_immunisation_complete", "liv_immunisation_dpt3", "liv_immunisation_polio4", "liv_immunisation_mr"),
    ("soc_apk_sd", "soc_apm_sd"),
    ("soc_apk_smp", "soc_apm_smp"),
    ("soc_apk_9y", "soc_apm_9y", "soc_places_groups", "soc_places_rooms"),
)
WITHIN = tuple(
    (rule.figure.partition(".")[0], other.partition(".")[0])
    for rule in load_rules().between
    if rule.kind == "within" and rule.figure.split(".")[0] in HIDING
    for other in rule.others
)


def test_the_attack_knows_every_group_that_is_declared() -> None:
    drawn = draw(dice(0))
    assert {name for name, _ in groups()} <= {*drawn}
    assert {name for pair in WITHIN for name in pair} <= {*drawn}


def few(rng: random.Random) -> int:
    """Often a handful of people, and nobody now and then."""
    return rng.choice((0, 1, 2, 3, 4, 5, 6, 9, rng.randint(10, 3000)))


def dice(seed: int) -> random.Random:
    """The same draws in every run."""
    return random.Random(seed)  # noqa: S311 - no secret


def draw(rng: random.Random) -> Figures:
    """Figures of one region that keep every relation."""
    found: Figures = {}
    sd, smp = few(rng), few(rng)
    people_sd, people_smp = sd + few(rng), smp + few(rng)
    found["soc_apk_sd"], found["soc_apk_smp"] = (sd, people_sd), (smp, people_smp)
    found["soc_apk_9y"] = (sd + smp, people_sd + people_smp)
    own_sd, own_smp = max(0, sd - few(rng)), max(0, smp - few(rng))
    found["soc_apm_sd"], found["soc_apm_smp"] = (own_sd, people_sd), (own_smp, people_smp)
    found["soc_apm_9y"] = (rng.randint(own_sd + own_smp, sd + smp), people_sd + people_smp)
    for places in ("soc_places_groups", "soc_places_rooms"):
        found[places] = (few(rng), people_sd + people_smp)
    for firsts, lasts in (
        (("liv_antenatal_k6",), ()),
        (("liv_births_facility",), ()),
        (("liv_postnatal_kf1",), ("liv_postnatal_complete",)),
    ):
        _chain(rng, found, firsts, lasts, found.get("liv_antenatal_k6", (0, few(rng) + 9))[1])
    found["liv_antenatal_k1"] = (found["liv_antenatal_k6"][0] + few(rng), found["liv_antenatal_k6"][1] + few(rng))
    births, infants = few(rng) + 9, few(rng) + 9
    _chain(rng, found, ("liv_immunisation_hb0", "liv_immunisation_bcg"), (), births)
    doses = ("liv_immunisation_dpt3", "liv_immunisation_polio4", "liv_immunisation_mr")
    _chain(rng, found, doses, ("liv_immunisation_complete",), infants)
    complete = min(found[f"liv_immunisation_{one}"][0] for one in ("complete", "hb0", "bcg"))
    found["liv_immunisation_complete"] = (complete, infants)
    for kind in ("new", "returning"):
        visits = few(rng)
        found[f"liv_hospital_within_60_{kind}"] = (max(0, visits - few(rng)), visits)
        found[f"liv_hospital_wait_{kind}"] = (visits * 240, visits)
        server = few(rng)
        found[f"liv_hospital_wait_{kind}_server"] = (server * 240, server)
    return found


def _chain(rng: random.Random, found: Figures, firsts: tuple[str, ...], lasts: tuple[str, ...], whole: int) -> None:
    for name in firsts:
        found[name] = (max(0, whole - few(rng)), whole)
    for name in lasts:
        found[name] = (max(0, min(found[one][0] for one in firsts) - few(rng)), whole)


@pytest.fixture(scope="module")
def attacked(warehouses: Path) -> tuple[Mapping[str, Figures], Mapping[str, Shown]]:
    """The figures of every region as they are, and as the marts show them."""
    regions = list(all_regions().values())[:REGIONS]
    rng = dice(33)
    truth = {region.code: draw(rng) for region in regions}
    warehouse = warehouses / "0191-attack.duckdb"
    create(warehouse, {})
    with duckdb.connect(str(warehouse)) as connection:
        listed = regions_view(regions)["landing._regions"].sql
        connection.execute(f"create or replace table landing._regions as {listed}")
        for pillar in ("living", "society"):
            rows = [
                _row(code, name, parts)
                for code, own in truth.items()
                for name, parts in own.items()
                if INDICATORS[name][0] == pillar
            ]
            fields = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in COLUMNS.items())
            connection.execute(
                f"create or replace view figures.{pillar} as select {fields} "
                f"from (values {', '.join(rows)}) as given({', '.join(COLUMNS)})"
            )
    result = run_dbt(warehouse, "+mart_living +mart_society")
    assert result.ok, result.first_failure()
    shown: dict[str, dict[str, tuple[Decimal | None, Decimal | None]]] = {}
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        for pillar in ("living", "society"):
            query = f"select region_code, indicator_id, numerator, denominator from candidate.mart_{pillar}"
            for code, name, *parts in connection.execute(query + f" where period = '{YEAR}'").fetchall():
                shown.setdefault(code, {})[name] = (parts[0], parts[1])
    return truth, shown


def _row(code: str, name: str, parts: tuple[int, int]) -> str:
    given = f"{literal(name)}, {literal(code)}, '{YEAR}', {parts[0]}, {parts[1]}, null, 'computed', null, null"
    return f"({given}, ['b'], ['s'], false)"


def sensitive(name: str, parts: tuple[int, int]) -> Iterator[tuple[str, int, int]]:
    """The counts of an indicator that must not be known: which, and the range that must stay open."""
    rule = HIDING[name]
    n, d = parts
    for count, number in (("numerator", n), ("denominator", d), ("complement", d - n)):
        if count in rule.counts and 1 <= number < rule.below:
            yield count, 1, rule.below - 1


def bounds(shown: Shown, name: str, count: str) -> tuple[float, float]:
    """The least and the greatest value of a count, by all that is shown in the region."""
    names = sorted({*shown} & {*draw(dice(0))})
    place = {(one, part): 2 * at + part for at, one in enumerate(names) for part in (0, 1)}
    equal: list[dict[int, int]] = []
    least: list[dict[int, int]] = []  # each sum is at least nought
    for same in SAME:
        equal += [{place[same[0], 1]: 1, place[one, 1]: -1} for one in same[1:]]
    for part in (0, 1):
        parts = {place["soc_apk_sd", part]: -1, place["soc_apk_smp", part]: -1}
        equal.append({place["soc_apk_9y", part]: 1, **parts})
    least.append({place["soc_apm_9y", 0]: 1, place["soc_apm_sd", 0]: -1, place["soc_apm_smp", 0]: -1})
    for kind in ("new", "returning"):
        equal.append({place[f"liv_hospital_wait_{kind}", 1]: 1, place[f"liv_hospital_within_60_{kind}", 1]: -1})
    least += [{place[whole, 0]: 1, place[part, 0]: -1} for part, whole in WITHIN]
    least += [{place[one, 1]: 1, place[one, 0]: -1} for one in names if INDICATORS[one][1].formula == "share"]
    fixed = [(shown[one][part], shown[one][part]) for one in names for part in (0, 1)]
    limits = [(float(low), float(low)) if low is not None else (0.0, None) for low, _ in fixed]
    objective = np.zeros(len(place))
    objective[place[name, 0]] = {"numerator": 1, "denominator": 0, "complement": -1}[count]
    objective[place[name, 1]] = {"numerator": 0, "denominator": 1, "complement": 1}[count]

    def matrix(rows: list[dict[int, int]]) -> np.ndarray:
        made = np.zeros((len(rows), len(place)))
        for number, row in enumerate(rows):
            for column, factor in row.items():
                made[number, column] += factor
        return made

    ends = []
    for sign in (1, -1):
        found = linprog(
            sign * objective,
            A_ub=-matrix(least),
            b_ub=np.zeros(len(least)),
            A_eq=matrix(equal),
            b_eq=np.zeros(len(equal)),
            bounds=limits,
        )
        ends.append(-np.inf * sign if found.status == 3 else sign * found.fun)
    return ends[0], ends[1]


def test_p6_no_hidden_count_is_computed_back(
    attacked: tuple[Mapping[str, Figures], Mapping[str, Shown]],
) -> None:
    truth, shown = attacked
    told = []
    tried = 0
    for code, own in truth.items():
        for name, parts in own.items():
            for count, low, high in sensitive(name, parts):
                least, greatest = bounds(shown[code], name, count)
                tried += 1
                if least > low or greatest < high:
                    told.append((code, name, count, parts, least, greatest))
    assert tried > 500
    assert not told, "\n".join(map(str, told))


def test_what_gives_nothing_away_is_shown(attacked: tuple[Mapping[str, Figures], Mapping[str, Shown]]) -> None:
    truth, shown = attacked
    grouped = groups()
    for code, own in truth.items():
        small = {(name, count) for name, parts in own.items() for count, *_ in sensitive(name, parts)}
        small_groups = {
            grouped.get((name, "numerator" if count == "complement" else count), name) for name, count in small
        }
        for name, parts in own.items():
            its = {grouped.get((name, part), name) for part in ("numerator", "denominator")}
            if name not in {one for one, _ in small} and not its & small_groups:
                assert shown[code][name] == parts
