"""One moment of the ledger, for a backup."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa

from ledger import tables as t
from ledger.engine import Store


@dataclass(frozen=True)
class Moment:
    """``snapshot`` is PostgreSQL's name of the moment, for pg_dump; ``revision`` is the last migration."""

    snapshot: str
    revision: str


class BackupStore(Store):
    """Part of the ledger: what a backup asks it."""

    @contextmanager
    def moment(self) -> Iterator[Moment]:
        """Keep one moment of the ledger: all that this thread asks inside is answered as it was then."""
        with self._snapshot() as connection:
            token = self._joined.set(connection)
            try:
                yield Moment(
                    snapshot=str(connection.execute(sa.text("select pg_export_snapshot()")).scalar_one()),
                    revision=str(connection.execute(sa.text("select version_num from alembic_version")).scalar_one()),
                )
            finally:
                self._joined.reset(token)

    def has_batches(self) -> bool:
        """Whether anything was ever pulled: then the keys were used."""
        with self._begin() as connection:
            return connection.execute(sa.select(t.batch.c.batch_id).limit(1)).first() is not None

    def is_empty(self) -> bool:
        """Whether the database has no table yet, so that a backup may be put into it."""
        with self._begin() as connection:
            return not sa.inspect(connection).get_table_names()
