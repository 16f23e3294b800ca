"""Bounds are read from the seed, and what cannot be read is told in one line."""

import csv
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from expectations.bounds import SEED, Bounds, read_bounds
from expectations.common import pillar_rules
from expectations.gate import PILLARS
from ledger.errors import GateError


def test_the_bounds_of_a_pillar_are_those_of_its_indicators() -> None:
    assert read_bounds("branding")[1] == Bounds(
        "bra_investment_growth",
        "DPMPTSP through OSS-RBA",
        minimum=Decimal(-100),
        maximum=None,
        unusual_above=Decimal(1000),
        because="investment cannot shrink by more than all of it",
        formula="growth",
    )
    assert sum(len(read_bounds(pillar)) for pillar in PILLARS) == len(SEED.read_text(encoding="utf-8").splitlines()) - 1


def implied(row: Mapping[str, str]) -> tuple[str, str]:
    """The bounds that follow from what an indicator is. Ten times the budget is nobody's realisation."""
    if row["unit"].startswith("indeks"):
        return "0", row["unit"].rpartition("-")[2]
    if row["unit"] == "%":
        return {"growth": ("-100", ""), "ratio": ("0", "1000")}.get(row["formula"], ("0", "100"))
    return "0", ""


def test_no_bound_is_wider_than_what_its_indicator_can_be() -> None:
    """One that lost its decimal point would let through what it stands there for."""
    with SEED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    assert {row["id"]: (row["minimum"], row["maximum"]) for row in rows} == {row["id"]: implied(row) for row in rows}
    assert {row["id"]: float(row["unusual_above"]) for row in rows if row["unusual_above"]} == {
        "gov_apbd_realisation": 120,
        "gov_revenue_realisation": 150,
        "bra_investment_total": 50e12,
        "bra_investment_growth": 1000,
        "bra_investment_projects": 1e6,
        "eco_poverty_p0": 50,
        "liv_stunting_prevalence": 60,
        "soc_schools": 10_000,
    }


def test_an_indicator_without_any_bound_has_no_rule_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    free = Bounds("eco_free", "BPS", None, None, None, "it may be anything", "")
    monkeypatch.setattr("expectations.common.read_bounds", lambda pillar: (free,))

    assert [rule.name for rule in pillar_rules("economy") if "eco_free" in rule.query] == []


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (("maximum,unusual_above", "highest,unusual_above"), "maximum"),
        ((",-100,,1000,", ",minus a hundred,,1000,"), "InvalidOperation"),
    ],
    ids=["no column", "no number"],
)
def test_p10_bounds_that_cannot_be_read_are_told_in_one_line(spoil: tuple[str, str], told: str, tmp_path: Path) -> None:
    seed = tmp_path / "indicators.csv"
    seed.write_text(SEED.read_text(encoding="utf-8").replace(*spoil), encoding="utf-8")

    with pytest.raises(GateError, match=told) as caught:
        read_bounds("branding", seed)
    assert str(seed) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        None,
        "id,minimum\nx,1\n",
        "id,pillar,source_text,minimum,maximum,unusual_above,because,formula\nx,living,o,NaN,,,b,\n",
        b"\xff\xfe\x00",
    ],
    ids=["no file", "no pillar", "no number", "no text"],
)
def test_p10_a_seed_that_cannot_be_read_is_named(tmp_path: Path, content: str | bytes | None) -> None:
    seed = tmp_path / "indicators.csv"
    if content is not None:
        seed.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(GateError) as caught:
        read_bounds("living", seed)
    assert str(seed) in str(caught.value)
    assert "\n" not in str(caught.value)
