"""Chance that always falls the same way."""

import random
from collections.abc import MutableSequence, Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """A seeded source of choices.

    Only ``Random.random`` is used underneath: it is the one method whose sequence Python promises to keep.
    """

    def __init__(self, *seed: object) -> None:
        self._random = random.Random("/".join(str(part) for part in seed))  # noqa: S311 - test data, not secrets

    def fraction(self) -> float:
        """A number from 0 up to, not including, 1."""
        return self._random.random()

    def whole(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included."""
        return low + int(self.fraction() * (high - low + 1))

    def between(self, low: float, high: float) -> float:
        """A number from ``low`` up to ``high``."""
        return low + self.fraction() * (high - low)

    def pick(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[self.whole(0, len(items) - 1)]

    def shuffle(self, items: MutableSequence[T]) -> None:
        """Put the items in another order, in place (Fisher-Yates)."""
        for last in range(len(items) - 1, 0, -1):
            other = self.whole(0, last)
            items[last], items[other] = items[other], items[last]
