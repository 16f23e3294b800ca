"""The arithmetic of the macros against Python's exact decimals."""

from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import duckdb
import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

MACROS = Path(__file__).parents[2] / "dbt_project" / "macros" / "exact.sql"


def macro(call: str) -> str:
    """The SQL that a call of a macro stands for."""
    # Not a page: nothing is to be escaped.
    environment = jinja2.Environment(autoescape=False)  # noqa: S701
    return environment.from_string(MACROS.read_text() + "{{ " + call + " }}").render().strip()


def computed(call: str, **values: tuple[Decimal | None, str]) -> Decimal | None:
    columns = ", ".join(f"cast(? as {kind}) as {name}" for name, (_, kind) in values.items())
    query = f"select {macro(call)} from (select {columns})"
    row = duckdb.execute(query, [value for value, _ in values.values()]).fetchone()
    assert row is not None
    answer = row[0]
    assert answer is None or isinstance(answer, Decimal), "a binary float came out"
    return answer


def half_up(value: Decimal, dp: int = 2) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-dp), ROUND_HALF_UP)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2.125000", "2.13"),
        ("2.665000", "2.67"),
        ("3.405000", "3.41"),
        ("2.545000", "2.55"),
        ("2.124999", "2.12"),
        ("-2.125000", "-2.13"),
        ("0.004999", "0.00"),
        ("-0.005", "-0.01"),
    ],
)
def test_a_half_goes_up(value: str, expected: str) -> None:
    assert computed("half_up('x', 2)", x=(Decimal(value), "decimal(9, 6)")) == Decimal(expected)


@settings(max_examples=100, deadline=None)
@given(st.decimals(-(10**12), 10**12, places=8), st.integers(0, 4))
def test_half_up_is_exact(value: Decimal, dp: int) -> None:
    assert computed(f"half_up('x', {dp})", x=(value, "decimal(24, 8)")) == half_up(value, dp)


@settings(max_examples=100, deadline=None)
@given(
    st.decimals(-(10**15), 10**15, places=4),
    st.decimals(-(10**15), 10**15, places=4),
    st.sampled_from([1, 100]),
)
def test_ratio_is_exact(num: Decimal, den: Decimal, factor: int) -> None:
    found = computed(
        f"ratio_half_up('n', 'd', 2, factor={factor})", n=(num, "decimal(24, 4)"), d=(den, "decimal(24, 4)")
    )
    if den == 0:
        assert found is None
        return
    # Whole numbers only: a context of 28 digits would round before we do.
    n, d = int(num.scaleb(4)), int(den.scaleb(4))
    whole = (2 * 100 * factor * abs(n) + abs(d)) // (2 * abs(d))
    assert found == Decimal(whole if n * d >= 0 else -whole).scaleb(-2)


@pytest.mark.parametrize(("num", "den"), [(None, "1"), ("1", None), ("1", "0"), ("0", "0")])
def test_a_rate_of_nothing_is_missing(num: str | None, den: str | None) -> None:
    values = [None if text is None else Decimal(text) for text in (num, den)]
    found = computed(
        "ratio_half_up('n', 'd', 2, factor=100)", n=(values[0], "decimal(24, 4)"), d=(values[1], "decimal(24, 4)")
    )
    assert found is None


MEAN = macro("half_up_mean('score', 2)")


def test_a_mean_is_rounded_once() -> None:
    scores = "(values (2.00), (2.00), (2.00), (2.00), (2.00), (2.00), (2.00), (3.00), (null)) as given (score)"
    row = duckdb.execute(f"select {MEAN} from {scores}").fetchone()
    assert row == (Decimal("2.13"),)


def test_a_mean_of_nothing_is_missing() -> None:
    row = duckdb.execute(f"select {MEAN} from (select null::decimal(4, 2) as score)").fetchone()
    assert row == (None,)
