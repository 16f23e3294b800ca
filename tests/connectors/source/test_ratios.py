"""A published rate against its own parts, and the flags of rows that land all the same."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.source.contract import Contract
from connectors.source.ratios import broken, digits

BILLION = {"value": 0.01, "numerator": 0.01, "denominator": 0.01}
COLUMNS: dict[str, Any] = {
    "id": {},
    "anggaran": {"type": "decimal(12,2)"},
    "realisasi": {"type": "decimal(12,2)"},
    "persentase": {"type": "decimal(9,2)"},
}


def ratio(**change: Any) -> dict[str, Any]:
    return {
        "name": "rate",
        "value": "persentase",
        "numerator": "realisasi",
        "denominator": "anggaran",
        "rounding": BILLION,
        "on_fail": "flag",
    } | change


def contract(columns: dict[str, Any] | None = None, **change: Any) -> Contract:
    return Contract.model_validate({"key": ["id"], "columns": columns or COLUMNS, "ratios": [ratio(**change)]})


def verdict(about: Contract, value: object, numerator: object, denominator: object) -> bool | None:
    """True where the rate is broken, None where it is not judged."""
    kinds = {name: about.landed[name].sql_type.sql for name in about.ratios[0].columns}
    columns = ", ".join(f"?::{kind} AS {name}" for name, kind in kinds.items())
    values = [None if part is None else str(part) for part in (value, numerator, denominator)]
    row = duckdb.execute(f"SELECT {broken(about.ratios[0], about.landed)} FROM (SELECT {columns})", values).fetchone()
    assert row is not None
    answer: bool | None = row[0]
    return answer


def corners(
    value: Fraction, numerator: Fraction, denominator: Fraction, steps: tuple[Fraction, Fraction, Fraction]
) -> bool | None:
    """The same question asked of fractions: the four corners as they are, divided."""
    wide, above, below = (step / 2 for step in steps)
    if abs(denominator) <= below:
        return None
    found = [100 * (numerator + a) / (denominator + b) for a in (above, -above) for b in (below, -below)]
    return not min(found) - wide <= value <= max(found) + wide


@pytest.mark.parametrize(
    ("value", "numerator", "denominator", "expected"),
    [
        ("123.11", "1508.82", "1225.58", False),
        ("12311", "1508.82", "1225.58", True),  # the decimal point was lost
        ("-81.09", "164.55", "-202.91", False),
        ("81.09", "164.55", "-202.91", True),
        ("81.09", "-164.55", "-202.91", False),
        ("-81.09", "-164.55", "202.91", False),
        ("0", "0", "12.50", False),
        ("5.00", "0", "12.50", True),
        # A budget of 0.01 stands for 0.005 to 0.015: the range is wide, and little can be said.
        ("700", "0.07", "0.01", False),
        ("1500", "0.07", "0.01", False),
        ("1500.01", "0.07", "0.01", True),
        ("433.32", "0.07", "0.01", True),
        ("5", "0.07", "0", None),
        ("5", "0.07", None, None),
        ("5", None, "0.07", None),
        (None, "0.07", "0.07", None),
    ],
)
def test_a_rate_lies_in_the_interval_of_its_parts(
    value: str | None, numerator: str | None, denominator: str | None, expected: bool | None
) -> None:
    assert verdict(contract(), value, numerator, denominator) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("4.7", True), ("4.8", False), ("4.9", True), ("8.6", True)],
)
def test_counts_are_exact(value: str, expected: bool) -> None:
    """187 of 3,912 children are 4.78 %."""
    columns = {"id": {}, "realisasi": {"type": "integer"}, "anggaran": {"type": "bigint"},
               "persentase": {"type": "decimal(4,1)"}}  # fmt: skip
    assert verdict(contract(columns, rounding={"value": 0.1}), value, 187, 3912) is expected


def test_the_edge_of_the_interval_belongs_to_it() -> None:
    """1 of 8 is 12.5 %: to whole percents both 12 and 13 are fair, to one decimal only 12.5 is."""
    columns = {"id": {}, "realisasi": {"type": "integer"}, "anggaran": {"type": "integer"},
               "persentase": {"type": "decimal(4,1)"}}  # fmt: skip
    whole = contract(columns, rounding={"value": 1})
    assert [verdict(whole, value, 1, 8) for value in ("11.9", "12", "12.5", "13", "13.1")] == [
        True,
        False,
        False,
        False,
        True,
    ]


@pytest.mark.parametrize(("denominator", "expected"), [("0.50", None), ("-0.40", None), ("0.51", False), ("0.6", True)])
def test_a_denominator_that_may_be_zero_says_nothing(denominator: str, expected: bool | None) -> None:
    """To whole numbers 0.5 stands for 0 to 1: any rate would follow from it."""
    about = contract(rounding={"value": 0.01, "denominator": 1})
    assert verdict(about, "9999", "1", denominator) is expected


def test_times_is_what_the_source_says_it_is() -> None:
    columns = COLUMNS | {"persentase": {"type": "decimal(9,4)"}}
    about = contract(columns, times=1, rounding={"value": "0.0001"})
    assert verdict(about, "0.3333", "1", "3") is False
    assert verdict(about, "33.33", "1", "3") is True


_MONEY = st.integers(-(10**12) + 1, 10**12 - 1)
_SMALL = st.integers(-30, 30)
_RATE = st.integers(-(10**9) + 1, 10**9 - 1)


@settings(max_examples=300, deadline=None)
@given(
    numerator=_MONEY | _SMALL, denominator=_MONEY | _SMALL, offset=st.integers(-3, 3), other=_RATE, near=st.booleans()
)
def test_it_agrees_with_fractions(numerator: int, denominator: int, offset: int, other: int, near: bool) -> None:
    """Up to the largest amounts the columns can hold, in both signs, on and beside the interval's edges."""
    value = other
    if near and denominator:
        edge = Fraction(100 * 100 * (2 * numerator + 1), 2 * denominator + (1 if denominator < 0 else -1))
        value = max(-(10**9) + 1, min(10**9 - 1, int(edge) + offset))
    parts = [Fraction(part, 100) for part in (value, numerator, denominator)]
    step = Fraction(1, 100)
    shown = [f"{Decimal(part) / 100:f}" for part in (value, numerator, denominator)]
    assert verdict(contract(), *shown) == corners(parts[0], parts[1], parts[2], (step, step, step))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"numerator": "tidak_ada"}, "names 'tidak_ada', which is not a landed column"),
        ({"denominator": "id"}, "names 'id', which is no number"),
        ({"rounding": {}}, "value"),
        ({"rounding": {"value": -0.1}}, "greater than or equal to 0"),
        ({"times": 0}, "greater than 0"),
        ({"name": "Rate %"}, "pattern"),
    ],
)
def test_p10_a_ratio_that_makes_no_sense_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        contract(None, **change)


def test_p10_a_ratio_that_could_not_be_exact_is_refused() -> None:
    huge = COLUMNS | {"anggaran": {"type": "decimal(30,2)"}}
    with pytest.raises(ValidationError, match=r"needs \d+ digits and 38 are exact"):
        contract(huge)
    assert digits(contract().ratios[0], contract().landed) <= 38


def test_p10_two_ratios_of_one_name_are_refused() -> None:
    with pytest.raises(ValidationError, match="two ratios are called 'rate'"):
        Contract.model_validate({"key": ["id"], "columns": COLUMNS, "ratios": [ratio(), ratio()]})
