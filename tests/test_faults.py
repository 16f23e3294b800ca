"""Every fault of docs/faults.md has its tests, and every mark of a test stands there."""

import re

from ledger.settings import REPOSITORY
from tests.faults import marked_tests

FAULTS = 30
ROW = re.compile(r"^\| (\d+) \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)


def test_every_fault_is_played_and_told() -> None:
    text = (REPOSITORY / "docs" / "faults.md").read_text()
    told = {int(number): re.findall(r"`([^`]+)`", tests) for number, tests in ROW.findall(text)}
    assert told == marked_tests()
    assert set(told) == set(range(1, FAULTS + 1))
