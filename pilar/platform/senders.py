"""Who may speak at the door: the sources' files name their secrets, the environment holds them."""

import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import structlog

from connectors.spec import Source, load_sources
from events.door import Senders
from ledger.errors import ConfigError

log = structlog.get_logger()

OSS_KEYS = "oss_user_key"


class SourceFolder:
    """The sources of an installation, read again when a file changed.

    A file that cannot be read leaves the last good state in force: one agency's typing error must not shut out others.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._seen: Mapping[str, int] = {}
        self._sources: Mapping[str, Source] = load_sources(folder)

    def find(self, source_id: str) -> Source | None:
        """The source of this id; None when there is none."""
        with self._lock:
            now = {str(path): path.stat().st_mtime_ns for path in sorted(self._folder.glob("*/*.yaml"))}
            if now != self._seen:
                self._seen = now
                try:
                    self._sources = load_sources(self._folder)
                except ConfigError as error:
                    log.error("sources not read again; the door keeps those it knew", error=str(error))
            return self._sources.get(source_id)


def senders(folder: Path) -> Senders:
    """The senders that the sources' files allow. Raises ConfigError when the files cannot be read now."""
    sources = SourceFolder(folder)

    def opd_of(source_id: str) -> str | None:
        source = sources.find(source_id)
        return source.opd if source else None

    def secrets_for(source_id: str) -> Sequence[str]:
        source = sources.find(source_id)
        return secret(source.events.secret) if source and source.events.secret else ()

    return Senders(opd_of=opd_of, secrets_for=secrets_for, oss_keys=lambda: secret(OSS_KEYS))


def secret(name: str) -> Sequence[str]:
    """The values of a secret from the environment, separated by spaces: two while it is rotated, none when not set."""
    return tuple(os.environ.get(secret_variable(name), "").split())


def secret_variable(name: str) -> str:
    """The environment variable that holds a secret."""
    return f"PILAR_SECRET_{name.upper()}"
