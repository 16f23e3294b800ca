"""When a source's clock last struck: zones without summer time, midnights, ends of months, and windows of the year."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.source.source import Events
from pilar.sources.strokes import ZONES, last_stroke, zone_of
from pilar.steps import is_due


def events(
    fallback: str = "0 2 * * *", zone: str | None = "WIB", windows: list[dict[str, str]] | None = None
) -> Events:
    return Events.model_validate({"fallback": fallback, "zone": zone, "windows": windows or []})


def struck(what: Events, now: str) -> str:
    """The last stroke before a moment of the source's own zone, as it says it."""
    moment = datetime.fromisoformat(now).replace(tzinfo=zone_of(what))
    found = last_stroke(what, moment.astimezone(UTC))
    return "" if found is None else found.replace(tzinfo=None).isoformat(sep=" ", timespec="minutes")


@pytest.mark.parametrize(("zone", "hours"), [("WIB", 7), ("WITA", 8), ("WIT", 9)])
def test_p5_a_clock_is_read_in_its_own_zone(zone: str, hours: int) -> None:
    found = last_stroke(events(zone=zone), datetime(2026, 6, 1, 20, tzinfo=UTC))
    assert found is not None
    assert found.astimezone(UTC) == datetime(2026, 6, 1 if hours > 6 else 2, 26 - hours, tzinfo=UTC)


def test_without_a_zone_it_is_the_regency_s(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, zone in (("Asia/Jayapura", "WIT"), ("Asia/Makassar", "WITA")):
        monkeypatch.setenv("PILAR_TIMEZONE", name)
        assert zone_of(events(zone=None)) == zone_of(events(zone=zone)) == ZoneInfo(name)


def test_a_day_begins_when_it_begins_there() -> None:
    midnight = events("0 0 * * *", "WIT")
    assert struck(midnight, "2026-03-01 00:01") == "2026-03-01 00:00"
    assert struck(midnight, "2026-02-28 23:59") == "2026-02-28 00:00"
    # At the same moment it is still the day before in Jakarta.
    now = datetime(2026, 2, 28, 15, 1, tzinfo=UTC)
    last_try = now - timedelta(hours=1)
    assert is_due(midnight, last_try, now)
    assert not is_due(events("0 0 * * *", "WIB"), last_try, now)


@pytest.mark.parametrize(
    ("cron", "now", "last"),
    [
        ("0 6 10 * *", "2026-03-10 05:59", "2026-02-10 06:00"),
        ("0 6 10 * *", "2026-03-10 06:01", "2026-03-10 06:00"),
        ("0 6 31 * *", "2026-03-01 00:00", "2026-01-31 06:00"),
        ("0 22 l * *", "2026-03-01 00:00", "2026-02-28 22:00"),
        ("0 22 l * *", "2028-03-01 00:00", "2028-02-29 22:00"),
        ("0 2 29 2 *", "2026-03-01 00:00", "2024-02-29 02:00"),
        ("30 23 * * *", "2026-01-01 00:00", "2025-12-31 23:30"),
    ],
)
def test_ends_of_months_and_years(cron: str, now: str, last: str) -> None:
    assert struck(events(cron), now) == last


def window(begins: str, ends: str, clock: str = "0 * * * *") -> dict[str, str]:
    return {"from": begins, "to": ends, "clock": clock, "why": "a reason"}


TERM, YEAR_END = window("07-15", "07-20"), window("12-30", "01-02", "0 */6 * * *")


@pytest.mark.parametrize(
    ("now", "last"),
    [
        ("2026-07-15 00:00", "2026-07-14 02:00"),  # before it, the fallback
        ("2026-07-15 00:30", "2026-07-15 00:00"),  # its first stroke is at its first midnight
        ("2026-07-15 09:30", "2026-07-15 09:00"),
        ("2026-07-20 23:59", "2026-07-20 23:00"),  # its last day belongs to it
        ("2026-07-21 01:59", "2026-07-20 23:00"),
        ("2026-07-21 02:01", "2026-07-21 02:00"),  # after it, the fallback again
        ("2025-12-31 23:00", "2025-12-31 18:00"),
        ("2026-01-01 00:01", "2026-01-01 00:00"),  # over the turn of the year
        ("2026-01-02 23:00", "2026-01-02 18:00"),
        ("2026-01-03 03:00", "2026-01-03 02:00"),
    ],
)
def test_in_a_window_its_own_clock_holds(now: str, last: str) -> None:
    assert struck(events(windows=[TERM, YEAR_END]), now) == last


def test_a_window_to_the_last_of_february_ends_with_february() -> None:
    what = events(windows=[window("02-01", "02-29")])
    assert struck(what, "2026-03-01 01:00") == "2026-02-28 23:00"
    assert struck(what, "2028-03-01 01:00") == "2028-02-29 23:00"


def test_where_windows_overlap_both_clocks_strike() -> None:
    what = events(windows=[window("07-01", "07-31", "15 * * * *"), window("07-10", "07-12", "45 * * * *")])
    assert struck(what, "2026-07-11 10:20") == "2026-07-11 10:15"
    assert struck(what, "2026-07-11 10:50") == "2026-07-11 10:45"
    assert struck(what, "2026-07-13 10:50") == "2026-07-13 10:15"


def test_windows_may_leave_the_fallback_no_day() -> None:
    whole = events(windows=[window("01-01", "12-31", "0 3 * * *")])
    assert struck(whole, "2026-05-05 12:00") == "2026-05-05 03:00"
    never = events(windows=[window("01-01", "12-31", "0 3 29 2 *")])
    assert struck(never, "2026-05-05 12:00") == ""


@given(
    minutes=st.integers(0, 15 * 366 * 24 * 60),
    zone=st.sampled_from(sorted(ZONES)),
    windows=st.lists(st.sampled_from([TERM, YEAR_END, window("03-01", "02-01", "7 4 * * *")]), max_size=3),
)
def test_the_last_stroke_is_before_now_and_nothing_struck_in_between(
    minutes: int, zone: str, windows: list[dict[str, str]]
) -> None:
    what = events("0 2 * * *", zone, windows)
    here = datetime(2020, 1, 1, tzinfo=zone_of(what)) + timedelta(minutes=minutes)
    found = last_stroke(what, here)
    assert found is not None
    assert found < here
    # Whatever the moment between the two: the last stroke was the same one.
    between = found + (here - found) / 2
    if between > found:
        assert last_stroke(what, between) == found


@pytest.mark.parametrize(
    "wrong",
    [
        {"zone": "WAT"},
        {"windows": [window("02-30", "03-01")]},
        {"windows": [window("13-01", "12-01")]},
        {"windows": [window("1-1", "2-2")]},
        {"windows": [window("01-01", "02-01", "daily")]},
        {"windows": [{**TERM, "why": ""}]},
    ],
)
def test_p10_a_wrong_calendar_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Events.model_validate({"fallback": "0 2 * * *", **wrong})
