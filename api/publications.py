"""The list of publications, asked of like any table."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from api.access import Scope
from api.library import Library, reading
from api.resources import MOMENT, TEXT, Resource
from ledger.project import Column

PATH = "publications"


def listed() -> Resource:
    """What is told of each publication."""
    columns = (
        Column("publication_id", TEXT, "its id, which names it in an address", True),
        Column("created_at", MOMENT, "of which evaluation's moment it is", True),
        Column("current", "BOOLEAN", "whether it is the one that readers see", True),
    )
    return Resource(PATH, "The publications that can be read", (), columns, ("publication_id",), PATH)


class Publications:
    """The publications that somebody may read, as a table."""

    def __init__(self, library: Library, scope: Scope, current: str | None) -> None:
        seen = [one for one in library.ids() if library.shown(one, scope, current)]
        self._rows = [{"publication_id": one, "created_at": _moment(one), "current": one == current} for one in seen]

    def tables(self, query: str, bound: Sequence[Any]) -> pa.Table:
        """What a query about them answers."""
        schema = pa.schema(
            [("publication_id", pa.string()), ("created_at", pa.timestamp("ms", "UTC")), ("current", pa.bool_())]
        )
        with reading() as connection:
            connection.register(PATH, pa.Table.from_pylist(self._rows, schema))
            return connection.execute(query, list(bound)).to_arrow_table()

    def sha256(self, _tables: Sequence[str]) -> str:
        """The same while they are the same."""
        return hashlib.sha256(repr(self._rows).encode()).hexdigest()


def _moment(publication: str) -> datetime:
    return datetime.strptime(publication.partition("-")[0], "%Y%m%dT%H%M%S%f%z")
