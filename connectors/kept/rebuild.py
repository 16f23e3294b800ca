"""From kept pages back to what was landed: the same pages, and from them the same rows.

A page is kept with a note beside its bytes (encrypted with them, because a file's name or a request may name a person):
its context, where its records are, and whether they are the body itself, nothing, or derived from it by the protocol.
Nobody is asked for anything: the agency's system may be gone.
"""

import hashlib
import tempfile
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.landing.landing import Landing
from connectors.protocols.base import Page
from connectors.protocols.records import NOTHING
from connectors.pull.coverage import coverage_of
from connectors.pull.page_store import noticed_in, read_noted
from connectors.source.plan import plan_of
from connectors.source.protocol import reader_of
from connectors.source.source import Source
from ledger.errors import LedgerError
from ledger.keys import Keys
from ledger.records import Batch, PageRow
from ledger.settings import Settings
from ledger.store import Ledger
from ledger.wording import day

if TYPE_CHECKING:
    from connectors.protocols.base import ProtocolBase


@dataclass(frozen=True)
class Rebuilt:
    """What a batch's kept bytes come to under the present contract; counts are rows."""

    received: int
    landed: int
    quarantined: int
    content_sha256: str
    context_sha256: str | None
    rows_sha256: str


def kept_rows(batch: Batch, ledger: Ledger) -> Sequence[PageRow]:
    """The ledger's rows of a batch's pages. Raises LedgerError when it has none, or they were removed."""
    rows = ledger.pages(batch.batch_id)
    if not rows:
        raise LedgerError("no page of the batch was kept", where=f"batch {batch.batch_id}", do="Pull the source again")
    for row in rows:
        if row.gone_at is not None:
            raise LedgerError(
                f"the batch's pages were removed on {day(row.gone_at)} ({row.gone_why})",
                where=f"batch {batch.batch_id}",
                do=f"Restore them from your backup, or read everything again (`pilar pull {batch.source_id} --full`); "
                "the hashes are still in the ledger",
            )
    return rows


def kept_pages(source: Source, rows: Sequence[PageRow], settings: Settings, keys: Keys) -> Generator[Page]:
    """The pages as the protocol gave them, one in memory at a time.

    Raises LedgerError when a page is missing, changed, of the first release or not the one that the ledger knows, and
    SourceError when the protocol cannot derive its records any more.
    """
    protocol: ProtocolBase[Any] | None = None
    for row in rows:
        path = settings.home / (row.path or "")
        note, body = read_noted(path, *keys.page_keys)
        if hashlib.sha256(body).hexdigest() != row.sha256:
            raise LedgerError(
                "a kept page is not the one that the ledger knows", where=str(path), do="Restore it from your backup"
            )
        if not note:
            raise LedgerError(
                "a page of the first release lacks the note by which it is read again",
                where=str(path),
                do=f"Pull the source: `pilar pull {source.id}`; the page itself is as it came",
            )
        records = NOTHING if note["records"] == "nothing" else body
        if note["records"] == "derived":
            protocol = protocol or reader_of(source)
            records = protocol.derive(body, note["context"], row.request)
        came = row.request, row.status, row.ms
        yield Page(
            row.seq, body, records, note["path"], note["context"], *came, note.get("announced"), noticed_in(note)
        )


def rebuild(source: Source, batch: Batch, ledger: Ledger, settings: Settings) -> Rebuilt:
    """Land a batch's kept pages once more, beside everything, and say what came out. Nothing is written or changed.

    Raises LedgerError when pages are gone, changed or unreadable, and SourceError when they cannot be landed.
    """
    keys = Keys.load(settings.key_dir)
    rows = kept_rows(batch, ledger)
    # Rows without clear persons, as they lie in the landing folder; still no business of any other user.
    with tempfile.TemporaryDirectory(prefix="pilar-rebuild-") as name:
        folder = Path(name)
        # What lay in the future on the batch's day is judged by that day.
        with Landing(source, keys, folder, plan=plan_of(source, None, batch.started_at)) as landing:
            for page in kept_pages(source, rows, settings, keys):
                landing.add(page, coverage_of(source, page), hashlib.sha256(page.body).hexdigest())
            # A coverage that had vanished from its pull has a batch without rows.
            found = {counted.coverage: counted for counted in landing.finish(_expected(source, batch))}
            counted = found.get(batch.coverage)
            if counted is None:
                raise LedgerError(
                    f"the batch's pages hold no rows of {batch.coverage} under the present contract",
                    where=f"batch {batch.batch_id}",
                    do="Compare the source file with the one of the batch's day",
                )
            files = landing.write(batch.coverage, folder)
        return Rebuilt(
            counted.received,
            counted.landed,
            counted.quarantined,
            counted.content_sha256,
            counted.context_sha256,
            files.rows_sha256,
        )


def _expected(source: Source, batch: Batch) -> frozenset[str | None]:
    return frozenset({batch.coverage} if source.coverage_column is not None and not batch.rows_received else ())


def differences(batch: Batch, rebuilt: Rebuilt) -> Mapping[str, tuple[object, object]]:
    """What of a batch's receipt its own bytes do not bear out: (in the ledger, rebuilt). Empty when all is well."""
    pairs: dict[str, tuple[object, object]] = {
        "rows received": (batch.rows_received, rebuilt.received),
        "rows landed": (batch.rows_landed, rebuilt.landed),
        "rows quarantined": (batch.rows_quarantined, rebuilt.quarantined),
        "content": (batch.content_sha256, rebuilt.content_sha256),
        "values from requests": (batch.context_sha256, rebuilt.context_sha256),
        "landed file": (batch.landed_sha256, rebuilt.rows_sha256),
    }
    return {what: pair for what, pair in pairs.items() if pair[0] != pair[1]}
