"""Bounds stand in an indicator's file, and one that cannot be read is told in one line."""

from decimal import Decimal
from pathlib import Path

import pytest

from definitions.indicators import Indicator, all_indicators, load_indicators
from expectations.bounds import Bounds, read_bounds
from expectations.common import pillar_rules
from ledger.errors import GateError


def test_the_bounds_of_a_pillar_are_those_of_its_indicators() -> None:
    [growth] = [item for item in read_bounds("branding") if item.indicator_id == "bra_investment_growth"]
    assert growth == Bounds(
        "bra_investment_growth",
        "DPMPTSP through OSS-RBA",
        minimum=Decimal(-100),
        maximum=None,
        unusual_above=Decimal(1000),
        unusual_below=None,
        because="investment cannot shrink by more than all of it",
        formula="growth",
    )


def implied(indicator: Indicator) -> tuple[Decimal, Decimal | None]:
    """The widest bounds that follow from what an indicator is. Ten times a whole is a lost decimal point."""
    if indicator.unit.startswith("indeks"):
        return Decimal(0), Decimal(indicator.unit.rpartition("-")[2])
    if indicator.unit == "%":
        return Decimal(-100), Decimal(100) if indicator.formula == "share" else Decimal(1000)
    return Decimal(0), None


@pytest.mark.parametrize("indicator", [found for _, found in all_indicators()], ids=lambda found: found.id)
def test_no_bound_is_wider_than_what_its_indicator_can_be(indicator: Indicator) -> None:
    """One that lost its decimal point would let through what it stands there for, or at least be told as unusual."""
    limits, (least, most) = indicator.limits, implied(indicator)
    assert limits is not None
    lowest = limits.min if limits.min is not None else limits.unusual_below
    highest = limits.max if limits.max is not None else limits.unusual_above
    assert lowest is not None
    assert lowest >= least
    assert most is None or (highest is not None and highest <= most)


def test_an_indicator_without_any_bound_has_no_rule_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    free = Bounds("eco_free", "BPS", None, None, None, None, "it may be anything", "amount")
    monkeypatch.setattr("expectations.common.read_bounds", lambda pillar: (free,))

    assert [rule.name for rule in pillar_rules("economy") if "eco_free" in rule.query] == []


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (("{min: -100, unusual_above: 1000,", "{min: minus a hundred,"), "bounds.min"),
        (("{min: -100, unusual_above: 1000,", "{lowest: -100,"), "lowest"),
        (("{min: -100, unusual_above: 1000,", "{min: -100, unusual_above: .inf,"), "finite"),
        (("{min: -100, unusual_above: 1000,", "{min: 1000, unusual_above: -100,"), "order"),
        (("bounds:", "bounds: {because: twice}\nbounds:"), "twice"),
    ],
    ids=["no number", "no such bound", "no end", "no room", "given twice"],
)
def test_p10_bounds_that_cannot_be_read_are_told_in_one_line(
    spoil: tuple[str, str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from definitions import indicators

    file = tmp_path / "branding" / "bra_investment_growth.yaml"
    file.parent.mkdir()
    text = (indicators.FOLDER / "branding" / file.name).read_text(encoding="utf-8")
    assert spoil[0] in text
    file.write_text(text.replace(*spoil), encoding="utf-8")
    monkeypatch.setattr("expectations.bounds.load_indicators", lambda: load_indicators(tmp_path))

    with pytest.raises(GateError, match=told) as caught:
        read_bounds("branding")
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)
