"""Which level evidence proves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from definitions.ladder import level_reached

Items = list[tuple[int, bool]]


@pytest.mark.parametrize(
    ("items", "level"),
    [
        ([], 1),
        ([(1, False), (2, True)], 1),
        ([(1, True), (2, True), (3, False), (4, True)], 2),
        ([(2, True), (3, True), (3, False)], 2),
        ([(2, True), (4, True)], 2),
        ([(level, True) for level in range(1, 6)], 5),
        ([(level, True) for level in range(1, 9)], 5),
    ],
)
def test_a_level_counts_with_all_below(items: Items, level: int) -> None:
    assert level_reached(items, 1, 5) == level


ITEMS = st.lists(st.tuples(st.integers(1, 5), st.booleans()), max_size=12)


@given(ITEMS)
def test_whatever_the_order_and_nothing_open_at_or_below_the_level(items: Items) -> None:
    level = level_reached(items, 1, 5)
    assert level == level_reached(list(reversed(items)), 1, 5)
    if level > 1:
        assert all(accepted for at, accepted in items if at <= level)
        assert {at for at, _ in items} >= {*range(2, level + 1)}
    if level < 5:
        above = [accepted for at, accepted in items if at == level + 1]
        assert not above or not all(above) or not all(accepted for at, accepted in items if at == 1)


@given(ITEMS, st.integers(1, 5))
def test_one_more_open_item_never_raises_it(items: Items, at: int) -> None:
    assert level_reached([*items, (at, False)], 1, 5) <= level_reached(items, 1, 5)
