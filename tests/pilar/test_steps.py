"""Watch's clock, and which events a pull settles."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connectors.pull.outcome import PullOutcome
from connectors.source.source import Events
from ledger.clock import local_zone
from ledger.errors import ConfigError, SourceError
from ledger.records import EventIn
from ledger.settings import Settings
from ledger.store import Ledger
from pilar import steps
from pilar.steps import is_due
from tests.pilar.platform.sources_of_tests import write_sources

WIB = ZoneInfo("Asia/Jakarta")


@pytest.mark.parametrize(
    ("last_try", "now", "due"),
    [
        (None, datetime(2024, 1, 2, 3, tzinfo=WIB), True),
        (datetime(2024, 1, 1, 2, 5, tzinfo=WIB), datetime(2024, 1, 2, 1, 59, tzinfo=WIB), False),
        (datetime(2024, 1, 1, 2, 5, tzinfo=WIB), datetime(2024, 1, 2, 2, 1, tzinfo=WIB), True),
        (datetime(2024, 1, 2, 2, 0, tzinfo=WIB), datetime(2024, 1, 2, 2, 5, tzinfo=WIB), False),
        (datetime(2024, 1, 2, 1, 59, 59, tzinfo=WIB), datetime(2024, 1, 2, 2, 5, tzinfo=WIB), True),
        (datetime(2024, 1, 2, 2, 0, 5, tzinfo=WIB), datetime(2024, 1, 2, 2, 5, tzinfo=WIB), False),
        # 02:00 in Jakarta is 19:00 of the day before in UTC, the zone of the ledger's times.
        (datetime(2024, 1, 1, 18, 59, tzinfo=UTC), datetime(2024, 1, 2, 2, 5, tzinfo=WIB), True),
        (datetime(2024, 1, 1, 19, 1, tzinfo=UTC), datetime(2024, 1, 2, 2, 5, tzinfo=WIB), False),
    ],
)
def test_a_source_is_due_when_its_clock_struck_since_the_last_try(
    last_try: datetime | None, now: datetime, due: bool
) -> None:
    assert is_due(Events(fallback="0 2 * * *"), last_try, now) is due


def test_p10_a_wrong_time_zone_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PILAR_TIMEZONE", "Asia/Tenggarong")
    with pytest.raises(ConfigError, match="PILAR_TIMEZONE"):
        local_zone()


# -- which events a pull settles ---------------------------------------------------------------------------------------

Ask = Callable[[Callable[[], None]], None]


@pytest.fixture
def during(ledger: Ledger, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ask:
    """``during(happens)``: pull the source ``births``; while its system is asked, something happens."""
    installed = settings.model_copy(update={"sources_dir": write_sources(tmp_path / "sources")})
    monkeypatch.setattr(steps, "open_installation", lambda _lookup=None: (ledger, installed))

    def ask(happens: Callable[[], None]) -> None:
        def pull(*_: object, **__: object) -> PullOutcome:
            happens()
            return PullOutcome("births", ())

        monkeypatch.setattr("connectors.pull.course.pull", pull)
        steps.ingest("births")

    return ask


def announce(ledger: Ledger, identity: str, source: str = "births") -> None:
    ledger.record_event(EventIn("urn:agency", identity, "changed", source))


def told(ledger: Ledger, source: str = "births") -> dict[str, str]:
    return {event.sender_event_id: event.status for event in ledger.events_of(source)}


def test_p4_an_event_that_comes_during_a_pull_asks_for_another_one(ledger: Ledger, during: Ask) -> None:
    announce(ledger, "before")
    announce(ledger, "of another source", "children")
    during(lambda: announce(ledger, "meanwhile"))
    assert told(ledger) == {"before": "done", "meanwhile": "received"}
    assert told(ledger, "children") == {"of another source": "received"}
    during(lambda: None)
    assert set(told(ledger).values()) == {"done"}


@pytest.mark.parametrize(
    ("kind", "before"),
    [
        ("retryable", "received"),
        ("quota", "received"),
        ("auth", "failed"),
        ("permanent", "failed"),
        ("damaged", "failed"),
        ("empty", "failed"),
        (None, "failed"),
    ],
)
def test_p4_what_may_pass_by_itself_stays_open_and_what_needs_a_person_is_closed(
    ledger: Ledger, during: Ask, kind: str | None, before: str
) -> None:
    def fails() -> None:
        announce(ledger, "meanwhile")
        raise ConfigError("x") if kind is None else SourceError(kind, "x")  # type: ignore[arg-type]

    announce(ledger, "before")
    with pytest.raises(ConfigError if kind is None else SourceError):
        during(fails)
    assert told(ledger) == {"before": before, "meanwhile": "received"}


def test_p4_a_pull_that_dies_settles_nothing(ledger: Ledger, during: Ask) -> None:
    def dies() -> None:
        raise KeyboardInterrupt

    announce(ledger, "before")
    with pytest.raises(KeyboardInterrupt):
        during(dies)
    assert told(ledger) == {"before": "received"}
