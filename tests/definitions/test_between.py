"""Rules between figures are data: what is wrong with them is told in one line. And what claims in words may mean."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from definitions.between import FILE, load_rules
from definitions.claimed import claimed
from ledger.errors import ConfigError


def test_every_rule_of_the_project_speaks_of_figures_that_are_there() -> None:
    assert len(load_rules().between) >= 10


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"figure": "liv_nothing.value"}, "there is no indicator 'liv_nothing'"),
        ({"figure": "liv_antenatal_k6"}, "should match pattern"),
        ({"figure": "eco_poverty_p0.denominator"}, "has no denominator"),
        ({"others": ["liv_antenatal_k6.numerator"]}, "compared with others"),
        ({"kind": "above"}, "Input should be 'within', 'not_equal' or 'sums'"),
        ({"id": "postnatal_complete_within_first"}, "two rules are called 'postnatal_complete_within_first'"),
        ({"color": "red"}, "unknown key 'color'"),
    ],
)
def test_a_wrong_rule_is_told_in_one_line(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    raw = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    raw["between"][0] |= change
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump(raw), encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load_rules(path)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "within", "outside"),
    [
        ("0%-5%", "5.49", "7.99"),
        ("76% – 100%", "76", "75.4"),
        ("70 hingga 80", "80", "80.6"),
        ("70 s.d. 80", "70", "69"),
        ("7,99", "7.994", "8"),
        ("5 persen", "5.5", "5.6"),
        ("> 90%", "90.1", "90"),
        ("kurang dari 5", "4.9", "5"),
        ("≥ 3", "3", "2.9"),
    ],
)
def test_what_a_claim_may_mean(text: str, within: str, outside: str) -> None:
    claim = claimed(text)
    assert claim is not None
    assert claim.holds(Decimal(within))
    assert not claim.holds(Decimal(outside))


@pytest.mark.parametrize("text", ["A", "", "WTP", "80-70", "sekitar 5%", "1.234.567", "2021/2022"])
def test_words_claim_no_value(text: str) -> None:
    assert claimed(text) is None
