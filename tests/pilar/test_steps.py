"""The sweep's clock."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from ledger.clock import local_zone
from ledger.errors import ConfigError
from pilar.steps import is_due

WIB = ZoneInfo("Asia/Jakarta")


@pytest.mark.parametrize(
    ("last_try", "now", "due"),
    [
        (None, datetime(2024, 1, 2, 3, tzinfo=WIB), True),
        (datetime(2024, 1, 1, 2, 5, tzinfo=WIB), datetime(2024, 1, 2, 1, 59, tzinfo=WIB), False),
        (datetime(2024, 1, 1, 2, 5, tzinfo=WIB), datetime(2024, 1, 2, 2, 1, tzinfo=WIB), True),
        (datetime(2024, 1, 2, 2, 0, 5, tzinfo=WIB), datetime(2024, 1, 2, 2, 5, tzinfo=WIB), False),
        # 02:00 in Jakarta is 19:00 of the day before in UTC, the zone of the ledger's times.
        (datetime(2024, 1, 1, 18, 59, tzinfo=UTC), datetime(2024, 1, 2, 2, 5, tzinfo=WIB), True),
        (datetime(2024, 1, 1, 19, 1, tzinfo=UTC), datetime(2024, 1, 2, 2, 5, tzinfo=WIB), False),
    ],
)
def test_a_source_is_due_when_its_clock_struck_since_the_last_try(
    last_try: datetime | None, now: datetime, due: bool
) -> None:
    assert is_due("0 2 * * *", last_try, now) is due


def test_p10_a_wrong_time_zone_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PILAR_TIMEZONE", "Asia/Tenggarong")
    with pytest.raises(ConfigError, match="PILAR_TIMEZONE"):
        local_zone()
