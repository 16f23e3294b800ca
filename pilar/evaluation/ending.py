"""How an evaluation ends, whatever happens on its way, and what becomes of what a dead one left behind."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog

from ledger.errors import LedgerError, MachineError, PilarError
from ledger.evaluation_store import at_work_lock
from ledger.machine import machine_error
from ledger.records import Evaluation
from ledger.settings import Settings
from ledger.store import Ledger

log = structlog.get_logger()

BETWEEN_STEPS_SECONDS = 120
"""How long nobody may be at work on an evaluation before it counts as dead: the next step begins within seconds."""
RUN_AT_MOST_SECONDS = 5 * 3600
"""No run lasts so long. One whose next step waited for a worker for an hour lost its turn, but not yet its files."""


@contextmanager
def at_work(ledger: Ledger, settings: Settings, evaluation_id: str) -> Iterator[None]:
    """A step of an evaluation. While it lasts others see that somebody is at work, and after an error the ledger knows.

    - A machine without room *interrupts* the evaluation: its files go, and the same inputs are due again at once.
    - A ledger that is away can be told nothing. The step may run again; if none does, the inputs are due again.
    - Anything else makes it *failed*: the same data and rules would fail again.

    Raises what happened, a machine without room as MachineError.
    """
    with ledger.lock(at_work_lock(evaluation_id)):
        try:
            yield
        except LedgerError:
            raise
        except MachineError as error:
            _interrupt(ledger, settings, evaluation_id, str(error))
            raise
        except PilarError as error:
            ledger.finish_evaluation(evaluation_id, "failed", str(error))
            raise
        except Exception as error:
            fault = machine_error(error, f"evaluation {evaluation_id}")
            if fault is None:
                why = f"internal error {type(error).__name__}. See the task's log"
                ledger.finish_evaluation(evaluation_id, "failed", why)
                raise
            _interrupt(ledger, settings, evaluation_id, str(fault))
            raise fault from error


def counts(ledger: Ledger, attempt: Evaluation) -> bool:
    """Whether an evaluation that was not published stands against another one from the same inputs."""
    return attempt.status == "failed" or ledger.is_at_work(attempt, BETWEEN_STEPS_SECONDS)


def sweep(ledger: Ledger, settings: Settings) -> None:
    """End the evaluations that died, and remove the drafts that nobody will finish."""
    drafts = list(_drafts(settings))  # looked for first: what is begun from now on is nobody's to remove
    published = ledger.last_evaluation("published")
    living = set()
    for evaluation in ledger.unfinished_evaluations():
        overtaken = published is not None and published.evaluation_id > evaluation.evaluation_id
        patience = BETWEEN_STEPS_SECONDS if overtaken else RUN_AT_MOST_SECONDS
        if ledger.is_at_work(evaluation, patience):
            living.add(evaluation.evaluation_id)
        else:
            _interrupt(
                ledger, settings, evaluation.evaluation_id, "it died on the way, or was overtaken by a later one"
            )
    for draft in drafts:
        if not any(evaluation_id in draft.name for evaluation_id in living):
            log.warning("removed an unfinished file", file=draft.name)
            draft.unlink(missing_ok=True)


def _drafts(settings: Settings) -> Iterator[Path]:
    """Marts before they are kept, and warehouses before they have begun; each bears the name of its evaluation."""
    yield from settings.home.glob("promoted/*/.*.parquet.*")
    yield from settings.warehouse_dir.glob("*.duckdb.draft")


def _interrupt(ledger: Ledger, settings: Settings, evaluation_id: str, why: str) -> None:
    for path in (*settings.warehouse_dir.glob(f"{evaluation_id}.duckdb*"), *_drafts(settings)):
        if evaluation_id in path.name:
            path.unlink(missing_ok=True)
    log.warning("evaluation interrupted", evaluation=evaluation_id, why=why)
    with suppress(LedgerError):  # its disk may be the same: then the next sweep finds that nobody is at work
        ledger.finish_evaluation(evaluation_id, "interrupted", why)
