"""Bounds are read from the seed, and what cannot be read is told in one line."""

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
