"""From a stored event to a run: a background thread that hands pending events to Airflow.

The door stores an event, wakes this thread and answers. Whether Airflow is up does not matter to the sender.

What is pending stays pending in the ledger until Airflow has said yes. So a crash anywhere costs at most a second event
for the same source. That one is harmless: its run drains whatever is new (promise P4).
"""

import random
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import structlog

from events.airflow_client import AirflowError
from ledger.errors import LedgerError
from ledger.names import agency_asset
from ledger.records import Event, EventStatus

log = structlog.get_logger()

# Events stored by another process (a relay, a second door) are found by looking, not by waking.
LOOK_SECONDS = 5.0
FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 30.0
# A run that was asked for so long ago and has not begun is not relied on for what comes now.
PATIENCE_SECONDS = 300
# Events looked at together. Larger than a storm about one source that Airflow does not know yet, which must not hide
# what comes behind it.
AT_ONCE = 10_000


class EventQueue(Protocol):
    """The part of the ledger that dispatching needs."""

    def pending_events(self, limit: int = 500) -> Sequence[Event]:
        """Events that no run has been asked for yet, oldest first."""

    def mark_events(self, event_ids: Sequence[str], status: EventStatus, detail: str | None = None) -> None:
        """Move events on."""

    def ride(self, source_id: str, event_ids: Sequence[str], patience_seconds: int) -> bool:
        """Leave events to a run of their source that was asked for and has not begun, where there is one."""


class AssetEvents(Protocol):
    """The part of Airflow that dispatching needs."""

    def post_event(self, asset: str, partition_key: str, extra: Mapping[str, Any] | None = None) -> None:
        """Post one event for an asset under a partition key."""


class Dispatcher:
    """Drains the ledger's pending events into Airflow.

    ``opd_of`` names the agency of a source, None when there is no such source any more.
    """

    def __init__(self, queue: EventQueue, airflow: AssetEvents, opd_of: Callable[[str], str | None]) -> None:
        self._queue = queue
        self._airflow = airflow
        self._opd_of = opd_of
        self._bell = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._failures = 0

    @property
    def failures(self) -> int:
        """How many tries in a row did not hand everything over; 0 when all is well."""
        return self._failures

    def start(self) -> None:
        """Start the thread; it begins with what is pending from before."""
        self._thread = threading.Thread(target=self._run, name="dispatcher", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Say that an event was stored."""
        self._bell.set()

    def stop(self) -> None:
        """Stop the thread. What is pending stays in the ledger for the next start."""
        self._stopping.set()
        self._bell.set()
        if self._thread is not None:
            self._thread.join(timeout=30)

    def drain(self) -> bool:
        """Hand over what is pending, one Airflow event a source. Returns whether nothing was left behind.

        Raises LedgerError when the ledger cannot be asked.
        """
        while pending := self._queue.pending_events(AT_ONCE):
            by_source: dict[str, list[Event]] = defaultdict(list)
            for event in pending:
                by_source[event.source_id].append(event)
            done = [self._hand_over(source_id, events) for source_id, events in by_source.items()]
            if not all(done):
                return False
        return True

    def _hand_over(self, source_id: str, events: Sequence[Event]) -> bool:
        opd = self._opd_of(source_id)
        event_ids = [event.event_id for event in events]
        if opd is None:
            self._queue.mark_events(event_ids, "failed", f"there is no source {source_id!r} any more")
            log.warning("event without a source", source=source_id, events=len(events))
            return True
        # Airflow makes one run more of each event that comes while runs are at work.
        if self._queue.ride(source_id, event_ids, PATIENCE_SECONDS):
            log.info("event left to a run that was asked for", source=source_id, events=len(events))
            return True
        newest = event_ids[-1]
        try:
            self._airflow.post_event(agency_asset(opd), source_id, {"event": newest, "events": len(events)})
        except AirflowError as error:
            log.warning("event not dispatched yet", source=source_id, error=str(error), failures=self._failures)
            return False
        self._queue.mark_events(event_ids, "dispatched")
        log.info("event dispatched", source=source_id, event_id=newest, events=len(events))
        return True

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._bell.clear()
            try:
                complete = self.drain()
            except LedgerError as error:
                log.warning("events not dispatched yet", error=str(error), failures=self._failures)
                complete = False
            except Exception:
                # The thread must outlive what it did not foresee: events would silently stay behind.
                log.exception("dispatcher stumbled")
                complete = False
            if complete:
                self._failures = 0
                self._bell.wait(LOOK_SECONDS)
            else:
                self._failures += 1
                self._stopping.wait(backoff_seconds(self._failures))


def backoff_seconds(failures: int) -> float:
    """How long to wait after so many failures in a row: doubling from 0.5 s to 30 s, with 25 % jitter."""
    exact = min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2.0 ** min(failures - 1, 16))
    return exact * random.uniform(0.75, 1.25)  # noqa: S311 -- jitter, not a secret
