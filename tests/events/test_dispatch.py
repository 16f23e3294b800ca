"""From pending events to runs, through crashes, refusals, repetitions and storms."""

import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from events.airflow_client import AirflowError
from events.dispatch import FIRST_BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS, Dispatcher, backoff_seconds
from ledger import tables
from ledger.names import agency_asset
from ledger.records import EventIn
from ledger.store import Ledger
from pilar.steps import settle
from tests.events.conftest import OPD, FakeAirflow
from tests.events.test_door import eventually


def store(ledger: Ledger, source: str = "health_births", identity: str = "1") -> str:
    return ledger.record_event(EventIn("urn:agency", identity, "changed", source))[0]


def statuses(ledger: Ledger, source: str = "health_births") -> list[str]:
    return [event.status for event in ledger.events_of(source)]


@pytest.mark.fault(30)
def test_p4_a_storm_of_events_becomes_one_run_a_source(
    ledger: Ledger, dispatcher: Dispatcher, airflow: FakeAirflow
) -> None:
    for number in range(30):
        store(ledger, ("health_births", "health_children")[number % 2], str(number))
    assert dispatcher.drain() is True
    assert sorted(airflow.posted) == [
        (agency_asset("health"), "health_births"),
        (agency_asset("health"), "health_children"),
    ]
    assert set(statuses(ledger)) == {"dispatched"}


def test_p4_a_crash_between_airflows_yes_and_our_note_only_repeats_the_event(
    ledger: Ledger, airflow: FakeAirflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(ledger)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as crash:
        crash.setattr(ledger, "mark_events", die)
        with pytest.raises(KeyboardInterrupt):
            Dispatcher(ledger, airflow, OPD.get).drain()
    assert statuses(ledger) == ["received"]
    Dispatcher(ledger, airflow, OPD.get).drain()
    assert airflow.posted == [(agency_asset("health"), "health_births")] * 2
    assert statuses(ledger) == ["dispatched"]


def test_an_agency_that_airflow_does_not_know_yet_does_not_hold_up_the_others(
    ledger: Ledger, dispatcher: Dispatcher, airflow: FakeAirflow
) -> None:
    airflow.unknown = {agency_asset("health")}
    store(ledger, "health_births", "1")
    store(ledger, "dpmptsp_proyek", "2")
    assert dispatcher.drain() is False
    assert airflow.posted == [(agency_asset("dpmptsp"), "dpmptsp_proyek")]
    assert statuses(ledger) == ["received"]
    airflow.unknown = set()
    assert dispatcher.drain() is True
    assert statuses(ledger) == ["dispatched"]


def test_an_event_whose_source_is_gone_is_closed_with_the_reason(
    ledger: Ledger, dispatcher: Dispatcher, airflow: FakeAirflow
) -> None:
    store(ledger, "removed_source")
    assert dispatcher.drain() is True
    event = ledger.events_of("removed_source")[0]
    assert event.status == "failed"
    assert "removed_source" in (event.detail or "")
    assert airflow.posted == []


def test_a_storm_is_marked_as_one(ledger: Ledger, dispatcher: Dispatcher, airflow: FakeAirflow) -> None:
    for number in range(300):
        store(ledger, identity=str(number))
    ledger.mark_events([ledger.events_of("health_births")[0].event_id], "done")
    assert dispatcher.drain() is True
    found = ledger.events_of("health_births", 300)
    assert sorted((event.status, event.attempts) for event in found) == [("dispatched", 1)] * 299 + [("done", 0)]


def test_the_thread_wakes_at_once(ledger: Ledger, dispatcher: Dispatcher, airflow: FakeAirflow) -> None:
    dispatcher.start()
    time.sleep(0.2)
    store(ledger)
    began = time.monotonic()
    dispatcher.wake()
    assert eventually(lambda: bool(airflow.posted))
    assert time.monotonic() - began < 2.0


def test_the_thread_outlives_what_it_did_not_foresee(ledger: Ledger) -> None:
    class Stumbling(FakeAirflow):
        def post_event(self, asset: str, partition_key: str, extra: Mapping[str, Any] | None = None) -> None:
            if not self.down:
                self.down = True
                raise ZeroDivisionError
            self.posted.append((asset, partition_key))

    airflow = Stumbling()
    store(ledger)
    dispatcher = Dispatcher(ledger, airflow, OPD.get)
    dispatcher.start()
    assert eventually(lambda: bool(airflow.posted))
    dispatcher.stop()


def test_waiting_grows_but_not_for_ever() -> None:
    waits = [backoff_seconds(failures) for failures in range(1, 40)]
    assert FIRST_BACKOFF_SECONDS * 0.75 <= waits[0] <= FIRST_BACKOFF_SECONDS * 1.25
    assert all(wait <= LONGEST_BACKOFF_SECONDS * 1.25 for wait in waits)
    assert min(waits[10:]) >= LONGEST_BACKOFF_SECONDS * 0.75


class MemoryLedger:
    """The events of a ledger, in memory: for many short lives in one test."""

    def __init__(self) -> None:
        self.events: dict[tuple[str, str], str] = {}

    def deliver(self, source: str, identity: str) -> None:
        self.events.setdefault((source, identity), "received")

    def pending_events(self, limit: int = 500) -> list[Any]:
        from datetime import UTC, datetime

        from ledger.records import Event

        return [
            Event("s", identity, "t", source, f"{source}/{identity}", "received", 0, datetime.now(UTC))
            for (source, identity), status in self.events.items()
            if status == "received"
        ][:limit]

    def mark_events(self, event_ids: Sequence[str], status: Any, detail: str | None = None) -> None:
        for event_id in event_ids:
            source, identity = event_id.split("/")
            self.events[(source, identity)] = status

    def ride(self, *_: object) -> bool:
        """Of these lives none has a run under way."""
        return False


class Flaky:
    """An Airflow that follows a script: yes, no, or yes and then the caller dies."""

    def __init__(self, script: list[str]) -> None:
        self.script = script
        self.runs: list[str] = []

    def post_event(self, asset: str, partition_key: str, extra: Mapping[str, Any] | None = None) -> None:
        step = self.script.pop(0) if self.script else "yes"
        if step == "no":
            raise AirflowError("Airflow does not answer")
        self.runs.append(partition_key)
        if step == "die":
            raise KeyboardInterrupt


@pytest.mark.fault(7)
@given(
    deliveries=st.lists(
        st.tuples(st.sampled_from(["health_births", "health_children", "dpmptsp_proyek"]), st.sampled_from("123")),
        max_size=12,
    ),
    script=st.lists(st.sampled_from(["yes", "no", "die"]), max_size=8),
    data=st.data(),
)
@hypothesis_settings(max_examples=150, deadline=None)
def test_p4_whatever_order_repetition_and_crash_every_event_is_followed_by_a_run(
    deliveries: list[tuple[str, str]], script: list[str], data: st.DataObject
) -> None:
    queue, airflow = MemoryLedger(), Flaky(script)
    last_run_before: dict[str, int] = {}
    for source, identity in deliveries:
        if (source, identity) not in queue.events:
            last_run_before[source] = airflow.runs.count(source)
        queue.deliver(source, identity)
        if data.draw(st.booleans()):
            live_once(queue, airflow)
    while airflow.script:
        live_once(queue, airflow)
        airflow.script = airflow.script[1:]
    assert Dispatcher(queue, airflow, OPD.get).drain() is True
    assert set(queue.events.values()) <= {"dispatched"}
    for source, before in last_run_before.items():
        assert airflow.runs.count(source) > before, "the newest event of a source has no run after it"


@given(steps=st.lists(st.sampled_from(["event", "event", "begin", "end"]), max_size=25))
@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_p4_a_burst_during_a_run_makes_at_most_one_run_more(ledger: Ledger, steps: list[str]) -> None:
    source = f"s{uuid.uuid4().hex}"
    airflow, running = FakeAirflow(), list[datetime]()
    dispatcher = Dispatcher(ledger, airflow, {source: "health"}.get)
    begun = 0

    def begin() -> None:
        nonlocal begun
        begun += 1
        running.append(ledger.now())
        ledger.start_batch(source, "health", "c" * 64)

    def end() -> None:
        settle(ledger, source, running.pop(0))
        dispatcher.drain()

    for number, step in enumerate(steps):
        if step == "event":
            store(ledger, source, str(number))
            dispatcher.drain()
        elif step == "begin" and len(airflow.posted) > begun:
            begin()
        elif step == "end" and running:
            end()
        assert len(airflow.posted) - begun <= 1
    while running or len(airflow.posted) > begun:
        end() if running else begin()
    assert set(statuses(ledger, source)) <= {"done"}


def test_p4_an_event_that_was_left_to_a_run_which_had_begun_is_handed_on_again(
    ledger: Ledger, dispatcher: Dispatcher, airflow: FakeAirflow
) -> None:
    store(ledger)
    dispatcher.drain()
    began = ledger.now()
    # It comes before the batch of the pull that is beginning.
    store(ledger, identity="2")
    dispatcher.drain()
    ledger.start_batch("health_births", "health", "c" * 64)
    assert len(airflow.posted) == 1
    settle(ledger, "health_births", began)
    assert sorted(statuses(ledger)) == ["done", "received"]
    dispatcher.drain()
    assert len(airflow.posted) == 2


def test_p4_events_during_a_long_pull_make_one_run_more(
    ledger: Ledger, ledger_url: str, dispatcher: Dispatcher, airflow: FakeAirflow
) -> None:
    """Where pulls last longer than a run is relied on, runs would be asked for faster than they end."""
    engine = sa.create_engine(sa.make_url(ledger_url).set(drivername="postgresql+psycopg"))
    store(ledger)
    dispatcher.drain()
    began = ledger.now()
    batch_id = ledger.start_batch("health_births", "health", "c" * 64)
    for identity in ("2", "3", "4"):
        store(ledger, identity=identity)
        dispatcher.drain()
        with engine.begin() as connection:
            connection.execute(tables.event.update().values(dispatched_at=sa.func.now() - timedelta(hours=1)))
    ledger.fail_batch(batch_id, "permanent", "or ended well")
    settle(ledger, "health_births", began)
    store(ledger, identity="5")
    dispatcher.drain()
    engine.dispose()
    assert len(airflow.posted) == 2
    settle(ledger, "health_births", ledger.now())
    assert set(statuses(ledger)) == {"done"}


def test_p4_a_run_that_was_asked_for_too_long_ago_is_not_relied_on(ledger: Ledger) -> None:
    store(ledger)
    ledger.mark_events([ledger.events_of("health_births")[0].event_id], "dispatched")
    second = store(ledger, identity="2")
    assert not ledger.ride("health_births", [second], 0)
    assert not ledger.ride("another", [second], 60)
    assert ledger.ride("health_births", [second], 60)


def live_once(queue: MemoryLedger, airflow: Flaky) -> None:
    try:
        Dispatcher(queue, airflow, OPD.get).drain()
    except KeyboardInterrupt:
        return
