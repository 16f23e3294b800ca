"""Which pages may go, and which are gone, in the ledger."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from ledger import tables as t
from ledger.engine import Store


class RetentionStore(Store):
    """Reading and writing what is no longer kept."""

    def batches_before(self, source_id: str, moment: datetime) -> Sequence[str]:
        """Batches of a source that were started before a moment and are over.

        Not those that failed: ``connectors.kept.leftovers`` removes their files.
        """
        b = t.batch.c
        query = sa.select(b.batch_id).where(
            b.source_id == source_id,
            b.started_at < moment,
            b.status.in_(("accepted", "held", "rejected", "unchanged")),
        )
        with self._begin() as connection:
            return [str(found) for found in connection.execute(query.order_by(b.batch_id)).scalars()]

    def mark_pages_gone(self, batch_id: str, why: str) -> None:
        """Record that a batch's pages are no longer kept. Their rows and hashes stay; a second call changes nothing."""
        p = t.page.c
        with self._begin() as connection:
            connection.execute(
                sa.update(t.page)
                .where(p.batch_id == batch_id, p.gone_at.is_(None))
                .values(path=None, gone_at=sa.func.now(), gone_why=why)
            )
