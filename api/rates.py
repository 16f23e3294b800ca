"""How often somebody may ask: a bucket for each key, or for each address where there is none."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

MOST_BUCKETS = 20_000


class Rates:
    """Buckets of tokens. What is asked of the longest ago is forgotten first, and is full by then."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def take(self, who: Hashable, per_minute: int) -> float:
        """Take one token. Returns 0, or the seconds until there is one again.

        A bucket holds what comes in ten seconds, and ten at least.
        """
        now, rate = self._clock(), per_minute / 60
        most = max(rate * 10, 10.0)
        tokens, since = self._buckets.pop(who, (most, now))
        tokens = min(most, tokens + (now - since) * rate)
        wait = 0.0 if tokens >= 1 else (1 - tokens) / rate
        self._buckets[who] = (tokens if wait else tokens - 1, now)
        if len(self._buckets) > MOST_BUCKETS:
            self._buckets.popitem(last=False)
        return wait
