"""Stand-ins for ``pilar.steps`` that note each call in a file: ``<unix time> <pid> <step> <argument>``.

A file beside the log, named after the source, says how its next pull ends: ``retryable``, ``auth``, ``quota`` with the
seconds to wait, ``nothing`` (is new) or ``sleep``. One named ``evaluation`` says that an evaluation is due, once.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ledger.errors import SourceError
from ledger.settings import Settings
from ledger.store import Ledger


@dataclass
class Outcome:
    source_id: str
    new: bool
    batches: list[object] = field(default_factory=list)


def _log_file() -> Path:
    return Path(os.environ["PILAR_STUB_LOG"])


def _note(step: str, argument: str = "") -> None:
    with _log_file().open("a") as log:
        log.write(f"{time.time():.3f} {os.getpid()} {step} {argument}\n")


def ingest(source_id: str, *, event_id: str | None = None, lookup: object = None) -> Outcome:
    wanted = _log_file().with_name(source_id)
    order = wanted.read_text().strip() if wanted.exists() else ""
    # Before the call is noted: whoever waits for the note may kill us at once.
    wanted.unlink(missing_ok=True)
    _note("ingest", f"{source_id} {os.environ.get('PILAR_CONN_FAKE', '-')}")
    ledger = Ledger(Settings.from_env().ledger_url)
    if order in ("retryable", "auth"):
        raise SourceError(order, "the system refused", where=source_id, do="Call the agency")  # type: ignore[arg-type]
    if order.startswith("quota"):
        wait = float(order.split()[1])
        raise SourceError("quota", "too many questions", where=source_id, do="Ask for more", retry_after=wait)
    if order == "sleep":
        time.sleep(600)
    ledger.settle_events(source_id, ledger.now(), "done")
    return Outcome(source_id, new=order != "nothing")


def rests_until(source_id: str) -> None:
    """No source asked to be left alone."""


def evaluation_due() -> bool:
    wanted = _log_file().with_name("evaluation")
    due = wanted.exists()
    wanted.unlink(missing_ok=True)
    return due


def build_candidates(*, anyway: bool = False, anew: Sequence[str] = ()) -> str | None:
    _note("build_candidates")
    return "E1"


def score(evaluation_id: str) -> str:
    _note("score", evaluation_id)
    return evaluation_id


def publish(evaluation_id: str) -> str:
    _note("publish", evaluation_id)
    return "P1"


def watch() -> list[str]:
    _note("watch")
    wanted = _log_file().with_name("due")
    return wanted.read_text().split() if wanted.exists() else []


def push_again() -> None:
    pass
