"""How often a part that ended by itself is started again: a few times, each after a longer wait."""

import time
from dataclasses import dataclass, field

MOST = 5
WITHIN_SECONDS = 600.0
FIRST_WAIT_SECONDS = 0.5


@dataclass
class Lives:
    """The deaths of one part. One that dies more often than ``MOST`` times within ``WITHIN_SECONDS`` stays dead."""

    _deaths: list[float] = field(default_factory=list)
    _due: float | None = None

    def died(self) -> bool:
        """Count a death, once until it is ``reborn``. Returns whether the part may live again."""
        if self._due is None:
            now = time.monotonic()
            self._deaths = [at for at in self._deaths if now - at < WITHIN_SECONDS] + [now]
            self._due = now + FIRST_WAIT_SECONDS * 2 ** (len(self._deaths) - 1)
        return len(self._deaths) <= MOST

    @property
    def count(self) -> int:
        """Deaths that are not forgotten."""
        return len(self._deaths)

    @property
    def due(self) -> bool:
        """Whether a dead part has waited long enough."""
        return self._due is not None and time.monotonic() >= self._due

    def reborn(self) -> None:
        """It was started again."""
        self._due = None

    @property
    def dead(self) -> bool:
        """Whether it died and was not started again yet."""
        return self._due is not None
