"""What a gate answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from expectations.rules import Severity

Outcome = Literal["pass", "fail", "error"]


@dataclass(frozen=True, slots=True)
class Check:
    """One rule's answer. ``failing_rows`` holds at most 20, of text, numbers and lists only: it is stored as JSON."""

    name: str
    severity: Severity
    outcome: Outcome
    message: str
    failing_rows: tuple[Mapping[str, object], ...] = ()
    failing_count: int = 0


@dataclass(frozen=True, slots=True)
class GateResult:
    """A gate's answer: ``error`` means that a check could not be carried out, and blocks like ``fail``."""

    gate: str
    outcome: Outcome
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether what was checked may go on."""
        return self.outcome == "pass"

    @property
    def blocking(self) -> tuple[Check, ...]:
        """What stands in the way: critical rules not met, and every check that could not be carried out."""
        return tuple(check for check in self.checks if _blocks(check))


def judge(gate: str, checks: tuple[Check, ...]) -> GateResult:
    """Three outcomes from many checks. A gate without checks has judged nothing: error."""
    outcome: Outcome = "pass"
    if not checks or any(check.outcome == "error" for check in checks):
        outcome = "error"
    elif any(_blocks(check) for check in checks):
        outcome = "fail"
    return GateResult(gate, outcome, checks)


def _blocks(check: Check) -> bool:
    return check.outcome == "error" or (check.outcome == "fail" and check.severity == "critical")
