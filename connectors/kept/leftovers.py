"""Removing the files of batches that came to nothing, and of dry runs that were killed."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connectors.pull.dry_run import PLACE
from ledger.batch_store import DIED_KIND
from ledger.records import Batch
from ledger.settings import Settings
from ledger.store import Ledger

RUNNING_AT_MOST = timedelta(days=1)
"""No pull lasts so long: a batch that is still running after it belongs to a process that died."""
FAILED_KEPT = timedelta(days=7)
"""How long the pages of a failed pull stay, for whoever looks into the failure."""


def remove_leftovers(ledger: Ledger, settings: Settings, now: datetime | None = None) -> list[Path]:
    """Remove the folders of dead batches and dry runs, and of batches the ledger does not know.

    Returns what was removed.
    """
    moment = now or ledger.now()
    removed = [folder for folder in _batch_folders(settings) if _dead(ledger.batch(folder.name), folder, moment)]
    removed += [folder for folder in settings.home.glob(f"{PLACE}*") if moment - _changed(folder) > RUNNING_AT_MOST]
    for folder in removed:
        shutil.rmtree(folder)
    return removed


def _batch_folders(settings: Settings) -> Iterator[Path]:
    for root in (settings.landing_dir, settings.pages_dir):
        if root.is_dir():
            for source in sorted(root.iterdir()):
                yield from sorted(folder for folder in source.iterdir() if folder.is_dir())


def _dead(batch: Batch | None, folder: Path, now: datetime) -> bool:
    if batch is None:
        # Its row is written before its folder: without a row it is a left-over of another ledger.
        return now - _changed(folder) > FAILED_KEPT
    if batch.status == "running" or batch.error_kind == DIED_KIND:
        return now - batch.started_at > RUNNING_AT_MOST
    if batch.status == "failed":
        return now - (batch.finished_at or batch.started_at) > FAILED_KEPT
    return False


def _changed(folder: Path) -> datetime:
    return datetime.fromtimestamp(folder.stat().st_mtime, UTC)
