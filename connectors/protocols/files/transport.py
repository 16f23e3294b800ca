"""Where files lie: one small interface, one module a transport."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from connectors.http.client import HttpClient
from ledger.errors import ConfigError
from ledger.settings import Connection


@dataclass(frozen=True, slots=True)
class Found:
    """A regular file in the folder. ``changed`` is its modification time in seconds since 1970."""

    name: str
    size: int
    changed: float


class Transport(Protocol):
    """An open way to one folder. ``place`` names it in messages, without secrets."""

    place: str

    def files(self) -> Sequence[Found]:
        """Regular files in the folder, not below it. Raises SourceError."""

    def read(self, found: Found, limit: int) -> bytes:
        """The whole file. Raises SourceError: damaged beyond ``limit`` bytes, retryable when it changed meanwhile."""


def open_transport(connection: Connection, folder: str, http: HttpClient) -> AbstractContextManager[Transport]:
    """The way to a folder below the connection's URL: ``file`` and ``sftp`` so far.

    Raises ConfigError for other schemes and for folders that climb.
    """
    if any(part == ".." for part in folder.split("/")) or folder.startswith("/"):
        raise ConfigError("a folder may not climb", where="args.folder", do="Name it below the connection's URL")
    scheme = urlsplit(connection.url).scheme
    if scheme == "file":
        from connectors.protocols.files.local import LocalFolder

        return LocalFolder(connection, folder)
    if scheme == "sftp":
        from connectors.protocols.files.sftp import SftpFolder

        return SftpFolder(connection, folder, http)
    raise ConfigError(
        f"files cannot be fetched over {scheme[:20]!r}",
        where="the connection's URL",
        do="It starts with file: or sftp:",
    )
