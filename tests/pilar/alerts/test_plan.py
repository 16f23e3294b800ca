"""Who is told what, and when: once, together, not at night, and again where it could not be told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ledger.alert_records import AddressState, Alert, Condition, Kind
from ledger.errors import ConfigError
from pilar.alerts import words
from pilar.alerts.addresses import Address, addresses, quiet_hours
from pilar.alerts.conditions import FOR_OWNERS, SEVERE
from pilar.alerts.plan import Message, backoff, plan

NOW = datetime(2026, 12, 1, 8, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
OPERATOR, HEALTH = Address("operator", 1, "json://nowhere"), Address("health", 1, "json://nowhere")
NEVER = AddressState()


def alert(number: int = 1, kind: Kind = "failed", *, ago: timedelta = HOUR, **more: object) -> Alert:
    facts = {"error_kind": "auth", "coverage": "2024", "rule": "jump", "free_mib": "12", "messages": "3"}
    subject = "watch" if kind == "silent" else f"source_{number}"
    return replace(Alert(number, Condition(kind, subject, NOW - ago, "health", facts), NOW - ago), **more)  # type: ignore[arg-type]


def opened(message: Message | None) -> list[int]:
    return [one.alert_id for one in message.opened] if message else []


def test_forty_failures_tell_the_operator_once() -> None:
    forty = [alert(number, ago=3 * MINUTE) for number in range(40)]
    message = plan(OPERATOR, forty, NEVER, NOW, quiet=False)
    assert message is not None
    assert len(message.opened) == 40
    title, text = words.letter("operator", message)
    assert title == "Pilar: 40 things need a person"
    assert len(text.splitlines()) == 21
    assert text.splitlines()[-1] == "and 20 more: `pilar alerts list`"
    told = [replace(one, told=frozenset({OPERATOR.name})) for one in forty]
    assert plan(OPERATOR, told, AddressState(told_at=NOW), NOW + HOUR, quiet=False) is None


def test_a_burst_is_gathered_before_it_is_told() -> None:
    assert plan(OPERATOR, [alert(ago=MINUTE)], NEVER, NOW, quiet=False) is None
    assert opened(plan(OPERATOR, [alert(1, ago=2 * MINUTE), alert(2, ago=MINUTE)], NEVER, NOW, quiet=False)) == [1, 2]


def test_an_address_gets_a_message_in_ten_minutes_at_most_but_for_what_is_severe() -> None:
    lately = AddressState(told_at=NOW - 5 * MINUTE)
    assert plan(OPERATOR, [alert()], lately, NOW, quiet=False) is None
    assert opened(plan(OPERATOR, [alert(), alert(2, "silent")], lately, NOW, quiet=False)) == [1, 2]


def test_what_is_over_is_told_to_whom_it_was_told() -> None:
    over = alert(gone_at=NOW, told=frozenset({OPERATOR.name}))
    message = plan(OPERATOR, [over], NEVER, NOW, quiet=False)
    assert message == Message(over=(over,))
    again = replace(over, told_over=frozenset({OPERATOR.name}))
    assert plan(OPERATOR, [again], NEVER, NOW, quiet=False) is None


def test_what_came_and_went_untold_is_told_as_over_unless_it_was_short() -> None:
    long, short = alert(gone_at=NOW), alert(2, ago=MINUTE, gone_at=NOW)
    assert plan(OPERATOR, [long, short], NEVER, NOW, quiet=False) == Message(passed=(long,))


def test_at_night_only_what_is_severe_is_told_and_the_rest_in_the_morning() -> None:
    both = [alert(1, "held"), alert(2, "silent")]
    assert opened(plan(OPERATOR, both, NEVER, NOW, quiet=True)) == [2]
    assert plan(HEALTH, both, NEVER, NOW, quiet=True) is None
    morning = [both[0], replace(both[1], told=frozenset({OPERATOR.name}))]
    assert opened(plan(OPERATOR, morning, NEVER, NOW + HOUR, quiet=False)) == [1]


def test_an_agency_is_told_of_its_own_data_alone() -> None:
    assert {one for one in FOR_OWNERS if not opened(plan(HEALTH, [alert(kind=one)], NEVER, NOW, quiet=False))} == set()
    for kind in SEVERE:
        assert plan(HEALTH, [alert(kind=kind)], NEVER, NOW, quiet=False) is None
    assert plan(Address("budget", 1, ""), [alert()], NEVER, NOW, quiet=False) is None
    ours = replace(alert(), condition=replace(alert().condition, facts={"error_kind": "machine"}))
    assert plan(HEALTH, [ours], NEVER, NOW, quiet=False) is None


def test_nothing_is_lost_where_it_could_not_be_sent_and_the_tries_are_bounded() -> None:
    failed = AddressState(failures=3, tried_at=NOW - 3 * MINUTE)
    assert plan(OPERATOR, [alert()], failed, NOW, quiet=False) is None
    assert opened(plan(OPERATOR, [alert()], failed, NOW + MINUTE, quiet=False)) == [1]
    waits = [backoff(number) for number in range(1, 50)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (MINUTE, HOUR)


@pytest.mark.parametrize("language", ["en", "id"])
def test_every_kind_has_words(language: words.Language) -> None:
    for kind in words._ENGLISH:
        one = alert(kind=kind).condition  # type: ignore[arg-type]
        told = words.said(one, language)
        assert told.what
        assert told.do
    assert set(words._ENGLISH) == set(Kind.__args__)  # type: ignore[attr-defined]


def test_agencies_read_indonesian() -> None:
    title, text = words.letter("health", Message(opened=(alert(kind="held"),)))
    assert title == "Pilar, Health: 1 hal perlu ditindaklanjuti"
    assert text == (
        "- Kiriman source_1, 2024 ditahan; data sebelumnya tetap berlaku (sejak 1 Desember 2026 pukul 14.00 WIB). "
        "Periksa jumlah dan isinya, lalu konfirmasikan kepada walidata di Diskominfo."
    )
    assert words.letter("health", Message(over=(alert(kind="late"),)))[1] == "Sudah selesai:\n- Data source_1 terlambat"


def test_p6_nothing_that_a_system_said_is_in_a_message() -> None:
    said = replace(alert().condition, facts={"error_kind": "Siti Aminah 3507110101900001"})
    for language in ("en", "id"):
        assert "Siti" not in words.line(said, language)  # type: ignore[arg-type]


def test_addresses_are_read_from_the_environment_and_quoted_nowhere() -> None:
    env = {
        "PILAR_ALERT_TO_DINAS_KESEHATAN": "mailtos://u:hidden@smtp.example/?to=a@b.go.id",
        "PILAR_ALERT_TO_OPERATOR": "tgram://123:hidden/1 json://127.0.0.1/hidden",
        "PILAR_ALERT_QUIET": "none",
    }
    found = addresses(env)
    assert [(one.name, one.way) for one in found] == [
        ("operator/1", "tgram"),
        ("operator/2", "json"),
        ("dinas_kesehatan/1", "mailtos"),
    ]
    assert "hidden" not in repr(found)
    assert Address("operator", 1, "hidden").way == "unreadable"


def test_quiet_hours_are_the_regencys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PILAR_TIMEZONE", "Asia/Jayapura")
    night = quiet_hours({})
    at_home = datetime(2026, 12, 1, 20, 30, tzinfo=UTC)  # 05:30 the next day
    assert night.hold(at_home)
    assert not night.hold(at_home + HOUR)
    assert night.hold(datetime(2026, 12, 1, 12, tzinfo=UTC))
    assert not quiet_hours({"PILAR_ALERT_QUIET": "none"}).hold(at_home)
    assert quiet_hours({"PILAR_ALERT_QUIET": "05:00-06:00"}).hold(at_home)
    for said in ("at night", "21:00Z-06:00Z"):
        with pytest.raises(ConfigError, match="two times of day"):
            quiet_hours({"PILAR_ALERT_QUIET": said})
