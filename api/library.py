"""The publications as they are read: folder, manifest and tables of each, and which one is current.

A publication never changes, so what was read of it stays true for as long as it is there. The pointer is followed once
a request.
"""

import hashlib
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from api.access import Scope
from ledger.errors import PublicationError
from publication.manifest import MANIFEST, Entry, file_sha256, read_manifest
from publication.paths import DOCUMENTS
from publication.pointer import CURRENT, PUBLICATION_ID, list_publications
from publication.tables import DUCKDB_FILE

OPEN_AT_ONCE = 4
_LISTED_FOR_SECONDS = 5.0
_OF_REGIONS = f"{DOCUMENTS}/regions/"
# Nothing that is asked can reach beyond the one file, whatever slipped through.
_CONFIG: Mapping[str, str | bool | int | float | list[str]] = {
    "memory_limit": "400MB",
    "threads": 1,
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}


def reading(database: str = ":memory:") -> duckdb.DuckDBPyConnection:
    """A connection that reads a file, or nothing but what is registered with it."""
    connection = duckdb.connect(database, read_only=database != ":memory:", config=dict(_CONFIG))
    # A file that is still open from before is opened as it is: its settings are these already.
    if connection.execute("SELECT NOT current_setting('lock_configuration')::BOOLEAN").fetchall()[0][0]:
        connection.execute("SET GLOBAL TimeZone = 'UTC'; SET lock_configuration = true")
    return connection


@dataclass
class Volume:
    """One publication. ``digest`` stands for all of its bytes."""

    id: str
    folder: Path
    digest: str
    files: Mapping[str, Entry]
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _connection: duckdb.DuckDBPyConnection | None = field(default=None, repr=False)

    def tables(self, query: str, bound: Sequence[Any]) -> pa.Table:
        """What its tables answer. Raises duckdb.CatalogException where one is not there."""
        with self._lock:
            if self._connection is None:
                self._connection = reading(str(self.folder / DUCKDB_FILE))
            cursor = self._connection.cursor()
        with cursor:
            return cursor.execute(query, list(bound)).to_arrow_table()

    def sha256(self, tables: Sequence[str]) -> str:
        """Of the content of some of its tables, by the hashes in the manifest: the same while they say the same."""
        files = [f"parquet/{name.partition('.')[2]}.parquet" for name in tables]
        known = [self.files[name].sha256 if name in self.files else self.digest for name in files]
        return hashlib.sha256("\n".join(known).encode()).hexdigest()


class Library:
    """The publications of an installation. A few are kept open, the one asked for last the longest."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pointer = str(folder / CURRENT)
        self._open: OrderedDict[str, Volume] = OrderedDict()
        self._lock = threading.Lock()
        self._listed: tuple[float, tuple[str, ...]] = (-_LISTED_FOR_SECONDS, ())
        self._regions: dict[str, frozenset[str]] = {}

    def current(self) -> str | None:
        """The id of the current publication; None before the first."""
        try:
            return os.readlink(self._pointer).rpartition("/")[2]  # noqa: PTH115 (at every request; a Path is slower)
        except OSError:
            return None

    def ids(self) -> tuple[str, ...]:
        """Every publication, newest first. A new one shows within seconds."""
        moment, found = self._listed
        if time.monotonic() - moment >= _LISTED_FOR_SECONDS:
            found = list_publications(self._folder)
            self._listed = (time.monotonic(), found)
        return found

    def shown(self, publication: str, scope: Scope, current: str | None) -> bool:
        """Whether somebody may read a publication: by level, and where the current one holds all of its regions.

        A region that is withheld by now is in no answer, of whatever publication and for whomever.
        """
        ids = self.ids()
        if publication == current:
            return True
        if publication not in ids or not scope.may_see(publication, current, ids):
            return False
        held, now = self._held(publication), self._held(current) if current is not None else None
        return held is not None and now is not None and held <= now

    def _held(self, publication: str) -> frozenset[str] | None:
        """The documents of regions that a publication holds; None where it cannot be read."""
        if publication not in self._regions and PUBLICATION_ID.fullmatch(publication):
            with suppress(PublicationError, OSError):
                files = read_manifest(self._folder / publication)
                self._regions[publication] = frozenset(name for name in files if name.startswith(_OF_REGIONS))
        return self._regions.get(publication)

    def open(self, publication: str) -> Volume | None:
        """A publication by its id; None where there is none, or none that can be read."""
        with self._lock:
            known = self._open.get(publication)
            if known is not None:
                self._open.move_to_end(publication)
                return known
        if not PUBLICATION_ID.fullmatch(publication):
            return None
        folder = self._folder / publication
        with suppress(PublicationError, OSError):
            volume = Volume(publication, folder, file_sha256(folder / MANIFEST), read_manifest(folder))
            with self._lock:
                self._open[publication] = volume
                if len(self._open) > OPEN_AT_ONCE:
                    # Whoever still asks of it holds it until the answer is given.
                    self._open.popitem(last=False)
            return volume
        return None
