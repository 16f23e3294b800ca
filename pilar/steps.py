"""The steps of the platform: the only functions that Airflow's tasks and the command line call.

Each takes what it needs from the environment, may run twice, and may die at any line (promise P2).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from ledger.clock import local_zone
from ledger.errors import ConfigError, SourceError
from ledger.names import WATCH
from ledger.records import Batch
from ledger.settings import ConnectionLookup, Settings
from ledger.store import Ledger

if TYPE_CHECKING:
    from connectors.source.source import Events

log = structlog.get_logger()

# An event whose run has not reported back after this long is looked for by watch.
EVENT_PATIENCE_SECONDS = 900


@dataclass(frozen=True)
class IngestOutcome:
    """What one pull brought. ``new`` says whether something is in force now that was not before."""

    source_id: str
    batches: Sequence[Batch]
    new: bool


def open_installation(lookup: ConnectionLookup | None = None) -> tuple[Ledger, Settings]:
    """The ledger and the settings that the environment names."""
    settings = Settings.from_env()
    if lookup is not None:
        settings = settings.model_copy(update={"lookup": lookup})
    return Ledger(settings.ledger_url), settings


def ingest(
    source_id: str, *, event_id: str | None = None, lookup: ConnectionLookup | None = None, full: bool = False
) -> IngestOutcome:
    """Pull one source, land it and let its gate decide. ``full``: everything again, not only what is new.

    Settles every event of the source that had arrived when the pull began: the pull brought whatever they announced.
    Its batches name the newest of them, unless ``event_id`` says another.
    Raises ConfigError for an unknown source and SourceError when the agency's system did not deliver.
    """
    from connectors.pull.course import pull
    from pilar.sources.catalogue import find_source

    ledger, settings = open_installation(lookup)
    with ledger.one_connection():
        began = ledger.now()
        try:
            source = find_source(settings, source_id)
            answered = event_id or ledger.newest_open_event(source_id, began)
            outcome = pull(source, ledger, settings, event_id=answered, full=full)
        except SourceError as error:
            # What may pass by itself stays open for watch; what needs a person is closed with its reason.
            if error.kind not in ("retryable", "quota"):
                settle(ledger, source_id, began, str(error))
            raise
        except ConfigError as error:
            settle(ledger, source_id, began, str(error))
            raise
        settle(ledger, source_id, began)
        found = [batch for part in outcome.batches if (batch := ledger.batch(part.batch_id)) is not None]
    return IngestOutcome(source_id, found, outcome.changed)


def settle(ledger: Ledger, source_id: str, began: datetime, problem: str | None = None) -> None:
    """Close the events that a pull answered, and have those handed on that came too late for it."""
    ledger.settle_events(source_id, began, "done" if problem is None else "failed", problem)
    ledger.hand_on_again(source_id, began)


def rests_until(source_id: str) -> datetime | None:
    """Until when a source asked to be left alone, in the regency's time zone; None when it may be asked now."""
    from pilar.platform import failures

    ledger, _ = open_installation()
    until = failures.rests_until(ledger.last_pull(source_id), ledger.now())
    return until and until.astimezone(local_zone())


def evaluation_due() -> bool:
    """Whether something is in force that no evaluation was attempted with; see ``pilar.evaluation.evaluate.due``."""
    from pilar.evaluation import evaluate

    ledger, settings = open_installation()
    return evaluate.due(ledger, settings)


def build_candidates(*, anyway: bool = False, anew: Collection[str] = ()) -> str | None:
    """Build and gate the pillars; see ``pilar.evaluation.evaluate``. None when nothing is new."""
    from pilar.evaluation import evaluate

    ledger, settings = open_installation()
    with ledger.one_connection():
        return evaluate.build_candidates(ledger, settings, anyway=anyway, anew=anew)


def score(evaluation_id: str) -> str:
    """Compute and gate the scores of an evaluation; returns its id."""
    from pilar.evaluation import evaluate

    ledger, settings = open_installation()
    with ledger.one_connection():
        return evaluate.score(ledger, settings, evaluation_id)


def publish(evaluation_id: str) -> str:
    """Publish an evaluation's scores; returns the publication's id."""
    from pilar.evaluation import publish as publishing

    ledger, settings = open_installation()
    with ledger.one_connection():
        return publishing.publish(ledger, settings, evaluation_id)


def watch() -> list[str]:
    """Ids of the sources that should be pulled now: due by their clock, or announced by an event that found no run.

    Not those that an event is about to have pulled, or that are being pulled: they would be pulled twice. Nor those
    that asked to be left alone, until their time has come.
    Also records which pulls died, and removes the files of pulls and evaluations that came to nothing, and pages that
    their source no longer wants kept. Its heartbeat comes last: a watch that fails each time is silent.
    """
    from connectors.kept.leftovers import remove_leftovers
    from connectors.kept.retention import expire
    from pilar.evaluation.ending import sweep
    from pilar.platform import failures
    from pilar.sources.catalogue import read_catalogue

    ledger, settings = open_installation()
    remove_leftovers(ledger, settings)
    sweep(ledger, settings)
    for batch_id in ledger.fail_all_dead():
        log.warning("batch died", batch=batch_id)
    sources, left_out = read_catalogue(settings.sources_dir)
    for error in left_out.values():
        log.warning("source left out", error=str(error))
    expire(sources.values(), ledger, settings)
    announced = ledger.unfinished_events(EVENT_PATIENCE_SECONDS)
    awaited = ledger.awaited_sources(EVENT_PATIENCE_SECONDS)
    now = ledger.now().astimezone(local_zone())
    wanted = []
    for source_id in sorted(set(sources) - awaited):
        last = ledger.last_pull(source_id)
        if last is not None and (last.status == "running" or failures.rests_until(last, now)):
            continue
        last_try = last.started_at if last is not None else None
        due = is_due(sources[source_id].events, last_try, now) or failures.was_left_to_watch(last)
        if due or source_id in announced:
            wanted.append(source_id)
    # Last: one that fails each time rings for nothing, and that is silence.
    ledger.beat(WATCH)
    return wanted


def push_again() -> None:
    """Push the current publication where the database of published tables holds another one, since a push had failed.

    A region that is withheld must not stay there. A database that is away is a warning: it is tried again.
    """
    from ledger.errors import PublicationError
    from pilar.evaluation import publish as publishing

    try:
        pushed = publishing.push_again(open_installation()[1])
    except PublicationError as error:
        log.warning("the database of published tables is behind", error=str(error))
    else:
        if pushed is not None:
            log.info("pushed again", publication=pushed)


def beat(part: str) -> None:
    """Say in the ledger that a part of the platform did its work now: alerts notice where it is silent."""
    ledger, _ = open_installation()
    ledger.beat(part)


def is_due(events: "Events", last_try: datetime | None, now: datetime) -> bool:
    """Whether the source's clock has struck since the last try. A source that was never tried is due.

    Failed tries count: a system that is down is asked again at the next stroke, not every few minutes.
    """
    from pilar.sources.strokes import last_stroke

    if last_try is None:
        return True
    struck = last_stroke(events, now)
    return struck is not None and last_try < struck
