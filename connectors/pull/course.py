"""The course of a pull: ask, keep, land, compare, decide, record.

A pull may bring several coverages (years, months). Each becomes a batch of its own. Nothing counts before its receipt:
a pull that dies leaves batches that no reader looks at, and files that are cleaned up later. The next pull, or watch,
records that they died.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import structlog

from connectors.decide.decision import Decider
from connectors.decide.terms import Terms
from connectors.landing.landing import Landing
from connectors.pull.coverage import coverage_of, coverages_due
from connectors.pull.open_batches import OpenBatches
from connectors.pull.origin import Fetched, Origin
from connectors.pull.outcome import BatchOutcome, PullOutcome
from connectors.pull.record import record
from connectors.source.source import Source
from ledger.batch_store import MACHINE_KIND
from ledger.errors import MachineError, PilarError, SourceError
from ledger.keys import Keys
from ledger.machine import machine_error
from ledger.settings import Connection, Settings
from ledger.store import Ledger

__all__ = ["BatchOutcome", "PullOutcome", "no_answer", "pull", "run"]

log = structlog.get_logger()


def pull(
    source: Source,
    ledger: Ledger,
    settings: Settings,
    *,
    event_id: str | None = None,
    connection: Connection | None = None,
    full: bool = False,
) -> PullOutcome:
    """Pull one source. Two pulls of one source never run at once: the second waits.

    ``full``: ask an incremental source for everything again; other sources always give everything.
    Raises SourceError or ConfigError after the ledger has recorded the failure.
    """
    with ledger.deciding(source.id):
        return run(source, Fetched(source, settings, event_id, full=full, connection=connection), ledger, settings)


def run(source: Source, origin: Origin, ledger: Ledger, settings: Settings) -> PullOutcome:
    """One run, from its first batch in the ledger to its last receipt. Called under the source's lock."""
    keys = Keys.load(settings.key_dir)
    for batch_id in ledger.fail_dead(source.id):
        log.warning("batch_died", source=source.id, batch=batch_id)
    folder = settings.landing_dir / source.id
    batches = OpenBatches(source, origin, ledger, settings, keys)
    with _failure_recorded(source, batches):
        plan = origin.plan(ledger, batches.contract_sha256)
        with Landing(source, keys, folder, plan=plan) as landing:
            with closing(origin.pages(plan)) as pages:
                for page in pages:
                    coverage = coverage_of(source, page)
                    digest = batches.keep(page, coverage)
                    landing.add(page, coverage, digest)
            if batches.empty:
                raise no_answer(source)
            landed = landing.finish(coverages_due(source, plan, ledger))
            batches.wait_until_kept()
            filled = batches.open_for(landed)
            terms = Terms(source, batches.contract_sha256, plan, origin.synthetic, settings.home)
            folders = [folder / batch.batch_id for batch in filled]
            decisions = Decider(terms, ledger, landing).decide(list(zip(landed, folders, strict=True)))
            for decision, batch in zip(decisions, filled, strict=True):
                batches.settle(batch, decision)
            with ledger.together():  # all batches of a pull count at once, or none does
                outcomes = [record(terms, *pair, ledger) for pair in zip(decisions, filled, strict=True)]
    told = [{"batch": one.batch_id, "coverage": one.coverage, "status": one.status} for one in outcomes]
    log.info("pull_finished", source=source.id, batches=told)
    return PullOutcome(source.id, tuple(outcomes))


@contextmanager
def _failure_recorded(source: Source, batches: OpenBatches) -> Iterator[None]:
    """Whatever goes wrong is in the ledger before it is raised."""
    try:
        yield
    except SourceError as error:
        answer, error.answer = error.answer, None  # from here on it is on the disk alone, encrypted
        batches.fail(error.kind, str(error), answer, error.retry_after)
        raise
    except PilarError as error:
        batches.fail(MACHINE_KIND if isinstance(error, MachineError) else "permanent", str(error))
        raise
    except Exception as error:
        fault = machine_error(error, source.id)
        if fault is not None:
            batches.fail(MACHINE_KIND, str(fault))
            raise fault from error
        # The text of an error of our own making may hold a record; its type never does.
        batches.fail("permanent", f"internal error {type(error).__name__} [{source.id}]. See the task's log")
        raise


def no_answer(source: Source) -> SourceError:
    """The error of a pull that brought not even an empty page."""
    return SourceError(
        "empty",
        "the source gave no answer at all",
        where=source.id,
        do="Check the source's arguments, and whether files have arrived",
    )
