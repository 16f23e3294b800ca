"""Who may speak at the door: the sources' files name their secrets, the environment holds them."""

import os
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import structlog

from connectors.source.source import Source
from connectors.source.source_files import source_files
from events.door import Senders
from ledger.errors import ConfigError
from pilar.sources.catalogue import read_catalogue

log = structlog.get_logger()

# A batch of a hundred events asks for as many sources: the files are looked at once for all of them.
LOOK_SECONDS = 1.0


class SourceFolder:
    """The sources of an installation, read again within a second when a file changed.

    One agency's typing error must not shut out others: a file that cannot be read leaves its own last good state in
    force, or its source unknown where there was none.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._looked = float("-inf")
        self._seen: Mapping[str, int] = {}
        self._sources: Mapping[str, Source] = {}
        source_files(folder)  # refuses where there is no folder
        self._read()

    def find(self, source_id: str) -> Source | None:
        """The source of this id; None when there is none."""
        with self._lock:
            self._read()
            return self._sources.get(source_id)

    def pushed(self, name: str) -> Mapping[str, str]:
        """The sources that calls of a format announce, and the name of the secret that such a call proves for each."""
        with self._lock:
            self._read()
            return {one.id: secret for one in self._sources.values() if (secret := _pushes(one).get(name)) is not None}

    def _read(self) -> None:
        if time.monotonic() < self._looked + LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        now = {str(path): path.stat().st_mtime_ns for path in sorted(self._folder.glob("*/*.yaml"))}
        if now == self._seen:
            return
        self._seen = now
        try:
            sources, left_out = read_catalogue(self._folder)
        except ConfigError as error:
            log.error("sources not read again; the door keeps those it knew", error=str(error))
            return
        kept = {path.stem: self._sources[path.stem] for path in left_out if path.stem in self._sources}
        for path, why in left_out.items():
            known = "the door keeps what it knew of it" if path.stem in kept else "the door does not know it"
            log.error(f"source file not read; {known}", error=str(why))
        self._sources = {**kept, **sources}


def senders(folder: Path) -> Senders:
    """The senders that the sources' files allow. Raises ConfigError when there is no folder of them."""
    sources = SourceFolder(folder)

    def opd_of(source_id: str) -> str | None:
        source = sources.find(source_id)
        return source.opd if source else None

    def secrets_for(source_id: str) -> Sequence[str]:
        source = sources.find(source_id)
        return secret(source.events.secret) if source and source.events.secret else ()

    def pushed(name: str) -> Mapping[str, Sequence[str]]:
        return {source_id: secret(its) for source_id, its in sources.pushed(name).items()}

    return Senders(opd_of=opd_of, secrets_for=secrets_for, pushed=pushed)


def _pushes(source: Source) -> Mapping[str, str]:
    return {str(name): secret for name, secret in source.events.pushes.items()}


def secret(name: str) -> Sequence[str]:
    """The values of a secret from the environment, separated by spaces: two while it is rotated, none when not set."""
    return tuple(os.environ.get(secret_variable(name), "").split())


def secret_variable(name: str) -> str:
    """The environment variable that holds a secret."""
    return f"PILAR_SECRET_{name.upper()}"
