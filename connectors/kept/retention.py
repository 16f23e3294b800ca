"""Letting go of raw pages that a source file no longer wants kept.

Never those of a batch that is in force, held, or the newest of its coverage: a replay needs them. The ledger keeps
every page's row and hash, and says when and why the bytes went.
"""

import shutil
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from connectors.source.source import Source
from ledger.quarantine import newest
from ledger.settings import Settings
from ledger.store import Ledger


def expire(sources: Iterable[Source], ledger: Ledger, settings: Settings, now: datetime | None = None) -> list[Path]:
    """Remove pages by the retention of each source. Returns the folders that were removed.

    The ledger says it first: a crash in between leaves files that the next call removes.
    """
    moment, removed = now or ledger.now(), []
    for source in sources:
        kept = source.retention.pages_kept
        if kept is not None:
            for folder in _old_folders(source, ledger, settings, moment - kept):
                ledger.mark_pages_gone(folder.name, f"retention of {source.retention.pages}")
                shutil.rmtree(folder)
                removed.append(folder)
    return removed


def _old_folders(source: Source, ledger: Ledger, settings: Settings, before: datetime) -> Iterator[Path]:
    root = settings.pages_dir / source.id
    if not root.is_dir():
        return
    decided = ledger.decided(source.id)
    last = newest(decided).values()
    needed = {batch.batch_id for batch in ledger.in_force(source.id)}
    needed |= {batch.batch_id for batch in decided if batch.status == "held" or batch in last}
    old = set(ledger.batches_before(source.id, before)) - needed
    yield from (folder for folder in sorted(root.iterdir()) if folder.name in old)
