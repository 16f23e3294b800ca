"""Deaths at chosen steps."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest


class Killed(BaseException):
    """What SIGKILL looks like from inside: nothing that follows runs."""


@contextmanager
def dying(owner: Any, name: str, nth: int, *, after: bool) -> Iterator[None]:
    """Die at the nth call of a step, before or after its work."""
    real, calls = getattr(owner, name), iter(range(1, 1000))

    def step(*given: Any, **named: Any) -> Any:
        last = next(calls) == nth
        if last and not after:
            raise Killed
        result = real(*given, **named)
        if last:
            raise Killed
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, step)
        yield
